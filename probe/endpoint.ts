/** An access path to canary that user traffic does not use: the interface of its kinds. */

import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";

/** An access path to canary that user traffic does not use. */
export interface Endpoint {
  /** Its name in reports: `token`, or the name of the pod. */
  readonly name: string;
  /**
   * Sends a request; resolves when the answer begins.
   *
   * @throws Error if canary does not answer, with the reason as its message; UserError or ApiError if canary is not the cause
   */
  send(request: EndpointRequest): Promise<IncomingMessage>;
  /** Whether `foreign` can verify that an answer from this port is canary's. */
  verifies(port: number): boolean;
  /**
   * Why an answer is not canary's; undefined if it is, or if that cannot be verified.
   *
   * @param headers of the answer
   * @param port the port that the request was sent to
   */
  foreign(headers: IncomingMessage["headers"], port: number): string | undefined;
  /** A redirect's location as a path, if it leads to canary, so that the client stays on this endpoint; else as it is. */
  relative(location: string): string;
  /** Texts to mask in an answer: a service may echo the request, and the request holds the token. */
  readonly secrets: readonly string[];
}

/** A request to canary. */
export interface EndpointRequest {
  /** Number of the Service's port. */
  readonly port: number;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: Readable | undefined;
  /** Aborts request and answer. */
  readonly signal: AbortSignal;
}

import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { type RequestOptions, request } from "node:https";
import type { Readable } from "node:stream";

/** A request as it is sent. */
export interface Outgoing {
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
  /** A stream is sent as it comes; its length, or that it comes in chunks, has to stand in the headers. @default none */
  readonly body?: string | Readable | undefined;
  /** Ends request and answer. */
  readonly signal?: AbortSignal | undefined;
  /** What else Node is to be told, as of TLS and connections. */
  readonly options?: RequestOptions;
}

/** Milliseconds of silence after which a connection is asked whether its other end is still there. */
const quiet = 15_000;

/**
 * Sends a request; resolves when the answer begins. A connection whose other end is gone is noticed, however quiet it is.
 * Redirects are not followed.
 */
export async function send(url: URL, outgoing: Outgoing): Promise<IncomingMessage> {
  const { method, headers, body, signal, options } = outgoing;
  // Importing node:http makes Node compile its web client too: 15 ms and 2.5 MB that a cluster under https need not pay.
  const start = url.protocol === "http:" ? (await import("node:http")).request : request;
  return new Promise((answered, failed) => {
    let complete = () => false;
    const sent: ClientRequest = start(url, { ...options, method, headers }, (response) => {
      complete = () => response.complete;
      response.once("end", letGo);
      // Whoever reads it hears of an error as well; this is for one that comes when the reader has just left.
      response.on("error", () => {});
      answered(response);
    });
    // Not Node's own option: a signal that comes when the whole answer is there and the connection back in its pool, where
    // nobody hears its error, ends the process (24.21).
    const end = () => sent.destroy(complete() ? undefined : signal?.reason);
    const letGo = () => signal?.removeEventListener("abort", end);
    if (signal?.aborted) end();
    signal?.addEventListener("abort", end, { once: true });
    sent.once("close", letGo);
    sent.on("error", failed);
    sent.setSocketKeepAlive(true, quiet);
    if (body === undefined || typeof body === "string") sent.end(body);
    else body.pipe(sent);
  });
}

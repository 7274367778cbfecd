/** Sends one HTTP request, notices dead connections, and aborts safely, which the HTTP client of Node does not do by itself. */

import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { type RequestOptions, request } from "node:https";
import type { Readable } from "node:stream";

/** A request. */
export interface Outgoing {
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
  /** With a stream, the headers must hold `content-length` or `transfer-encoding`. @default none */
  readonly body?: string | Readable | undefined;
  /** Aborts request and answer. @default none */
  readonly signal?: AbortSignal | undefined;
  /** Further options for Node, such as those of TLS and the connection. */
  readonly options?: RequestOptions;
}

/** Milliseconds without data after which TCP probes whether the other end is still there. */
const keepAliveMilliseconds = 15_000;

/**
 * Sends a request; resolves when the answer begins. A dead connection is noticed even if no data is due on it. Redirects are not
 * followed.
 *
 * @throws the signal's reason if it aborts the request; Node's error if the connection fails
 */
export async function send(url: URL, outgoing: Outgoing): Promise<IncomingMessage> {
  const { method, headers, body, signal, options } = outgoing;
  // Importing node:http makes Node compile its web client too, which costs 15 ms and 2.5 MB. A cluster under https does not need it.
  const start = url.protocol === "http:" ? (await import("node:http")).request : request;
  return new Promise((answered, failed) => {
    let complete = () => false;
    const sent: ClientRequest = start(url, { ...options, method, headers }, (response) => {
      complete = () => response.complete;
      response.once("end", letGo);
      // The reader gets errors too. This listener is for an error after the reader has stopped, which would end the process.
      response.on("error", () => {});
      answered(response);
    });
    // Not Node's own option: it ends the process if the signal is aborted after the whole answer was read and its connection is back
    // in the pool, where its error has no listener (24.21).
    const end = () => sent.destroy(complete() ? undefined : signal?.reason);
    const letGo = () => signal?.removeEventListener("abort", end);
    if (signal?.aborted) end();
    signal?.addEventListener("abort", end, { once: true });
    sent.once("close", letGo);
    sent.on("error", failed);
    sent.setSocketKeepAlive(true, keepAliveMilliseconds);
    if (body === undefined || typeof body === "string") sent.end(body);
    else body.pipe(sent);
  });
}

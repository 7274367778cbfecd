/** A local proxy to canary, so that any test tool can be run against a dark canary. */

import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { oneLine } from "../border/foreign-text.ts";
import { tokenHeader } from "../components/names.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Endpoints } from "./endpoints.ts";
import { masked, masking } from "./mask.ts";

/** A server on the loopback interface that forwards to canary. */
export interface LocalProxy {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string;
  /** Why a request did not reach canary: the API server refused it, or the gateway was unreachable. Undefined if all reached it. */
  readonly failure: () => ApiError | UserError | undefined;
  /** Closes the server and its connections. */
  end(): Promise<void>;
}

/**
 * Starts a proxy that streams every request to canary and the answer back, over the endpoints in turn. It adds the token to requests
 * and masks it in answers that echo it. It cannot mask a token in a compressed or encoded body (base64). While it runs, every process
 * that can connect to loopback reaches canary.
 *
 * @throws Error if it cannot listen
 */
export async function openLocalProxy({ all, mainPort }: Pick<Endpoints, "all" | "mainPort">): Promise<LocalProxy> {
  let turn = 0;
  let failure: ApiError | UserError | undefined;
  // No limit, because an upload may take long.
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    const endpoint = all[turn++ % all.length] as Endpoint;
    forwardRequest(endpoint, mainPort, request, response).catch((error) => {
      // An ApiError is kept even if later requests succeed, and takes precedence over a UserError.
      if (error instanceof ApiError || (error instanceof UserError && failure === undefined)) failure = error;
      if (response.headersSent) return void response.destroy();
      response.writeHead(502, { "content-type": "text/plain" }).end(`gray: ${oneLine((error as Error).message)}\n`);
    });
  });
  await new Promise<void>((listening, failed) => server.once("error", failed).listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failure: () => failure,
    end() {
      server.closeAllConnections();
      return new Promise((ended) => server.close(() => ended()));
    },
  };
}

async function forwardRequest(
  endpoint: Endpoint,
  port: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "GET", url = "" } = request;
  if (!url.startsWith("/")) throw new Error("only paths of canary can be requested");
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const answer = await endpoint.send({ port, method, path: url, signal: gone.signal, ...forwarded(request) });
  const status = answer.statusCode ?? 502;
  const foreign = endpoint.foreign(answer.headers, port);
  if (foreign !== undefined) {
    answer.destroy();
    throw new Error(foreign);
  }
  const headers = Object.entries(endToEnd(answer)).map(([name, values]) => {
    const rewritten = name === "location" ? values.map((value) => endpoint.relative(value)) : values;
    return [name, rewritten.map((value) => masked(value, endpoint.secrets))];
  });
  response.writeHead(status, Object.fromEntries(headers));
  await pipeline(answer, masking(endpoint.secrets), response);
}

function forwarded(request: IncomingMessage): { headers: OutgoingHttpHeaders; body?: IncomingMessage } {
  const { host: _, [tokenHeader]: __, expect: ___, ...headers } = endToEnd(request);
  // A request has a body if it has one of these two headers (RFC 9112, 6). Node does not set the first by itself for every method.
  if (request.headers["transfer-encoding"] !== undefined) {
    return { headers: { ...headers, "transfer-encoding": "chunked" }, body: request };
  }
  return request.headers["content-length"] === undefined ? { headers } : { headers, body: request };
}

/** Headers of one connection, which a proxy does not forward (RFC 9110, 7.6.1). */
const ofConnection = [
  ...["connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"],
  ...["proxy-authenticate", "proxy-authorization"],
];

function endToEnd({ headersDistinct }: IncomingMessage): Record<string, string[]> {
  const named = (headersDistinct.connection ?? []).flatMap((value) => value.toLowerCase().split(/\s*,\s*/));
  return Object.fromEntries(
    Object.entries(headersDistinct).flatMap(([name, values = []]) =>
      ofConnection.includes(name) || named.includes(name) ? [] : [[name, values]],
    ),
  );
}

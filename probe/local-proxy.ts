import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { oneLine } from "../border/foreign-text.ts";
import { tokenHeader } from "../components/names.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError } from "../kubernetes/cluster.ts";
import type { Endpoint, Endpoints } from "./endpoint.ts";
import { masked, masking } from "./mask.ts";

/** A server on loopback that stands for canary, so that any client can try it and none has to know the way. */
export interface Passage {
  /** As in `http://127.0.0.1:41234`. */
  readonly url: string;
  /** Why a request did not get as far as canary, where one did not: the API server said no, or the gateway was not there. */
  readonly barred: () => ApiError | UserError | undefined;
  end(): Promise<void>;
}

/**
 * Sends every request on to canary, as it comes, and its answer back; by several ways in turn. It adds what opens the way,
 * and masks it in answers that echo it; in a compressed body, or in other letters (base64), it cannot. Whoever may connect
 * to loopback reaches canary while it stands.
 */
export async function openPassage({ all, mainPort }: Pick<Endpoints, "all" | "mainPort">): Promise<Passage> {
  let turn = 0;
  let barred: ApiError | UserError | undefined;
  // An upload may take its time.
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    const endpoint = all[turn++ % all.length] as Endpoint;
    pass(endpoint, mainPort, request, response).catch((error) => {
      // Some other request may have come through, but a no stays one.
      if (error instanceof ApiError || (error instanceof UserError && barred === undefined)) barred = error;
      if (response.headersSent) return void response.destroy();
      response.writeHead(502, { "content-type": "text/plain" }).end(`gray: ${oneLine((error as Error).message)}\n`);
    });
  });
  await new Promise<void>((listening, failed) => server.once("error", failed).listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    barred: () => barred,
    end() {
      server.closeAllConnections();
      return new Promise((ended) => server.close(() => ended()));
    },
  };
}

async function pass(
  endpoint: Endpoint,
  port: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "GET", url = "" } = request;
  if (!url.startsWith("/")) throw new Error("only paths of canary can be asked");
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
    const led = name === "location" ? values.map((value) => endpoint.relative(value)) : values;
    return [name, led.map((value) => masked(value, endpoint.secrets))];
  });
  response.writeHead(status, Object.fromEntries(headers));
  await pipeline(answer, masking(endpoint.secrets), response);
}

function forwarded(request: IncomingMessage): { headers: OutgoingHttpHeaders; body?: IncomingMessage } {
  const { host: _, [tokenHeader]: __, expect: ___, ...headers } = endToEnd(request);
  // A request has a body where one of the two says so (RFC 9112, 6); Node would not say the second by itself for each method.
  if (request.headers["transfer-encoding"] !== undefined) {
    return { headers: { ...headers, "transfer-encoding": "chunked" }, body: request };
  }
  return request.headers["content-length"] === undefined ? { headers } : { headers, body: request };
}

/** Headers that are about one connection (RFC 9110, 7.6.1). */
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

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { Fate, RequestFault } from "./weather.ts";

/** What stands behind the proxy answers. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string | Readable;
}

/** What a proxy needs to know of the world around it. */
export interface Around {
  /** What befalls a request. */
  readonly fate: (request: IncomingMessage) => Fate;
  /** Has it done. */
  readonly ask: (request: IncomingMessage, body: Buffer) => Promise<Answered>;
  /** The network lets a request wait: for some milliseconds, or for ever. */
  readonly wait: (request: IncomingMessage, milliseconds: number) => Promise<void>;
  /** All of the answer has left. */
  readonly answered: (request: IncomingMessage) => void;
  /** Hears of a fault as it begins; what it gives back hears of its end. */
  readonly befalls: (request: IncomingMessage, fault: RequestFault) => () => void;
}

/** A part of a huge body. */
const heap = Buffer.alloc(1 << 20, " ");

/** A proxy on loopback that has requests befallen by what may befall them between a driver and an API server. */
export class FaultyProxy {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(around: Around): Promise<FaultyProxy> {
    const server = createServer((request, response) => {
      request.on("error", () => {});
      response.on("error", () => {}).once("finish", () => around.answered(request));
      void pass(around, request, response).catch(() => response.destroy());
    });
    // A connection that is closed just as it is used again would be a fault that no seed knows of.
    server.keepAliveTimeout = 0;
    server.requestTimeout = 0;
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return new FaultyProxy(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}

async function pass(around: Around, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await buffer(request);
  const { fault, milliseconds } = around.fate(request);
  const over = fault === undefined ? undefined : around.befalls(request, fault);
  if (over) response.once("close", over);
  const late = fault === "late answer";
  await around.wait(request, late ? 1 : milliseconds);
  if (fault === "hung") return around.wait(request, Number.POSITIVE_INFINITY);
  if (fault === "cut") return void response.destroy();
  if (typeof fault === "number") return refuse(response, fault);
  const answer = await around.ask(request, body);
  await around.wait(request, late ? milliseconds : 0);
  if (fault === "hung answer") return around.wait(request, Number.POSITIVE_INFINITY);
  if (fault === "cut answer") return void response.destroy();
  if (fault === "half body") return breakOff(response, answer);
  if (fault === "huge body") return goOn(response);
  response.writeHead(answer.status, answer.headers);
  if (typeof answer.body === "string") return void response.end(answer.body);
  answer.body.on("error", () => response.destroy()).pipe(response);
  response.once("close", () => (answer.body as Readable).destroy());
}

/** The API server's own no; where there is no such page, that of a proxy before it. */
function refuse(response: ServerResponse, code: number): void {
  if (code === 404) return void response.writeHead(404, { "content-type": "text/plain" }).end("default backend - 404");
  const message = `the API server has a bad moment (${code})`;
  response.writeHead(code, { "content-type": "application/json", ...(code === 429 && { "retry-after": "1" }) });
  response.end(JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code, message }));
}

function breakOff(response: ServerResponse, { status, headers, body }: Answered): void {
  if (typeof body !== "string") return void response.destroy();
  const whole = Buffer.from(body);
  response.writeHead(status, { ...headers, "content-length": whole.length });
  response.write(whole.subarray(0, Math.floor(whole.length / 2)), () => response.destroy());
}

function goOn(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  const endless = new Readable({
    read() {
      this.push(heap);
    },
  });
  endless.pipe(response);
  response.once("close", () => endless.destroy());
}

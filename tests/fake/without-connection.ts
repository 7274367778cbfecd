import http, { type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import { Readable, Writable } from "node:stream";

/** A request as a server gets it. */
export interface Received {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** The answer of a server. A stream is sent as it comes; if it is destroyed, the answer breaks off. */
export interface Sent {
  readonly status: number;
  readonly type: string;
  readonly body: string | Readable;
}

type Serve = (request: Received, text: string) => Sent;

/** Servers of this process, by their hosts. */
const servers = new Map<string, Serve>();

/**
 * Answers the requests of this process to a server without a connection, which would take two thirds of the time of a request. Other
 * processes still need the server. Returns what ends it.
 *
 * @param host such as `127.0.0.1:8080`
 */
export function serveWithoutConnection(host: string, serve: Serve): () => void {
  servers.set(host, serve);
  return () => void servers.delete(host);
}

const { request } = http;
type Options = { readonly method?: string; readonly headers?: OutgoingHttpHeaders };

http.request = ((...args: Parameters<typeof request>) => {
  const [url, options, answered] = args as [unknown, Options, (answer: IncomingMessage) => void];
  const serve = url instanceof URL ? servers.get(url.host) : undefined;
  return serve ? new Exchange(url as URL, options, serve).once("response", answered) : request(...args);
}) as typeof request;
syncBuiltinESMExports();

const brokenOff = () => Object.assign(new Error("aborted"), { code: "ECONNRESET" });

const hungUp = () => Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });

/** An answer, with what is read of an IncomingMessage. */
class Arriving extends Readable {
  readonly statusCode: number;
  readonly headers: NodeJS.Dict<string>;
  /** Whether all of it has arrived. */
  complete = false;
  readonly #body: Readable | undefined;

  constructor({ status, type, body }: Sent) {
    super();
    this.statusCode = status;
    this.headers = { "content-type": type };
    if (typeof body === "string") {
      this.push(body);
      this.push(null);
      this.complete = true;
      return;
    }
    body.on("data", (chunk) => void (this.push(chunk) || body.pause()));
    body.once("end", () => {
      this.complete = true;
      this.push(null);
    });
    body.once("error", () => this.destroy(brokenOff()));
    this.once("close", () => body.destroy());
    this.#body = body;
  }

  override _read(): void {
    this.#body?.resume();
  }
}

/** A request with as much of a ClientRequest as is used of it. */
class Exchange extends Writable {
  readonly #received: Received;
  readonly #serve: Serve;
  #text = "";
  #answer: Arriving | undefined;

  constructor({ host, pathname, search }: URL, { method = "GET", headers = {} }: Options, serve: Serve) {
    super({ decodeStrings: false, defaultEncoding: "utf8", autoDestroy: false });
    const lower = Object.entries({ host, ...headers }).map(([name, value]) => [name.toLowerCase(), String(value)]);
    this.#received = { method, url: `${pathname}${search}`, headers: Object.fromEntries(lower) };
    this.#serve = serve;
  }

  setSocketKeepAlive(): void {}

  override _write(chunk: string | Buffer, _: unknown, done: () => void): void {
    this.#text += chunk;
    done();
  }

  override _final(done: () => void): void {
    // In a turn of its own, as from another process.
    setImmediate(() => {
      if (this.destroyed) return;
      this.#answer = new Arriving(this.#serve(this.#received, this.#text));
      this.#answer.once("close", () => this.destroy());
      this.emit("response", this.#answer);
    });
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#answer?.complete === false) this.#answer.destroy(brokenOff());
    done(error ?? (this.#answer ? null : hungUp()));
  }
}

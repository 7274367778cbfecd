import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** A web server on loopback whose answers a test can change while it runs. */
export class WebServer {
  readonly url: string;
  /** Answers every request. @default never */
  answer: RequestListener = () => {};
  readonly stop: () => Promise<void>;

  private constructor(url: string, stop: () => Promise<void>) {
    this.url = url;
    this.stop = stop;
  }

  static async start(): Promise<WebServer> {
    const server = createServer((request, response) => web.answer(request, response));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const web = new WebServer(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    });
    return web;
  }
}

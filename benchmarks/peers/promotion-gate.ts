import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Rules } from "./rules.ts";

/**
 * Flagger asks it before a promotion (webhook `confirm-promotion`), with checks going on meanwhile, and so stays at its last
 * weight for as long as the others do.
 */
export class PromotionGate {
  readonly url: string;
  private readonly server: Server;
  private asked: number | undefined;
  private rules: Rules | undefined;

  private constructor(server: Server) {
    const { address, port } = server.address() as AddressInfo;
    this.url = `http://${address}:${port}/`;
    this.server = server;
    server.on("request", (request, reply) => {
      request.resume();
      const now = Date.now();
      this.asked ??= now;
      reply.writeHead(this.rules && opens(this.rules, now - this.asked) ? 200 : 403).end();
    });
  }

  /** @param host the address to listen at, on a free port */
  static async open(host: string): Promise<PromotionGate> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, host, resolve));
    return new PromotionGate(server);
  }

  /** A release is on its way. */
  expect(rules: Rules): void {
    this.rules = rules;
    this.asked = undefined;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/**
 * Whether the last weight has been in force for long enough.
 *
 * @param milliseconds since the first question, which comes an interval after the weight; no question comes at the exact moment,
 *   so half an interval is forgiven
 */
export function opens({ seconds, interval }: Rules, milliseconds: number): boolean {
  return milliseconds / 1000 + interval >= seconds - interval / 2;
}

/** Whether something answers: the smallest question that tells "ready" from "not yet". */
import { get as httpGet } from "node:http";
import { get as httpsGet } from "node:https";
import { connect } from "node:net";

export type Probe =
  /** `host`: the Host header, where it differs from the address. */
  | { readonly kind: "http"; readonly url: string; readonly host?: string }
  /** The server's certificate is checked; `certificate` and `key` are the client's, where it asks for one. */
  | {
      readonly kind: "https";
      readonly url: string;
      readonly authority: string;
      readonly certificate?: string;
      readonly key?: string;
    }
  | { readonly kind: "socket"; readonly path: string };

const PATIENCE_MS = 2000;

export function answers(probe: Probe): Promise<boolean> {
  switch (probe.kind) {
    case "socket":
      return socketAnswers(probe.path);
    case "http":
      return new Promise((resolve) => {
        const headers = probe.host ? { host: probe.host } : {};
        settle(httpGet(probe.url, { timeout: PATIENCE_MS, agent: false, headers }), resolve);
      });
    case "https":
      return new Promise((resolve) =>
        settle(
          httpsGet(probe.url, {
            timeout: PATIENCE_MS,
            agent: false,
            ca: probe.authority,
            ...(probe.certificate ? { cert: probe.certificate, key: probe.key } : {}),
          }),
          resolve,
        ),
      );
  }
}

function settle(request: ReturnType<typeof httpGet>, resolve: (ready: boolean) => void): void {
  request.on("response", (reply) => {
    reply.resume();
    reply.on("close", () => resolve(reply.statusCode === 200));
  });
  request.on("timeout", () => request.destroy());
  request.on("error", () => resolve(false));
  request.on("close", () => resolve(false));
}

function socketAnswers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

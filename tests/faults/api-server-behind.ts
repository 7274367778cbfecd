import type { IncomingMessage } from "node:http";
import type { Access } from "../../kubernetes/access.ts";
import { send } from "../../kubernetes/send.ts";
import type { Answered } from "./faulty-proxy.ts";

/** What is between two ends of a connection only (RFC 9110, section 7.6.1), and who asks: the proxy asks as itself. */
const ownHeaders = ["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "host", "authorization"];

/** Has requests done by a real API server, as who a kubeconfig says. Answers pass as they come, so that watches do. */
export function apiServerBehind(access: Access): (request: IncomingMessage, body: Buffer) => Promise<Answered> {
  return async (request, body) => {
    const { token, certificate, key } = await access.credentials();
    const kept = Object.entries(request.headers).filter(([name]) => !ownHeaders.includes(name));
    const headers = { ...Object.fromEntries(kept), ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const answer = await send(new URL(`${access.server.pathname.replace(/\/$/, "")}${request.url}`, access.server), {
      method: request.method ?? "GET",
      headers: { ...headers, ...(body.length > 0 && { "content-length": body.length }) },
      body: body.length > 0 ? body.toString("utf8") : undefined,
      options: { ca: access.ca, cert: certificate, key, rejectUnauthorized: !access.skipTlsVerify },
    });
    const passed = Object.entries(answer.headers).filter(([name]) => !ownHeaders.includes(name));
    return { status: answer.statusCode ?? 502, headers: Object.fromEntries(passed), body: answer };
  };
}

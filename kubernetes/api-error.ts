/** The errors that calls to the API server throw, and how one is made of an answer that refuses a request. */

import { oneLine } from "../border/foreign-text.ts";
import { jsonIn } from "../border/json.ts";
import { UserError } from "../components/user-error.ts";

/** The API server refused a request. A 404 is an ApiError only if the API server itself sent it; a proxy's 404 is NotServed. */
export class ApiError extends Error {
  /** Pulumi shows the message without a stack trace, as for a UserError. */
  readonly __pulumiRunError = true;
  override readonly name = "ApiError";
  /** The HTTP status. */
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The API server does not answer, or there are no credentials for it. The state of the cluster is unknown, and a retry may succeed. */
export class Unreachable extends UserError {}

/**
 * A 404 without the Status object (meta/v1) that the API server sends for an absent object. Usually a proxy sent it; the API server
 * itself sends it for an API group that it does not have.
 */
export class NotServed extends Unreachable {}

/** The error for an answer that refuses a request, with the server's message; NotServed for a 404 that is not the API server's. */
export function refusedBy(status: number, text: string, request: string): ApiError | NotServed {
  const { kind, message } = (jsonIn(text) ?? {}) as { kind?: unknown; message?: unknown };
  const reported = oneLine(typeof message === "string" ? message : text);
  if (status === 404 && kind !== "Status") {
    return new NotServed(
      `${request.split("?")[0]} was answered 404, and not by the Kubernetes API server (${reported}): check the address of the cluster, and any proxy before it.`,
    );
  }
  const help = status === 403 ? ": docs/reference/rbac.md of gray-release says what is needed" : "";
  return new ApiError(status, `${reported} (${request.split("?")[0]}: ${status})${help}`);
}

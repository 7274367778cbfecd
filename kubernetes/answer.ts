import { ApiError, Unreachable } from "./cluster.ts";

/**
 * Whether what went wrong with a call may pass, so that the same call later may succeed. This is the one definition of it: every
 * wait and every effect goes by it, and nothing is decided from what may pass.
 *
 * 1. There was no answer: the server, the network or a credential plugin may come back.
 * 2. 5xx and 429: the server, or a webhook that it asked, could not.
 * 3. 401: credentials may be renewed. 408: the request came too slowly.
 * 4. 409 and 410: another writer was faster, or a list was too old to be continued.
 * 5. Any other answer (400, 403, 404, 422) is a decision of the server, and so is everything that is no answer of it.
 *
 * Source: what client-go retries (k8s.io/apimachinery/pkg/api/errors), and 401, because credentials end in the middle of a rollout.
 *
 * @example if (!mayPass(error)) throw error;
 */
export function isRetryable(error: unknown): boolean {
  if (error instanceof Unreachable) return true;
  return error instanceof ApiError && (error.status >= 500 || passing.has(error.status));
}

const passing = new Set([401, 408, 409, 410, 429]);

/** Whether the API server gave no answer at all. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof Unreachable;
}

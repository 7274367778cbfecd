/** Which errors of API calls are temporary. */

import { ApiError, Unreachable } from "./api-error.ts";

/**
 * Whether an error of an API call is temporary, so that the same call may succeed later. This is its only definition: every retry
 * and every effect uses it, and no decision about a rollout is taken from a retryable error.
 *
 * 1. No answer is retryable: the server, the network or a credential plugin may recover.
 * 2. 5xx and 429 are retryable: the server, or a webhook that it called, failed.
 * 3. 401 is retryable because credentials may be renewed, and 408 because the request arrived too slowly.
 * 4. 409 and 410 are retryable: another writer was faster, or a list expired before it was read to its end.
 * 5. Any other answer (400, 403, 404, 422) is final. So is any error that did not come from the call itself.
 *
 * Source: the errors that client-go retries (k8s.io/apimachinery/pkg/api/errors), and 401, because credentials may expire during a rollout.
 *
 * @example if (!isRetryable(error)) throw error;
 */
export function isRetryable(error: unknown): boolean {
  if (error instanceof Unreachable) return true;
  return error instanceof ApiError && (error.status >= 500 || passing.has(error.status));
}

const passing = new Set([401, 408, 409, 410, 429]);

/** Whether the API server gave no answer at all, or a proxy answered in its place. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof Unreachable;
}

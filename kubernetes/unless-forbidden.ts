/** Reads for which a role may lack the permission. */

import { ApiError } from "./api-error.ts";

/** What a read gives; another value if the permission to read it is missing. @throws any other error of the read */
export async function unlessForbidden<T>(read: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return otherwise;
    throw error;
  }
}

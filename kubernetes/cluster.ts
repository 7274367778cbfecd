/** The interface of the Kubernetes API that the rollout uses. */

import type { IncomingMessage } from "node:http";
import type { Access } from "./access.ts";
import type { ApiPath } from "./resources.ts";
import type { Outgoing } from "./send.ts";

/**
 * The calls that the rollout makes to the Kubernetes API. Paths are those of the API reference (resources.ts makes them).
 *
 * Each call throws ApiError if the server refuses the request, and Unreachable if it does not answer.
 */
export interface Cluster {
  /** Address and credentials of the cluster. */
  readonly access: Access;
  /** Aborts every call that takes no signal of its own, and the waits between calls. @default none */
  readonly stopping?: AbortSignal;
  /** The object, or undefined if there is none. */
  get<T>(path: ApiPath<T>): Promise<T | undefined>;
  /**
   * Reads an answer as a stream, whatever its status, such as a pod's own answer through the API server's proxy.
   *
   * @param signal aborts request and stream; both then throw its reason
   * @param limit largest body in bytes; the stream throws BodyTooLarge beyond it
   */
  stream(path: string, signal: AbortSignal, limit: number): Promise<Streamed>;
  /**
   * Forwards a request, such as one to a pod's port through the API server's proxy. Resolves when the answer begins, whatever its
   * status.
   *
   * @throws Unreachable if the server does not answer; the signal's reason if it is aborted
   */
  forward(path: string, request: Forwarded): Promise<IncomingMessage>;
  /**
   * The lines of an answer that may have no end, as they arrive. An incomplete line at a broken connection is left out, and so is the
   * rest of a line after 16 384 characters.
   *
   * @param signal ends the stream without an error
   * @throws ApiError if the server refuses the request, Unreachable if it does not answer or the connection breaks
   */
  lines(path: string, signal: AbortSignal): AsyncIterable<string>;
  /** All objects of a collection, from all its pages. @param selector a label selector. @default every object */
  list<T>(path: ApiPath<T>, selector?: string): Promise<T[]>;
  /** Creates an object. @throws ApiError with 409 if it exists */
  create<T>(path: ApiPath<T>, object: object): Promise<T>;
  /** Writes the whole object. @throws ApiError with 409 if the object holds a resourceVersion and was changed since */
  replace<T>(path: ApiPath<T>, object: object): Promise<T>;
  /**
   * Applies all operations to an object, or none.
   *
   * @throws ApiError with 422 if a `test` does not hold, 409 if another writer was faster
   */
  patch<T>(path: ApiPath<T>, operations: readonly Operation[]): Promise<T>;
  /**
   * The object as a patch would leave it, including the API server's defaults and the changes of admission webhooks. Nothing is
   * written (`dryRun=All`).
   *
   * @param validation `strict` refuses unknown fields (`fieldValidation=Strict`). @default they are dropped
   * @throws as `patch` does
   */
  tryPatch<T>(path: ApiPath<T>, operations: readonly Operation[], validation?: "strict"): Promise<T>;
  /**
   * The object as it would be created; nothing is written (`dryRun=All`). Unknown fields are refused (`fieldValidation=Strict`).
   *
   * @throws as `create` does
   */
  tryCreate<T>(path: ApiPath<T>, object: object): Promise<T>;
  /**
   * Takes shared ownership of these fields of an object (server-side apply), so that they stay when another manager applies without
   * them. Fields that this manager applied before and that are not in the object are no longer owned by it.
   *
   * @param manager the field manager (KEP-555)
   * @throws ApiError with 409 if the live object has other values
   */
  apply(manager: string, path: string, object: object): Promise<void>;
  /** Deletes an object. Does nothing if it does not exist. */
  delete(path: string): Promise<void>;
  /**
   * The same client for reads: each call is aborted by the signal and throws its reason. Do not write through it: an aborted write may
   * or may not have happened.
   */
  until(signal: AbortSignal): Cluster;
}

/** An answer that the API server passes on, such as a pod's, as a stream. */
export interface Streamed {
  readonly status: number;
  /** Its content type. */
  readonly type?: string;
  readonly text: AsyncIterable<string>;
}

/** An operation of a JSON patch (RFC 6902). */
export interface Operation {
  readonly op: "test" | "add" | "replace" | "remove";
  /** A JSON pointer (RFC 6901). */
  readonly path: string;
  readonly value?: unknown;
}

/** A request that the API server passes on. It does not pass on `authorization` and `impersonate-*`, but uses them itself. */
export type Forwarded = Omit<Outgoing, "options"> & { readonly signal: AbortSignal };

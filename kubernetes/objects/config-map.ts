/** A ConfigMap of the Kubernetes API. */

import type { PartialObject } from "./metadata.ts";

/** A ConfigMap in the API; the fields used here. */
export interface ConfigMapObject extends PartialObject {
  readonly immutable?: boolean;
  readonly data?: Readonly<Record<string, string>>;
  /** Bytes in base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
}

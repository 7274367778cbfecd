/** A Service of the Kubernetes API. */

import type { PartialObject } from "./metadata.ts";

/** A Service in the API; the fields used here. */
export interface ServiceObject extends PartialObject {
  readonly spec: {
    readonly selector?: Record<string, string>;
    /** Absent if the Service has none. */
    readonly ports?: readonly [ServicePort, ...ServicePort[]];
  };
}

/** A port of a Service as the API server has it; the fields used here. */
export interface ServicePort {
  readonly port: number;
  readonly targetPort: number | string;
}

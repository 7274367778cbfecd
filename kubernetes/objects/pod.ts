/** A pod of the Kubernetes API. */

import type { PodSpec } from "../../components/release.ts";

/** A container of a pod; the fields used here. */
export interface Container {
  readonly name: string;
  readonly env?: PodSpec["containers"][number]["env"];
  readonly envFrom?: PodSpec["containers"][number]["envFrom"];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly lifecycle?: { readonly preStop?: object };
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
}

/** A probe of a container; the fields used here. */
export interface Probe {
  readonly httpGet?: object;
  readonly grpc?: object;
  readonly periodSeconds?: number;
}

/** The status of a container; the fields used here. */
export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  /** Whether it has passed its startup probe. */
  readonly started?: boolean;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: object;
    readonly terminated?: { readonly reason?: string };
  };
  /** How the previous container ended, after a restart. */
  readonly lastState?: { readonly terminated?: object };
}

/** A pod in the API; the fields used here. */
export interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly volumes?: PodSpec["volumes"];
    readonly containers: readonly Container[];
    readonly initContainers?: readonly (Container & { readonly restartPolicy?: string })[];
  };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
      readonly lastTransitionTime?: string;
    }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

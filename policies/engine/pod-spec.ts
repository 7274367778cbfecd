/** A pod and its template, with the fields that rules read (core/v1 PodSpec). */

/** A pod template. */
export interface Template {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: PodSpec;
}

/**
 * The spec of a pod.
 *
 * @example const hasPorts = ({ containers = [] }: PodSpec) => containers.some(({ ports = [] }) => ports.length > 0);
 */
export interface PodSpec {
  readonly terminationGracePeriodSeconds?: number;
  readonly containers?: readonly PodContainer[];
  readonly initContainers?: readonly PodContainer[];
  readonly volumes?: readonly Volume[];
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly securityContext?: SecurityContext & { readonly sysctls?: readonly { readonly name: string }[] };
}

/**
 * A container or an init container of a pod.
 *
 * @example const web: PodContainer = { name: "web", image: "web:1", ports: [{ containerPort: 8080 }] };
 */
export interface PodContainer {
  readonly name: string;
  readonly image?: string;
  /** An init container with `Always` is a sidecar (KEP-753). */
  readonly restartPolicy?: string;
  readonly readinessProbe?: object;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly hostPort?: number }[];
  readonly lifecycle?: {
    readonly preStop?: {
      readonly sleep?: { readonly seconds?: number };
      readonly exec?: { readonly command?: readonly string[] };
    };
  };
  readonly resources?: Readonly<Record<"requests" | "limits", Readonly<Record<string, string>> | undefined>>;
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly { readonly configMapRef?: { readonly name?: string } }[];
  readonly securityContext?: SecurityContext & {
    readonly privileged?: boolean;
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly procMount?: string;
    readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  };
}

/** An environment variable of a container. */
export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly configMapKeyRef?: { readonly name?: string } };
}

/** Settings that both a pod and its containers can have. The container's setting takes precedence. */
export interface SecurityContext {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly seccompProfile?: { readonly type?: string };
  readonly windowsOptions?: { readonly hostProcess?: boolean };
}

/** A volume of a pod. Its kind is the key beside `name`. */
export interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name?: string };
  readonly projected?: { readonly sources?: readonly { readonly configMap?: { readonly name?: string } }[] };
  readonly [kind: string]: unknown;
}

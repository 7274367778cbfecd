import type { ProviderResource, Resource, ResourceHookBinding } from "@pulumi/pulumi";
import type { Adopting } from "./adopted-release.ts";
import type { Files } from "./config-files.ts";
import type { StackState } from "./history.ts";
import type { Release } from "./release.ts";
import type { Shift, Track, Traffic } from "./traffic.ts";

/** The gate's admission, for policies. It must not change between two runs if nothing else changes. */
interface Admitted {
  readonly admitted: boolean;
  /** Why the gate refused the release, or admitted it by force. */
  readonly code?: string;
  /** In `gray plan`: the release has no verdict yet, and a good one is assumed. */
  readonly assumed?: true;
  /** The age of the verdict, in whole hours, when the track took the release. */
  readonly verdictHours?: number;
}

/**
 * The result of `openRollout`: what this run deploys, as decided from the cluster, the record, the stack states and the gate.
 * Pass it to `CanaryService`, which deploys exactly this.
 *
 * @example
 * ```ts
 * const rollout: RolloutContext = await openRollout("web", args);
 * const web = new CanaryService("web", { ...args, rollout });
 * ```
 */
export interface RolloutContext {
  /** The service: `<namespace>/<service>`. */
  readonly key: string;
  /** The name of the component in the program. */
  readonly resource: string;
  /** The full name of this stack. */
  readonly stack: string;
  /** The owner id, which identifies the objects of this stack (gate/owner.ts). */
  readonly owner: string;
  /** The resource that stores the owner id in the stack state. It is created before all other objects and deleted after them. */
  readonly ownerStash: Resource;
  /**
   * The resource that stores the key of the names of versioned Secrets in the stack state. The Secrets and canary's pods depend on it, so that
   * no name is in the cluster whose key is in no state. Absent if no name needs a key.
   */
  readonly secretKeyStash?: Resource;
  /** UID of the cluster's kube-system namespace. */
  readonly cluster: string;
  /** The Kubernetes provider of all objects. */
  readonly provider: ProviderResource;
  /** The release of each track that this stack owns. */
  readonly releases: Partial<Record<Track, Release>>;
  /** The gate's admission of each release. It is an input of the component, for policies. */
  readonly admissions: Partial<Record<Track, Admitted>>;
  /** The verdict on which stable takes its release, if the gate requires a verdict. */
  readonly verdict?: StackState["verdict"];
  /** The pods, selector and backend weights for the requested weight. Absent if the stack does not own the front. */
  readonly traffic?: Traffic;
  /** The last change of canary's share. It is an input of the component, for policies. */
  readonly shift?: Shift;
  /** Number of stable pods. Undefined if an autoscaler owns the number. */
  readonly stableReplicas: number | undefined;
  /** The timeout of a complete roll of each track, in seconds. */
  readonly rollSeconds: Readonly<Record<Track, number>>;
  /** Whether stable rolls back with all pods at once, as far as the cluster has capacity. */
  readonly fastRollback: boolean;
  /** What is updated first if the front and canary's pods both change. */
  readonly order: "pods-first" | "traffic-first";
  /** Write numbers of the objects that are also changed outside Pulumi. A higher number makes Pulumi write the whole object. */
  readonly sequence: Record<Track | "front", number>;
  /** The release history after this run, newest first. */
  readonly history: readonly Release[];
  /** The id of the release that each track ran completely before the one that it runs after this run. */
  readonly previous: Partial<Record<Track, string>>;
  /** The stack state before this run. Absent if there is none. */
  readonly remembered?: StackState;
  /** The ConfigMaps to retain, by name. */
  readonly configMaps: Record<string, Files>;
  /** The Secrets of the service in the cluster. Absent if there is none. */
  readonly secrets?: {
    /** The names of those whose values the program gives, by their names in the arguments. */
    readonly described: Readonly<Record<string, string>>;
    /** The names of those to retain with the values that they have. */
    readonly retained: readonly string[];
  };
  /** Names of the ServiceAccounts to retain beside that of the arguments. Absent if there is none. */
  readonly serviceAccounts?: readonly string[];
  /** The adoption tasks of this run (adopted-release.ts). Absent if the service is not adopted. */
  readonly adopted?: Adopting;
  /** The gate's last check before an object changes, bound to the objects that it protects. */
  readonly hooks: Record<Track | "front", ResourceHookBinding>;
}

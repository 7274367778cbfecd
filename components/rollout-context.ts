import type { ProviderResource, Resource, ResourceHookBinding } from "@pulumi/pulumi";
import type { Adopting } from "./adoption.ts";
import type { Files } from "./config-files.ts";
import type { StackState } from "./history.ts";
import type { Release } from "./release.ts";
import type { Shift, Track, Traffic } from "./traffic.ts";

/** The gate's answer for policies to read: nothing that changes between runs while nothing happens. */
interface Admitted {
  readonly admitted: boolean;
  readonly code?: string;
  /** In a plan: nobody has judged the release, and a good verdict is supposed. */
  readonly supposed?: true;
  /** Whole hours that the verdict was old when the track took the release. */
  readonly verdictHours?: number;
}

/**
 * Where a service stands when the program runs, and what therefore is to be done: the answer of `openRollout`, which
 * has looked at the cluster, the record and the stacks' histories and has asked the gate. CanaryService only builds it.
 */
export interface RolloutContext {
  /** Whose standing it is: `<namespace>/<service>`. */
  readonly key: string;
  /** The full name of this stack. */
  readonly stack: string;
  /** What tells the objects of this stack from those of any other (gate/owner.ts). */
  readonly owner: string;
  /** The resource that holds it in the state, which comes before every object and goes after. */
  readonly ownerStash: Resource;
  /** UID of the cluster's kube-system namespace. */
  readonly cluster: string;
  readonly provider: ProviderResource;
  /** The release of each track that this stack owns. */
  readonly releases: Partial<Record<Track, Release>>;
  /** What the gate said of each, with a code if refused or forced; an input of the component, for policies to read. */
  readonly admissions: Partial<Record<Track, Admitted>>;
  /** On what word stable takes its release, where a verdict is asked for. */
  readonly verdict?: StackState["verdict"];
  /** What the weight comes down to; absent where the stack does not own the front. */
  readonly traffic?: Traffic;
  /** How canary's share came to be that; an input of the component, for policies to read. */
  readonly shift?: Shift;
  /** Pods of stable; undefined where an autoscaler owns the number. */
  readonly stableReplicas: number | undefined;
  /** The longest time that a whole roll of each track may take, in seconds. */
  readonly rollSeconds: Readonly<Record<Track, number>>;
  /** Whether stable goes back with all pods at once, as far as there is room for them. */
  readonly fastRollback: boolean;
  /** What goes first where front and canary pods both change. */
  readonly order: "pods-first" | "traffic-first";
  /** Sequence number of each driven object. A raised one makes a step that writes the whole object. */
  readonly sequence: Record<Track | "front", number>;
  /** The releases that are kept once this run is through, newest first. */
  readonly history: readonly Release[];
  /** The id of the release that stable ran before the one that it is to run. */
  readonly previous?: string;
  /** What the stack remembers of the run before; absent where it remembers none. */
  readonly remembered?: StackState;
  /** ConfigMaps to keep, by name. */
  readonly configMaps: Record<string, Files>;
  /** What of the service was there before us (adoption.ts). */
  readonly adopted?: Adopting;
  /** The gate's last check, bound to the objects that it guards. */
  readonly hooks: Record<Track | "front", ResourceHookBinding>;
}

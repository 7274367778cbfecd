/** What a traffic mode is in the cluster: the live objects that split users' requests by weight, and how they are cut off. */

import type { ObjectKind } from "../../components/object-reference.ts";
import type { ModeName } from "../../components/traffic/modes.ts";
import type { Cluster, Operation } from "../../kubernetes/cluster.ts";
import type { Metadata } from "../../kubernetes/objects/metadata.ts";
import type { ServiceHandle } from "../../kubernetes/service-handle.ts";

/**
 * The side of a traffic mode in the cluster; that of the program is in components/traffic/mode.ts. The shared Service is in front of
 * both tracks in every mode but that of a worker (worker.ts), so a mode without objects of its own has no side here.
 */
export interface LiveMode {
  readonly name: ModeName;
  /** The kind of its routes. */
  readonly kind: ObjectKind;
  /**
   * The live routes of a service; none if the cluster does not have their kind.
   *
   * @throws ApiError or Unreachable if they cannot be read
   */
  read(of: ServiceHandle): Promise<readonly LiveRoute[]>;
  /** A route by its name; undefined if it does not exist. */
  readOne(api: Cluster, namespace: string, name: string): Promise<LiveRoute | undefined>;
  /** Whether the service uses this mode, as far as can be seen without the permission to read its routes. */
  isUsed(of: ServiceHandle): Promise<boolean>;
}

/** The spec of an object of a mode, as the program describes it. */
export type RouteSpec = Readonly<Record<string, unknown>>;

/** A live object that splits users' requests by weight, as an HTTPRoute does. */
export interface LiveRoute {
  readonly kind: ObjectKind;
  readonly metadata: Pick<Metadata, "name" | "namespace" | "labels" | "annotations">;
  /** The percent of requests that it sends to canary by weight. */
  readonly weight: number;
  /** Whether it has user rules, which send some users to a track at any weight. */
  readonly hasUserRules: boolean;
  /** Why a gateway does not apply it as it is; undefined if all of its gateways do. */
  readonly notApplied: string | undefined;
  /** Whether it sends the same requests to the same tracks once its spec is written so. */
  isSplitAs(wanted: RouteSpec): boolean;
  /** The patch after which it sends all requests without the token to stable; empty if it does so already. */
  cutoff(): Operation[];
}

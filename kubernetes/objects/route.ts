/** An HTTPRoute of the Gateway API. */

import type { GatewayRef } from "../../components/traffic/gateway/args.ts";
import type { HttpRouteRule } from "../../components/traffic/gateway/route.ts";
import type { Metadata } from "./metadata.ts";

/** An HTTPRoute in the API; the fields used here. */
export interface RouteObject {
  readonly metadata: Omit<Metadata, "uid" | "generation"> & { readonly generation?: number };
  readonly spec: {
    readonly parentRefs?: readonly ParentRef[];
    readonly hostnames?: readonly string[];
    readonly rules?: readonly HttpRouteRule[];
  };
  /** The status that each parent Gateway reports. */
  readonly status?: {
    readonly parents?: readonly { readonly parentRef: ParentRef; readonly conditions?: readonly RouteCondition[] }[];
  };
}

/** A condition that a gateway reports for a route, with the generation of the route that it refers to. */
export interface RouteCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message?: string;
  readonly observedGeneration?: number;
}

/** A parent of a route. */
export interface ParentRef extends GatewayRef {
  /** @default Gateway */
  readonly kind?: string;
  readonly port?: number;
}

/** Traffic by the backend weights of HTTPRoutes, behind a gateway of the Gateway API. */
import { defaults } from "../../defaults.ts";
import { mainPort } from "../../service-args.ts";
import { finestWeight, type Track } from "../../traffic.ts";
import { UserError } from "../../user-error.ts";
import type { ModeRoute, TrafficMode } from "../mode.ts";
import { steadyPods } from "../steady-pods.ts";
import { routeSpec } from "./args.ts";

/**
 * Splits traffic by the backend weights of an HTTPRoute. The gateway chooses a track for each request, so the share equals the
 * weight with any number of pods. The number of canary pods follows from canary's share of the load. Callers inside the
 * cluster use the shared Service. At weight 0 it selects only stable; above 0 it splits by the number of pods.
 *
 * @param minimum minimum number of canary pods. @default 2, so that one failed pod does not take down all of canary
 * @param scaled what is known of an autoscaler that sets stable's number. @default none does
 * @example gatewayMode().plan(10, 9, { app: "web" }).backends // { stable: 90, canary: 10 }
 */
export function gatewayMode(minimum: number = defaults.minimumCanaryReplicas, scaled?: ScaledStable): TrafficMode {
  return {
    hasService: true,
    shared: "requests",
    plan(weight, stableReplicas, labels, current) {
      const backends = backendWeights(weight);
      const all = backends.stable + backends.canary;
      return {
        weight,
        canaryReplicas: Math.max(
          minimum,
          scaled
            ? podsBesideScaled(weight, stableReplicas, scaled.most, current)
            : Math.ceil((backends.canary * stableReplicas) / all),
        ),
        selector: weight === 0 ? { ...labels, track: "stable" } : labels,
        share: (100 * backends.canary) / all,
        backends,
      };
    },
    objects(service, args) {
      const { routes = [], rules = [] } = args.gateway ?? {};
      return {
        trackServices: ["canary", "stable"],
        rules,
        routes: routes.map(
          (route): ModeRoute => ({
            apiVersion: "gateway.networking.k8s.io/v1",
            kind: "HTTPRoute",
            name: route.name ?? service,
            spec({ backends }, token) {
              if (backends === undefined) throw new Error("traffic behind a gateway has weights of backends");
              const port = route.port ?? mainPort(args);
              return routeSpec(route, args.namespace, {
                service,
                port,
                token,
                rules,
                backends,
              });
            },
          }),
        ),
      };
    },
  };
}

/**
 * An autoscaler gives stable the pods for its own part of the load, so canary needs the pods for the rest: at 50 % as many as stable. Stable
 * shrinks only minutes after a weight has risen, and canary is larger than it needs for that time, but never larger than the autoscaler may
 * make stable. If that is not known, canary never shrinks at a weight above 50, where a small stable says little about the load.
 */
function podsBesideScaled(weight: number, stable: number, most: number | undefined, current?: number): number {
  if (most === undefined && weight > 50) return Math.max(Math.ceil((weight * stable) / 100), current ?? 0);
  const ideal = weight === 100 ? Number.POSITIVE_INFINITY : (weight * stable) / (100 - weight);
  const limited = Math.min(ideal, most ?? ideal);
  return Math.min(steadyPods(limited, "up", current), most ?? Number.POSITIVE_INFINITY);
}

/** What is known of the autoscaler of stable. */
interface ScaledStable {
  /** The most pods that it sets. @default not known */
  readonly most?: number;
}

function backendWeights(weight: number): Record<Track, number> {
  if (Number.isInteger(weight)) return { stable: 100 - weight, canary: weight };
  const canary = Math.round(weight / finestWeight);
  if (Math.abs(canary * finestWeight - weight) > 1e-9) {
    throw new UserError(
      `weight is ${weight} and a gateway supports steps of ${finestWeight}: remove the further digits.`,
    );
  }
  return { stable: 100 / finestWeight - canary, canary };
}

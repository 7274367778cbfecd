/** Traffic by the backend weights of HTTPRoutes, behind a gateway of the Gateway API. */
import { defaults } from "../../defaults.ts";
import { mainPort } from "../../service-args.ts";
import { finestWeight, type Track } from "../../traffic.ts";
import { UserError } from "../../user-error.ts";
import type { ModeRoute, TrafficMode } from "../mode.ts";
import { routeSpec } from "./args.ts";

/**
 * Splits traffic by the backend weights of an HTTPRoute. The gateway chooses a track for each request, so the share equals the
 * weight with any number of pods. The number of canary pods follows from canary's share of the load. Callers inside the
 * cluster use the shared Service. At weight 0 it selects only stable; above 0 it splits by the number of pods.
 *
 * @param minimum minimum number of canary pods. @default 2, so that one failed pod does not take down all of canary
 * @example gatewayMode().plan(10, 9, { app: "web" }).backends // { stable: 90, canary: 10 }
 */
export function gatewayMode(minimum: number = defaults.minimumCanaryReplicas): TrafficMode {
  return {
    plan(weight, stableReplicas, labels) {
      const backends = backendWeights(weight);
      const all = backends.stable + backends.canary;
      return {
        weight,
        canaryReplicas: Math.max(minimum, Math.ceil((backends.canary * stableReplicas) / all)),
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

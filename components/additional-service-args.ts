/** The arguments of the Services of a workload beside the shared one, and their validation. */
import * as v from "valibot";
import { followersAnnotation } from "./names.ts";
import { type Port, portSchema } from "./port.ts";
import { checked, type Fault, mapOf } from "./schema.ts";
import { type ServiceSpec, serviceSpecSchema } from "./service-spec.ts";

/** The pods that an additional Service may select. */
const choices = ["users", "all", "stable", "canary"] as const;

/**
 * A Service beside the shared one, such as an internal load balancer, a headless Service, or one for metrics.
 *
 * @example
 * ```ts
 * const services: Record<string, AdditionalServiceArgs> = {
 *   internal: { ports: [{ port: 80 }], serviceSpec: { type: "LoadBalancer" } },
 *   metrics: { ports: [{ port: 9090 }], pods: "all" },
 * };
 * ```
 */
export interface AdditionalServiceArgs {
  /** Its ports. */
  readonly ports: readonly Port[];
  /**
   * The pods that it selects. `users`: those that the shared Service selects, so canary's share is its number of pods, none of its pods at
   * weight 0, and a traffic cutoff holds here too. A gateway's weight does not apply, because its callers bypass the gateway. `all`: both
   * tracks at any weight. `stable` or `canary`: the pods of that track.
   * @default users
   */
  readonly pods?: "users" | "all" | "stable" | "canary";
  /**
   * Other fields of its spec. `publishNotReadyAddresses` is not for `users`. A field that is removed again from the program keeps its live
   * value.
   * @default none
   */
  readonly serviceSpec?: ServiceSpec;
  /** Its annotations. @default none */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Names that the Services of the tracks have. */
const reserved = ["stable", "canary"];

const schema = v.pipe(
  v.strictObject({
    ports: v.pipe(v.array(portSchema), v.nonEmpty("must have at least one port")),
    pods: v.optional(v.picklist(choices, "must be users, all, stable or canary")),
    serviceSpec: v.optional(serviceSpecSchema(false)),
    annotations: v.optional(mapOf(v.string())),
  }),
  checked(({ pods = "users", serviceSpec }): Fault | undefined => {
    if (pods !== "users" || serviceSpec?.publishNotReadyAddresses !== true) return undefined;
    return {
      at: ["serviceSpec", "publishNotReadyAddresses"],
      message: 'users would reach pods that are not ready: set pods: "all"',
    };
  }),
);

/** Validates the argument `services`. Each name is part of the name of its Service. */
export const additionalServicesSchema = mapOf(
  schema,
  v.pipe(
    v.string(),
    v.regex(
      /^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/,
      "it is part of a Service's name, so use at most 22 lower-case letters, digits and dashes",
    ),
    v.check((name) => !reserved.includes(name), "the Service of a track has it, so choose another one"),
  ),
);

/**
 * The name of an additional Service.
 *
 * @example additionalServiceName("web", "metrics") // "web-metrics"
 */
export function additionalServiceName(service: string, name: string): string {
  return `${service}-${name}`;
}

/** The arguments of a service that describe additional Services. */
interface WithServices {
  readonly services?: Readonly<Record<string, AdditionalServiceArgs>>;
}

/**
 * The names of the additional Services that select the same pods as the shared one. A traffic cutoff changes them too.
 *
 * @example followersOf("web", { services: { internal: { ports: [{ port: 80 }] } } }) // ["web-internal"]
 */
export function followersOf(service: string, { services = {} }: WithServices): string[] {
  return Object.entries(services).flatMap(([name, { pods = "users" }]) =>
    pods === "users" ? [additionalServiceName(service, name)] : [],
  );
}

/**
 * The annotation of the shared Service that names them; none if there are none.
 *
 * @example followersAnnotations("web", {}) // {}
 */
export function followersAnnotations(service: string, args: WithServices): Record<string, string> {
  const followers = followersOf(service, args);
  return followers.length > 0 ? { [followersAnnotation]: followers.join(",") } : {};
}

import * as v from "valibot";

/**
 * Everything of the pack that a team can set, with its default, in one place. A file for `--policy-pack-config` sets it by rule:
 * `{ "weight-step": { "largestRise": 10 } }`. What fop-gate's own house asks for is in house.ts.
 */

/** weight-step, rollout-plan. A quarter of the users: what the next step can harm is known from the one before. */
const largestRise = v.pipe(
  v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(100)), 25),
  v.description("Percentage points by which canary's share of the user traffic may rise in one step."),
);

const texts = (description: string, preset: readonly string[] = []) =>
  v.pipe(v.optional(v.array(v.string()), [...preset]), v.description(description));

const number = (description: string, preset: number) =>
  v.pipe(v.optional(v.pipe(v.number(), v.minValue(0)), preset), v.description(description));

export const weightStepSettings = v.object({ largestRise });

export const rolloutPlanSettings = v.object({ largestRise });

/** CanaryService itself needs no headroom; routes and replicas that are written by hand are rarely that exact. */
export const canaryCapacitySettings = v.object({
  headroom: number(
    "Percent by which a canary pod may carry more of the user traffic than a stable pod does without canary.",
    20,
  ),
});

/** No default knows a team's registries. */
export const allowedRegistriesSettings = v.object({
  registries: texts(
    "Registries, or folders of them, that images may come from, such as reg.example.com/team; none is every registry.",
  ),
});

export const organizationLabelsSettings = v.object({
  labels: texts("Labels that every object of a service has.", ["app"]),
  annotations: texts("Annotations that the Deployments of a service have."),
});

/** Which classes are inside a private network only the team knows; these annotations ask for a login or name who may come. */
export const debugIngressProtectedSettings = v.object({
  internalClasses: texts("Ingress classes that only a private network reaches.", ["internal"]),
  protections: texts("Annotations that guard an Ingress; one of them that keeps somebody out is enough.", [
    "traefik.ingress.kubernetes.io/router.middlewares",
    "haproxy.org/allow-list",
    "haproxy.org/auth-type",
    "konghq.com/plugins",
    "alb.ingress.kubernetes.io/auth-type",
    "alb.ingress.kubernetes.io/inbound-cidrs",
  ]),
});

/** A week: what canary showed under last month's traffic says little of today's. */
export const freshVerdictSettings = v.object({
  maxHours: number("Hours that a verdict may be old when stable takes the release.", 168),
});

/** The names that stand in for a value elsewhere are no secrets. */
export const plainSecretsSettings = v.object({
  allowed: texts("Keys of ConfigMaps, variables and outputs that hold what looks like a secret and is none."),
});

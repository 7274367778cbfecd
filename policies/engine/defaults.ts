/**
 * All settings of the pack with their defaults. A file for `--policy-pack-config` sets them by rule:
 * `{ "weight-step": { "largestRise": 10 } }`. The settings of fop-gate's organization are in organization-defaults.ts.
 */
import * as v from "valibot";

/** For weight-step and rollout-plan. The default is a quarter of the users, so that smaller steps show problems first. */
const largestRise = v.pipe(
  v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(100)), 25),
  v.description("Percentage points by which canary's share of the user traffic may rise in one step."),
);

const texts = (description: string, preset: readonly string[] = []) =>
  v.pipe(v.optional(v.array(v.string()), [...preset]), v.description(description));

const number = (description: string, preset: number) =>
  v.pipe(v.optional(v.pipe(v.number(), v.minValue(0)), preset), v.description(description));

/** Settings of weight-step. */
export const weightStepSettings = v.object({ largestRise });

/** Settings of rollout-plan. */
export const rolloutPlanSettings = v.object({ largestRise });

/** Settings of canary-capacity. CanaryService needs no headroom, but weights and replicas that are set by hand are less exact. */
export const canaryCapacitySettings = v.object({
  headroom: number(
    "Percent by which a canary pod may get more of the user traffic than a stable pod gets without canary.",
    20,
  ),
});

/** Settings of allowed-registries. There is no default list, because each team has its own registries. */
export const allowedRegistriesSettings = v.object({
  registries: texts(
    "Registries, or folders in them, that images may come from, such as reg.example.com/team; an empty list allows all.",
  ),
});

/** Settings of required-labels. */
export const requiredLabelsSettings = v.object({
  labels: texts("Labels that every object of a service must have.", ["app"]),
  annotations: texts("Annotations that the Deployments of a service must have."),
});

/**
 * Settings of protected-debug-ingress. Only the team knows which classes belong to a private network. The default annotations
 * require a login or allow only certain addresses.
 */
export const debugIngressProtectedSettings = v.object({
  internalClasses: texts("Ingress classes that are reachable only from a private network.", ["internal"]),
  protections: texts("Annotations that restrict access to an Ingress; one of them is enough.", [
    "traefik.ingress.kubernetes.io/router.middlewares",
    "haproxy.org/allow-list",
    "haproxy.org/auth-type",
    "konghq.com/plugins",
    "alb.ingress.kubernetes.io/auth-type",
    "alb.ingress.kubernetes.io/inbound-cidrs",
  ]),
});

/** Settings of fresh-verdict. The default is a week, because traffic and other services change. */
export const freshVerdictSettings = v.object({
  maxHours: number("Maximum age of a verdict, in hours, when stable receives the release.", 168),
});

/** Settings of no-plain-secrets and no-secret-outputs. */
export const plainSecretsSettings = v.object({
  allowed: texts("Keys of ConfigMaps, variables and outputs whose values look like secrets but are not."),
});

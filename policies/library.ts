/**
 * The public API of `gray-release/policies`, for your own policy packs: the rules, and the building blocks of your own rules.
 *
 * @example
 * ```ts
 * import { PolicyPack, policiesOf, rules } from "gray-release/policies";
 * import { calmHours } from "./calm-hours.ts";
 *
 * new PolicyPack("shop", { policies: policiesOf([...rules, calmHours], { program: "index.ts" }) });
 * ```
 */
export { PolicyPack, type PolicyPackConfig } from "@pulumi/policy";
export {
  called,
  type Declared,
  homeOf,
  isTrack,
  type KubernetesObject,
  type Service,
  serviceOf,
  servicesOf,
} from "./engine/declared.ts";
export { container, deployment, kubernetes } from "./engine/examples.ts";
export { configOf, type PackOptions, policiesOf } from "./engine/pack.ts";
export { pairsOf } from "./engine/pairs.ts";
export type { PodContainer, PodSpec } from "./engine/pod-spec.ts";
export { containersOf, eachContainer, type FoundContainer, podOf } from "./engine/pods.ts";
export type { Example, ExampleResource, Place, Rule, SettingsSchema, Stack } from "./engine/rule.ts";
export { rules } from "./engine/rules.ts";

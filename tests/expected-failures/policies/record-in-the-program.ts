import { added, type Variant } from "./variant.ts";

export default {
  title: "the record of the rollout, declared",
  rule: "one-owner",
  message: `ConfigMap {namespace}/fop-gate-rollout is the record of fop-gate`,
  stack: "canary",
  change: added("core/v1:ConfigMap", "fop-gate-rollout", { data: { record: "{}" } }),
} satisfies Variant;

import { described, type Variant } from "./variant.ts";

export default {
  title: "variables from a ConfigMap with a name that stays",
  rule: "immutable-config",
  message: `reads the ConfigMap fop-gate-env`,
  stack: "canary",
  change: described((args) => {
    args.containers[0].envFrom = [{ configMapRef: { name: "fop-gate-env" } }];
  }),
} satisfies Variant;

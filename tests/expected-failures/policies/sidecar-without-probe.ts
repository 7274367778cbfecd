import { described, type Variant } from "./variant.ts";

export default {
  title: "a log agent that is ready the moment it runs",
  rule: "readiness-probes",
  message: `container log-agent has no readinessProbe`,
  stack: "canary",
  change: described((args) => {
    args.sidecars[0].readinessProbe = undefined;
  }),
} satisfies Variant;

import { described, type Variant } from "./variant.ts";

export default {
  title: "pods in the network of their node",
  rule: "host-isolation",
  message: `hostNetwork is true and must not be`,
  stack: "canary",
  change: described((args) => {
    args.pod.hostNetwork = true;
  }),
} satisfies Variant;

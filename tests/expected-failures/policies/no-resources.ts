import { described, type Variant } from "./variant.ts";

export default {
  title: "a container that takes what there is",
  rule: "container-resources",
  message: `without requests.cpu, requests.memory, limits.memory`,
  stack: "canary",
  change: described((args) => {
    args.containers[0].resources = {};
  }),
} satisfies Variant;

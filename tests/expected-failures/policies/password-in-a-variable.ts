import { described, type Variant } from "./variant.ts";

export default {
  title: "a password among the variables",
  rule: "no-plain-secrets",
  message: `has the value of DB_PASSWORD in the variable DB_PASSWORD`,
  stack: "canary",
  change: described((args) => {
    args.containers[0].env.push({ name: "DB_PASSWORD", value: "hunter22" });
  }),
} satisfies Variant;

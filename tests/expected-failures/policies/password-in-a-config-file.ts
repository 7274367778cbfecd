import type { Variant } from "./variant.ts";

export default {
  title: "a password in a config file",
  rule: "no-plain-secrets",
  message: `has the value of db.password in fop-gate.conf`,
  stack: "canary",
  change: { files: { "config/fop-gate/fop-gate.conf": (text) => `${text}db.password = hunter22\n` } },
} satisfies Variant;

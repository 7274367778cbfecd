import type { Variant } from "./variant.ts";

export default {
  title: "a private key among the outputs",
  rule: "no-secret-outputs",
  message: `output key has a private key`,
  stack: "canary",
  change: {
    files: {
      "index.ts": (program) =>
        program.replace("export default {", 'export default {\n  key: "-----BEGIN PRIVATE KEY-----",'),
    },
  },
} satisfies Variant;

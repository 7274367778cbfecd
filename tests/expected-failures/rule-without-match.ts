import { behindGateway } from "./behind-gateway.ts";
import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a rule without a condition",
  change: behindGateway({ rules: [{ to: "canary" }] }),
  up: "canary",
  sentence: `fop-gate: gateway.rules.0 is {"to":"canary"}: has no condition: give it headers, cookie, query, pathPrefix or bucket.`,
} satisfies ExpectedFailure;

import { behindGateway } from "./behind-gateway.ts";
import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a regular expression that does not compile",
  change: behindGateway({ rules: [{ to: "canary", headers: { "x-team": { pattern: "(qa" } } }] }),
  up: "canary",
  sentence: `fop-gate: gateway.rules.0.headers.x-team is {"pattern":"(qa"}: is not a regular expression that gateways support: Unterminated group.`,
} satisfies ExpectedFailure;

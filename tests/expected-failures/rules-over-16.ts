import { behindGateway, edge } from "./behind-gateway.ts";
import type { ExpectedFailure } from "./case.ts";

/** The track alternates from rule to rule, so that no two share a rule of the HTTPRoute. */
const rules = Array.from({ length: 17 }, (_, i) => ({ to: i % 2 ? "stable" : "canary", headers: { [`x-${i}`]: "1" } }));

export default {
  title: "more rules than an HTTPRoute allows",
  needs: "Gateway API",
  before: [edge],
  change: behindGateway({ rules }),
  up: "canary",
  sentence:
    "fop-gate: the rules change 16 times between canary and stable and an HTTPRoute allows 13 changes: put rules to the same track next to each other, or remove rules.16.",
} satisfies ExpectedFailure;

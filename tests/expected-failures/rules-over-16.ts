import { behindGateway, edge } from "./behind-gateway.ts";
import type { ExpectedFailure } from "./case.ts";

/** Each to another track than the one before, so that none share a rule of the HTTPRoute. */
const rules = Array.from({ length: 17 }, (_, i) => ({ to: i % 2 ? "stable" : "canary", headers: { [`x-${i}`]: "1" } }));

export default {
  title: "more rules than an HTTPRoute has room for",
  needs: "Gateway API",
  before: [edge],
  change: behindGateway({ rules }),
  up: "canary",
  sentence:
    "fop-gate: the rules change 16 times between canary and stable and an HTTPRoute has room for 13 changes: put rules to the same track next to each other, or take rules.16 out.",
} satisfies ExpectedFailure;

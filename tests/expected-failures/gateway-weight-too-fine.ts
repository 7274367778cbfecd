import { behindGateway, edge } from "./behind-gateway.ts";
import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a weight with more digits than a gateway supports",
  needs: "Gateway API",
  before: [edge],
  change: behindGateway({}, { weight: 12.34567 }),
  up: "canary",
  sentence: `fop-gate: weight is 12.34567 and a gateway supports steps of 0.001: remove the further digits.`,
} satisfies ExpectedFailure;

import { behindGateway, edge } from "./behind-gateway.ts";
import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a weight finer than that of a gateway",
  needs: "Gateway API",
  before: [edge],
  change: behindGateway({}, { weight: 12.34567 }),
  up: "canary",
  sentence: `weight is 12.34567 and a gateway's goes in steps of 0.001: leave the further digits out.`,
} satisfies ExpectedFailure;

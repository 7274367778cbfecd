import { behindGateway } from "./behind-gateway.ts";
import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a Gateway that is not in the cluster",
  needs: "Gateway API",
  change: behindGateway(),
  up: "canary",
  sentence: `fop-gate: there is no Gateway edge in namespace {namespace}: correct gateway.routes, or create that Gateway first.`,
} satisfies ExpectedFailure;

import { behindGateway } from "./behind-gateway.ts";
import type { ExpectedFailure } from "./case.ts";

export default {
  title: "two routes without names",
  change: behindGateway({ routes: [{ gateways: [{ name: "edge" }] }, { gateways: [{ name: "edge" }] }] }),
  up: "canary",
  sentence: `fop-gate: gateway.routes.0.name is missing: each of several routes needs a unique name.`,
} satisfies ExpectedFailure;

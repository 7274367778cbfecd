import { behindGateway, edge } from "./behind-gateway.ts";
import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a listener that the Gateway does not have",
  needs: "Gateway API",
  before: [edge],
  change: behindGateway({ routes: [{ gateways: [{ name: "edge", sectionName: "https" }] }] }),
  up: "canary",
  sentence: `fop-gate: Gateway edge in namespace {namespace} has no listener https: choose one of http, tls.`,
} satisfies ExpectedFailure;

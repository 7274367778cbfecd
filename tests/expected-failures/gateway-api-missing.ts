import { behindGateway } from "./behind-gateway.ts";
import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a gateway in a cluster without the Gateway API",
  needs: "no Gateway API",
  change: behindGateway(),
  up: "canary",
  sentence: `fop-gate: the cluster has no Gateway API (gateway.networking.k8s.io/v1): install its Standard channel and a gateway, or remove gateway from the arguments.`,
} satisfies ExpectedFailure;

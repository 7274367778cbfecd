import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a worker with an Ingress",
  change: {
    files: { "index.ts": (text) => text.replace(/^ {2}ports: \[.*\],$/m, "  ports: [],") },
  },
  up: "canary",
  sentence:
    "fop-gate: ports is [], which describes a worker without a Service, and ingress needs the Service: remove ingress, or give the ports of the Service.",
} satisfies ExpectedFailure;

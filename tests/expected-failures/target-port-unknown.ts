import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a target port that no container has",
  change: { files: { "index.ts": (text) => text.replace('targetPort: "http"', 'targetPort: "htpp"') } },
  up: "canary",
  sentence: 'fop-gate: ports.0.targetPort is "htpp" and no container has a port of this name: choose from http.',
} satisfies ExpectedFailure;

import type { ExpectedFailure } from "./case.ts";

const labels = { app: "fop-gate", color: "green" };

export default {
  title: "a live Deployment with another selector",
  needs: "cluster",
  before: [
    {
      apply: {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "fop-gate-canary", namespace: "{namespace}" },
        spec: {
          replicas: 0,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: "fop-gate", image: "fop-gate:1" }] } },
        },
      },
    },
  ],
  up: "canary",
  sentence:
    "Deployment fop-gate-canary in namespace {namespace} selects app=fop-gate,color=green and this program app=fop-gate,track=canary: a selector cannot be changed on a live Deployment, so choose another service name, or remove that Deployment yourself if nothing uses it.",
} satisfies ExpectedFailure;

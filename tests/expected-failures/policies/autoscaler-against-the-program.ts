import { added, type Variant } from "./variant.ts";

export default {
  title: "an autoscaler beside the number that the program sets",
  rule: "autoscaler-per-track",
  message: `but the service sets replicas 9`,
  stack: "prod",
  change: added("autoscaling/v2:HorizontalPodAutoscaler", "fop-gate", {
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "fop-gate" },
      minReplicas: 9,
      maxReplicas: 20,
    },
  }),
} satisfies Variant;

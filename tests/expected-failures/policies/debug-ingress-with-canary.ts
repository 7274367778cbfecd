import { added, type Variant } from "./variant.ts";

export default {
  title: "a debug Ingress in the stack of canary",
  rule: "debug-ingress",
  message: `it belongs to the stack that owns stable`,
  stack: "canary",
  change: added("networking/v1:Ingress", "fop-gate-debug", {
    spec: {
      ingressClassName: "internal",
      rules: [
        {
          host: "debug.qiniu.com",
          http: {
            paths: [
              { path: "/", pathType: "Prefix", backend: { service: { name: "fop-gate", port: { number: 80 } } } },
            ],
          },
        },
      ],
    },
  }),
} satisfies Variant;

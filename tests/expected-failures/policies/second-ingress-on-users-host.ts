import { added, type Variant } from "./variant.ts";

export default {
  title: "a second Ingress on the users' host",
  rule: "unique-hostnames",
  message: `fop-gate.qiniu.com/, and so does Ingress {namespace}/`,
  stack: "canary",
  change: added("networking/v1:Ingress", "shop", {
    metadata: { labels: {} },
    spec: {
      rules: [
        {
          host: "fop-gate.qiniu.com",
          http: {
            paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "shop", port: { number: 80 } } } }],
          },
        },
      ],
    },
  }),
} satisfies Variant;

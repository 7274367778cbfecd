import { appended, type Variant } from "./variant.ts";

export default {
  title: "a second service with the name of fop-gate's debug Ingress",
  rule: "unique-names",
  message: `both create Ingress fop-gate-debug`,
  stack: "canary",
  change: appended(`const { ComponentResource } = await import("@pulumi/pulumi");
new ComponentResource("gray-release:index:CanaryService", "fop-gate-debug", { namespace, replicas: 1, tracks: ["canary"], ingress: { host: "shop.qiniu.com" } });`),
} satisfies Variant;

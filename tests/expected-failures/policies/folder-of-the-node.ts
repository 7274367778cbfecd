import { described, type Variant } from "./variant.ts";

export default {
  title: "pods with a folder of their node",
  rule: "host-isolation",
  message: `volume node is a hostPath`,
  stack: "canary",
  change: described((args) => {
    args.volumes = [...args.volumes, { name: "node", hostPath: { path: "/var/log" } }];
  }),
} satisfies Variant;

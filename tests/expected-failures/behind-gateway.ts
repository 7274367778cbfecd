import type { GatewayArgs } from "../../components/traffic/gateway/args.ts";
import type { Change } from "../../harness/project.ts";
import type { Step } from "./case.ts";

/** A Gateway in the namespace of the case. No controller implements its class. */
export const edge: Step = {
  apply: {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "edge", namespace: "{namespace}" },
    spec: {
      gatewayClassName: "nobody",
      listeners: [
        { name: "http", port: 80, protocol: "HTTP" },
        { name: "tls", port: 8080, protocol: "HTTP" },
      ],
    },
  },
};

/** Puts fop-gate behind a gateway, by default {@link edge}. The arguments may be invalid. */
export function behindGateway(changes: object = {}, more: object = {}): Change {
  const gateway: GatewayArgs = { routes: [{ gateways: [{ name: "edge" }] }], ...changes };
  const lines = Object.entries({ gateway, ...more }).map(([name, value]) => `${name}: ${JSON.stringify(value)},\n`);
  const end = "};\n\nconst service";
  return { files: { "index.ts": (program) => program.replace(end, `${lines.join("")}${end}`) } };
}

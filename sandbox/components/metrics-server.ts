/** metrics-server: what pods and nodes use, for autoscalers and `kubectl top`. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Link } from "../link.ts";
import { certificatePath, keyPath } from "../pki.ts";
import type { Site } from "../site.ts";
import { type Component, componentKubeconfig, flags } from "./component.ts";

export const METRICS_PORT = 4443;

/** Reached from the host, and from inside the sandbox. */
export function metricsServerUrl(link: Link): string {
  return `https://${link.node}:${METRICS_PORT}`;
}

export function metricsServer({ places, link, command }: Site): Component {
  return {
    name: "metrics-server",
    command: [
      command("metrics-server"),
      ...flags({
        ...metricsServerFlags({
          link,
          kubeconfig: componentKubeconfig(places, "metrics-server"),
          authority: certificatePath(places, "ca"),
          certificates: join(places.state, "metrics-server"),
        }),
        "tls-cert-file": certificatePath(places, "metrics-server"),
        "tls-private-key-file": keyPath(places, "metrics-server"),
      }),
    ],
    files: {},
    ready: () => ({
      kind: "https",
      // Not /readyz: metrics-server 0.9 is not ready on a node without pods, although it serves the metrics of the node.
      url: `${metricsServerUrl(link)}/livez`,
      authority: readFileSync(certificatePath(places, "ca"), "utf8"),
    }),
  };
}

export function metricsServerFlags(where: {
  readonly link: Link;
  readonly kubeconfig: string;
  readonly authority: string;
  readonly certificates: string;
}): Record<string, string | number | boolean> {
  return {
    kubeconfig: where.kubeconfig,
    "authentication-kubeconfig": where.kubeconfig,
    "authorization-kubeconfig": where.kubeconfig,
    // The API server passes requests on without a certificate of its own, so they come in without a name (metrics-server.ts).
    "authentication-skip-lookup": true,
    "authorization-always-allow-paths": "/livez,/readyz,/apis*,/openapi*",
    "bind-address": where.link.node,
    "secure-port": METRICS_PORT,
    "cert-dir": where.certificates,
    "kubelet-certificate-authority": where.authority,
    "kubelet-preferred-address-types": "InternalIP",
    "kubelet-use-node-status-port": true,
    // The least that it allows; a request must take less.
    "metric-resolution": "10s",
    "kubelet-request-timeout": "5s",
  };
}

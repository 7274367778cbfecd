/** The controllers and the scheduler. */
import { readFileSync } from "node:fs";
import { certificatePath, keyPath } from "../pki.ts";
import type { Site } from "../site.ts";
import { type Component, componentKubeconfig, flags } from "./component.ts";

/** Each serves its health under its own certificate, and asks the API server who may see more. */
function controlLoop(site: Site, name: "controller-manager" | "scheduler", port: number, more: string[]): Component {
  const { places, link, command } = site;
  const kubeconfig = componentKubeconfig(places, name);
  return {
    name,
    command: [
      command("kube"),
      name,
      ...flags({
        kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        // One of each: an election would only delay a restart.
        "leader-elect": false,
        "bind-address": link.node,
        "secure-port": port,
        "tls-cert-file": certificatePath(places, name),
        "tls-private-key-file": keyPath(places, name),
      }),
      ...more,
    ],
    files: {},
    ready: () => ({
      kind: "https",
      url: `https://${link.node}:${port}/healthz`,
      authority: readFileSync(certificatePath(places, "ca"), "utf8"),
    }),
  };
}

export function controllerManager(site: Site): Component {
  const more = flags({
    "use-service-account-credentials": true,
    "service-account-private-key-file": keyPath(site.places, "service-accounts"),
    "root-ca-file": certificatePath(site.places, "ca"),
    "allocate-node-cidrs": false,
  });
  return controlLoop(site, "controller-manager", 10257, more);
}

export function scheduler(site: Site): Component {
  return controlLoop(site, "scheduler", 10259, []);
}

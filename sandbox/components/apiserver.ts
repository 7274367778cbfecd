/** The API server: client certificates and service accounts only, no anonymous requests, nodes held to their own objects. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SERVICE_RANGE } from "../link.ts";
import { certificatePath, keyPath } from "../pki.ts";
import type { Probe } from "../probe.ts";
import { apiServer, type Site } from "../site.ts";
import { type Component, flags } from "./component.ts";

export function apiserver(site: Site): Component {
  const { places, link, command } = site;
  return {
    name: "apiserver",
    command: [
      command("kube"),
      "apiserver",
      ...flags({
        "etcd-servers": "https://127.0.0.1:2379",
        "etcd-cafile": certificatePath(places, "etcd-ca"),
        "etcd-certfile": certificatePath(places, "etcd-client"),
        "etcd-keyfile": keyPath(places, "etcd-client"),
        "secure-port": 6443,
        "advertise-address": link.node,
        "tls-cert-file": certificatePath(places, "apiserver"),
        "tls-private-key-file": keyPath(places, "apiserver"),
        "client-ca-file": certificatePath(places, "ca"),
        "anonymous-auth": false,
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "allow-privileged": true,
        "kubelet-client-certificate": certificatePath(places, "apiserver"),
        "kubelet-client-key": keyPath(places, "apiserver"),
        "kubelet-certificate-authority": certificatePath(places, "ca"),
        // Else it looks the node's name up in DNS.
        "kubelet-preferred-address-types": "InternalIP",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": join(places.state, "pki", "service-accounts.pub"),
        "service-account-signing-key-file": keyPath(places, "service-accounts"),
        "service-cluster-ip-range": SERVICE_RANGE,
      }),
    ],
    files: {},
    ready: () => apiProbe(site, "readyz"),
  };
}

/** Asks the API server, as the admin. */
export function apiProbe({ places, link }: Site, path: string): Probe {
  return {
    kind: "https",
    url: `${apiServer(link)}/${path}`,
    authority: readFileSync(certificatePath(places, "ca"), "utf8"),
    certificate: readFileSync(certificatePath(places, "admin"), "utf8"),
    key: readFileSync(keyPath(places, "admin"), "utf8"),
  };
}

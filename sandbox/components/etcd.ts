/** The database of the API server, which alone may open it. */
import { join } from "node:path";
import { certificatePath, keyPath } from "../pki.ts";
import { NODE_NAME } from "../places.ts";
import type { Site } from "../site.ts";
import { apiProbe } from "./apiserver.ts";
import { type Component, flags } from "./component.ts";

export function etcd(site: Site): Component {
  const { places, command } = site;
  const client = "https://127.0.0.1:2379";
  return {
    name: "etcd",
    command: [
      command("etcd"),
      ...flags({
        name: NODE_NAME,
        "data-dir": join(places.state, "etcd"),
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": "http://127.0.0.1:2380",
        "cert-file": certificatePath(places, "etcd"),
        "key-file": keyPath(places, "etcd"),
        "client-cert-auth": true,
        "trusted-ca-file": certificatePath(places, "etcd-ca"),
        "auto-compaction-mode": "periodic",
        "auto-compaction-retention": "1h",
        "log-level": "warn",
      }),
    ],
    files: {},
    // etcd listens on the namespace's loopback only; the API server sees it for us.
    ready: () => apiProbe(site, "readyz/etcd"),
  };
}

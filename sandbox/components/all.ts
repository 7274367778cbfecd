/** All the processes of a plain cluster. */
import { dirname } from "node:path";
import { systemPath } from "../host.ts";
import type { Site } from "../site.ts";
import { apiserver } from "./apiserver.ts";
import type { COMPONENTS, Component } from "./component.ts";
import { containerd } from "./containerd.ts";
import { controllerManager, scheduler } from "./control-loops.ts";
import { etcd } from "./etcd.ts";
import { kubelet } from "./kubelet.ts";
import { proxy } from "./proxy.ts";

export function components(site: Site): Record<(typeof COMPONENTS)[number], Component> {
  return {
    etcd: etcd(site),
    containerd: containerd(site),
    apiserver: apiserver(site),
    "controller-manager": controllerManager(site),
    scheduler: scheduler(site),
    kubelet: kubelet(site),
    proxy: proxy(site),
  };
}

/** The PATH of every component: containerd starts its shim and runc by name. */
export function componentPath(site: Site): string {
  return `${dirname(site.command("containerd"))}:${systemPath()}`;
}

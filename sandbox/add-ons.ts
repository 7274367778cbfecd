/** What a sandbox has beyond a plain Kubernetes. Asked for once it belongs to the sandbox, until `down`. */
import { join } from "node:path";
import { api } from "./api.ts";
import type { Component } from "./components/component.ts";
import { metricsServer, metricsServerUrl } from "./components/metrics-server.ts";
import { prometheus, prometheusUrl } from "./components/prometheus.ts";
import { gatewayUrl, traefik, traefikMetrics } from "./components/traefik.ts";
import { readJson, writeFile } from "./file.ts";
import { applyGateway } from "./gateway.ts";
import type { Link } from "./link.ts";
import { applyMetricsApi, awaitMetrics } from "./metrics-api.ts";
import { grant, WATCH } from "./object.ts";
import { PROMETHEUS_USER } from "./pki.ts";
import type { Places } from "./places.ts";
import { awaitReady, ensureRunning } from "./service.ts";
import type { Site } from "./site.ts";
import { type Found, findOnDemand, onDemandShare } from "./toolchain.ts";

/** In the order in which they start. */
export const ADD_ONS = ["gateway", "prometheus", "metrics"] as const;
export type AddOn = (typeof ADD_ONS)[number];

/** The command that each runs, built on demand. */
const COMMANDS: Record<AddOn, string> = { gateway: "traefik", prometheus: "prometheus", metrics: "metrics-server" };

function notePath(at: Places): string {
  return join(at.state, "add-ons.json");
}

/** Those that the sandbox has. */
export function standingAddOns(at: Places): AddOn[] {
  const noted = readJson(notePath(at));
  return ADD_ONS.filter((name) => Array.isArray(noted) && noted.includes(name));
}

/** Those that the sandbox has, and those asked for now. */
export function wantedAddOns(at: Places, asked: readonly AddOn[]): AddOn[] {
  const standing = standingAddOns(at);
  return ADD_ONS.filter((name) => standing.includes(name) || asked.includes(name));
}

export function findAddOnTools(names: readonly AddOn[], at: Places): Found[] {
  return findOnDemand(
    names.map((name) => COMMANDS[name]),
    at,
  );
}

export function addOnUrl(name: AddOn, link: Link): string {
  return { gateway: gatewayUrl, prometheus: prometheusUrl, metrics: metricsServerUrl }[name](link);
}

export function addOnComponent(name: AddOn, site: Site, all: readonly AddOn[]): Component {
  switch (name) {
    case "gateway":
      return traefik(site);
    case "prometheus":
      return prometheus(site, all.includes("gateway") ? [traefikMetrics(site.link)] : []);
    case "metrics":
      return metricsServer(site);
  }
}

/** @param all every add-on that this `up` starts */
export async function startAddOn(name: AddOn, site: Site, all: readonly AddOn[]): Promise<void> {
  const { places: at, link } = site;
  const server = api(at, link);
  // Noted when its tool is there and before anything of it is, so that `status` shows also what did not become ready.
  writeFile(
    notePath(at),
    `${JSON.stringify(ADD_ONS.filter((one) => one === name || standingAddOns(at).includes(one)))}\n`,
  );
  if (name === "gateway") await applyGateway(server, onDemandShare(COMMANDS.gateway, at), at);
  else if (name === "metrics") await applyMetricsApi(server, link);
  else for (const { path, object } of grant(PROMETHEUS_USER, POD_RULES)) await server.apply(path, object);
  const component = addOnComponent(name, site, all);
  await ensureRunning(component, site);
  await awaitReady(component, at);
  if (name === "metrics") await awaitMetrics(server);
}

const POD_RULES = [{ apiGroups: [""], resources: ["pods"], verbs: WATCH }];

import { type Claim, canMeet, claimText, type Entrance, readEntrance } from "../../engine/claims.ts";
import { called, type Service } from "../../engine/declared.ts";
import { everyPath, pathText } from "../../engine/entrances.ts";
import { canaryService, httpRoute, kubernetes } from "../../engine/examples.ts";
import { readable } from "../../engine/pairs.ts";
import type { Rule } from "../../engine/rule.ts";
import { paired } from "../../engine/unknown.ts";

/**
 * If two entrances claim the same requests, one of them gets none, and the gateway decides which.
 *
 * 1. No two HTTPRoutes on one listener, and no two Ingresses of one class, claim the same path of the same host.
 * 2. No HTTPRoute and Ingress do so either, because a hostname resolves to only one of them. The Ingress and the HTTPRoute of the
 *    same service are an exception: they may exist side by side.
 * 3. The debug Ingress has its own host or path, whichever stack owns the users' entrance.
 *
 * A claim is a path without further conditions, which would distinguish requests. A path below another one is no conflict, because
 * the longer one takes precedence. The pack checks one stack; claims of other stacks on the same Gateway are unknown.
 */
export const uniqueHostnames: Rule = {
  name: "unique-hostnames",
  description: "No two HTTPRoutes or Ingresses of one stack claim the same path of the same host.",
  severity: "high",
  remediation: "Give each HTTPRoute or Ingress its own host or path.",
  judge(one, { declared }) {
    if (one.is === "service") return debugFaults(one);
    const entrance = paired(() => readEntrance(one));
    if (entrance === undefined) return [];
    const others = declared.filter((other) => other !== one);
    return readable(others, readEntrance).flatMap((other) => faults(entrance, other));
  },
  examples: {
    allowed: [
      {
        name: "the debug Ingress and the users' Ingress with several hosts, none in common",
        resources: [
          canaryService({
            ingress: { rules: [{ host: "a.example" }, { host: "b.example" }] },
            debugIngress: { rules: [{ host: "c.example" }] },
          }),
        ],
      },
      {
        name: "the users' Ingress, their route and the debug Ingress of a service",
        resources: [
          canaryService({
            gateway: { routes: [{ hostnames: ["fop-gate.example"] }] },
            ingress: { host: "fop-gate.example" },
            debugIngress: { host: "debug.example" },
          }),
          route(),
          ingress("fop-gate"),
          ingress("fop-gate-debug", { host: "debug.example" }),
        ],
      },
      { name: "one host, two paths", resources: [ingress("fop-gate"), ingress("shop", { path: "/shop" })] },
      { name: "one path, two hosts", resources: [route(), route("shop", { spec: { hostnames: ["shop.example"] } })] },
      {
        name: "one host on two listeners",
        resources: [
          route("fop-gate", { spec: { parentRefs: [{ name: "public", sectionName: "http" }] } }),
          route("redirect", { spec: { parentRefs: [{ name: "public", sectionName: "https" }] } }),
        ],
      },
      {
        name: "every host, on two Gateways of the same name in two namespaces",
        resources: [
          route("fop-gate", { spec: { hostnames: undefined } }),
          route("shop", { spec: { hostnames: undefined, parentRefs: [{ name: "public", namespace: "infra" }] } }),
        ],
      },
      {
        name: "two classes of Ingress",
        resources: [ingress("fop-gate", { class: "inside" }), ingress("shop", { class: "outside" })],
      },
      {
        name: "two routes that a header distinguishes",
        resources: [
          route(),
          route("shop", { spec: { rules: [{ matches: [{ headers: [{ name: "x-shop", value: "1" }] }] }] } }),
        ],
      },
      { name: "the debug Ingress below the users' host", resources: [debug({ path: "/debug" })] },
    ],
    disallowed: [
      {
        name: "two services on one host of a Gateway",
        resources: [route(), route("shop")],
        message:
          /^HTTPRoute dora-apps\/shop claims fop-gate\.example\/, and so does HTTPRoute dora-apps\/fop-gate: give one of them another host or path\.$/,
      },
      {
        name: "one of several hosts, on one of all listeners",
        resources: [
          route("fop-gate", { spec: { hostnames: ["a.example", "b.example"] } }),
          route("shop", { spec: { hostnames: ["b.example"], parentRefs: [{ name: "public", sectionName: "https" }] } }),
        ],
        message: /claims b\.example\//,
      },
      {
        name: "two routes for every host of a Gateway",
        resources: [
          route("fop-gate", { spec: { hostnames: undefined } }),
          route("shop", { spec: { hostnames: undefined } }),
        ],
        message: /claims every host's \/, and so does/,
      },
      {
        name: "two routes with an empty list of hosts, which means every host",
        resources: [route("fop-gate", { spec: { hostnames: [] } }), route("shop", { spec: { hostnames: [] } })],
        message: /claims every host's \/, and so does/,
      },
      {
        name: "two Ingresses with one path",
        resources: [ingress("fop-gate", { path: "/a" }), ingress("shop", { path: "/a/" })],
        message: /^Ingress dora-apps\/shop claims fop-gate\.example\/a, and so does Ingress dora-apps\/fop-gate/,
      },
      {
        name: "an Ingress on the host of another service's route",
        resources: [route(), ingress("shop")],
        message: /^Ingress dora-apps\/shop claims .* so does HTTPRoute dora-apps\/fop-gate/,
      },
      {
        name: "the debug Ingress on the host of the users' route, which another stack owns",
        resources: [debug({})],
        message:
          /^dora-apps\/fop-gate: the debug Ingress claims fop-gate\.example\/, and so does the users' Ingress or HTTPRoute: give debugIngress its own host\.$/,
      },
      {
        name: "the debug Ingress on one of the users' hosts, each in rules",
        resources: [
          canaryService({
            ingress: { rules: [{ host: "a.example" }, { host: "b.example", paths: [{ path: "/b" }] }] },
            debugIngress: { rules: [{ host: "b.example", paths: [{ path: "/a" }, { path: "/b/" }] }] },
          }),
        ],
        message: /the debug Ingress claims b\.example\/b, and so does/,
      },
      {
        name: "the debug Ingress on the host of the users' Ingress",
        resources: [
          canaryService({ ingress: { host: "fop-gate.example" }, debugIngress: { host: "fop-gate.example" } }),
          ingress("fop-gate"),
          ingress("fop-gate-debug"),
        ],
        message: /the debug Ingress claims/,
      },
    ],
  },
};

function faults(entrance: Entrance, other: Entrance): string[] {
  if (!canMeet(entrance, other)) return [];
  const both = entrance.claims.find(({ host, path }) =>
    other.claims.some((claim) => claim.host === host && claim.path === path),
  );
  // An HTTPRoute and an Ingress without a host do not necessarily get requests for the same hosts.
  if (both === undefined || (both.host === undefined && entrance.object.kind !== other.object.kind)) return [];
  return [
    `${called(entrance.object)} claims ${claimText(both)}, and so does ${called(other.object)}: give one of them another host or path.`,
  ];
}

function debugFaults({ namespace, name, gateway, ingress, debugIngress }: Service): string[] {
  if (debugIngress === undefined) return [];
  const debug = claimsOf(debugIngress);
  const routed = (gateway?.routes ?? []).flatMap(({ hostnames = [] }) => hostnames);
  const users: Claim[] = [...routed.map((host) => ({ host, path: everyPath })), ...(ingress ? claimsOf(ingress) : [])];
  const both = debug.find(({ host, path }) => users.some((user) => user.host === host && user.path === path));
  if (both === undefined) return [];
  return [
    `${namespace}/${name}: the debug Ingress claims ${claimText(both)}, and so does the users' Ingress or HTTPRoute: give debugIngress its own host.`,
  ];
}

/** What an Ingress in the arguments of a service claims. */
function claimsOf({ rules, host, path, pathType }: NonNullable<Service["ingress"]>): Claim[] {
  const all = rules ?? [
    { ...(host !== undefined && { host }), paths: [{ ...(path && { path }), ...(pathType && { pathType }) }] },
  ];
  return all.flatMap(({ host, paths = [{}] }) =>
    paths.map(({ path, pathType = "Prefix" }) => ({ host, path: pathText(pathType, path) })),
  );
}

function route(name = "fop-gate", changes: Parameters<typeof httpRoute>[1] = {}) {
  const labels = { "gray-release/service": name };
  const plain = httpRoute([{ backendRefs: [{ name: `${name}-stable`, port: 80 }] }], { metadata: { name, labels } });
  return {
    ...plain,
    props: { ...plain.props, spec: { ...(plain.props.spec as object), ...(changes.spec as object) } },
  };
}

function ingress(name: string, { host = "fop-gate.example", path = "/", class: ingressClassName = "nginx" } = {}) {
  const service = name.replace("-debug", "");
  const paths = [{ path, pathType: "Prefix", backend: { service: { name: service, port: { number: 80 } } } }];
  return kubernetes("networking.k8s.io/v1:Ingress", name, {
    metadata: { labels: { "gray-release/service": service } },
    spec: { ingressClassName, rules: [{ host, http: { paths } }] },
  });
}

/** The service in the stack of stable, with the debug Ingress on the host of the users' route. */
function debug(changes: object) {
  return canaryService({
    tracks: ["stable"],
    gateway: { routes: [{ hostnames: ["fop-gate.example"] }] },
    debugIngress: { host: "fop-gate.example", ...changes },
  });
}

import { called } from "../../engine/declared.ts";
import { canaryService, deployment, httpRoute, kubernetes } from "../../engine/examples.ts";
import { pairsOf } from "../../engine/pairs.ts";
import {
  hasPort,
  type NamedPorts,
  portList,
  type ReadService,
  type ReadTrack,
  readNamedPorts,
  readServicePorts,
  readTrackPorts,
} from "../../engine/ports.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * The API server accepts a port that does not exist, and then requests fail. On the path of a request
 *
 * 1. each port that an HTTPRoute or an Ingress names is a port of its Service,
 * 2. each targetPort of a Service is a port of every track that it selects. A number is checked only if the containers list
 *    their ports.
 *
 * The rule checks objects of this stack, with Services of services under gray release.
 */
export const existingPorts: Rule = {
  name: "existing-ports",
  description: "Ports that routes name exist in their Services, and target ports of Services exist in the pods.",
  severity: "high",
  remediation: "Name a port that the Service has, and a targetPort that a container has.",
  judge: (one, { declared }) => [
    ...pairsOf(one, declared, readNamedPorts, readServicePorts).flatMap(([entrance, service]) =>
      entranceFaults(entrance, service),
    ),
    ...pairsOf(one, declared, readServicePorts, readTrackPorts).flatMap(([service, track]) =>
      targetFaults(service, track),
    ),
  ],
  examples: {
    allowed: [
      {
        name: "by number, by name and by the only port",
        resources: [canaryService(), service(), route(80), ingress({ name: "http" }), ingress({ number: 80 })],
      },
      {
        name: "a port of the pods by its name, on both tracks",
        resources: [canaryService(), service(), track("stable"), track("canary")],
      },
      {
        name: "a number, of pods that do not list their ports",
        resources: [canaryService(), service({ targetPort: 8080 }), deployment("stable")],
      },
      {
        name: "a port of the log agent",
        resources: [
          canaryService(),
          service({ targetPort: "logs" }),
          deployment("stable", {
            spec: {
              template: { spec: { initContainers: [{ name: "agent", ports: [{ name: "logs", containerPort: 1 }] }] } },
            },
          }),
        ],
      },
      {
        name: "a Service that another stack owns, or in another namespace",
        resources: [canaryService(), service({ namespace: "staging" }), route(81), ingress({ name: "admin" })],
      },
    ],
    disallowed: [
      {
        name: "a route to a port that the Service does not have",
        resources: [canaryService(), service(), route(81)],
        message:
          /^HTTPRoute dora-apps\/fop-gate sends to port 81 of Service dora-apps\/fop-gate, which has http \(80\): name one of its ports\.$/,
      },
      {
        name: "the same, with the Service declared after the route",
        resources: [canaryService(), route(81), service()],
        message: /sends to port 81/,
      },
      {
        name: "a route that names no port",
        resources: [canaryService(), service(), route()],
        message: /sends to no port of/,
      },
      {
        name: "an Ingress to a name that no port has",
        resources: [canaryService(), service(), ingress({ name: "admin" })],
        message: /^Ingress dora-apps\/fop-gate sends to port admin of/,
      },
      {
        name: "a port name that the pods of one track do not have",
        resources: [canaryService(), service(), track("stable"), track("canary", "web")],
        message:
          /^Service dora-apps\/fop-gate leads to port http of Deployment dora-apps\/fop-gate-canary, whose containers have web \(8080\): use one of these ports, or add the port to a container\.$/,
      },
      {
        name: "a number that the pods do not list",
        resources: [canaryService(), track("stable"), service({ targetPort: 9090 })],
        message: /leads to port 9090 of Deployment dora-apps\/fop-gate, whose containers have http \(8080\)/,
      },
    ],
  },
};

function entranceFaults({ object, to }: NamedPorts, service: ReadService): string[] {
  const missing = to.find(
    (target) =>
      target.namespace === service.object.namespace &&
      target.service === service.object.name &&
      !hasPort(service.ports, target.port),
  );
  if (missing === undefined) return [];
  const what = missing.port === undefined ? "no port" : `port ${missing.port}`;
  return [
    `${called(object)} sends to ${what} of ${called(service.object)}, which has ${portList(service.ports)}: name one of its ports.`,
  ];
}

function targetFaults({ object, selector, ports }: ReadService, track: ReadTrack): string[] {
  const selects =
    selector.length > 0 &&
    object.namespace === track.object.namespace &&
    selector.every(([label, value]) => track.labels[label] === value);
  const missing = ports.find(
    ({ target }) => !hasPort(track.ports, target) && (typeof target === "string" || track.ports.length > 0),
  );
  return selects && missing
    ? [
        `${called(object)} leads to port ${missing.target} of ${called(track.object)}, whose containers have ${portList(track.ports)}: use one of these ports, or add the port to a container.`,
      ]
    : [];
}

function service({
  targetPort = "http",
  namespace = "dora-apps",
}: {
  targetPort?: number | string;
  namespace?: string;
} = {}) {
  return kubernetes("core/v1:Service", "fop-gate", {
    metadata: { namespace },
    spec: { selector: { app: "fop-gate" }, ports: [{ name: "http", port: 80, targetPort }] },
  });
}

function route(port?: number) {
  return httpRoute([{ backendRefs: [{ name: "fop-gate", ...(port !== undefined && { port }) }] }]);
}

function ingress(port: object) {
  const paths = [{ path: "/", pathType: "Prefix", backend: { service: { name: "fop-gate", port } } }];
  return kubernetes("networking.k8s.io/v1:Ingress", "fop-gate", { spec: { rules: [{ http: { paths } }] } });
}

function track(name: "stable" | "canary", port = "http") {
  const containers = [{ name: "fop-gate", ports: [{ name: port, containerPort: 8080 }] }];
  return deployment(name, { spec: { template: { spec: { containers } } } });
}

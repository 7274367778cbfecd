import { called, pairsOf } from "../../engine/declared.ts";
import { canaryService, deployment, httpRoute, kubernetes } from "../../engine/examples.ts";
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
 * The API server takes a port that is nowhere; the requests find out. On the path of a request
 *
 * 1. each port of a Service that an HTTPRoute or an Ingress names is one of its ports,
 * 2. each targetPort of a Service is a port of every track that it selects: the name of one, or, where its containers tell
 *    their ports, the number of one.
 *
 * As far as both ends are in this stack, and the Service belongs to a service under gray release.
 */
export const existingPorts: Rule = {
  name: "existing-ports",
  description: "Ports that routes name are ports of their Services, and these lead to ports of the pods.",
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
        name: "a number, of pods that do not tell their ports",
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
        name: "a Service that another stack owns, or of another namespace",
        resources: [canaryService(), service({ namespace: "staging" }), route(81), ingress({ name: "admin" })],
      },
    ],
    disallowed: [
      {
        name: "a route to a port that the Service has not got",
        resources: [canaryService(), service(), route(81)],
        says: /^HTTPRoute dora-apps\/fop-gate sends to port 81 of Service dora-apps\/fop-gate, which has http \(80\): name one of its ports\.$/,
      },
      {
        name: "the Service comes after the route",
        resources: [canaryService(), route(81), service()],
        says: /sends to port 81/,
      },
      {
        name: "a route that names no port",
        resources: [canaryService(), service(), route()],
        says: /sends to no port of/,
      },
      {
        name: "an Ingress to a name that no port has",
        resources: [canaryService(), service(), ingress({ name: "admin" })],
        says: /^Ingress dora-apps\/fop-gate sends to port admin of/,
      },
      {
        name: "the pods of one track have no port of the name",
        resources: [canaryService(), service(), track("stable"), track("canary", "web")],
        says: /^Service dora-apps\/fop-gate leads to port http of Deployment dora-apps\/fop-gate-canary, whose containers have web \(8080\): name one of theirs, or give it to a container\.$/,
      },
      {
        name: "a number that the pods do not tell",
        resources: [canaryService(), track("stable"), service({ targetPort: 9090 })],
        says: /leads to port 9090 of Deployment dora-apps\/fop-gate, whose containers have http \(8080\)/,
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
        `${called(object)} leads to port ${missing.target} of ${called(track.object)}, whose containers have ${portList(track.ports)}: name one of theirs, or give it to a container.`,
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

import type { Objects } from "../../describe/live-service.ts";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import type { IngressObject } from "../../kubernetes/objects/ingress.ts";
import type { RouteObject } from "../../kubernetes/objects/route.ts";
import type { ServiceObject } from "../../kubernetes/objects/service.ts";

export const labels = { "app.kubernetes.io/name": "web" };

export function metadata(name = "web", annotations: Record<string, string> = {}) {
  return { name, namespace: "shop", uid: `uid-${name}`, generation: 1, annotations };
}

export const container = {
  name: "app",
  image: "web:1",
  ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
  readinessProbe: { httpGet: { path: "/healthz", port: "http", scheme: "HTTP" } },
  lifecycle: { preStop: { sleep: { seconds: 5 } } },
  imagePullPolicy: "IfNotPresent",
};

interface Changes {
  readonly spec?: Partial<DeploymentObject["spec"]>;
  readonly pod?: object;
  readonly annotations?: Record<string, string>;
}

/** A Deployment as the API server has it. */
export function deployment({ spec = {}, pod = {}, annotations = {} }: Changes = {}): DeploymentObject {
  return {
    metadata: metadata("web", annotations),
    spec: {
      replicas: 3,
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [container], terminationGracePeriodSeconds: 30, dnsPolicy: "ClusterFirst", ...pod },
      },
      ...spec,
    },
    status: {},
  };
}

/** A Service as the API server has it. */
export function service(name = "web", spec: object = {}, annotations: Record<string, string> = {}): ServiceObject {
  const ports = [{ port: 80, targetPort: "http", protocol: "TCP" }];
  return {
    metadata: metadata(name, annotations),
    spec: {
      selector: labels,
      type: "ClusterIP",
      clusterIP: "10.0.0.1",
      clusterIPs: ["10.0.0.1"],
      sessionAffinity: "None",
      internalTrafficPolicy: "Cluster",
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      ports,
      ...spec,
    } as unknown as ServiceObject["spec"],
  };
}

export function path(changes: object = {}, name = "web", port: object = { number: 80 }) {
  return { path: "/", pathType: "Prefix", backend: { service: { name, port } }, ...changes } as const;
}

export function ingress(name: string, spec: object, annotations: Record<string, string> = {}): IngressObject {
  return { metadata: metadata(name, annotations), spec };
}

export function route(name: string, changes: object = {}, rule: object = {}): RouteObject {
  const ref = { group: "gateway.networking.k8s.io", kind: "Gateway", name: "public", namespace: "infra" };
  const backendRefs = [{ group: "", kind: "Service", name: "web", port: 80, weight: 1 }];
  const matches = [{ path: { type: "PathPrefix", value: "/" } }];
  return {
    metadata: metadata(name),
    spec: { parentRefs: [ref], hostnames: ["web.example.com"], rules: [{ matches, backendRefs, ...rule }], ...changes },
  } as unknown as RouteObject;
}

export function objects(changes: Partial<Objects> = {}): Objects {
  return { services: [service()], ingresses: [], routes: [], autoscalers: [], budgets: [], ...changes };
}

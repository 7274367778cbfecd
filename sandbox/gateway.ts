/**
 * What the cluster holds for its gateway: the Gateway API's definitions, a class, one Gateway that routes of every
 * namespace may attach to, and what Traefik is allowed to see and to write.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Api } from "./api.ts";
import { HTTP_PORT, HTTPS_PORT, PING_HOST } from "./components/traefik.ts";
import { grant, type Placed, place, WATCH } from "./object.ts";
import { certificatePath, keyPath, TRAEFIK_USER } from "./pki.ts";
import type { Places } from "./places.ts";
import { Problem } from "./problem.ts";
import { until } from "./wait.ts";

export const GATEWAY_CLASS = "traefik";
/** For an HTTPRoute's parentRefs. */
export const GATEWAY = { name: "gray", namespace: "gateway-system" } as const;

const GROUP = "gateway.networking.k8s.io";
const GATEWAY_API = `${GROUP}/v1`;
const CERTIFICATE = "gateway-certificate";

/** Everything but Traefik itself, which needs it to be there. */
export async function applyGateway(to: Api, definitions: string, at: Places): Promise<void> {
  await applyDefinitions(to, definitions);
  const certificate = {
    certificate: readFileSync(certificatePath(at, "gateway"), "utf8"),
    key: readFileSync(keyPath(at, "gateway"), "utf8"),
  };
  for (const { path, object } of gatewayObjects(certificate)) await to.apply(path, object);
}

/** A file is named after what it defines: <group>_<plural>.yaml. */
export function definitionName(file: string): string {
  const found = /^([a-z0-9.-]+)_([a-z]+)\.yaml$/.exec(file);
  if (!found) throw new Problem(`${file} is not named like a definition of the Gateway API, <group>_<plural>.yaml`);
  return `${found[2]}.${found[1]}`;
}

async function applyDefinitions(to: Api, folder: string): Promise<void> {
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  const path = (file: string) => `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${definitionName(file)}`;
  for (const file of files) await to.apply(path(file), readFileSync(join(folder, file), "utf8"));
  for (const file of files) {
    await until(async () => isServed(to, await to.get(path(file))), {
      what: `the API server to serve ${definitionName(file)}`,
      seconds: 30,
    });
  }
}

/** Established, and a list of it is answered: the first comes a little before the second. */
async function isServed(from: Api, definition: unknown): Promise<boolean> {
  const { spec, status } = definition as {
    spec: { group: string; names: { plural: string }; versions: { name: string; served: boolean }[] };
    status?: { conditions?: { type: string; status: string }[] };
  };
  const isTrue = (condition: { type: string; status: string }) =>
    condition.type === "Established" && condition.status === "True";
  const version = spec.versions.find((one) => one.served)?.name;
  if (!status?.conditions?.some(isTrue)) return false;
  return (await from.get(`/apis/${spec.group}/${version}/${spec.names.plural}?limit=1`)) !== undefined;
}

/** In the order in which they are made. */
export function gatewayObjects(tls: { readonly certificate: string; readonly key: string }): Placed[] {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return [
    ...grant(TRAEFIK_USER, TRAEFIK_RULES),
    place("v1", "Namespace", { name: GATEWAY.namespace }),
    place(
      "v1",
      "Secret",
      { name: CERTIFICATE, namespace: GATEWAY.namespace },
      {
        type: "kubernetes.io/tls",
        data: { "tls.crt": base64(tls.certificate), "tls.key": base64(tls.key) },
      },
    ),
    place(
      GATEWAY_API,
      "GatewayClass",
      { name: GATEWAY_CLASS },
      {
        spec: { controllerName: "traefik.io/gateway-controller" },
      },
    ),
    place(GATEWAY_API, "Gateway", GATEWAY, {
      spec: {
        gatewayClassName: GATEWAY_CLASS,
        listeners: [
          { name: "http", protocol: "HTTP", port: HTTP_PORT, allowedRoutes: { namespaces: { from: "All" } } },
          {
            name: "https",
            protocol: "HTTPS",
            port: HTTPS_PORT,
            allowedRoutes: { namespaces: { from: "All" } },
            // Traefik wants group and kind said, though they are the defaults.
            tls: { mode: "Terminate", certificateRefs: [{ group: "", kind: "Secret", name: CERTIFICATE }] },
          },
        ],
      },
    }),
    place(
      GATEWAY_API,
      "HTTPRoute",
      { name: "ping", namespace: GATEWAY.namespace },
      {
        spec: {
          parentRefs: [{ name: GATEWAY.name }],
          hostnames: [PING_HOST],
          rules: [{ backendRefs: [{ group: "traefik.io", kind: "TraefikService", name: "ping@internal" }] }],
        },
      },
    ),
  ];
}

/**
 * As Traefik documents for its Gateway provider, less what it asks for and does not need here (pods, routes of the
 * experimental channel). It starts only when it may watch Secrets and ConfigMaps of all namespaces, whatever it reads of them.
 */
const TRAEFIK_RULES = [
  { apiGroups: [""], resources: ["namespaces", "services", "secrets", "configmaps"], verbs: WATCH },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: WATCH },
  {
    apiGroups: [GROUP],
    resources: ["gatewayclasses", "gateways", "httproutes", "grpcroutes", "referencegrants", "backendtlspolicies"],
    verbs: WATCH,
  },
  {
    apiGroups: [GROUP],
    resources: ["gatewayclasses", "gateways", "httproutes", "grpcroutes", "backendtlspolicies"].map(
      (resource) => `${resource}/status`,
    ),
    verbs: ["update"],
  },
];

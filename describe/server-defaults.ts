/** The values that the API server gives to the fields of a pod template that are left out (kubernetes, pkg/apis/core/v1/defaults.go). */

import { isDeepStrictEqual } from "node:util";
import type { PodSpec } from "../components/release.ts";

type Json = Readonly<Record<string, unknown>>;

const handler = { path: "/", scheme: "HTTP" } as const;
const probe = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 } as const;
const probes = ["readinessProbe", "livenessProbe", "startupProbe"];

/** Place in a container -> its default. `*` is each item of a list. */
const ofContainer: Json = {
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
  resources: {},
  "ports.*.protocol": "TCP",
  "env.*.valueFrom.fieldRef.apiVersion": "v1",
  "env.*.valueFrom.resourceFieldRef.divisor": "0",
  ...under(probes, probe),
  ...under(
    [...probes, "lifecycle.preStop", "lifecycle.postStart"].map((at) => `${at}.httpGet`),
    handler,
  ),
  ...under(
    probes.map((at) => `${at}.grpc`),
    { service: "" },
  ),
};

/** Place in a volume -> its default. */
const ofVolume: Json = {
  "configMap.defaultMode": 420,
  "secret.defaultMode": 420,
  "downwardAPI.defaultMode": 420,
  "downwardAPI.items.*.fieldRef.apiVersion": "v1",
  "downwardAPI.items.*.resourceFieldRef.divisor": "0",
  "projected.defaultMode": 420,
  "projected.sources.*.serviceAccountToken.expirationSeconds": 3600,
  "projected.sources.*.downwardAPI.items.*.fieldRef.apiVersion": "v1",
  "hostPath.type": "",
  "ephemeral.volumeClaimTemplate.spec.volumeMode": "Filesystem",
};

const ofPod: Json = {
  restartPolicy: "Always",
  dnsPolicy: "ClusterFirst",
  schedulerName: "default-scheduler",
  securityContext: {},
  ...under(["containers.*", "initContainers.*"], ofContainer),
  ...under(["volumes.*"], ofVolume),
};

/**
 * A pod spec without the fields that the API server would fill in again with the same values. A spec with other values keeps them.
 *
 * @example withoutDefaults({ containers: [{ name: "web", image: "web:1", imagePullPolicy: "IfNotPresent" }] }) // { containers: [{ name: "web", image: "web:1" }] }
 */
export function withoutDefaults(spec: PodSpec): PodSpec {
  const plain = { ...(spec as unknown as Json) };
  // The API server's copy of serviceAccountName, for old clients.
  if (plain.serviceAccount === plain.serviceAccountName) delete plain.serviceAccount;
  for (const list of ["containers", "initContainers"]) {
    const containers = plain[list] as Json[] | undefined;
    if (containers) plain[list] = containers.map(withoutPullPolicy);
  }
  return pruned(plain, "") as unknown as PodSpec;
}

function withoutPullPolicy(container: Json): Json {
  const { imagePullPolicy, ...others } = container;
  return imagePullPolicy === pullPolicyOf(String(container.image ?? "")) ? others : container;
}

/** `Always` for the tag latest, or none (a digest counts as a tag). */
function pullPolicyOf(image: string): string {
  const [name = "", digest] = image.split("@");
  const tag = /:([^:/]+)$/.exec(name)?.[1] ?? (digest === undefined ? "latest" : "");
  return tag === "latest" ? "Always" : "IfNotPresent";
}

function pruned(value: unknown, at: string): unknown {
  if (Array.isArray(value)) return value.map((item) => pruned(item, `${at}.*`));
  if (value === null || typeof value !== "object") return value;
  const fields = Object.entries(value).flatMap(([field, inside]) => {
    const place = at === "" ? field : `${at}.${field}`;
    const isDefault = Object.hasOwn(ofPod, place) && isDeepStrictEqual(ofPod[place], inside);
    return isDefault || inside === null ? [] : [[field, pruned(inside, place)] as const];
  });
  return Object.fromEntries(fields);
}

function under(places: readonly string[], defaults: Json): Json {
  return Object.fromEntries(
    places.flatMap((at) => Object.entries(defaults).map(([field, value]) => [`${at}.${field}`, value])),
  );
}

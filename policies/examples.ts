import type { ExampleResource } from "./rule.ts";

/** Changes to a valid resource: nested fields replace those of the same path, `undefined` takes one out. */
type Changes = { readonly [field: string]: unknown };

const metadata = (name: string) => ({
  name,
  namespace: "dora-apps",
  labels: { app: "fop-gate", "gray-release/service": "fop-gate" },
});

const container = {
  name: "fop-gate",
  image: "fop-gate:1",
  readinessProbe: {},
  lifecycle: { preStop: { sleep: { seconds: 5 } } },
};
const podSpec = { terminationGracePeriodSeconds: 90, containers: [container] };
const release = { id: "aaaaaaaaaaaa", template: { metadata: { labels: { app: "fop-gate" } }, spec: podSpec } };
const releases = { stable: release, canary: release };

/** A valid CanaryService named fop-gate that owns both tracks. */
export function canaryService(changes: Changes = {}): ExampleResource {
  return {
    type: "gray-release:index:CanaryService",
    name: "fop-gate",
    props: changed(
      { namespace: "dora-apps", replicas: 9, tracks: ["stable", "canary"], admissions: {}, releases },
      changes,
    ),
  };
}

/** A valid Deployment of a track of fop-gate. */
export function deployment(track: "stable" | "canary", changes: Changes = {}): ExampleResource {
  const name = track === "canary" ? "fop-gate-canary" : "fop-gate";
  const valid = {
    metadata: { labels: { track } },
    spec: {
      replicas: track === "canary" ? 1 : 9,
      minReadySeconds: 30,
      progressDeadlineSeconds: 600,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: { app: "fop-gate", track, release: release.id } },
        spec: podSpec,
      },
    },
  };
  const { type, props } = kubernetes("apps/v1:Deployment", name, valid);
  return { type, name, props: changed(props, changes) };
}

/** An example of each rule on pods: a Deployment that was there before us, whose pods are as they were. */
export const adoptedExample = {
  name: "a Deployment that was there before us",
  resources: [
    canaryService(),
    deployment("stable", {
      metadata: { annotations: { "gray-release/adopted": "aaaaaaaaaaaa" } },
      spec: {
        minReadySeconds: 0,
        template: { metadata: { labels: { track: undefined, release: undefined } }, spec: { containers: [] } },
      },
    }),
  ],
};

/** A Kubernetes object of fop-gate, e.g. `kubernetes("core/v1:Service", "fop-gate")`. */
export function kubernetes(type: string, name: string, changes: Changes = {}): ExampleResource {
  return { type: `kubernetes:${type}`, name, props: changed({ metadata: metadata(name) }, changes) };
}

/** An HTTPRoute of fop-gate on the Gateway `public`, with these rules. */
export function httpRoute(rules: readonly object[], changes: Changes = {}): ExampleResource {
  const { type, name, props } = kubernetes("gateway.networking.k8s.io/v1:HTTPRoute", "fop-gate", {
    spec: { parentRefs: [{ name: "public" }], hostnames: ["fop-gate.example"], rules },
  });
  return { type, name, props: changed(props, changes) };
}

function changed(valid: Record<string, unknown>, changes: Changes): Record<string, unknown> {
  const result = { ...valid };
  for (const [field, value] of Object.entries(changes)) {
    const before = result[field];
    if (value === undefined) delete result[field];
    else result[field] = isNested(before) && isNested(value) ? changed(before, value) : value;
  }
  return result;
}

function isNested(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

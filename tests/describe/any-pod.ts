import fc from "fast-check";

/** A pod spec as a person writes it, and as the API server stores it. */
export interface AnyPod {
  readonly written: Record<string, unknown>;
  readonly stored: Record<string, unknown>;
}

type Json = Record<string, unknown>;

const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const number = fc.integer({ min: 1, max: 30 });
const text = fc.constantFrom("/", "/healthz", "http", "a b", 'say "no"', "\u2028", "`", "*/");
const httpGet = fc.record({
  path: some(text),
  port: fc.constantFrom(8080, "http"),
  scheme: some(fc.constant("HTTPS")),
});
const probe = fc.record({
  httpGet,
  periodSeconds: some(number),
  timeoutSeconds: some(fc.constantFrom(1, 5)),
  failureThreshold: some(fc.constantFrom(3, 30)),
  initialDelaySeconds: some(number),
});
const variable = fc.oneof(
  fc.record({ name: fc.constant("A"), value: text }),
  fc.record({
    name: fc.constant("POD"),
    valueFrom: fc.constantFrom<Json>(
      { fieldRef: { fieldPath: "metadata.name" } },
      { resourceFieldRef: { resource: "limits.cpu" } },
      { secretKeyRef: { name: "s", key: "k" } },
    ),
  }),
);
const container = (name: string) =>
  fc.record({
    name: fc.constant(name),
    image: fc.constantFrom("web:1", "registry:5000/a/web:1.2", `web@sha256:${"0".repeat(64)}`),
    imagePullPolicy: some(fc.constantFrom("Always", "IfNotPresent", "Never")),
    ports: some(fc.constant([{ containerPort: 8080 }, { containerPort: 53, protocol: "UDP" }])),
    env: some(fc.uniqueArray(variable, { minLength: 1, maxLength: 2, selector: ({ name }) => name })),
    readinessProbe: probe,
    livenessProbe: some(probe),
    startupProbe: some(probe),
    resources: some(fc.constantFrom<Json>({}, { limits: { memory: "1Gi" } })),
    securityContext: some(fc.constantFrom<Json>({}, { runAsNonRoot: true })),
    lifecycle: fc.constant({ preStop: { exec: { command: ["sleep", "1"] } } }),
    terminationMessagePolicy: some(fc.constantFrom("File", "FallbackToLogsOnError")),
  });
const volume = fc.constantFrom<Json>(
  { emptyDir: {} },
  { configMap: { name: "c" } },
  { configMap: { name: "c", defaultMode: 256 } },
  { secret: { secretName: "s" } },
  { hostPath: { path: "/" } },
  { projected: { sources: [{ serviceAccountToken: { path: "t" } }] } },
  { downwardAPI: { items: [{ path: "l", fieldRef: { fieldPath: "metadata.labels" } }] } },
);

/** Any pod spec of the shapes that people write. */
export const anyPod: fc.Arbitrary<AnyPod> = fc
  .record({
    containers: fc.oneof(fc.tuple(container("a")), fc.tuple(container("a"), container("b"))),
    initContainers: some(
      fc.constant([
        { name: "proxy", image: "p:1", restartPolicy: "Always" },
        { name: "wait", image: "w:1" },
      ]),
    ),
    volumes: some(fc.array(volume, { minLength: 1, maxLength: 3 })),
    terminationGracePeriodSeconds: some(fc.constantFrom(30, 60, 90)),
    restartPolicy: some(fc.constant("Always")),
    dnsPolicy: some(fc.constantFrom("ClusterFirst", "Default")),
    serviceAccountName: some(fc.constant("web")),
    securityContext: some(fc.constantFrom<Json>({}, { fsGroup: 1 })),
    nodeSelector: some(fc.constant({ disk: "ssd" })),
    hostAliases: some(fc.constant([{ ip: "127.0.0.1", hostnames: ["db"] }])),
  })
  .map((pod) => {
    const volumes = pod.volumes?.map((each, i) => ({ name: `v${i}`, ...each }));
    const written = JSON.parse(JSON.stringify({ ...pod, volumes }));
    return { written, stored: stored(written) };
  });

/** The spec with the defaults of the API server (kubernetes, pkg/apis/core/v1/defaults.go), as a second account of them. */
export function stored(pod: Json): Json {
  const { containers, initContainers, volumes, serviceAccountName, ...rest } = structuredClone(pod) as {
    containers: Json[];
    initContainers?: Json[];
    volumes?: Json[];
    serviceAccountName?: string;
  };
  return {
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    ...rest,
    ...(serviceAccountName && { serviceAccountName, serviceAccount: serviceAccountName }),
    containers: containers.map(storedContainer),
    ...(initContainers && { initContainers: initContainers.map(storedContainer) }),
    ...(volumes && { volumes: volumes.map(storedVolume) }),
  };
}

function storedContainer(container: Json): Json {
  const { ports, env, lifecycle, ...rest } = container as { ports?: Json[]; env?: Json[]; lifecycle?: Json };
  const probes = ["readinessProbe", "livenessProbe", "startupProbe"].filter((field) => container[field]);
  const image = container.image as string;
  return {
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: image.endsWith(":latest") ? "Always" : "IfNotPresent",
    resources: {},
    ...rest,
    ...(ports && { ports: ports.map((port) => ({ protocol: "TCP", ...port })) }),
    ...(env && { env: env.map(storedVariable) }),
    ...(lifecycle && { lifecycle }),
    ...Object.fromEntries(probes.map((field) => [field, storedProbe(container[field] as Json)])),
  };
}

function storedProbe({ httpGet, ...rest }: Json): Json {
  const limits = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
  return { ...limits, ...rest, httpGet: { path: "/", scheme: "HTTP", ...(httpGet as Json) } };
}

function storedVariable(variable: Json): Json {
  const { valueFrom } = variable as { valueFrom?: { fieldRef?: Json; resourceFieldRef?: Json } };
  if (valueFrom?.fieldRef) return { ...variable, valueFrom: { fieldRef: { apiVersion: "v1", ...valueFrom.fieldRef } } };
  if (!valueFrom?.resourceFieldRef) return variable;
  return { ...variable, valueFrom: { resourceFieldRef: { divisor: "0", ...valueFrom.resourceFieldRef } } };
}

function storedVolume(volume: Json): Json {
  const known = ["configMap", "secret", "projected", "downwardAPI"].find((kind) => kind in volume);
  if (known === undefined) return "hostPath" in volume ? { ...volume, hostPath: { type: "", path: "/" } } : volume;
  const { items, sources, ...source } = volume[known] as { items?: { fieldRef: Json }[]; sources?: object[] };
  return {
    ...volume,
    [known]: {
      defaultMode: 420,
      ...source,
      ...(items && { items: items.map((item) => ({ ...item, fieldRef: { apiVersion: "v1", ...item.fieldRef } })) }),
      ...(sources && { sources: [{ serviceAccountToken: { expirationSeconds: 3600, path: "t" } }] }),
    },
  };
}

/**
 * The example program: service fop-gate under gray release. Run `pulumi up --stack canary`, then `pulumi up --stack prod`.
 * Stack canary owns the canary track and the front (the objects that both tracks share). Stack prod owns the stable track
 * and runs a release that canary ran before.
 */
import { CanaryService } from "./components/canary-service.ts";
import { file, filesIn } from "./components/config-files.ts";
import { logAgent } from "./components/log-agent.ts";
import type { ServiceArgs } from "./components/service-args.ts";
import { readSettings } from "./settings.ts";

const { image, replicas, namespace, minReadySeconds, track, weight, release } = readSettings();

const logs = logAgent({
  image: "reg.qiniu.com/dora-apps/log-agent:1.4.2",
  logFolder: "/var/log/fop-gate",
  configs: { applog: file("config/log/applog.conf"), auditlog: file("config/log/auditlog.conf") },
});

const fopGate: ServiceArgs = {
  namespace,
  labels: { team: "dora", type: "basic" },
  annotations: { "log.qiniu.com/global.agent": "logexporter", "log.qiniu.com/global.version": "v2" },
  tracks: [track],
  replicas,
  minReadySeconds,
  terminationGracePeriodSeconds: 90,
  maxSurge: 1,
  maxUnavailable: 0,
  containers: [
    {
      name: "fop-gate",
      image,
      ports: [{ name: "http", containerPort: 8080 }],
      env: [
        { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        { name: "TRACK", valueFrom: { fieldRef: { fieldPath: "metadata.labels['track']" } } },
        { name: "RELEASE", valueFrom: { fieldRef: { fieldPath: "metadata.labels['release']" } } },
      ],
      readinessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 1 },
      resources: { requests: { cpu: "20m", memory: "32Mi" }, limits: { memory: "256Mi" } },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      },
      volumeMounts: [logs.mount],
    },
  ],
  sidecars: [logs.sidecar],
  volumes: [logs.volume],
  pod: {
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: "RuntimeDefault" },
    },
  },
  configFiles: {
    config: { files: filesIn("config/fop-gate"), mountPath: "/etc/fop-gate" },
    ...logs.configFiles,
  },
  podAnnotations: { "prometheus.io/scrape": "true", "prometheus.io/port": "8080", "prometheus.io/path": "/metrics" },
  ports: [{ name: "http", port: 80, targetPort: "http" }],
  plan: {
    checks: [
      { name: "healthy", path: "/healthz", body: { contains: "ok" }, atMost: "2s" },
      {
        name: "identifies itself",
        path: "/",
        body: { pattern: '^\\{"service":"fop-gate","pod":"[^"]+","track":"canary","release":"[0-9a-f]{12}"' },
      },
    ],
  },
  ingress: { host: "fop-gate.qiniu.com" },
  debugIngress: { host: "fop-gate-debug.qiniu.com", ingressClassName: "internal" },
  ...(weight !== undefined && { weight }),
  ...(release !== undefined && { release }),
};

const service = new CanaryService("fop-gate", fopGate);

export default {
  url: service.url,
  /** The secret that reaches a dark canary through a gateway. Only stack canary exports it. */
  ...(service.token && { token: service.token }),
};

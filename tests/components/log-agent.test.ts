import assert from "node:assert/strict";
import { logAgent } from "../../components/log-agent.ts";
import { renderRelease } from "../../components/release.ts";

const logs = logAgent({
  image: "log-agent:1",
  logFolder: "/var/log/web",
  configs: { applog: { "applog.conf": "app" }, auditlog: { "auditlog.conf": "audit" } },
});
const { template, configMaps } = renderRelease(
  "web",
  { app: "web" },
  {
    containers: [{ name: "web", image: "web:1", readinessProbe: {}, volumeMounts: [logs.mount] }],
    sidecars: [logs.sidecar],
    volumes: [logs.volume],
    configFiles: logs.configFiles,
  },
);
const [agent] = template.spec.initContainers ?? [];

describe("a log agent", () => {
  it("is a second container that runs until the pod ends", () => {
    assert.deepEqual([agent?.name, agent?.restartPolicy], ["log-agent", "Always"]);
  });

  it("can read the service's logs, but not write there", () => {
    const mount = (container = agent) => container?.volumeMounts?.find(({ name }) => name === "logs");
    assert.deepEqual(mount(), { name: "logs", mountPath: "/var/log/web", readOnly: true });
    assert.deepEqual(mount(template.spec.containers[0]), { name: "logs", mountPath: "/var/log/web" });
  });

  it("is ready by its own port, needs little, and has no rights", () => {
    const { readinessProbe, resources, securityContext } = logs.sidecar;
    assert.deepEqual(readinessProbe, { httpGet: { path: "/healthz", port: 8081 }, periodSeconds: 2 });
    assert.deepEqual(resources, { requests: { cpu: "5m", memory: "16Mi" }, limits: { memory: "128Mi" } });
    assert.deepEqual(securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  it("shares a volume of at most 256 MiB with the service", () => {
    assert.deepEqual(logs.volume, { name: "logs", emptyDir: { sizeLimit: "256Mi" } });
  });

  it("gets the mounted paths of its config files as arguments", () => {
    assert.deepEqual(agent?.args, ["/etc/log-agent/applog/applog.conf", "/etc/log-agent/auditlog/auditlog.conf"]);
    const folders = agent?.volumeMounts?.filter(({ name }) => name !== "logs").map(({ mountPath }) => mountPath);
    assert.deepEqual(folders, ["/etc/log-agent/applog", "/etc/log-agent/auditlog"]);
  });

  it("has one ConfigMap for each of its configs", () => {
    assert.deepEqual(
      Object.keys(configMaps).map((name) => name.replace(/-[0-9a-f]{10}$/, "")),
      ["web-log-applog", "web-log-auditlog"],
    );
  });

  it("takes part in the pod's readiness", () => {
    assert.ok(agent?.readinessProbe);
  });
});

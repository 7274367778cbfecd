/** A log agent as a sidecar container of a service. */
import type { FileSet, Files } from "./config-files.ts";
import type { Container } from "./release.ts";

/**
 * The arguments of {@link logAgent}.
 *
 * @example
 * ```ts
 * const args: LogAgentArgs = { image: "registry.example.com/agent:1.4", logFolder: "/var/log/web", configs: { applog: { "agent.conf": "" } } };
 * ```
 */
export interface LogAgentArgs {
  /** Image of the agent, with a tag or digest. */
  readonly image: string;
  /** The folder where the service writes its logs. Both containers mount it; the agent mounts it read-only. */
  readonly logFolder: string;
  /** The agent's config files by set. The files of set `applog` become the ConfigMap `<service>-log-applog-<hash>`. */
  readonly configs: Record<string, Files>;
}

/**
 * The parts of a pod for a log agent. Add them to the arguments of CanaryService, and `mount` to the volume mounts of the
 * service's container. The agent runs as a native sidecar, so it starts before the service and stops after it. It gets the
 * paths of its config files as arguments, and must answer `GET /healthz` on port 8081 when it is ready.
 *
 * @example
 * ```ts
 * const logs = logAgent({ image, logFolder: "/var/log/fop-gate", configs: { applog: file("config/log/applog.conf") } });
 * const args: ServiceArgs = {
 *   namespace: "dora-apps",
 *   replicas: 9,
 *   ports: [{ port: 80 }],
 *   containers: [{ ...container, volumeMounts: [logs.mount] }],
 *   sidecars: [logs.sidecar],
 *   volumes: [logs.volume],
 *   configFiles: logs.configFiles,
 * };
 * ```
 */
export function logAgent({ image, logFolder, configs }: LogAgentArgs) {
  const mount = { name: "logs", mountPath: logFolder };
  const folder = (name: string) => `/etc/log-agent/${name}`;
  const sidecar: Container = {
    name: "log-agent",
    image,
    args: Object.entries(configs).flatMap(([name, files]) =>
      Object.keys(files).map((file) => `${folder(name)}/${file}`),
    ),
    volumeMounts: [{ ...mount, readOnly: true }],
    readinessProbe: { httpGet: { path: "/healthz", port: 8081 }, periodSeconds: 2 },
    resources: { requests: { cpu: "5m", memory: "16Mi" }, limits: { memory: "128Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  };
  const configFiles: Record<string, FileSet> = Object.fromEntries(
    Object.entries(configs).map(([name, files]) => [
      `log-${name}`,
      { files, mountPath: folder(name), containers: [sidecar.name] },
    ]),
  );
  return {
    sidecar,
    configFiles,
    /** The log volume, which both containers share. */
    volume: { name: mount.name, emptyDir: { sizeLimit: "256Mi" } },
    /** The mount of the log volume for the service's container. */
    mount,
  };
}

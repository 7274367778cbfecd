import type { FileSet, Files } from "./config-files.ts";
import type { Container } from "./release.ts";

/** A second container that reads the log files of the first. */
export interface LogAgentArgs {
  /** With a tag or digest, like every image. */
  readonly image: string;
  /** The folder where the service writes its logs; both containers see it. */
  readonly logFolder: string;
  /** The agent's config files, each by its own name: `applog` -> the files of ConfigMap `<service>-log-applog-...`. */
  readonly configs: Record<string, Files>;
}

/**
 * The parts of a pod that make a log agent: spread them into the arguments of CanaryService. The agent runs as a native
 * sidecar, so that it starts before the service's first line and ends after its last.
 *
 * @example
 * ```ts
 * const logs = logAgent({ image, logFolder: "/var/log/fop-gate", configs: { applog: file("config/log/applog.conf") } });
 * new CanaryService("fop-gate", { ..., sidecars: [logs.sidecar], volumes: [logs.volume], configFiles: { ...logs.configFiles } });
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
    /** The volume that both containers share. */
    volume: { name: mount.name, emptyDir: { sizeLimit: "256Mi" } },
    /** How the service's container sees it. */
    mount,
  };
}

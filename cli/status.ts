import Table from "cli-table3";
import { Command } from "commander";
import { type Track, tracks } from "../components/traffic.ts";
import { isComplete, releaseOf } from "../rollout/live.ts";
import { type RecordReading, readRecord } from "../rollout/record.ts";
import { type FoundService, findService, type ServiceOptions } from "./services.ts";

interface ContainerStatus {
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: { readonly waiting?: { readonly reason?: string } };
}
interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Record<string, string>;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: object[];
    readonly initContainers?: { readonly restartPolicy?: string }[];
  };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly containerStatuses?: ContainerStatus[];
    readonly initContainerStatuses?: ContainerStatus[];
  };
}
interface EndpointSlice {
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean };
    readonly targetRef?: { readonly name: string };
  }[];
}

/** A pod as `kubectl get pod -o wide` shows it, with the release that it runs. */
interface PodRow {
  readonly name: string;
  readonly ready: string;
  readonly status: string;
  readonly restarts: number;
  /** RFC 3339. */
  readonly created: string;
  readonly ip: string;
  readonly node: string;
  readonly track: string;
  readonly release: string;
}

interface Status {
  readonly service: string;
  readonly namespace: string;
  readonly tracks: Partial<
    Record<
      Track,
      { readonly release: string; readonly replicas: number; readonly complete: boolean; readonly verdict: string }
    >
  >;
  readonly pods: readonly PodRow[];
  /** Addresses behind the shared Service that get requests. */
  readonly endpoints: Record<Track, number>;
  readonly record: RecordReading["kind"];
}

/** `gray status`: what one looks at after a release. */
export function statusCommand(): Command {
  return new Command("status")
    .description("the pods of both tracks, the endpoints behind the Service, each track's release and verdict")
    .option("--service <name>", "the service, where there are several")
    .option("-n, --namespace <name>", "its namespace")
    .option("--json", "as JSON")
    .action(async (options: ServiceOptions & { json?: boolean }) => {
      const status = await readStatus(await findService(options));
      console.log(options.json ? JSON.stringify(status, undefined, 2) : describe(status, new Date()));
    });
}

async function readStatus({ api, cluster, namespace, service, deployments }: FoundService): Promise<Status> {
  const [pods, slices, record] = await Promise.all([
    api.list<PodObject>(`/api/v1/namespaces/${namespace}/pods`, `app=${service}`),
    api.list<EndpointSlice>(
      `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      `kubernetes.io/service-name=${service}`,
    ),
    readRecord(api, namespace, service, cluster),
  ]);
  const rows = pods.map(podRow).sort((a, b) => (a.name < b.name ? -1 : 1));
  const serving = slices
    .flatMap((slice) => slice.endpoints ?? [])
    .filter((endpoint) => endpoint.conditions?.ready !== false);
  const behind = (track: Track) =>
    serving.filter(({ targetRef }) => rows.some((row) => row.name === targetRef?.name && row.track === track)).length;
  return {
    service,
    namespace,
    tracks: Object.fromEntries(
      tracks.flatMap((track) => {
        const deployment = deployments[track];
        const release = releaseOf(deployment);
        if (!deployment || release === undefined) return [];
        return [
          [
            track,
            {
              release,
              replicas: deployment.spec.replicas,
              complete: isComplete(deployment),
              verdict: verdictOf(record, release),
            },
          ],
        ];
      }),
    ),
    pods: rows,
    endpoints: { stable: behind("stable"), canary: behind("canary") },
    record: record.kind,
  };
}

function podRow({ metadata, spec, status }: PodObject): PodRow {
  const sidecars = (spec.initContainers ?? []).flatMap((container, i) =>
    container.restartPolicy === "Always" ? [status.initContainerStatuses?.[i]] : [],
  );
  const containers = [...(status.containerStatuses ?? []), ...sidecars].filter((container) => container !== undefined);
  const waiting = containers.find((container) => container.state?.waiting?.reason)?.state?.waiting?.reason;
  return {
    name: metadata.name,
    ready: `${containers.filter((container) => container.ready).length}/${spec.containers.length + sidecars.length}`,
    status: metadata.deletionTimestamp ? "Terminating" : (waiting ?? status.phase),
    restarts: containers.reduce((sum, container) => sum + container.restartCount, 0),
    created: metadata.creationTimestamp,
    ip: status.podIP ?? "<none>",
    node: spec.nodeName ?? "<none>",
    track: metadata.labels?.track ?? "<none>",
    release: metadata.labels?.release ?? "<none>",
  };
}

function verdictOf(record: RecordReading, release: string): string {
  if (record.kind === "unreadable") return `unknown: the record cannot be read (${record.why})`;
  if (record.kind === "absent") return "undecided";
  const judged = record.record.verdicts[release];
  if (judged) return `${judged.verdict} (${judged.by}: ${judged.because})`;
  return record.record.completed.includes(release) ? "ran completely on stable" : "undecided";
}

function describe(status: Status, now: Date): string {
  const plain = { chars: noBorders, style: { "padding-left": 0, "padding-right": 3, head: [], border: [] } };
  const pods = new Table({
    ...plain,
    head: ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "TRACK", "RELEASE"],
  });
  for (const pod of status.pods) {
    pods.push([
      pod.name,
      pod.ready,
      pod.status,
      pod.restarts,
      age(new Date(pod.created), now),
      pod.ip,
      pod.node,
      pod.track,
      pod.release,
    ]);
  }
  const each = new Table({ ...plain, head: ["TRACK", "RELEASE", "REPLICAS", "COMPLETE", "VERDICT"] });
  for (const [track, { release, replicas, complete, verdict }] of Object.entries(status.tracks)) {
    each.push([track, release, replicas, complete ? "yes" : "no", verdict]);
  }
  const { stable, canary } = status.endpoints;
  const service = `Service ${status.service} in ${status.namespace}: ${stable + canary} endpoints (${stable} stable, ${canary} canary)`;
  return [each.toString(), service, pods.toString()].join("\n\n");
}

const noBorders = Object.fromEntries(
  ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"]
    .concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"])
    .map((part) => [part, ""]),
);

/** An age as kubectl writes it, in its two largest units where that says more: 15d, 4d21h, 32m, 8s. */
function age(since: Date, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - since.getTime()) / 1000));
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600), Math.floor(seconds / 60)];
  if (days >= 10) return `${days}d`;
  if (days > 0) return `${days}d${hours % 24}h`;
  if (hours > 0) return `${hours}h${minutes % 60}m`;
  if (minutes > 0) return `${minutes}m${seconds % 60}s`;
  return `${seconds}s`;
}

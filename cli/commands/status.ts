import { Command } from "commander";
import { count } from "../../analysis/format.ts";
import { oneLine } from "../../border/foreign-text.ts";
import { type Track, tracks } from "../../components/traffic.ts";
import { listPath } from "../../kubernetes/resources.ts";
import type { ServiceHandle } from "../../kubernetes/service-handle.ts";
import { type Drift, driftSentence } from "../../live/difference.ts";
import { type DeployedService, isComplete, releaseOf } from "../../live/live.ts";
import { podsOf, whyNotStarting } from "../../live/not-starting.ts";
import { describeOverload } from "../../live/overload.ts";
import { readPods } from "../../live/pods.ts";
import { describeRefused, podsRefused } from "../../live/refusal.ts";
import { driftFrom } from "../../live/template.ts";
import { isLiveWorker } from "../../live/traffic/worker.ts";
import type { RecordReading } from "../../record/record.ts";
import { readRecord } from "../../record/record-store.ts";
import { readTemplates } from "../../record/template-store.ts";
import { awaitSign } from "../../rollout/lease-watch.ts";
import { type Rollout, rolloutIn } from "../../rollout/rollout.ts";
import { age, type PodObject, type PodRow, podRow } from "../output/pod-row.ts";
import { type RolloutStatus, rolloutLines, rolloutStatus } from "../output/rollout-status.ts";
import { type Situation, situationLine, situationOf } from "../output/situation.ts";
import { plainTable } from "../output/table.ts";
import { findService, type ServiceOptions, withServiceOptions } from "../services.ts";

interface TrackStatus {
  readonly release: string;
  readonly replicas: number;
  /** Whether every pod runs the release and is available. */
  readonly complete: boolean;
  /** Fields of the pod template that differ from the release; absent if they were not compared yet. */
  readonly drift?: readonly Drift[];
  readonly verdict: string;
  /** Why its roll does not go on, in Kubernetes' own words; absent if no reason is known. */
  readonly cause?: string;
}

interface Status {
  readonly service: string;
  readonly namespace: string;
  readonly situation: Situation;
  readonly tracks: Partial<Record<Track, TrackStatus>>;
  readonly pods: readonly PodRow[];
  /** Number of ready endpoints of the shared Service; absent for a worker. */
  readonly endpoints?: Record<Track, number>;
  /** That canary's pods have all users, as a sentence; absent if they do not. */
  readonly overload?: string | undefined;
  readonly record: RecordReading["kind"];
  /** The open rollout, or why it cannot be read; absent if none is open. */
  readonly rollout?: RolloutStatus | { readonly unknown: string };
}

/** `gray status`: prints the open rollout, both tracks and their pods. */
export function statusCommand(): Command {
  return withServiceOptions(new Command("status"))
    .summary("show the open rollout, the tracks and the pods")
    .description(
      "Prints the open rollout, the release and the verdict of each track, the pods, and the endpoints of the Service.",
    )
    .option("--json", "print the status as JSON")
    .action(async (options: ServiceOptions & { json?: boolean }) => {
      const status = await readStatus(await findService(options), options);
      console.log(options.json ? JSON.stringify(status, undefined, 2) : describe(status, new Date()));
    });
}

async function readStatus(found: DeployedService, chosen: ServiceOptions): Promise<Status> {
  const { api, namespace, service, deployments } = found;
  const isOfWorker = isLiveWorker(deployments);
  const [pods, slices, record, templates] = await Promise.all([
    readPods(found),
    isOfWorker ? [] : api.list(listPath("EndpointSlice", namespace), `kubernetes.io/service-name=${service}`),
    readRecord(found),
    readTemplates(found),
  ]);
  const causes = Object.fromEntries(
    await Promise.all(tracks.map(async (track) => [track, await causeOf(found, track, pods)] as const)),
  );
  const rows = pods.map(podRow).sort((a, b) => (a.name < b.name ? -1 : 1));
  const serving = slices
    .flatMap((slice) => slice.endpoints ?? [])
    .filter((endpoint) => endpoint.conditions?.ready !== false);
  const behind = (track: Track) =>
    serving.filter(({ targetRef }) => rows.some((row) => row.name === targetRef?.name && row.track === track)).length;
  const endpoints = { stable: behind("stable"), canary: behind("canary") };
  const byTrack = Object.fromEntries(
    tracks.flatMap((track) => {
      const deployment = deployments[track];
      const release = releaseOf(deployment);
      if (!deployment || release === undefined) return [];
      const drift = driftFrom(deployment, templates[track]);
      return [
        [
          track,
          {
            // For an adopted Deployment it comes from an annotation, which may hold any text.
            release: oneLine(release),
            replicas: deployment.spec.replicas,
            complete: isComplete(deployment) && !drift?.length,
            ...(drift && { drift }),
            verdict: verdictOf(record, release),
            ...(causes[track] !== undefined && { cause: causes[track] }),
          },
        ],
      ];
    }),
  );
  const isOut = deployments.stable !== undefined && !isOfWorker && endpoints.stable === 0;
  const overload = isOut ? describeOverload(endpoints.canary) : undefined;
  const open = await openIn(found, record);
  const outage = isOut ? (overload ?? "no pod of either track is ready") : undefined;
  return {
    service,
    namespace,
    situation: situationOf({ tracks: byTrack, outage, record, ...open }, chosen),
    tracks: byTrack,
    pods: rows,
    ...(!isOfWorker && { endpoints }),
    ...(overload !== undefined && { overload }),
    record: record.kind,
    ...open,
  };
}

/** Why the roll of a track does not go on; undefined if it is complete, or no reason is known. */
async function causeOf(
  { api, namespace, service, deployments }: DeployedService,
  track: Track,
  pods: readonly PodObject[],
): Promise<string | undefined> {
  const deployment = deployments[track];
  const release = releaseOf(deployment);
  if (!deployment || release === undefined || isComplete(deployment)) return undefined;
  const refused = await podsRefused(api, deployment).catch(() => undefined);
  if (refused !== undefined) return describeRefused(deployment.metadata.name, refused);
  return (await whyNotStarting({ api, namespace, service }, podsOf(pods, track, release)))?.why;
}

async function openIn(of: ServiceHandle, record: RecordReading): Promise<Pick<Status, "rollout">> {
  if (record.kind !== "read") return {};
  let rollout: Rollout | undefined;
  try {
    rollout = rolloutIn(of.service, record.record);
  } catch (error) {
    return { rollout: { unknown: (error as Error).message } };
  }
  if (!rollout) return {};
  const { driver, sign } = await awaitSign(of, (sentence) => console.error(sentence));
  return { rollout: rolloutStatus(rollout, driver, sign) };
}

function verdictOf(record: RecordReading, release: string): string {
  if (record.kind === "unreadable") return `unknown: the record cannot be read (${record.why})`;
  if (record.kind === "absent") return "undecided";
  const lost = record.lost?.[release];
  if (lost) return `unknown: ${lost.why}`;
  const judged = record.record.verdicts[release];
  if (judged) return `${judged.verdict} (${judged.by}: ${judged.reason})`;
  return record.record.stableHistory.includes(release) ? "ran completely on stable" : "undecided";
}

function describe(status: Status, now: Date): string {
  const pods = plainTable(
    ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "TRACK", "RELEASE"],
    status.pods.map(({ created, ...pod }) => [
      pod.name,
      pod.ready,
      pod.status,
      pod.restarts,
      age(new Date(created), now),
      pod.ip,
      pod.node,
      pod.track,
      pod.release,
    ]),
  );
  const each = plainTable(
    ["TRACK", "RELEASE", "REPLICAS", "COMPLETE", "VERDICT"],
    Object.entries(status.tracks).map(([track, { release, replicas, complete, drift, verdict }]) => [
      track,
      release,
      replicas,
      drift?.length ? "drifted" : complete ? "yes" : "no",
      verdict,
    ]),
  );
  const causes = Object.entries(status.tracks).flatMap(([track, { cause }]) =>
    cause === undefined ? [] : [`The roll of ${track} does not go on: ${cause}.`],
  );
  const compared = Object.entries(status.tracks).flatMap(([track, each]) => driftLine(track as Track, each));
  const { rollout } = status;
  const open = rollout && ("unknown" in rollout ? [rollout.unknown] : rolloutLines(status, rollout, now.getTime()));
  const more = [causes, status.overload ? [status.overload] : [], compared, open ?? []]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"));
  const { service, situation } = status;
  return [situationLine(service, situation), endpointsLine(status), each, ...more, pods].join("\n\n");
}

function endpointsLine({ service, namespace, endpoints, pods }: Status): string {
  if (endpoints === undefined) return `Worker ${service} in ${namespace}: ${byTrack(pods)}`;
  const { stable, canary } = endpoints;
  return `Service ${service} in ${namespace}: ${stable + canary} endpoints (${stable} stable, ${canary} canary)`;
}

/** The pods of a worker take work whether they are ready or not. */
function byTrack(pods: Status["pods"]): string {
  const [stable, canary] = tracks.map((track) => pods.filter((pod) => pod.track === track).length);
  return `${count(pods.length, "pod")} (${stable} stable, ${canary} canary)`;
}

function driftLine(track: Track, { release, complete, drift }: TrackStatus): string[] {
  if (drift?.length) return [driftSentence(track, release, drift)];
  if (drift || !complete) return [];
  return [`${track} was not compared with release ${release} yet: the next pulumi up of its stack does that.`];
}

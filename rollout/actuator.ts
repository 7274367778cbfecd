import type { Evidence } from "../analysis/evidence.ts";
import { deploymentName } from "../components/names.ts";
import type { Track } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError, type Cluster } from "../kubernetes/cluster.ts";
import { cutNow } from "../live/cut.ts";
import { driftSentence } from "../live/difference.ts";
import {
  type DeploymentObject,
  describeRefused,
  isStuck,
  makesRoom,
  podsRefused,
  readDeployment,
  refusedMilliseconds,
  releaseOf,
  runs,
} from "../live/live.ts";
import { containersOf, type PodObject, readPods } from "../live/pods.ts";
import { reportRoll } from "../live/roll.ts";
import { driftFrom } from "../live/template.ts";
import type { EndpointArgs } from "../probe/endpoint.ts";
import { type CheckResult, probe } from "../probe/probe.ts";
import { assertNewest } from "../record/epoch.ts";
import { changeRecord, type RolloutRecord, raised } from "../record/record.ts";
import { readTemplates } from "../record/template-store.ts";
import { saveDiagnostics } from "./diagnostics.ts";
import type { Actuator } from "./driver.ts";
import type { Rollout } from "./rollout.ts";

/** A service, its stacks, and where its program is. */
export interface Acting {
  readonly api: Cluster;
  /** UID of the cluster. */
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
  /** Full names of the stacks that own the tracks; the same one where it owns both. */
  readonly stacks: Readonly<Record<Track, string>>;
  /** `pulumi up` of a stack, as the driver with this epoch. */
  readonly up: (stack: string, epoch: number, signal: AbortSignal) => Promise<void>;
  /** For right before an effect: @throws Refusal where this driver's lease has run out, as while its process was stopped */
  readonly assertHeld: () => void;
  /** What was seen of the release until now. */
  readonly evidence: () => Evidence | undefined;
  /** How the checks reach canary. */
  readonly endpoint: Pick<EndpointArgs, "via" | "url">;
  /** Folder on this machine for what a canary leaves behind. */
  readonly folder: string;
  readonly note: (sentence: string) => void;
  /** Gets one line for each step of something that takes its time. */
  readonly progress: (line: string) => void;
}

/** Why a container does not start, in the kubelet's words: those that another look seldom finds gone. */
const fatalReasons = new Set([
  ...["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"],
  ...["CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "RunContainerError"],
]);
/**
 * Milliseconds for which a track may be in such a state: an image registry hiccups, a container crashes once, and what
 * Kubernetes said of the roll before stands until the first progress of this one.
 */
const graceMilliseconds = 20_000;

/** Acts by `pulumi up` where there is time for it, and past Pulumi where there is not. */
export function actuatorOf(of: Acting): Actuator {
  const { api, cluster, namespace, service, stacks, evidence, endpoint, folder, note, progress, assertHeld } = of;
  const up: Acting["up"] = async (...args) => {
    assertHeld();
    await of.up(...args);
  };
  /** Since when each track has had pods that do not start. */
  const failing: Partial<Record<Track, number>> = {};
  const readTrack = async (track: Track) => {
    const [deployment, templates] = await Promise.all([
      readDeployment(api, namespace, service, track),
      readTemplates(api, namespace, service),
    ]);
    return { deployment, drift: (deployment && driftFrom(deployment, templates[track])) ?? [] };
  };
  /** Says what a track has after its `up` that its release does not say; a cluster that does not answer now says it later. */
  const noteDrift = async (track: Track, release: string) => {
    const { drift } = await readTrack(track).catch((error) => {
      if (error instanceof ApiError || error instanceof UserError) return { drift: [] };
      throw error;
    });
    if (drift.length > 0) note(driftSentence(track, release, drift));
  };
  return {
    async bringCanary({ epoch, runs: { canary } }, signal) {
      await up(stacks.canary, epoch, signal);
      await noteDrift("canary", canary);
    },
    async bringStable({ epoch, runs: { stable } }, signal) {
      const over = new AbortController();
      const telling = reportRoll({ api, namespace, service, report: progress }, "stable", stable, over.signal);
      try {
        await up(stacks.stable, epoch, signal);
      } finally {
        over.abort();
        await telling;
      }
      await noteDrift("stable", stable);
    },
    async stableRuns(release) {
      const { deployment, drift } = await readTrack("stable");
      return runs(deployment, release) && drift.length === 0;
    },
    async cannotSucceed(track, rollout) {
      const release = rollout.runs[track];
      const [deployment, pods] = await Promise.all([
        readDeployment(api, namespace, service, track),
        readPods(api, namespace, service),
      ]);
      if (!deployment || releaseOf(deployment) !== release || runs(deployment, release)) {
        delete failing[track];
        return undefined;
      }
      const name = deploymentName(service, track);
      const own = pods.filter((pod) => isOf(pod, track, release));
      const refused = await podsRefused(api, deployment);
      const isRefused = refused !== undefined && !makesRoom(refused, pods);
      const why = isRefused ? describeRefused(name, refused) : (stopped(deployment, name) ?? notStarting(own));
      if (why !== undefined) failing[track] ??= Date.now();
      else if (!own.some(isBetweenAttempts)) delete failing[track];
      const grace = isRefused ? refusedMilliseconds : graceMilliseconds;
      return why !== undefined && Date.now() - (failing[track] ?? 0) >= grace ? why : undefined;
    },
    async check(names, signal) {
      let results: readonly CheckResult[];
      try {
        ({ results } = await probe({ api: api.until(signal), namespace, service, ...endpoint, signal }));
      } catch (error) {
        // Canary may be between two pods, or answer in the name of the API server: what could not be asked has failed, and is tried again.
        if (!(error instanceof UserError || error instanceof ApiError)) throw error;
        return error.message.replace(/\.$/, "");
      }
      const asked = results.filter(({ check }) => names.includes(check));
      const failed = asked.filter(({ passed }) => !passed);
      if (asked.length > 0 && failed.length === 0) return undefined;
      const [first] = failed;
      return first
        ? `${failed.length} of ${asked.length} checks failed: ${first.check} by ${first.endpoint}: ${first.reason}`
        : `none of the checks ${names.join(", ")} could be made`;
    },
    async cut(epoch) {
      const fence = (record: RolloutRecord) => assertNewest(service, record, epoch);
      const isNoted = (record: RolloutRecord) => (record.epoch ?? 0) >= epoch;
      return cutNow({ ...of, fence, isNoted }, note);
    },
    async drainCanary({ release, epoch }: Rollout) {
      const seen = evidence();
      const saved = saveDiagnostics({
        api,
        namespace,
        service,
        release,
        folder,
        signal: new AbortController().signal,
        ...(seen && { evidence: seen }),
      });
      note(await saved);
      const [canary, stable] = await Promise.all([
        readDeployment(api, namespace, service, "canary"),
        readDeployment(api, namespace, service, "stable"),
      ]);
      if (!canary || releaseOf(canary) !== release || canary.spec.replicas === 0) return;
      // Where canary is all that serves, its pods go once stable is back.
      if (!stable?.status.availableReplicas) return;
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${deploymentName(service, "canary")}`;
      assertHeld();
      await changeRecord(api, namespace, service, cluster, (record) => {
        assertNewest(service, record, epoch);
        return raised(record);
      });
      await api.patch(path, [{ op: "replace", path: "/spec/replicas", value: 0 }]);
    },
  };
}

function stopped(deployment: DeploymentObject, name: string): string | undefined {
  return isStuck(deployment) ? `Deployment ${name} came to a stop: its progress deadline is exceeded` : undefined;
}

function isOf({ metadata: { labels = {} } }: PodObject, track: Track, release: string): boolean {
  return labels.track === track && labels.release === release;
}

/** Whether a container has ended before and is not ready: one that crashes again and again runs for a moment each time. */
function isBetweenAttempts(pod: PodObject): boolean {
  return containersOf(pod).some(({ ready, restartCount }) => restartCount > 0 && !ready);
}

/** What keeps a container from starting, for a person; undefined where nothing does. */
function notStarting(pods: readonly PodObject[]): string | undefined {
  for (const pod of pods) {
    for (const { name, state } of containersOf(pod)) {
      const reason = state?.waiting?.reason;
      if (reason !== undefined && fatalReasons.has(reason)) {
        return `container ${name} of pod ${pod.metadata.name} does not start: ${reason}`;
      }
    }
  }
  return undefined;
}

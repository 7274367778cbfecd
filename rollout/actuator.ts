/** Carries out the driver's effects on the cluster: by `pulumi up` if there is time for it, directly if not. */

import type { Evidence } from "../analysis/evidence.ts";
import { defaults } from "../components/defaults.ts";
import { deploymentName } from "../components/names.ts";
import type { Track } from "../components/traffic.ts";
import { clauseOf, UserError } from "../components/user-error.ts";
import { cutOffNow } from "../cutoff/cutoff.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { PodObject } from "../kubernetes/objects/pod.ts";
import { objectPath } from "../kubernetes/resources.ts";
import { driftSentence } from "../live/difference.ts";
import { isStuck, readDeployment, releaseOf, runs } from "../live/live.ts";
import { causeReporter, podsOf, whyNotStarting } from "../live/not-starting.ts";
import { allContainerStatusesOf, readPods } from "../live/pods.ts";
import { describeRefused, pollRefusal, type Refusal } from "../live/refusal.ts";
import { reportRoll } from "../live/roll.ts";
import { driftFrom } from "../live/template.ts";
import type { EndpointArgs } from "../probe/endpoints.ts";
import { type CheckResult, probe } from "../probe/probe.ts";
import { assertNewest } from "../record/epoch.ts";
import { type RolloutRecord, raised } from "../record/record.ts";
import { changeRecord, type RecordedService } from "../record/record-store.ts";
import { readTemplates } from "../record/template-store.ts";
import { saveDiagnostics } from "./diagnostics/diagnostics.ts";
import type { Actuator } from "./drive-context.ts";
import { followStable } from "./following.ts";
import { withProgressLimit } from "./progress-limit.ts";
import type { Rollout } from "./rollout.ts";

/** The service, its stacks, and how to act on them. */
export interface ActuatorArgs extends RecordedService {
  /** Full names of the stacks that own the tracks. They are equal if one stack owns both. */
  readonly stacks: Readonly<Record<Track, string>>;
  /** Runs `pulumi up` of a stack, as the driver with this epoch. It calls `progressed` for each of Pulumi's events. */
  readonly up: (stack: string, epoch: number, signal: AbortSignal, progressed: () => void) => Promise<void>;
  /**
   * Checks the lease right before an effect. @throws UserError if it has expired, for example while the process was
   * stopped
   */
  readonly assertHeld: () => void;
  /** The evidence on the release so far. */
  readonly evidence: () => Evidence | undefined;
  /** The access path to canary, for the checks. */
  readonly endpoint: Pick<EndpointArgs, "via" | "url">;
  /** Folder on this machine for diagnostics. */
  readonly folder: string;
  /** Receives notes for the user, in whole sentences. */
  readonly note: (sentence: string) => void;
  /** Receives a progress line for each step of a long effect. */
  readonly progress: (line: string) => void;
}

/**
 * Milliseconds for which a track may be in such a state. An image registry may fail briefly, and a container may crash
 * once. Also, a Deployment's condition still describes the previous roll until this one makes progress.
 */
const graceMilliseconds = 20_000;

/** What keeps the pods of a track from running its release, as of the latest question. */
interface Trouble {
  /** Since when its pods do not start, or its roll is stuck, in milliseconds since the epoch. Absent if neither is so. */
  readonly failingSince?: number | undefined;
  /** Why its pods are refused. Absent if they are not. */
  readonly refusal?: Refusal | undefined;
}

/** The actuator for a service: it uses `pulumi up` if there is time for it, and changes the cluster directly if not. */
export function actuatorOf(of: ActuatorArgs): Actuator {
  const { api, namespace, service, stacks, evidence, endpoint, folder, note, progress, assertHeld } = of;
  const troubles: Record<Track, Trouble> = { canary: {}, stable: {} };
  const reportCause = (track: Track) =>
    causeReporter(({ why, isFatal }) => {
      const then = isFatal
        ? ""
        : ` Kubernetes tries again until the progress deadline; gray abort --reason "…" -n ${namespace} --service ${service} rolls back at once.`;
      note(`The roll of ${track} does not go on: ${why}.${then}`);
    });
  const causes: Record<Track, ReturnType<typeof causeReporter>> = {
    canary: reportCause("canary"),
    stable: reportCause("stable"),
  };
  const readTrack = async (track: Track) => {
    const [deployment, templates] = await Promise.all([readDeployment(of, track), readTemplates(of)]);
    return { deployment, drift: (deployment && driftFrom(deployment, templates[track])) ?? [] };
  };
  /**
   * Reports fields of a track that differ from its release after its `up`. If the cluster does not answer now, a later
   * `up` reports them.
   */
  const noteDrift = async (track: Track, release: string) => {
    const { drift } = await readTrack(track).catch((error) => {
      if (error instanceof ApiError || error instanceof UserError) return { drift: [] };
      throw error;
    });
    if (drift.length > 0) note(driftSentence(track, release, drift));
  };
  const deadlineOf = (track: Track) => async (signal: AbortSignal) => {
    try {
      const deployment = await readDeployment({ ...of, api: api.until(signal) }, track);
      return deployment?.spec.progressDeadlineSeconds ?? defaults.progressDeadlineSeconds;
    } catch (error) {
      if (error instanceof ApiError || error instanceof UserError || signal.aborted) return undefined;
      throw error;
    }
  };
  const bring = async (track: Track, { epoch, runs: releases }: Rollout, signal: AbortSignal) => {
    assertHeld();
    const stack = stacks[track];
    const run = async (ending: AbortSignal, progressed: () => void) => {
      const over = new AbortController();
      const report = (line: string) => {
        progressed();
        progress(line);
      };
      const reporting = reportRoll({ ...of, report }, track, releases[track], over.signal);
      try {
        await of.up(stack, epoch, ending, progressed);
      } finally {
        over.abort();
        await reporting;
      }
    };
    await withProgressLimit({ signal, name: `pulumi up --stack ${stack}`, deadlineSeconds: deadlineOf(track), run });
    await noteDrift(track, releases[track]);
  };
  return {
    bringCanary: (rollout, signal) => bring("canary", rollout, signal),
    bringStable: (rollout, signal) => bring("stable", rollout, signal),
    async stableRuns(release, completely = true) {
      const { deployment, drift } = await readTrack("stable");
      const isReached = completely ? runs(deployment, release) : releaseOf(deployment) === release;
      return isReached && drift.length === 0;
    },
    async cannotSucceed(track, rollout) {
      const release = rollout.runs[track];
      const [deployment, pods] = await Promise.all([readDeployment(of, track), readPods(of)]);
      if (!deployment || releaseOf(deployment) !== release || runs(deployment, release)) {
        troubles[track] = {};
        causes[track] = reportCause(track);
        return undefined;
      }
      const name = deploymentName(service, track);
      const own = podsOf(pods, track, release);
      const { failingSince, refusal: before } = troubles[track];
      const refusal = await pollRefusal(api, deployment, async () => pods, before);
      troubles[track] = { failingSince, refusal };
      if (refusal?.lasts) return describeRefused(name, refusal.why);
      const cause = await whyNotStarting(of, own);
      causes[track](cause);
      // A rollback of stable is tried again: pods of the release may make room for it only now.
      const isStuckForGood = isStuck(deployment) && rollout.fastRollback === undefined;
      const reason = isStuckForGood
        ? describeStuck(name, refusal?.why, cause?.why)
        : cause?.isFatal
          ? cause.why
          : undefined;
      const now = Date.now();
      const since = failingSince ?? (reason === undefined ? undefined : now);
      troubles[track] = {
        refusal,
        ...((reason !== undefined || own.some(isBetweenAttempts)) && { failingSince: since }),
      };
      return reason !== undefined && since !== undefined && now - since >= graceMilliseconds ? reason : undefined;
    },
    async check(names, signal) {
      let results: readonly CheckResult[];
      try {
        ({ results } = await probe({ ...of, api: api.until(signal), ...endpoint, signal }));
      } catch (error) {
        // Canary may be between two pods, or may imitate an error of the API server: a check without a result has
        // failed and is tried again.
        if (!(error instanceof UserError || error instanceof ApiError)) throw error;
        return clauseOf(error);
      }
      const asked = results.filter(({ check }) => names.includes(check));
      const failed = asked.filter(({ passed }) => !passed);
      if (asked.length > 0 && failed.length === 0) return undefined;
      const [first] = failed;
      return first
        ? `${failed.length} of ${asked.length} checks failed: ${first.check} via ${first.endpoint}: ${first.reason}`
        : `none of the checks ${names.join(", ")} could be made`;
    },
    async cutOff(epoch) {
      const fence = (record: RolloutRecord) => assertNewest(service, record, epoch);
      const isNoted = (record: RolloutRecord) => (record.epoch ?? 0) >= epoch;
      return cutOffNow({ ...of, fence, isNoted }, note);
    },
    followStable: (rollout, signal) => followStable(of, rollout, signal),
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
      const [canary, stable] = await Promise.all([readDeployment(of, "canary"), readDeployment(of, "stable")]);
      if (!canary || releaseOf(canary) !== release || canary.spec.replicas === 0) return;
      // If only canary serves, its pods are removed once stable is back.
      if (!stable?.status.availableReplicas) return;
      const path = objectPath("Deployment", namespace, deploymentName(service, "canary"));
      assertHeld();
      await changeRecord(of, (record) => {
        assertNewest(service, record, epoch);
        return raised(record);
      });
      await api.patch(path, [{ op: "replace", path: "/spec/replicas", value: 0 }]);
    },
  };
}

/** @param refused why its pods are refused. @default they are not @param cause why one does not start. @default unknown */
function describeStuck(name: string, refused: string | undefined, cause: string | undefined): string {
  if (refused !== undefined) return describeRefused(name, refused);
  return `Deployment ${name} is stuck: its progress deadline is exceeded${cause === undefined ? "" : ` (${cause})`}`;
}

/** Whether a container has ended before and is not ready. A container in a crash loop runs for a moment each time. */
function isBetweenAttempts(pod: PodObject): boolean {
  return allContainerStatusesOf(pod).some(({ ready, restartCount }) => restartCount > 0 && !ready);
}

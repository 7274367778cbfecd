/** Resource hooks of an `up`: they ask the gate again just before each change, and wait for each roll to complete. */

import { log, output, type ResourceHookArgs, type ResourceHookBinding } from "@pulumi/pulumi";
import type { PodTemplate } from "../components/release.ts";
import type { Track } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { writeEvent } from "../kubernetes/event.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import type { PartialObject } from "../kubernetes/objects/metadata.ts";
import type { ServiceObject } from "../kubernetes/objects/service.ts";
import { objectPath, typeOf } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { sameLabels } from "../live/labels.ts";
import { isComplete, readDeployment, readService, releaseOf, type Wanted } from "../live/live.ts";
import { awaitComplete, warnStuck } from "../live/roll.ts";
import type { LiveMode, RouteSpec } from "../live/traffic/mode.ts";
import { modeByRouteKind } from "../live/traffic/modes.ts";
import { stableReleases, withStableHistory } from "../record/record.ts";
import { changeRecord, type RecordedService, readRecord } from "../record/record-store.ts";
import { completeAdoption } from "./adoption-cutover.ts";
import { awaitApplied } from "./applied.ts";
import { isDrifted, removeOtherFields } from "./drift.ts";
import { frontHeld } from "./gate.ts";
import type { Guarded } from "./guarded.ts";
import { interruptible } from "./interruptible.ts";
import { askGate } from "./question.ts";

/**
 * The hooks of a service. Before each change the gate is asked again, because the cluster may have changed since the program read it: by
 * another driver, a new verdict, or failed canary pods. After each roll the pod template is compared with the release. After stable's
 * roll, if there is no drift, the completion is recorded. After each change of a route, `up` waits until its gateways apply it.
 */
export function hooksOf(guarded: Guarded): Record<Track | "front", ResourceHookBinding> {
  /** Ends the watch for refused pods of each track. */
  const watches: Partial<Record<Track, AbortController>> = {};
  const beforeTrack = (track: Track) => async (change: ResourceHookArgs) => {
    const wanted = change.newInputs as Wanted | undefined;
    const release = releaseOf(wanted);
    if (release === undefined) {
      throw new UserError(
        `${guarded.service} ${track}: the pod template has lost the label release, so the release cannot be judged: remove the transform that takes the label away.`,
      );
    }
    const live = await askAgain(guarded, track, release, wanted?.spec.replicas);
    watches[track]?.abort();
    const watch = new AbortController();
    watches[track] = watch;
    void warnStuck({ ...guarded, report: (line) => void log.warn(line) }, track, release, watch.signal);
    if (track === "stable" && live && wanted?.spec.replicas === undefined) await keepReplicas(guarded.api, live);
    if (live && wanted) await removeOtherFields(guarded, live, templateOf(wanted));
  };
  const beforeFront = async (change: ResourceHookArgs) => {
    const mode = modeByRouteKind(change.type.split(":").at(-1) ?? "");
    const [record, same] = await Promise.all([
      readRecord(guarded),
      mode ? keepsSplit(guarded, mode, change) : keepsSelector(guarded, change),
    ]);
    if (!same) refuseIf(frontHeld(guarded, record, guarded));
  };
  const afterFront = (change: ResourceHookArgs) =>
    interruptible(async (signal) => {
      const mode = modeByRouteKind(change.type.split(":").at(-1) ?? "");
      if (!mode) return;
      const { metadata } = await wantedRoute(change);
      const warning = await awaitApplied(guarded, mode, metadata.name, signal);
      if (warning !== undefined) void log.warn(warning);
    });
  const canary = beforeTrack("canary");
  const stable = beforeTrack("stable");
  const afterTrack = async (track: Track, { newInputs }: ResourceHookArgs, signal: AbortSignal) => {
    watches[track]?.abort();
    await awaitComplete({ ...guarded, signal }, track, releaseOf(newInputs as Wanted | undefined));
    const live = await readDeployment(guarded, track);
    return isDrifted(guarded, track, live, templateOf(newInputs as Wanted));
  };
  const afterCanary = (change: ResourceHookArgs) =>
    interruptible(async (signal) => void (await afterTrack("canary", change, signal)));
  const afterStable = (change: ResourceHookArgs) =>
    interruptible(async (signal) => {
      if (!(await afterTrack("stable", change, signal))) await recordComplete(guarded);
      await completeAdoption({ ...guarded, signal });
    });
  return {
    canary: { beforeCreate: [canary], beforeUpdate: [canary], afterCreate: [afterCanary], afterUpdate: [afterCanary] },
    stable: { beforeCreate: [stable], beforeUpdate: [stable], afterCreate: [afterStable], afterUpdate: [afterStable] },
    front: {
      beforeCreate: [beforeFront],
      beforeUpdate: [beforeFront],
      afterCreate: [afterFront],
      afterUpdate: [afterFront],
    },
  };
}

function templateOf({ spec }: Wanted): PodTemplate {
  return spec.template as PodTemplate;
}

/** Whether the change leaves the live Service's selector as it is. */
async function keepsSelector(of: ServiceHandle, { newInputs }: ResourceHookArgs): Promise<boolean> {
  const { spec } = (newInputs ?? {}) as Partial<Pick<ServiceObject, "spec">>;
  const live = await readService(of);
  return live !== undefined && sameLabels(live.spec.selector ?? {}, spec?.selector ?? {});
}

type WantedRoute = PartialObject & { readonly spec: RouteSpec };

/** The route as the program describes it. Its spec is a secret Output, because it holds the token. */
function wantedRoute({ newInputs }: ResourceHookArgs): Promise<WantedRoute> {
  return new Promise((known) => output(newInputs as object).apply((it) => known(it as WantedRoute)));
}

/** Whether the change leaves the split of a live route as it is. */
async function keepsSplit(
  { api, namespace }: ServiceHandle,
  mode: LiveMode,
  change: ResourceHookArgs,
): Promise<boolean> {
  const wanted = await wantedRoute(change);
  const live = await mode.readOne(api, namespace, wanted.metadata.name);
  return live?.isSplitAs(wanted.spec) ?? false;
}

/**
 * Asks the gate again, with the current state of the cluster.
 *
 * @returns the live Deployment of the track
 * @throws UserError if the gate does not admit the release now, or only another driver may change the number of canary's pods
 */
async function askAgain(
  guarded: Guarded,
  track: Track,
  release: string,
  replicas: number | undefined,
): Promise<DeploymentObject | undefined> {
  const [record, stable, canary] = await Promise.all([
    readRecord(guarded),
    readDeployment(guarded, "stable"),
    readDeployment(guarded, "canary"),
  ]);
  const deployments = { ...(stable && { stable }), ...(canary && { canary }) };
  const live = deployments[track];
  const admission = askGate({ ...guarded, record, deployments, canaryIsComing: false }, track, release);
  if (!admission.admitted) throw new UserError(admission.sentence);
  if (track === "canary" && live && live.spec.replicas !== replicas) refuseIf(frontHeld(guarded, record, guarded));
  const deployment = live ?? canary;
  if (admission.code === "break-glass" && deployment)
    await writeEvent(guarded.api, deployment, "Warning", "BreakGlass", admission.sentence);
  return live;
}

/**
 * Keeps stable's number of pods if the program leaves it to an autoscaler. When a manager stops applying the number, the API server sets
 * it back to 1 unless another manager owns it too, so it gets a second owner (server-side apply, KEP-555).
 */
async function keepReplicas(api: Cluster, { metadata, spec: { replicas } }: DeploymentObject): Promise<void> {
  const { namespace, name, uid } = metadata;
  const path = objectPath("Deployment", namespace, name);
  const object = { ...typeOf("Deployment"), metadata: { name, uid }, spec: { replicas } };
  try {
    await api.apply("gray-replicas", path, object);
  } catch (error) {
    // Another manager has just set another number, and so owns it.
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
  }
}

/** Records the release that stable runs, if its roll is complete and the release is not recorded already. */
export async function recordComplete(of: RecordedService): Promise<void> {
  const [stable, record] = await Promise.all([readDeployment(of, "stable"), readRecord(of)]);
  const release = releaseOf(stable);
  if (!stable || release === undefined || !isComplete(stable)) return;
  if (record.kind === "unreadable" || stableReleases(record)[0] === release) return;
  await changeRecord(of, (before) => withStableHistory(before, release));
  await writeEvent(of.api, stable, "Normal", "ReleaseComplete", `stable runs release ${release} completely`);
}

function refuseIf(held: string | undefined): void {
  if (held !== undefined) throw new UserError(held);
}

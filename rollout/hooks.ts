import { setTimeout as sleep } from "node:timers/promises";
import type { ResourceHookArgs, ResourceHookBinding } from "@pulumi/pulumi";
import { Refusal } from "../components/refusal.ts";
import type { Track } from "../components/traffic.ts";
import type { Cluster } from "./cluster.ts";
import { writeEvent } from "./event.ts";
import { judge } from "./gate.ts";
import { type DeploymentObject, isComplete, isStuck, readDeployment, releaseOf } from "./live.ts";
import { changeRecord, lastCompleted, readRecord, withCompleted } from "./record.ts";

/** Time between two looks at a roll. */
const lookMilliseconds = 250;
/** Looks in a row that must show a roll stuck: the word of the roll before it stands until the first progress of this one. */
const stuckLooks = 8;

/** Which service's gate, and what the program knew of it that the cluster does not hold. */
export interface Guarded {
  readonly api: Cluster;
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
  /** What each track last ran completely by the stack's own outputs. */
  readonly remembered: Partial<Record<Track, string>>;
  readonly prodHasHistory: boolean;
  readonly breakGlass: string | undefined;
  readonly epoch: number | undefined;
  /** The longest time that a whole roll of a track may take, in seconds. */
  readonly rollSeconds: number;
}

/**
 * The gate at the last moment, after everything that stood between the program's look and this object's change: other
 * drivers, a verdict that came meanwhile, canary pods that died. And, after stable's roll, the note that it is complete.
 */
export function hooksOf(guarded: Guarded): Record<Track | "front", ResourceHookBinding> {
  const beforeTrack = (track: Track) => async (change: ResourceHookArgs) => {
    const template = (change.newInputs as Pick<DeploymentObject, "spec"> | undefined)?.spec.template;
    const release = template?.metadata.labels?.release;
    if (release !== undefined) await decideAgain(guarded, track, release);
  };
  const beforeFront = async () => {
    const record = await readRecord(guarded.api, guarded.namespace, guarded.service, guarded.cluster);
    if (
      record.kind === "read" &&
      record.record.open &&
      record.record.open.epoch !== guarded.epoch &&
      !guarded.breakGlass
    ) {
      throw new Refusal(
        `${guarded.service}: the front is not changed while the rollout of ${record.record.open.release} is open: let gray rollout end it, or abort it with gray abort.`,
      );
    }
  };
  const canary = beforeTrack("canary");
  const stable = beforeTrack("stable");
  const afterCanary = () => awaitComplete(guarded, "canary");
  const afterStable = async () => {
    await awaitComplete(guarded, "stable");
    await recordComplete(guarded);
  };
  return {
    canary: { beforeCreate: [canary], beforeUpdate: [canary], afterCreate: [afterCanary], afterUpdate: [afterCanary] },
    stable: { beforeCreate: [stable], beforeUpdate: [stable], afterCreate: [afterStable], afterUpdate: [afterStable] },
    front: { beforeCreate: [beforeFront], beforeUpdate: [beforeFront] },
  };
}

/** @throws Refusal if the gate does not admit the release now */
async function decideAgain(guarded: Guarded, track: Track, release: string): Promise<void> {
  const { api, cluster, namespace, service, remembered, prodHasHistory, breakGlass, epoch } = guarded;
  const [record, canary, live] = await Promise.all([
    readRecord(api, namespace, service, cluster),
    readDeployment(api, namespace, service, "canary"),
    readDeployment(api, namespace, service, track),
  ]);
  const admission = judge({
    service,
    track,
    release,
    live: releaseOf(live),
    lastComplete: (track === "stable" ? lastCompleted(record) : undefined) ?? remembered[track],
    record,
    prodHasHistory,
    canary: runs(canary, release) ? "available" : "not-available",
    breakGlass,
    epoch,
  });
  if (!admission.admitted) throw new Refusal(admission.sentence);
  const told = live ?? canary;
  if (admission.code === "break-glass" && told)
    await writeEvent(api, told, "Warning", "BreakGlass", admission.sentence);
}

/**
 * Waits until a track's roll is through. The provider waits too, but after a roll back to a ReplicaSet that is still there
 * it may take the one before for the present one and end half-way (seen with 4.18: 8 s of 24 s).
 *
 * @throws Refusal if the roll is stuck, or takes longer than any roll may
 */
async function awaitComplete({ api, namespace, service, rollSeconds }: Guarded, track: Track): Promise<void> {
  const end = Date.now() + rollSeconds * 1000;
  let stuck = 0;
  for (;;) {
    const deployment = await readDeployment(api, namespace, service, track);
    if (!deployment || isComplete(deployment) || deployment.spec.replicas === 0) return;
    stuck = isStuck(deployment) ? stuck + 1 : 0;
    if (stuck > stuckLooks || Date.now() > end) {
      const { name } = deployment.metadata;
      const why = stuck ? "its progress deadline is exceeded" : `within ${rollSeconds} s`;
      throw new Refusal(
        `Deployment ${name} in namespace ${namespace} did not come to run ${releaseOf(deployment)} completely (${why}): look at kubectl describe deployment ${name} -n ${namespace}, then release another or the one before.`,
      );
    }
    await sleep(lookMilliseconds);
  }
}

/** Notes in the record what stable runs, if it really runs it completely. Does nothing where that stands there already. */
export async function recordComplete({
  api,
  namespace,
  service,
  cluster,
}: Pick<Guarded, "api" | "namespace" | "service" | "cluster">): Promise<void> {
  const [stable, record] = await Promise.all([
    readDeployment(api, namespace, service, "stable"),
    readRecord(api, namespace, service, cluster),
  ]);
  const release = releaseOf(stable);
  if (!stable || release === undefined || !isComplete(stable)) return;
  if (record.kind === "unreadable" || lastCompleted(record) === release) return;
  await changeRecord(api, namespace, service, cluster, (before) => withCompleted(before, release));
  await writeEvent(api, stable, "Normal", "ReleaseComplete", `stable runs release ${release} completely`);
}

export function runs(deployment: DeploymentObject | undefined, release: string): boolean {
  return deployment !== undefined && releaseOf(deployment) === release && isComplete(deployment);
}

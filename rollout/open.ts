import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { defaults } from "../components/defaults.ts";
import { configMapsToKeep } from "../components/history.ts";
import { deploymentSelector } from "../components/names.ts";
import { Refusal } from "../components/refusal.ts";
import { type Release, renderRelease } from "../components/release.ts";
import { assertServiceArgs, labelsOf, type ServiceArgs, tracksOf } from "../components/service-args.ts";
import type { Standing } from "../components/standing.ts";
import { describeTraffic, replicasMode, rollOrder, type Track, type Traffic, tracks } from "../components/traffic.ts";
import { connect } from "./cluster.ts";
import { type Admission, judge } from "./gate.ts";
import { type Guarded, hooksOf, recordComplete, runs } from "./hooks.ts";
import { type Access, findAccess } from "./kubeconfig.ts";
import { configMapsInUse, type Live, readLive, releaseOf, sequenceOf } from "./live.ts";
import { type Memories, memoriesOf } from "./memory.ts";
import { lastCompleted, type RecordReading, readRecord } from "./record.ts";

/**
 * Looks where a service stands, chooses the release of each track that this stack owns and asks the gate, before
 * anything is registered: a refused `up` changes nothing. In preview a refusal is a warning.
 *
 * @param service the name of the service
 * @param args the same arguments that CanaryService gets
 * @throws Refusal with one sentence that says what to do
 */
export async function openRollout(service: string, args: ServiceArgs): Promise<Standing> {
  assertServiceArgs(service, args);
  const rendered = renderRelease(service, labelsOf(service, args), args);
  const access = chosenAccess();
  const api = connect(access);
  const { namespace } = args;
  const live = await readLive(api, namespace, service);
  assertGround(service, args, live, access);
  const [record, memories] = await Promise.all([
    readRecord(api, namespace, service, live.cluster),
    memoriesOf(service, args, live),
  ]);
  assertKnown(service, args, live, memories);

  const guarded: Guarded = {
    api,
    cluster: live.cluster,
    namespace,
    service,
    remembered: memories.own?.current ?? {},
    prodHasHistory: memories.prodHasHistory,
    breakGlass: process.env.GRAY_BREAK_GLASS,
    epoch: process.env.GRAY_EPOCH ? Number(process.env.GRAY_EPOCH) : undefined,
  };
  const situation: Situation = { service, args, live, record, memories, guarded };
  const { releases, admissions } = chooseReleases(situation, rendered);
  settle(Object.values(admissions));

  const weight =
    record.kind === "read" && record.record.open ? record.record.open.weight : (args.weight ?? defaults.weight);
  const stable = live.deployments.stable;
  const stableReplicas = args.replicas === "external" ? (stable?.spec.replicas ?? 1) : args.replicas;
  const traffic = replicasMode(args.acceptShare).plan(weight, stableReplicas, { app: service });
  if (tracksOf(args).includes("canary")) pulumi.log.info(`${service}: ${describeTraffic(traffic, stableReplicas)}`);

  const completed = lastCompleted(record);
  if (!pulumi.runtime.isDryRun() && tracksOf(args).includes("stable")) await recordComplete(guarded);
  const owner = tracksOf(args).includes("canary");
  const inUse = owner ? await configMapsInUse(api, namespace, service) : {};
  return {
    cluster: live.cluster,
    provider: providerFor(access, live.cluster),
    releases,
    admissions: Object.fromEntries(
      Object.entries(admissions).map(([track, { admitted, code }]) => [track, { admitted, code }]),
    ),
    traffic,
    stableReplicas: args.replicas === "external" ? undefined : args.replicas,
    order: rollOrder(weightInForce(live), weight),
    sequence: sequences(live, record, releases, traffic),
    history: memories.history,
    pinned: [releaseOf(stable), completed].filter((id) => id !== undefined),
    configMaps: configMapsToKeep(releases.canary, memories.history, inUse),
    hooks: hooksOf(guarded),
  };
}

interface Situation {
  readonly service: string;
  readonly args: ServiceArgs;
  readonly live: Live;
  readonly record: RecordReading;
  readonly memories: Memories;
  readonly guarded: Guarded;
}

interface Choice {
  readonly releases: Partial<Record<Track, Release>>;
  readonly admissions: Partial<Record<Track, Admission>>;
}

/**
 * 1. canary runs what the program renders, unless `release` names another one.
 * 2. stable in a stack of its own runs what canary runs, unless `release` names another one; the gate has the last word.
 * 3. stable in one stack with canary keeps what it runs until the gate admits canary's release; so a second `up` promotes.
 */
function chooseReleases(situation: Situation, rendered: Release): Choice {
  const owned = tracksOf(situation.args);
  const wanted = situation.args.release ?? defaults.release;
  const releases: Partial<Record<Track, Release>> = {};
  const admissions: Partial<Record<Track, Admission>> = {};
  if (owned.includes("canary")) {
    releases.canary = wanted === "next" ? rendered : named(situation, "canary", wanted);
    admissions.canary = ask(situation, "canary", releases.canary.id);
    if (releases.canary.id !== rendered.id) {
      pulumi.log.warn(
        `${situation.service}: release is set to ${wanted}, so canary runs ${releases.canary.id} and not ${rendered.id}, which this program describes.`,
      );
    }
  }
  if (owned.includes("stable")) {
    const next =
      releases.canary ??
      (wanted === "next"
        ? named(situation, "stable", situation.memories.canaryRuns)
        : named(situation, "stable", wanted));
    const admission = ask(situation, "stable", next.id);
    const current = situation.live.deployments.stable && named(situation, "stable", "current");
    if (releases.canary && !admission.admitted && current) {
      pulumi.log.info(`stable stays at ${current.id}. ${admission.sentence}`);
      releases.stable = current;
      admissions.stable = ask(situation, "stable", current.id);
    } else {
      releases.stable = next;
      admissions.stable = admission;
    }
  }
  return { releases, admissions };
}

/** The kept release with this id; `current` is what the track runs. @throws Refusal if it is not kept */
function named({ service, live, memories }: Situation, track: Track, wanted: string | undefined): Release {
  const id = wanted === "current" ? (memories.own?.current[track] ?? releaseOf(live.deployments[track])) : wanted;
  const kept = [...memories.history, ...(memories.own?.history ?? [])];
  const found = kept.find((release) => release.id === id);
  if (found) return found;
  const list = [...new Set(kept.map((release) => release.id))].join(", ") || "none";
  throw new Refusal(
    `${service} ${track}: release ${id ?? wanted} is not in the history, which keeps ${list}: set release to one of these, to next or to current.`,
  );
}

function ask({ service, args, live, record, memories, guarded }: Situation, track: Track, release: string): Admission {
  const coming = tracksOf(args).includes("canary");
  return judge({
    service,
    track,
    release,
    live: releaseOf(live.deployments[track]),
    lastComplete: (track === "stable" ? lastCompleted(record) : undefined) ?? memories.own?.current[track],
    record,
    prodHasHistory: memories.prodHasHistory,
    canary: runs(live.deployments.canary, release) ? "available" : coming ? "coming" : "not-available",
    breakGlass: guarded.breakGlass,
    epoch: guarded.epoch,
  });
}

function settle(admissions: Admission[]): void {
  const refused = admissions.find((admission) => !admission.admitted);
  if (refused && !pulumi.runtime.isDryRun()) throw new Refusal(refused.sentence);
  if (refused) pulumi.log.warn(`${refused.sentence} This is a preview; up would stop here.`);
  for (const { code, sentence } of admissions) {
    if (code === "first-install" || code === "break-glass") pulumi.log.warn(sentence);
  }
}

/** @throws Refusal if the cluster is no ground to build on */
function assertGround(service: string, args: ServiceArgs, live: Live, access: Access): void {
  const { namespace } = args;
  if (!live.namespaceExists) {
    throw new Refusal(
      `Namespace ${namespace} does not exist in the cluster${access.context ? ` of context ${access.context}` : ""}: create it with kubectl create namespace ${namespace}, or correct the namespace in the configuration.`,
    );
  }
  for (const track of tracksOf(args)) {
    const deployment = live.deployments[track];
    if (!deployment) continue;
    const [found, wanted] = [deployment.spec.selector.matchLabels ?? {}, deploymentSelector(service, track)];
    if (!sameLabels(found, wanted)) {
      throw new Refusal(
        `Deployment ${deployment.metadata.name} in namespace ${namespace} selects ${text(found)} and this program ${text(wanted)}: a selector cannot be changed on a live Deployment, so take another service name, or remove that Deployment yourself.`,
      );
    }
    if (deployment.metadata.labels?.["gray-release/service"] !== service) {
      throw new Refusal(
        `Deployment ${deployment.metadata.name} in namespace ${namespace} was not made by this program: take another service name, or remove that Deployment yourself.`,
      );
    }
  }
}

/** @throws Refusal if this stack is not the one that made what is live */
function assertKnown(service: string, args: ServiceArgs, live: Live, memories: Memories): void {
  const { own } = memories;
  if (own && own.cluster !== live.cluster) {
    throw new Refusal(
      `Stack ${pulumi.getStack()} runs ${service} on the cluster with UID ${own.cluster} and this one is ${live.cluster}: choose the right cluster with KUBECONFIG or kubernetes:context, or begin a new stack for this one.`,
    );
  }
  const owner = tracksOf(args).includes("canary");
  if (owner && memories.history.length === 0 && live.deployments.stable) {
    throw new Refusal(
      `${service} is live in namespace ${args.namespace} and stack ${pulumi.getStack()} remembers no release of it: export its memory in the output releases, or use the stack and backend that made it.`,
    );
  }
}

/**
 * The sequence number of each driven object: one more than it has where it is not as it should be, whatever Pulumi's
 * state says. So an `up` that was killed, or a change past Pulumi, always makes a step, and the step writes all of it.
 */
function sequences(
  live: Live,
  record: RecordReading,
  releases: Partial<Record<Track, Release>>,
  traffic: Traffic,
): Record<Track | "front", number> {
  const floor = record.kind === "read" ? record.record.sequence : 0;
  const next = (object: Parameters<typeof sequenceOf>[0], asItShouldBe: boolean) =>
    Math.max(floor, sequenceOf(object) + (object === undefined || asItShouldBe ? 0 : 1));
  const byTrack = tracks.map((track) => {
    const deployment = live.deployments[track];
    return [track, next(deployment, releaseOf(deployment) === releases[track]?.id)];
  });
  const front = next(live.service, sameLabels(live.service?.spec.selector ?? {}, traffic.selector));
  return { ...Object.fromEntries(byTrack), front };
}

/** The weight that the live front gives canary, as far as its order needs it: nothing, or something. */
function weightInForce(live: Live): number | undefined {
  if (!live.service || live.service.spec.selector?.track === "stable") return undefined;
  const { canary, stable } = live.deployments;
  const [few, many] = [canary?.spec.replicas ?? 0, stable?.spec.replicas ?? 0];
  return few + many === 0 ? undefined : (100 * few) / (few + many);
}

function chosenAccess(): Access {
  const config = new pulumi.Config("kubernetes");
  return findAccess({ kubeconfig: config.get("kubeconfig"), context: config.get("context") });
}

const providers = new Map<string, k8s.Provider>();

/** One provider for a cluster, whatever the number of services: each start costs it a download of the API's schema. */
function providerFor(access: Access, cluster: string): k8s.Provider {
  const known = providers.get(cluster);
  if (known) return known;
  const provider = new k8s.Provider("cluster", {
    clusterIdentifier: cluster,
    ...(access.context !== undefined && { context: access.context }),
    ...(access.kubeconfig !== undefined && { kubeconfig: access.kubeconfig }),
  });
  providers.set(cluster, provider);
  return provider;
}

function sameLabels(a: Record<string, string>, b: Record<string, string>): boolean {
  return text(a) === text(b);
}

function text(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(",");
}

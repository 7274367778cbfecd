/** The opening of a rollout: decides, from an observation, what this `up` does or why it is refused. Pure. */

import { fixedReplicas } from "../components/autoscaling.ts";
import { defaults } from "../components/defaults.ts";
import { configMapsToKeep, serviceKey } from "../components/history.ts";
import { objectsOf } from "../components/objects.ts";
import type { Release } from "../components/release.ts";
import { rollSeconds } from "../components/roll.ts";
import type { RolloutContext } from "../components/rollout-context.ts";
import { tracksOf } from "../components/service-args.ts";
import { rollOrder, shiftOf, type Track, tracks } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import { Unreachable } from "../kubernetes/api-error.ts";
import { releaseOf } from "../live/live.ts";
import { type Adopted, stableReleases } from "../record/record.ts";
import { verdictAge } from "../record/verdict-age.ts";
import { linesOf } from "./accepted.ts";
import { neededAccounts } from "./accounts.ts";
import { shownAdmissions } from "./admissions.ts";
import { adoptedReleaseOf, adoptionOf, adoptionPlan } from "./adopt.ts";
import { notAppliedWarning } from "./applied.ts";
import { chooseReleases } from "./choice.ts";
import { type Compared, type Comparisons, driftWarning } from "./drift.ts";
import { frontHeld } from "./gate.ts";
import type { LogLine } from "./log-line.ts";
import type { Observation } from "./observation.ts";
import { assertOwned, type OwnableObject } from "./owner.ts";
import { assertKnown, besideWorkerWarning } from "./preconditions.ts";
import { configMapNames, lostWarnings, previousOf, storedReleases } from "./retention.ts";
import { secretRefusal, secretWarnings } from "./secret-conditions.ts";
import { secretsToKeep } from "./secrets.ts";
import { sequences } from "./sequence.ts";
import {
  changesFront,
  currentPods,
  describeWeight,
  headlessWarning,
  shareWarning,
  stableReplicasOf,
  trafficOf,
  wantedWeight,
  weightInForce,
} from "./weight.ts";

/** The part of an opening that a refused `up` has too. */
interface Reported {
  /** In the order in which they are printed. */
  readonly log: readonly LogLine[];
  /** The release that canary would run; absent if this stack does not own canary, or it is refused before that is chosen. */
  readonly canary?: Release;
}

/** An `up` that is refused. Nothing is changed. */
export interface Refused extends Reported {
  readonly kind: "refused";
  /** The error, a UserError unless something could not be read. */
  readonly error: unknown;
}

/** An `up`, or preview, that goes on. */
export interface Admitted extends Reported {
  readonly kind: "admitted";
  /** The opened rollout, without what is only known when changes are written. */
  readonly context: Omit<RolloutContext, "resource" | "provider" | "ownerStash" | "secretKeyStash" | "hooks">;
  /** The adoption to record and mark first; absent if there is none to do. */
  readonly adopts?: Adopted;
  /** Whether a cutover that was interrupted may have to go on. */
  readonly cutsOver: boolean;
  /** Whether stable may run a release completely that is not recorded. */
  readonly completes: boolean;
  /** The comparisons whose templates are stored. Empty in a preview. */
  readonly compared: Comparisons;
  /** Warnings of drift, which are printed once nothing refuses this `up` any more. */
  readonly driftWarnings: readonly string[];
}

/** What this `up` does, or why it is refused. */
export type Opening = Refused | Admitted;

/**
 * Decides what this `up` does. It is refused by the first of these conditions that does not hold; in a preview 7, 8 and 10 only warn.
 *
 * 1. The record holds the adoption of an adopted Deployment.
 * 2. A release of a live service is stored, or this stack has a state of it. With a break-glass override the history starts again.
 * 3. A release that is named is in the history (choice.ts).
 * 4. The pods can serve the weight, beside adopted pods too, and the rules fit into the routes.
 * 5. The cluster can carry the traffic as the program splits it; a driver and a break-glass override are only warned (gateways.ts).
 * 6. The API server accepts the objects as the program describes them (accepted.ts). A driver and a break-glass override do not ask.
 * 7. The gate admits the release of each track (gate.ts).
 * 8. The Secrets that a release needs exist, if a track changes to it, and shared ones keep the keys that the tracks need (secret-conditions.ts). A
 *    driver and a break-glass override are only warned.
 * 9. Every object that this stack writes is its own or does not exist (owner.ts). With a break-glass override it is taken over.
 * 10. While a rollout is open, only its driver changes the front and the number of canary's pods. A break-glass override may too.
 * 11. An adopted Deployment that is replaced leaves its pods.
 */
export function decide(observed: Observation): Opening {
  const reported: { log: LogLine[]; canary?: Release } = { log: [] };
  const observation = whileAutoscalerLeaves(observed, reported.log);
  try {
    return { kind: "admitted", ...planOf(observation, checkConditions(observation, reported)), ...reported };
  } catch (error) {
    return { kind: "refused", error, ...reported };
  }
}

/** The observation with stable's number of pods left as it is, if this `up` removes the autoscaler that set it. */
function whileAutoscalerLeaves(observation: Observation, log: LogLine[]): Observation {
  const { service, args, live, isAutoscalerRemoved } = observation;
  if (!isAutoscalerRemoved) return observation;
  log.push({
    level: "warn",
    text: `${service}: stable keeps its ${live.deployments.stable?.spec.replicas} pods in this up, which removes its autoscaler; the next up sets the ${args.replicas} of the program.`,
  });
  return { ...observation, args: { ...args, replicas: "external" } };
}

/** Checks the conditions in their order. @param reported gets what is reported before a condition refuses @throws the refusal */
function checkConditions(observation: Observation, reported: { log: LogLine[]; canary?: Release }) {
  const { service, args, live, record, stackStates, owner, stack, breakGlass, epoch, isPreview } = observation;
  const { own } = stackStates;
  const warn = (text: string) => void reported.log.push({ level: "warn", text });
  const refuseIf = (sentence: string | undefined) => {
    if (sentence === undefined) return;
    if (!isPreview) throw new UserError(sentence);
    warn(`${sentence} This is a preview; up would stop here.`);
  };

  const adopted = adoptionOf(service, live, record, observation.isAdoptionRequested); // 1
  const newHistory = assertKnown(service, args, live, stackStates, record, stack.name, breakGlass); // 2
  if (newHistory !== undefined) warn(newHistory);
  const beside = besideWorkerWarning(service, args, live);
  if (beside !== undefined) warn(beside);
  const situation = { service, args, live, record, stackStates, adopted: adoptedReleaseOf(live), breakGlass, epoch };
  const { releases, admissions, warnings } = chooseReleases(situation, observation.rendered); // 3
  if (releases.canary) reported.canary = releases.canary;
  const wanted = tracksOf(args).includes("canary") ? wantedWeight(service, args, record) : undefined;
  if (wanted?.warning !== undefined) warn(wanted.warning);
  const isHeld = frontHeld({ service, namespace: args.namespace }, record, { epoch, breakGlass }) !== undefined;
  const current = wanted && currentPods(args, live, wanted.weight, own?.shift?.weight, isHeld);
  const traffic = wanted && trafficOf(service, args, live, wanted.weight, adopted, current); // 4
  const impossible = impossibleTraffic(observation); // 5
  if (impossible !== undefined) warn(impossible);
  const isPinned = !["next", "current"].includes(args.release ?? defaults.release);
  const isRendered = releases.canary?.id === observation.rendered.id;
  reported.log.push(...linesOf(service, observation.trialFailures, { isRendered, isPinned, isPreview })); // 6
  warnings.forEach(warn);
  for (const route of traffic ? live.front.routes : []) {
    const warning = notAppliedWarning(service, route);
    if (warning !== undefined) warn(warning);
  }
  const answers = Object.values(admissions);
  refuseIf(answers.find(({ admitted }) => !admitted)?.sentence); // 7
  for (const { code, sentence } of answers) if (code === "first-install" || code === "break-glass") warn(sentence);
  const running = runningReleases(live);
  if (!isUrgent(observation)) refuseIf(secretRefusal(observation, releases, running)); // 8
  const history = storedReleases(args, releases, stackStates, adopted, [
    releaseOf(live.deployments.stable),
    ...stableReleases(record).slice(0, 2),
  ]);
  lostWarnings(service, stackStates, history).forEach(warn);
  const runningThen = isUrgent(observation) ? { ...running, ...idsOf(releases) } : running;
  secretWarnings(observation, history, runningThen).forEach(warn);
  const configMaps = traffic ? configMapsToKeep(history, observation.configMapsInUse) : {};
  const secrets = traffic ? secretsToKeep(args, observation.secrets, history) : undefined;
  const needed = neededAccounts(history, live);
  const accounts = traffic ? observation.accountsInUse.filter((name) => needed.includes(name)) : [];
  const secretNames = secrets ? [...Object.values(secrets.described), ...secrets.retained] : [];
  const written = objectsOf(service, args, configMapNames(service, history, configMaps), accounts, secretNames);
  const isWritten = ({ object }: OwnableObject) =>
    written.some(({ kind, name }) => kind === object.kind && name === object.name);
  const owning = { service, namespace: args.namespace, owner, stack: stack.fullName, own, breakGlass };
  assertOwned(owning, resultOf(observation.objects).filter(isWritten)).forEach(warn); // 9
  if (traffic && changesFront(live, traffic))
    refuseIf(frontHeld({ service, namespace: args.namespace }, record, { epoch, breakGlass })); // 10
  const headless = traffic && headlessWarning(service, args, traffic);
  if (headless !== undefined) warn(headless);
  for (const text of traffic ? describeWeight(service, args, live, traffic) : [])
    reported.log.push({ level: "info", text });
  const share = traffic && shareWarning(service, args, live, traffic);
  if (share !== undefined) warn(share);
  const isAdopted = adopted !== undefined || own?.adopted === true;
  const keepsRoutes = (observation.keptRoutes ?? []).length > 0;
  const adopting = isAdopted ? adoptionPlan(service, args, live, own, releases.stable?.id, keepsRoutes) : undefined; // 11
  return {
    adopted,
    releases,
    admissions,
    traffic,
    history,
    configMaps,
    secrets: secretNames.length > 0 ? secrets : undefined,
    accounts,
    adopting,
  };
}

/** What an `up` does that passes the conditions. */
function planOf(
  observation: Observation,
  passed: ReturnType<typeof checkConditions>,
): Omit<Admitted, "kind" | keyof Reported> {
  const { service, args, live, record, stackStates, stack, isPreview, startSeconds } = observation;
  const { adopted, releases, traffic, history, configMaps, secrets, accounts, adopting } = passed;
  const { own } = stackStates;
  const compared = comparedTo([...Object.values(releases), ...stackStates.history], observation);
  const drifted = new Map(
    compared.flatMap(([track, found]) => {
      const warning = driftWarning(service, track, found);
      return warning === undefined ? [] : [[track, warning] as const];
    }),
  );
  const inForce = weightInForce(live);
  const verdict = verdictAge(releases.stable, record, own, observation.now);
  const isRecorded = releaseOf(live.deployments.stable) === stableReleases(record)[0] || drifted.has("stable");
  const writesStable = !isPreview && tracksOf(args).includes("stable");
  return {
    context: {
      key: serviceKey(args.namespace, service),
      stack: stack.fullName,
      owner: observation.owner,
      cluster: live.cluster,
      releases,
      admissions: shownAdmissions(passed.admissions, verdict),
      ...(verdict && { verdict }),
      ...(traffic && { traffic, shift: shiftOf(traffic, inForce, own?.shift) }),
      stableReplicas: fixedReplicas(args),
      rollSeconds: {
        stable: rollSeconds(args, stableReplicasOf(args, live), expectedStart(startSeconds, releases.stable)),
        canary: rollSeconds(args, traffic?.canaryReplicas ?? 0, expectedStart(startSeconds, releases.canary)),
      },
      fastRollback: (record.kind === "read" && record.record.open?.fastRollback) ?? false,
      order: rollOrder(inForce, traffic?.weight ?? 0),
      sequence: sequences(live, record, releases, traffic, new Set(drifted.keys())),
      previous: previousOf(releases, own, live),
      ...(own && { remembered: own }),
      history,
      configMaps,
      ...(secrets && { secrets }),
      ...(accounts.length > 0 && { serviceAccounts: accounts }),
      ...(adopting && { adopted: adopting }),
    },
    ...(adopted && !isPreview && observation.isAdoptionRequested && { adopts: adopted }),
    cutsOver: writesStable && adopted !== undefined,
    completes: writesStable && !isRecorded,
    compared: isPreview ? {} : Object.fromEntries(compared),
    driftWarnings: [...drifted.values()],
  };
}

/** Whether a driver or a break-glass override runs this `up`: a rollback is not held up by what only shows in the pods. */
function isUrgent({ epoch, breakGlass }: Observation): boolean {
  return epoch !== undefined || breakGlass !== undefined;
}

/**
 * Why the cluster cannot carry the traffic, for a driver or a break-glass override: neither is held up on a rollback.
 *
 * @throws the reason otherwise, and any other error
 */
function impossibleTraffic(observation: Observation): string | undefined {
  const { trafficPossible } = observation;
  if (trafficPossible.status === "fulfilled") return undefined;
  const { reason } = trafficPossible;
  const isRefusal = reason instanceof UserError && !(reason instanceof Unreachable);
  if (!isRefusal || !isUrgent(observation)) throw reason;
  return reason.message;
}

/**
 * Seconds that pods of a release are expected to take to start: what its live pods took, else what those of other releases took and at least
 * half of what is assumed where nothing is known (components/roll.ts takes twice this). A new release may be slower than the last one.
 */
function expectedStart(measured: Observation["startSeconds"], release: Release | undefined): number {
  return measured[release?.id ?? ""] ?? Math.max(defaults.startSeconds.unknown / 2, ...Object.values(measured));
}

/** The comparisons of owned tracks with one of these releases. Another release, such as a rendered one that is not chosen, is unknown. */
function comparedTo(releases: readonly Release[], { args, comparisons }: Observation): [Track, Compared][] {
  const known = new Set(releases.map(({ id }) => id));
  return tracksOf(args).flatMap((track) => {
    const found = comparisons[track];
    return found && known.has(found.release) ? [[track, found] as [Track, Compared]] : [];
  });
}

/** The ids of the releases that the tracks run. */
function runningReleases({ deployments }: Observation["live"]): Partial<Record<Track, string>> {
  return Object.fromEntries(
    tracks.flatMap((track) => {
      const id = releaseOf(deployments[track]);
      return id === undefined ? [] : [[track, id]];
    }),
  );
}

/** The ids of the releases of the tracks. */
function idsOf(releases: Partial<Record<Track, Release>>): Partial<Record<Track, string>> {
  return Object.fromEntries(Object.entries(releases).map(([track, { id }]) => [track, id]));
}

/** What was read. @throws why it could not be read, or does not hold */
function resultOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === "rejected") throw settled.reason;
  return settled.value;
}

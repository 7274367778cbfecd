/** Chooses which release each track runs in this `up`. */

import { defaults } from "../components/defaults.ts";
import type { Release } from "../components/release.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import { storedReleaseName } from "../components/stored-release.ts";
import { isWorker } from "../components/traffic/worker/args.ts";
import type { Track } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import { isComplete, type Live, releaseOf, runs } from "../live/live.ts";
import type { RecordReading } from "../record/record.ts";
import type { Admission } from "./gate.ts";
import { askGate } from "./question.ts";
import { ran, type StackStates } from "./stack-state.ts";

/** The input of the choice. */
export interface Situation {
  readonly service: string;
  readonly args: ServiceArgs;
  readonly live: Live;
  readonly record: RecordReading;
  readonly stackStates: StackStates;
  /** The release of an adopted Deployment of stable. */
  readonly adopted: Release | undefined;
  /** The reason of a break-glass override (GRAY_BREAK_GLASS). */
  readonly breakGlass: string | undefined;
  /** The epoch of the driver that runs this `up` (GRAY_EPOCH); undefined if no driver does. */
  readonly epoch: number | undefined;
}

/** The release of each owned track, the gate's answers, and warnings for the user. */
export interface Choice {
  readonly releases: Partial<Record<Track, Release>>;
  readonly admissions: Partial<Record<Track, Admission>>;
  readonly warnings: readonly string[];
}

/**
 * Chooses the release of each owned track. Pure.
 *
 * 1. canary runs the release that the program renders, unless `release` names another one.
 * 2. stable in a stack of its own runs canary's release, unless `release` names another one.
 * 3. stable in one stack with canary keeps its release until the gate admits canary's, so that a second `up` promotes. It also keeps it
 *    with `release: current`, and with a break-glass override before canary runs the new release completely.
 * 4. A stack that never ran adopts a Deployment with the release that it runs.
 * 5. While a rollout is open, its driver chooses the release of each track.
 * 6. A release that was rolled back stays so as long as it is the newest: its replacement runs (`replacedBy` in the record) until the program
 *    renders a third release.
 * 7. Every run warns if a newer release is hidden, or does not reach stable because canary does not run it.
 *
 * @throws UserError if a named release is not in the history, or is that of a worker while the program has ports
 */
export function chooseReleases(situation: Situation, rendered: Release): Choice {
  const owned = tracksOf(situation.args);
  if (!owned.includes("canary")) return chooseStable(situation, rendered.id);
  const canary = chooseCanary(situation, rendered);
  if (!owned.includes("stable")) return canary;
  const stable = choosePromotion(situation, canary.releases.canary);
  return {
    releases: { ...canary.releases, ...stable.releases },
    admissions: { ...canary.admissions, ...stable.admissions },
    warnings: [...canary.warnings, ...stable.warnings],
  };
}

function chooseCanary(situation: Situation, rendered: Release) {
  const wanted = driversChoice(situation, "canary") ?? wantedOf(situation);
  const replacedBy = wanted === "next" ? replacementOf(situation, rendered.id) : wanted;
  const isNext = replacedBy === undefined || replacedBy === rendered.id;
  const canary = isNext ? rendered : findRelease(situation, "canary", replacedBy);
  const hides = `so canary runs ${canary.id} and not ${rendered.id}, which this program describes`;
  return {
    releases: { canary },
    admissions: { canary: ask(situation, "canary", canary.id) },
    warnings: canary.id === rendered.id ? [] : [hiddenWarning(situation, rendered.id, hides)],
  };
}

function chooseStable(situation: Situation, rendered: string): Choice {
  const { canaryRuns } = situation.stackStates;
  const wanted = adopts(situation) ? "current" : (driversChoice(situation, "stable") ?? wantedOf(situation));
  const stable = findRelease(situation, "stable", wanted === "next" ? nextOfStable(situation) : wanted);
  return {
    releases: { stable },
    admissions: { stable: ask(situation, "stable", stable.id) },
    warnings: canaryRuns === undefined ? [] : canaryWarnings(situation, stable.id, canaryRuns, rendered),
  };
}

/** The id of the release that stable takes from canary. @throws UserError if canary has not run one */
function nextOfStable(situation: Situation): string {
  const { service, args, stackStates } = situation;
  const { canaryRuns } = stackStates;
  if (canaryRuns !== undefined) return replacementOf(situation, canaryRuns) ?? canaryRuns;
  const { canaryStack = defaults.canaryStack } = args;
  throw new UserError(
    `${service} stable: canary has not run a release completely yet, and stable runs only what canary has run: run pulumi up --stack ${canaryStack} first.`,
  );
}

/** Whether this `up` adopts stable's Deployment: it keeps the release that it runs. */
function adopts({ adopted, stackStates }: Situation): boolean {
  return adopted !== undefined && stackStates.own === undefined;
}

/** Warnings if stable does not run canary's release, or canary does not run the program's. */
function canaryWarnings(situation: Situation, stable: string, canary: string, rendered: string): readonly string[] {
  const { service, args } = situation;
  if (stable !== canary && adopts(situation) && wantedOf(situation) !== "current") {
    return [
      `${service}: this up adopts Deployment ${service} with the release that it runs, so stable runs ${stable} and not ${canary}, which canary runs: run pulumi up again to change stable.`,
    ];
  }
  if (stable !== canary) {
    return [hiddenWarning(situation, canary, `so stable runs ${stable} and not ${canary}, which canary runs`)];
  }
  if (rendered === canary || situation.epoch !== undefined || wantedOf(situation) !== "next") return [];
  if (replacementOf(situation, rendered) !== undefined) {
    return [
      hiddenWarning(situation, rendered, `so stable runs ${stable} and not ${rendered}, which this program describes`),
    ];
  }
  const { canaryStack = defaults.canaryStack } = args;
  const hasRun = situation.stackStates.history.some(({ id }) => id === rendered);
  const advice = hasRun ? "" : `: run pulumi up --stack ${canaryStack} first`;
  return [
    `${service}: canary runs ${canary} and not ${rendered}, which this program describes, so stable runs ${canary}${advice}.`,
  ];
}

function choosePromotion(situation: Situation, canary: Release): Choice {
  const { service, live, breakGlass } = situation;
  const driven = driversChoice(situation, "stable");
  if (driven !== undefined) {
    const stable = driven === canary.id ? canary : findRelease(situation, "stable", driven);
    return { releases: { stable }, admissions: { stable: ask(situation, "stable", stable.id) }, warnings: [] };
  }
  const tried = runs(live.deployments.canary, canary.id);
  const promotion = ask(
    breakGlass && !tried ? { ...situation, breakGlass: undefined } : situation,
    "stable",
    canary.id,
  );
  const hasRun = currentId(situation, "stable") !== undefined;
  const stays = hasRun && (adopts(situation) || !promotion.admitted || wantedOf(situation) === "current");
  if (!stays) return { releases: { stable: canary }, admissions: { stable: promotion }, warnings: [] };
  const stable = findRelease(situation, "stable", "current");
  return {
    releases: { stable },
    admissions: { stable: ask(situation, "stable", stable.id) },
    warnings: promotion.admitted ? [] : [`${service} stable stays at ${stable.id}. ${promotion.sentence}`],
  };
}

function wantedOf({ args }: Situation): string {
  return args.release ?? defaults.release;
}

/** The id of the release that the driver of this `up` chose for a track. */
function driversChoice({ record, epoch }: Situation, track: Track): string | undefined {
  const open = record.kind === "read" ? record.record.open : undefined;
  return open?.epoch === epoch ? open?.runs?.[track] : undefined;
}

/** The id of the release that replaces one that was rolled back. */
function replacementOf({ record }: Situation, release: string): string | undefined {
  return record.kind === "read" ? record.record.replacedBy?.[release] : undefined;
}

function hiddenWarning(situation: Situation, newest: string, hides: string): string {
  const wanted = wantedOf(situation);
  const isRolledBack = wanted === "next" && replacementOf(situation, newest) !== undefined;
  const { service, args, epoch } = situation;
  if (epoch !== undefined) return `${service}: a rollout is open, ${hides}.`;
  if (!isRolledBack) return `${service}: release is set to ${wanted}, ${hides}.`;
  return `${service}: release ${newest} was rolled back, ${hides}: describe another release in the program, or let this one run again with gray approve ${newest} --reason "…" -n ${args.namespace} --service ${service}.`;
}

/** The id of a track's current release: the live one if its roll is complete, else the last complete one; undefined if there is none. */
function currentId({ live, record, stackStates }: Situation, track: Track): string | undefined {
  const deployment = live.deployments[track];
  if (deployment && isComplete(deployment)) return releaseOf(deployment);
  return ran(track, record, stackStates.own)[0];
}

/** The stored release with this id, or with `current` the track's current one. @throws UserError if it is not in the history */
function findRelease(situation: Situation, track: Track, wanted: string): Release {
  const { service, args, stackStates, adopted } = situation;
  const id = wanted === "current" ? currentId(situation, track) : wanted;
  if (track === "stable" && adopted !== undefined && adopted.id === id) return adopted;
  const found = stackStates.history.find((release) => release.id === id);
  if (found) {
    if (id === args.release) assertProbed(situation, track, found);
    return found;
  }
  const list = stackStates.history.map((release) => release.id).join(", ") || "none";
  const why =
    stackStates.damaged.find((release) => release.id === id)?.why ??
    (id !== undefined && stackStates.gone.includes(id) ? "it is gone" : undefined);
  const lost = why === undefined ? "" : ` (it was stored in ConfigMap ${storedReleaseName(service, id ?? "")}: ${why})`;
  throw new UserError(
    `${service} ${track}: release ${id ?? wanted} is not in the history${lost}, which keeps ${list}: set release to one of these, to next or to current.`,
  );
}

/**
 * Checks that the pods of a release which the program names say when they are ready, as those of a worker need not. A driver that rolls back to
 * it, and a track that runs it, are not held up.
 *
 * @throws UserError if they would get requests before they can answer them
 */
function assertProbed({ service, args, live, epoch }: Situation, track: Track, { id, template }: Release): void {
  const [first] = template.spec.containers;
  if (isWorker(args) || epoch !== undefined || releaseOf(live.deployments[track]) === id || first?.readinessProbe)
    return;
  throw new UserError(
    `${service} ${track}: release ${id} is that of a worker, and its container ${first?.name} has no readinessProbe, so its pods would get requests before they can answer them: describe it again with a readinessProbe, or set release to another one.`,
  );
}

function ask(situation: Situation, track: Track, release: string): Admission {
  const { args, live, stackStates } = situation;
  const canaryIsComing = tracksOf(args).includes("canary");
  const known = {
    ...situation,
    ...stackStates,
    namespace: args.namespace,
    deployments: live.deployments,
    canaryIsComing,
  };
  return askGate(known, track, release);
}

import { defaults } from "../components/defaults.ts";
import type { Release } from "../components/release.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import type { Track } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import { isComplete, type Live, releaseOf, runs } from "../live/live.ts";
import type { RecordReading } from "../record/record.ts";
import { type Admission, decide } from "./gate.ts";
import { questionOf } from "./question.ts";
import { ran, type StackStates } from "./stack-state.ts";

/** All that is known when the release of each owned track is chosen. */
export interface Situation {
  readonly service: string;
  readonly args: ServiceArgs;
  readonly live: Live;
  readonly record: RecordReading;
  readonly stackStates: StackStates;
  /** What stable's Deployment runs where it was there before us. */
  readonly adopted: Release | undefined;
  /** GRAY_BREAK_GLASS. */
  readonly breakGlass: string | undefined;
  /** GRAY_EPOCH. */
  readonly epoch: number | undefined;
}

/** The release of each owned track, what the gate says of it, and what a person should know. */
export interface Choice {
  readonly releases: Partial<Record<Track, Release>>;
  readonly admissions: Partial<Record<Track, Admission>>;
  readonly warnings: readonly string[];
}

/**
 * Chooses, pure.
 *
 * 1. canary runs what the program renders, unless `release` names another one.
 * 2. stable in a stack of its own runs what canary runs, unless `release` names another one.
 * 3. stable in one stack with canary keeps what it runs until the gate admits canary's release, so that a second `up`
 *    promotes; with `release: current`, and with a broken glass before canary runs it completely, it keeps it anyway.
 * 4. A stack that never ran takes an adopted Deployment in as it is.
 * 5. While a rollout is open its driver says what each track runs.
 * 6. A release that was undone stays so for as long as it is the newest: another one runs in its place (`instead` of the
 *    record), until the program renders a third.
 * 7. What hides a newer release, or keeps it from stable because canary does not run it, is said on every run.
 *
 * @throws Refusal if a named release is not kept
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
  const wanted = drivenTo(situation, "canary") ?? wantedOf(situation);
  const replacedBy = wanted === "next" ? replacementOf(situation, rendered.id) : wanted;
  const isNext = replacedBy === undefined || replacedBy === rendered.id;
  const canary = isNext ? rendered : kept(situation, "canary", replacedBy);
  const hides = `so canary runs ${canary.id} and not ${rendered.id}, which this program describes`;
  return {
    releases: { canary },
    admissions: { canary: ask(situation, "canary", canary.id) },
    warnings: canary.id === rendered.id ? [] : [hidden(situation, rendered.id, hides)],
  };
}

function chooseStable(situation: Situation, rendered: string): Choice {
  const { canaryRuns } = situation.stackStates;
  const takesIn = situation.adopted !== undefined && situation.stackStates.own === undefined;
  const wanted = takesIn ? "current" : (drivenTo(situation, "stable") ?? wantedOf(situation));
  const next = canaryRuns === undefined ? undefined : (replacementOf(situation, canaryRuns) ?? canaryRuns);
  const stable = kept(situation, "stable", wanted === "next" ? next : wanted);
  return {
    releases: { stable },
    admissions: { stable: ask(situation, "stable", stable.id) },
    warnings: canaryRuns === undefined ? [] : unlikeCanary(situation, stable.id, canaryRuns, rendered),
  };
}

/** What a person should know where stable does not run what canary runs, or canary not what the program describes. */
function unlikeCanary(situation: Situation, stable: string, canary: string, rendered: string): readonly string[] {
  const { service, args } = situation;
  if (stable !== canary) {
    return [hidden(situation, canary, `so stable runs ${stable} and not ${canary}, which canary runs`)];
  }
  if (rendered === canary || situation.epoch !== undefined || wantedOf(situation) !== "next") return [];
  if (replacementOf(situation, rendered) !== undefined) {
    return [hidden(situation, rendered, `so stable runs ${stable} and not ${rendered}, which this program describes`)];
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
  const driven = drivenTo(situation, "stable");
  if (driven !== undefined) {
    const stable = driven === canary.id ? canary : kept(situation, "stable", driven);
    return { releases: { stable }, admissions: { stable: ask(situation, "stable", stable.id) }, warnings: [] };
  }
  const tried = runs(live.deployments.canary, canary.id);
  const promotion = ask(
    breakGlass && !tried ? { ...situation, breakGlass: undefined } : situation,
    "stable",
    canary.id,
  );
  const hasRun = currentId(situation, "stable") !== undefined;
  const takesIn = situation.adopted !== undefined && situation.stackStates.own === undefined;
  const stays = hasRun && (takesIn || !promotion.admitted || wantedOf(situation) === "current");
  if (!stays) return { releases: { stable: canary }, admissions: { stable: promotion }, warnings: [] };
  const stable = kept(situation, "stable", "current");
  return {
    releases: { stable },
    admissions: { stable: ask(situation, "stable", stable.id) },
    warnings: promotion.admitted ? [] : [`${service} stable stays at ${stable.id}. ${promotion.sentence}`],
  };
}

function wantedOf({ args }: Situation): string {
  return args.release ?? defaults.release;
}

/** The id of the release that a track runs by the word of the driver whose `up` this is. */
function drivenTo({ record, epoch }: Situation, track: Track): string | undefined {
  const open = record.kind === "read" ? record.record.open : undefined;
  return open?.epoch === epoch ? open?.runs?.[track] : undefined;
}

/** The id of the release that runs in the place of one that was undone. */
function replacementOf({ record }: Situation, release: string): string | undefined {
  return record.kind === "read" ? record.record.replacedBy?.[release] : undefined;
}

function hidden(situation: Situation, newest: string, hides: string): string {
  const wanted = wantedOf(situation);
  const undone = wanted === "next" && replacementOf(situation, newest) !== undefined;
  const { service, epoch } = situation;
  if (epoch !== undefined) return `${service}: a rollout is open, ${hides}.`;
  if (!undone) return `${service}: release is set to ${wanted}, ${hides}.`;
  return `${service}: release ${newest} was undone, ${hides}: describe another one, or overrule that with gray approve ${newest}.`;
}

/** What a track runs: the live release if it is complete, else what it last ran completely; undefined if it never did. */
function currentId({ live, record, stackStates }: Situation, track: Track): string | undefined {
  const deployment = live.deployments[track];
  if (deployment && isComplete(deployment)) return releaseOf(deployment);
  return ran(track, record, stackStates.own)[0];
}

/** The kept release with this id; `current` is what the track runs. */
function kept(situation: Situation, track: Track, wanted: string | undefined): Release {
  const { service, stackStates, adopted } = situation;
  const id = wanted === "current" ? currentId(situation, track) : wanted;
  if (track === "stable" && adopted !== undefined && adopted.id === id) return adopted;
  const found = stackStates.history.find((release) => release.id === id);
  if (found) return found;
  const list = stackStates.history.map((release) => release.id).join(", ") || "none";
  throw new UserError(
    `${service} ${track}: release ${id ?? wanted} is not in the history, which keeps ${list}: set release to one of these, to next or to current.`,
  );
}

function ask(situation: Situation, track: Track, release: string): Admission {
  const { service, args, live, record, stackStates, breakGlass, epoch } = situation;
  const { own, stableHasHistory } = stackStates;
  const canaryIsComing = tracksOf(args).includes("canary");
  const { deployments } = live;
  return decide(
    questionOf({
      service,
      track,
      release,
      deployments,
      canaryIsComing,
      record,
      own,
      stableHasHistory,
      breakGlass,
      epoch,
    }),
  );
}

import { defaults } from "../components/defaults.ts";
import { Refusal } from "../components/refusal.ts";
import type { Release } from "../components/release.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import type { Track } from "../components/traffic.ts";
import { type Admission, decide } from "./gate.ts";
import { isComplete, type Live, releaseOf, runs } from "./live.ts";
import { type Memories, ran } from "./memory.ts";
import { questionOf } from "./question.ts";
import type { RecordReading } from "./record.ts";

/** All that is known when the release of each owned track is chosen. */
export interface Situation {
  readonly service: string;
  readonly args: ServiceArgs;
  readonly live: Live;
  readonly record: RecordReading;
  readonly memories: Memories;
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
 * 4. A name that hides a newer release is said on every run.
 *
 * @throws Refusal if a named release is not kept
 */
export function chooseReleases(situation: Situation, rendered: Release): Choice {
  const owned = tracksOf(situation.args);
  if (!owned.includes("canary")) return chooseStable(situation);
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
  const wanted = wantedOf(situation);
  const canary = wanted === "next" ? rendered : kept(situation, "canary", wanted);
  const hides = `so canary runs ${canary.id} and not ${rendered.id}, which this program describes`;
  return {
    releases: { canary },
    admissions: { canary: ask(situation, "canary", canary.id) },
    warnings: canary.id === rendered.id ? [] : [pinned(situation, hides)],
  };
}

function chooseStable(situation: Situation): Choice {
  const { canaryRuns } = situation.memories;
  const wanted = wantedOf(situation);
  const stable = kept(situation, "stable", wanted === "next" ? canaryRuns : wanted);
  const hides = `so stable runs ${stable.id} and not ${canaryRuns}, which canary runs`;
  return {
    releases: { stable },
    admissions: { stable: ask(situation, "stable", stable.id) },
    warnings: canaryRuns === undefined || stable.id === canaryRuns ? [] : [pinned(situation, hides)],
  };
}

function choosePromotion(situation: Situation, canary: Release): Choice {
  const { service, live, breakGlass } = situation;
  const tried = runs(live.deployments.canary, canary.id);
  const promotion = ask(
    breakGlass && !tried ? { ...situation, breakGlass: undefined } : situation,
    "stable",
    canary.id,
  );
  const hasRun = currentId(situation, "stable") !== undefined;
  const stays = hasRun && (!promotion.admitted || wantedOf(situation) === "current");
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

function pinned(situation: Situation, hides: string): string {
  return `${situation.service}: release is set to ${wantedOf(situation)}, ${hides}.`;
}

/** What a track runs: the live release if it is complete, else what it last ran completely; undefined if it never did. */
function currentId({ live, record, memories }: Situation, track: Track): string | undefined {
  const deployment = live.deployments[track];
  if (deployment && isComplete(deployment)) return releaseOf(deployment);
  return ran(track, record, memories.own)[0];
}

/** The kept release with this id; `current` is what the track runs. */
function kept(situation: Situation, track: Track, wanted: string | undefined): Release {
  const { service, memories } = situation;
  const id = wanted === "current" ? currentId(situation, track) : wanted;
  const found = memories.history.find((release) => release.id === id);
  if (found) return found;
  const list = memories.history.map((release) => release.id).join(", ") || "none";
  throw new Refusal(
    `${service} ${track}: release ${id ?? wanted} is not in the history, which keeps ${list}: set release to one of these, to next or to current.`,
  );
}

function ask(situation: Situation, track: Track, release: string): Admission {
  const { service, args, live, record, memories, breakGlass, epoch } = situation;
  const { own, stableHasHistory } = memories;
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

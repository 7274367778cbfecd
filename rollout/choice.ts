import { defaults } from "../components/defaults.ts";
import { Refusal } from "../components/refusal.ts";
import type { Release } from "../components/release.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import type { Track } from "../components/traffic.ts";
import { type Admission, judge } from "./gate.ts";
import { runs } from "./hooks.ts";
import { type Live, releaseOf } from "./live.ts";
import type { Memories } from "./memory.ts";
import { lastCompleted, type RecordReading } from "./record.ts";

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
 * 1. canary runs what the program renders, unless `release` names another one; a name that hides a newer release is
 *    said on every run.
 * 2. stable in a stack of its own runs what canary runs, unless `release` names another one.
 * 3. stable in one stack with canary keeps what it runs until the gate admits canary's release, so that a second `up`
 *    promotes.
 *
 * @throws Refusal if a named release is not kept
 */
export function chooseReleases(situation: Situation, rendered: Release): Choice {
  const { service, args, live, memories } = situation;
  const wanted = args.release ?? defaults.release;
  const owned = tracksOf(args);
  if (!owned.includes("canary")) {
    const stable = kept(situation, "stable", wanted === "next" ? memories.canaryRuns : wanted);
    return { releases: { stable }, admissions: { stable: ask(situation, "stable", stable.id) }, warnings: [] };
  }
  const canary = wanted === "next" ? rendered : kept(situation, "canary", wanted);
  const warnings =
    canary.id === rendered.id
      ? []
      : [
          `${service}: release is set to ${wanted}, so canary runs ${canary.id} and not ${rendered.id}, which this program describes.`,
        ];
  const ofCanary = ask(situation, "canary", canary.id);
  if (!owned.includes("stable")) return { releases: { canary }, admissions: { canary: ofCanary }, warnings };
  const promotion = ask(situation, "stable", canary.id);
  const waits = !promotion.admitted && live.deployments.stable !== undefined;
  const stable = waits ? kept(situation, "stable", "current") : canary;
  return {
    releases: { canary, stable },
    admissions: { canary: ofCanary, stable: waits ? ask(situation, "stable", stable.id) : promotion },
    warnings: waits ? [...warnings, `${service} stable stays at ${stable.id}. ${promotion.sentence}`] : warnings,
  };
}

/** The kept release with this id; `current` is what the track runs. */
function kept({ service, live, memories }: Situation, track: Track, wanted: string | undefined): Release {
  const id = wanted === "current" ? (memories.own?.current[track] ?? releaseOf(live.deployments[track])) : wanted;
  const all = [...memories.history, ...(memories.own?.history ?? [])];
  const found = all.find((release) => release.id === id);
  if (found) return found;
  const list = [...new Set(all.map((release) => release.id))].join(", ") || "none";
  throw new Refusal(
    `${service} ${track}: release ${id ?? wanted} is not in the history, which keeps ${list}: set release to one of these, to next or to current.`,
  );
}

function ask(situation: Situation, track: Track, release: string): Admission {
  const { service, args, live, record, memories, breakGlass, epoch } = situation;
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
    breakGlass,
    epoch,
  });
}

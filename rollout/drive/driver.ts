/** Drives a rollout to its end: what happens next, and in which order. */
import type { Track } from "../../components/traffic.ts";
import { isUnanswered } from "../cluster/answer.ts";
import { byDriver, byEvidence } from "../record/judgement.ts";
import { assertNotStuck, besides, cutOffUsers, effect, Stuck, untilCut, untilDone, watch } from "./effect.ts";
import { type Entry, type Ledger, RecordGone } from "./ledger.ts";
import { type Move, nameOf, next, type Standing } from "./next.ts";
import { cutOff, inNextStep, positionOf, type Rollout, type Word } from "./rollout.ts";
import {
  alertMilliseconds,
  answered,
  askedBeside,
  lookMilliseconds,
  pause,
  RollsBack,
  read,
  readPatiently,
  rollbackNow,
  Stopped,
  usersOnCanary,
  write,
  writeInStep,
} from "./waiting.ts";

/** What the driver does to the world. Each may be done again after it was done, or half done. */
export interface Actuator {
  /** Brings canary and the front to the release and the weight that the record says. */
  bringCanary(rollout: Rollout, signal: AbortSignal): Promise<void>;
  /** Brings stable to the release that the record says. */
  bringStable(rollout: Rollout, signal: AbortSignal): Promise<void>;
  /** Whether stable runs a release, every pod of it, with nothing in its pod template that is known to be another. */
  stableRuns(release: string): Promise<boolean>;
  /** Why a track will not come to run its release, as far as the cluster can tell; undefined where nothing is against it. */
  hopeless(track: Track, rollout: Rollout): Promise<string | undefined>;
  /** Makes checks. @returns why they did not pass, in words for a person */
  check(names: readonly string[], signal: AbortSignal): Promise<string | undefined>;
  /**
   * Takes all users off canary, at once. Done twice it is done once.
   *
   * @param epoch number of the driver: nothing is done where the record says that a newer one drives
   * @returns whether users are off canary: where nothing but canary serves they are left there
   * @throws Superseded then; Refusal or ApiError where users may still meet canary
   */
  cut(epoch: number): Promise<boolean>;
  /** Keeps what canary's pods have to say, and lets them go, so that connections end which a cut leaves open. */
  silence(rollout: Rollout): Promise<void>;
}

/** Who looks at both tracks while the driver drives. */
export interface Witness {
  /** What is known of the release now. Begins to look where there is something to see. */
  standing(entry: Entry): Standing;
  /** Why canary was cut since it was last asked, or is cut though the record says otherwise. */
  takeCut(entry: Entry): string | undefined;
}

/** Whoever is told how it goes: a person, a machine, the cluster's Events. */
export interface Audience {
  /** What happens now; said anew only when it is another. */
  now(rollout: Rollout, move: Move): void;
  /** What a person is to know besides, a whole sentence. */
  note(sentence: string): void;
}

export interface Drive {
  readonly ledger: Ledger;
  readonly actuator: Actuator;
  readonly witness: Witness;
  readonly audience: Audience;
  /** Whether to end where it holds, instead of waiting for a person. */
  readonly leavesHolding: boolean;
  /** Ends the driving; the traffic stays as it is. A cut that has begun is brought to its end first. */
  readonly signal: AbortSignal;
  /** Whether users are off canary, and the rollout on its way back. @default false */
  readonly isReturning?: boolean;
  /** Whether stable runs what it ran before, on the way back. @default false */
  readonly isStableBack?: boolean;
}

/** What driving came to. */
export type End =
  | { readonly kind: "promoted" }
  | { readonly kind: "undone"; readonly because: string }
  | { readonly kind: "held"; readonly because: string }
  | { readonly kind: "stopped" };

/**
 * Drives a rollout to its end, or to where it holds. Where its record is gone users are taken off canary first, because no driver
 * can go on with it.
 *
 * @throws Superseded as soon as somebody else drives it; RecordGone
 */
export async function drive(way: Drive): Promise<End> {
  try {
    return await driveRecorded(way);
  } catch (error) {
    if (error instanceof RecordGone && usersOnCanary(way)) await cutWithoutRecord(way);
    throw error;
  }
}

async function cutWithoutRecord({ actuator, ledger, audience }: Drive): Promise<void> {
  const off = await untilCut(() => actuator.cut(ledger.epoch), audience.note);
  const users = off ? "all users are on stable" : "users stay on canary, because nothing else serves them";
  audience.note(`The record of the rollout is gone: ${users}.`);
}

async function driveRecorded(way: Drive): Promise<End> {
  try {
    return await walk(way);
  } catch (error) {
    if (error instanceof Stopped) return { kind: "stopped" };
    if (error instanceof Stuck) return leaveStuck(way, error);
    throw error;
  }
}

/**
 * Takes users off canary where evidence is bad and the rollout cannot be driven, as without its lease.
 *
 * @returns whether it was so
 * @throws Superseded where another driver has the rollout
 */
export async function protectUsers(way: Drive): Promise<boolean> {
  if (rollbackNow(way) === undefined) return false;
  await cutOffUsers(way, (rollout) => ({ ...rollout, weight: 0 }));
  return true;
}

async function walk(way: Drive): Promise<End> {
  const checks: Checks = { failed: undefined };
  for (;;) {
    try {
      const end = await step(way, checks);
      if (end) return end;
    } catch (error) {
      // The record cannot be asked, and does not have to be: what was last read of it says enough.
      const { latest } = way.ledger;
      if (!(error instanceof RollsBack) || latest === undefined) throw error;
      return retreat(way, latest.rollout, error.message);
    }
  }
}

/** Why the present step's checks failed when they were last made. */
interface Checks {
  failed: string | undefined;
}

/** The next move, made. @returns what the driving came to, where that was its end */
async function step(way: Drive, checks: Checks): Promise<End | undefined> {
  const { witness, audience, leavesHolding } = way;
  const { entry, waited } = await readPatiently(way);
  const { rollout } = entry;
  // A check that failed in a silence says nothing of canary.
  if (waited) checks.failed = undefined;
  const cut = witness.takeCut(entry);
  if (cut !== undefined) {
    // Done once more, because an up that was under way may have written the weight again.
    await cutOffUsers(way, (each) => cutOff(each, wordOf(cut)));
    return undefined;
  }
  const known = witness.standing(entry);
  const standing = checks.failed === undefined ? known : { ...known, failedChecks: checks.failed };
  const move = next(positionOf(rollout), standing, Date.now());
  audience.now(rollout, move);
  if (rollout.urgent !== undefined && move.kind !== "retreat") {
    await takeStableBack(way);
    return undefined;
  }
  if ((move.kind === "observe" || move.kind === "check") && isAhead(rollout)) {
    await writeInStep(way, rollout.step, (each) =>
      isAhead(each) ? { ...each, entered: new Date().toISOString() } : each,
    );
    return undefined;
  }
  switch (move.kind) {
    case "enter":
      await enter(way, rollout);
      return undefined;
    case "check":
      checks.failed = await check(way, rollout.step, move.names);
      return undefined;
    case "advance":
      checks.failed = undefined;
      await writeInStep(way, rollout.step, inNextStep);
      return undefined;
    case "retreat":
      return retreat(way, rollout, move.because);
    case "finish":
      return finish(way, rollout);
    case "hold":
      if (leavesHolding) return leave(way, move.because);
      await pause(way, lookMilliseconds);
      return undefined;
    case "observe":
      await pause(way, alertMilliseconds);
      return undefined;
  }
}

/** Whether a clock that was ahead of this one wrote when the step began: its time would last longer by as much. */
function isAhead({ entered }: Rollout): boolean {
  return entered !== undefined && Date.parse(entered) > Date.now();
}

/** Brings what the present step is about. Canary that does not come up ends the rollout; stable goes back, and it holds. */
async function enter(way: Drive, { steps, step: at, from }: Rollout): Promise<void> {
  const { actuator } = way;
  const step = steps[at];
  if (step === undefined) return;
  const isFull = step.stage === "full";
  const came = await effect(way, {
    name: nameOf(step),
    track: isFull ? "stable" : "canary",
    to: (rollout) => ({
      ...rollout,
      ...(step.stage !== "full" && { weight: step.stage === "dark" ? 0 : step.weight }),
      runs: { canary: rollout.release, stable: isFull ? rollout.release : rollout.from },
    }),
    run: (rollout, signal) => (isFull ? actuator.bringStable : actuator.bringCanary).call(actuator, rollout, signal),
  });
  if (came.kind === "interrupted") return;
  if (came.kind === "done") {
    const entered = new Date().toISOString();
    await writeInStep(way, at, (rollout) => ({ ...rollout, entered }));
  } else if (isFull) {
    const because = `stable did not come to run it and went back: ${came.because}`;
    const stands = await askedBeside(way, () => actuator.stableRuns(from));
    // In one word: whoever goes on after a crash takes stable back as well, and then holds.
    await write(way, (rollout) => ({ ...held(rollout, because), ...(!stands && { urgent: true }) }));
  } else if (came.hopeless) {
    await write(way, (rollout) => ({ ...rollout, ending: rollout.ending ?? wordOf(came.because) }));
  } else {
    await writeInStep(way, at, (rollout) => held(rollout, came.because));
  }
}

/** Ends where it holds; the record says why, for whoever looks later. */
async function leave(way: Drive, because: string): Promise<End> {
  await write(way, (rollout) => (rollout.paused ? rollout : { ...rollout, left: wordOf(because) }));
  return { kind: "held", because };
}

/** Ends where an effect is stuck; evidence that turns bad meanwhile goes first. */
async function leaveStuck(way: Drive, stuck: Stuck): Promise<End> {
  try {
    return await leave(stuck.way, stuck.message);
  } catch (error) {
    if (error instanceof RollsBack) return driveRecorded(way);
    if (error instanceof Stopped) return { kind: "stopped" };
    throw error;
  }
}

/** Held by the driver, which has given up what it was doing. */
function held({ effect: _, ...rollout }: Rollout, because: string): Rollout {
  return { ...rollout, paused: rollout.paused ?? wordOf(because) };
}

/** @returns why the checks failed; what could not be asked is a failed check */
async function check(way: Drive, step: number, names: readonly string[]): Promise<string | undefined> {
  const over = new AbortController();
  const watching = watch(way, over);
  let failed: string | undefined;
  try {
    failed = await way.actuator.check(names, AbortSignal.any([way.signal, over.signal]));
  } catch (error) {
    if (over.signal.aborted) return undefined;
    if (way.signal.aborted) throw new Stopped();
    if (!isUnanswered(error)) throw error;
    failed = (error as Error).message.replace(/\.$/, "");
  } finally {
    over.abort();
    await watching;
  }
  if (failed === undefined) await writeInStep(way, step, (rollout) => ({ ...rollout, checked: true }));
  else await pause(way, lookMilliseconds);
  return failed;
}

/**
 * The rollback: users first, then what is to be known of the release, then everything in line with what stable ran before.
 * Begun again, it goes through all of it once more.
 */
async function retreat(way: Drive, begun: Rollout, because: string): Promise<End> {
  const { actuator } = way;
  const { release, from } = begun;
  const ending = begun.ending ?? { by: byEvidence, because, at: new Date().toISOString() };
  const back = (rollout: Rollout): Rollout => ({
    ...rollout,
    ending: rollout.ending ?? ending,
    weight: 0,
    runs: { canary: from, stable: from },
  });
  const off = await cutOffUsers(way, back);
  const returning = { ...way, isReturning: true };
  await besides(returning, { name: "silence canary", to: back, run: (rollout) => actuator.silence(rollout) });
  await takeStableBack(returning);
  // Stable serves by now.
  if (!off) await cutOffUsers(way, back);
  const left = await takeCanaryBack({ ...returning, isStableBack: true });
  const why = left === undefined ? because : `${because}; canary does not come back: ${left}`;
  const ended = { ...endOf(begun), outcome: "undone" as const, because: why };
  await answered(returning, () => way.ledger.close(ended, { [release]: from }));
  return { kind: "undone", because: why };
}

/**
 * Canary to what stable runs, with the weight of the program. Canary whose pods cannot come up does not keep the rollback from its
 * end: users are on stable.
 *
 * @returns why it does not come back
 */
async function takeCanaryBack(way: Drive): Promise<string | undefined> {
  const { actuator } = way;
  const what = {
    name: "canary back",
    to: withOwnWeight,
    run: (rollout: Rollout, signal: AbortSignal) => actuator.bringCanary(rollout, signal),
  };
  for (;;) {
    const came = await effect(way, { ...what, track: "canary" });
    if (came.kind !== "failed") return undefined;
    if (came.hopeless) return came.because;
    assertNotStuck(way, what, came.because);
    way.audience.note(`${what.name}: ${came.because}. Trying again.`);
  }
}

/**
 * Stable to what it ran when the rollout began: with all pods at once, and then under its own rolling settings again. The
 * record says `urgent` until both are done, whether true or false.
 * It is left where it is as soon as the rollout has to roll back.
 */
async function takeStableBack(way: Drive): Promise<void> {
  const { rollout } = await read(way);
  const stands = await askedBeside(way, () => way.actuator.stableRuns(rollout.from));
  if (stands && rollout.urgent === undefined) return;
  for (const urgent of [true, false]) {
    const what = {
      name: urgent ? "stable back" : "stable's rolling settings",
      to: (each: Rollout) => ({ ...each, urgent, runs: { ...each.runs, stable: each.from } }),
      run: (each: Rollout, signal: AbortSignal) => way.actuator.bringStable(each, signal),
      track: "stable" as const,
    };
    if (!(await untilDone(way, what))) return;
  }
  await write(way, ({ urgent: _, ...each }) => each);
}

/** Everybody has it: the weight is the program's again. @returns nothing where a person had another word meanwhile */
async function finish(way: Drive, rollout: Rollout): Promise<End | undefined> {
  const what = {
    name: "the weight of the program",
    to: withOwnWeight,
    run: (each: Rollout, signal: AbortSignal) => way.actuator.bringCanary(each, signal),
  };
  if (!(await untilDone(way, what))) return undefined;
  const ended = { ...endOf(rollout), outcome: "promoted" as const, because: "every step was passed" };
  const closed = await answered(way, () => way.ledger.close(ended));
  return closed ? { kind: "promoted" } : undefined;
}

function withOwnWeight({ weight: _, ...rollout }: Rollout): Rollout {
  return rollout;
}

function endOf({ release, from, began, by }: Rollout) {
  return { release, from, began, by, ended: new Date().toISOString() };
}

function wordOf(because: string): Word {
  return { by: byDriver, because, at: new Date().toISOString() };
}

import { setTimeout as sleep } from "node:timers/promises";
import { Refusal } from "../../components/refusal.ts";
import type { Track } from "../../components/traffic.ts";
import { mayPass } from "../cluster/answer.ts";
import { ApiError } from "../cluster/cluster.ts";
import { byDriver, byEvidence } from "../record/judgement.ts";
import { type Entry, type Ledger, Superseded } from "./ledger.ts";
import { type Move, nameOf, next, type Standing } from "./next.ts";
import { cutOff, inNextStep, positionOf, type Rollout, type Word } from "./rollout.ts";

/** What the driver does to the world. Each may be done again after it was done, or half done. */
export interface Actuator {
  /** Brings canary and the front to the release and the weight that the record says. */
  bringCanary(rollout: Rollout, signal: AbortSignal): Promise<void>;
  /** Brings stable to the release that the record says. */
  bringStable(rollout: Rollout, signal: AbortSignal): Promise<void>;
  /** Whether stable runs a release, and every pod of it. */
  stableRuns(release: string): Promise<boolean>;
  /** Why a track will not come to run its release, as far as the cluster can tell; undefined where nothing is against it. */
  hopeless(track: Track, rollout: Rollout): Promise<string | undefined>;
  /** Makes checks. @returns why they did not pass, in words for a person */
  check(names: readonly string[], signal: AbortSignal): Promise<string | undefined>;
  /** Takes all users off canary, at once. */
  cut(): Promise<void>;
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
  /** Ends the driving; the traffic stays as it is. */
  readonly signal: AbortSignal;
}

/** What driving came to. */
export type End =
  | { readonly kind: "promoted" }
  | { readonly kind: "undone"; readonly because: string }
  | { readonly kind: "held"; readonly because: string }
  | { readonly kind: "stopped" };

/** Milliseconds between two looks at the record while nothing has to be done. */
const lookMilliseconds = 1000;
/** The same while users meet the release: all of it they wait for a cut once it is found bad. */
const alertMilliseconds = 250;
/** Milliseconds before something is tried again that the cluster did not answer, or Pulumi could not do. */
const againMilliseconds = 5000;
/** Times that an effect is tried for which the cluster gives no reason to fail. */
const attempts = 3;

/** The driving was ended from outside. */
class Stopped extends Error {}
/** The way back cannot be finished now. */
class Stuck extends Error {}

/** Drives a rollout to its end, or to where it holds. @throws Superseded as soon as somebody else drives it */
export async function drive(way: Drive): Promise<End> {
  try {
    return await walk(way).catch((error) => {
      if (error instanceof Stuck) return leave(way, error.message);
      throw error;
    });
  } catch (error) {
    if (error instanceof Stopped) return { kind: "stopped" };
    throw error;
  }
}

async function walk(way: Drive): Promise<End> {
  const { witness, audience, leavesHolding } = way;
  let failedChecks: string | undefined;
  for (;;) {
    const entry = await read(way);
    const { rollout } = entry;
    const cut = witness.takeCut(entry);
    if (cut !== undefined) {
      const to = (each: Rollout) => cutOff(each, wordOf(cut));
      // Done once more, because an up that was under way may have written the weight again.
      await mustGo(way, { name: "cut", to, run: () => way.actuator.cut() });
      continue;
    }
    const known = witness.standing(entry);
    const standing = failedChecks === undefined ? known : { ...known, failedChecks };
    const move = next(positionOf(rollout), standing, Date.now());
    audience.now(rollout, move);
    if (rollout.urgent !== undefined && move.kind !== "retreat") {
      await takeStableBack(way, true);
      continue;
    }
    switch (move.kind) {
      case "enter":
        await enter(way, rollout);
        break;
      case "check":
        failedChecks = await check(way, rollout.step, move.names);
        break;
      case "advance":
        failedChecks = undefined;
        await writeInStep(way, rollout.step, inNextStep);
        break;
      case "retreat":
        return retreat(way, rollout, move.because);
      case "finish": {
        const end = await finish(way, rollout);
        if (end) return end;
        break;
      }
      case "hold":
        if (leavesHolding) return leave(way, move.because);
        await pause(way, lookMilliseconds);
        break;
      case "observe":
        await pause(way, alertMilliseconds);
        break;
    }
  }
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
    const stands = await answered(way, () => actuator.stableRuns(from));
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

/** Held by the driver, which has given up what it was doing. */
function held({ effect: _, ...rollout }: Rollout, because: string): Rollout {
  return { ...rollout, paused: rollout.paused ?? wordOf(because) };
}

async function check(way: Drive, step: number, names: readonly string[]): Promise<string | undefined> {
  const failed = await answered(way, () => way.actuator.check(names, way.signal));
  if (failed === undefined) await writeInStep(way, step, (rollout) => ({ ...rollout, checked: true }));
  else await pause(way, lookMilliseconds);
  return failed;
}

/**
 * The way back: users first, then what is to be known of the release, then everything in line with what stable ran before.
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
  await mustGo(way, { name: "cut", to: back, run: () => actuator.cut() });
  await mustGo(way, { name: "silence canary", to: back, run: (rollout) => actuator.silence(rollout) });
  await takeStableBack(way);
  await mustGo(way, {
    name: "canary back",
    to: withOwnWeight,
    run: (rollout, signal) => actuator.bringCanary(rollout, signal),
  });
  const ended = { ...endOf(begun), outcome: "undone" as const, because };
  await answered(way, () => way.ledger.close(ended, { [release]: from }));
  return { kind: "undone", because };
}

/**
 * Stable to what it ran when the rollout began: with all pods at once, and then under its own rolling settings again. The
 * record says `urgent` until both are done, whether true or false.
 *
 * @param yields whether it is left where it is as soon as the rollout has to go back
 */
async function takeStableBack(way: Drive, yields = false): Promise<void> {
  const { rollout } = await read(way);
  const stands = await answered(way, () => way.actuator.stableRuns(rollout.from));
  if (stands && rollout.urgent === undefined) return;
  for (const urgent of [true, false]) {
    const what = {
      name: urgent ? "stable back" : "stable's rolling settings",
      to: (each: Rollout) => ({ ...each, urgent, runs: { ...each.runs, stable: each.from } }),
      run: (each: Rollout, signal: AbortSignal) => way.actuator.bringStable(each, signal),
    };
    if (!(await mustGo(way, what, yields))) return;
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
  if (!(await mustGo(way, what, true))) return undefined;
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

/** Something that is done to the world. */
interface Effect {
  /** What people call it. */
  readonly name: string;
  /** What the record says from then on, before it is done. */
  readonly to: (rollout: Rollout) => Rollout;
  readonly run: (rollout: Rollout, signal: AbortSignal) => Promise<void>;
}

type Outcome =
  | { readonly kind: "done" }
  /** The rollout has to go back. */
  | { readonly kind: "interrupted" }
  /** `hopeless` where the cluster says that it will not come. */
  | { readonly kind: "failed"; readonly because: string; readonly hopeless: boolean };

/**
 * An effect that may be given up: because the rollout has to go back, because the cluster says that the track will not come
 * to run its release, or because it failed too often.
 */
async function effect(way: Drive, { track, ...what }: Effect & { readonly track: Track }): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    const over = new AbortController();
    const watching = giveUp(way, track, over);
    try {
      await noted(way, what, over.signal);
      return { kind: "done" };
    } catch (error) {
      if (over.signal.aborted) return over.signal.reason as Outcome;
      const because = reasonOf(way, error);
      const { rollout } = await read(way);
      const against = await answered(way, () => way.actuator.hopeless(track, rollout));
      if (against !== undefined) return { kind: "failed", because: against, hopeless: true };
      if (attempt === attempts) return { kind: "failed", because, hopeless: false };
      way.audience.note(`${what.name}: ${because}. Trying again.`);
      await pause(way, againMilliseconds);
    } finally {
      over.abort({ kind: "interrupted" } satisfies Outcome);
      await watching;
    }
  }
}

/** Aborts an effect as soon as it is known to be in vain. */
async function giveUp(way: Drive, track: Track, over: AbortController): Promise<void> {
  const either = AbortSignal.any([way.signal, over.signal]);
  while (!either.aborted) {
    await sleep(lookMilliseconds, undefined, { signal: either }).catch(() => {});
    if (either.aborted) return;
    try {
      const entry = await way.ledger.read();
      if (goesBack(way, entry)) over.abort({ kind: "interrupted" } satisfies Outcome);
      const because = await way.actuator.hopeless(track, entry.rollout);
      if (because !== undefined) over.abort({ kind: "failed", because, hopeless: true } satisfies Outcome);
    } catch (error) {
      // A driver that was superseded learns it from its next word to the record; silence says nothing.
      if (error instanceof Superseded) over.abort({ kind: "interrupted" } satisfies Outcome);
    }
  }
}

function goesBack({ witness }: Drive, entry: Entry): boolean {
  return next(positionOf(entry.rollout), witness.standing(entry), Date.now()).kind === "retreat";
}

/**
 * An effect of the way back or of the end, which nothing gives up.
 *
 * @param yields whether it is not tried again once the rollout has to go back
 * @returns whether it was done
 */
async function mustGo(way: Drive, what: Effect, yields = false): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await noted(way, what);
      return true;
    } catch (error) {
      const because = reasonOf(way, error);
      if (yields && goesBack(way, await read(way))) return false;
      if (attempt >= attempts && way.leavesHolding) throw new Stuck(`${what.name} failed: ${because}`);
      way.audience.note(`${what.name}: ${because}. Trying again.`);
      await pause(way, againMilliseconds);
    }
  }
}

/** Does something, noted in the record before and after, so that whoever goes on knows what may be half done. */
async function noted(way: Drive, { name, to, run }: Effect, signal?: AbortSignal): Promise<void> {
  boundary();
  const rollout = await write(way, (before) => ({ ...to(before), effect: { name, at: new Date().toISOString() } }));
  boundary();
  await run(rollout, signal ? AbortSignal.any([way.signal, signal]) : way.signal);
  boundary();
  await write(way, ({ effect: _, ...rest }) => rest);
  boundary();
}

/** What went wrong, without its full stop. @throws what no trying again can mend */
function reasonOf({ signal }: Drive, error: unknown): string {
  if (signal.aborted) throw new Stopped();
  const isKnown = error instanceof Refusal || error instanceof ApiError;
  if (!isKnown) throw error;
  return error.message.replace(/\.$/, "");
}

function read(way: Drive): Promise<Entry> {
  return answered(way, () => way.ledger.read());
}

function write(way: Drive, to: (rollout: Rollout) => Rollout): Promise<Rollout> {
  return answered(way, () => way.ledger.write(to));
}

/**
 * Writes what belongs to one step. It is nothing any more where a person moved the rollout on meanwhile, nor when it is
 * written again because its answer was lost.
 */
function writeInStep(way: Drive, step: number, to: (rollout: Rollout) => Rollout): Promise<Rollout> {
  return write(way, (rollout) => (rollout.step === step ? to(rollout) : rollout));
}

/** Asks until the cluster answers: nothing is decided from silence, and the traffic stays as it is. */
async function answered<T>(way: Drive, ask: () => Promise<T>): Promise<T> {
  for (let said = false; ; said = true) {
    if (way.signal.aborted) throw new Stopped();
    try {
      const answer = await ask();
      if (said) way.audience.note("The cluster answers again.");
      return answer;
    } catch (error) {
      if (!mayPass(error)) throw error;
      if (!said) way.audience.note(`${(error as Error).message} Until it answers nothing is changed.`);
      await pause(way, lookMilliseconds);
    }
  }
}

async function pause({ signal }: Drive, milliseconds: number): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {
    throw new Stopped();
  });
}

let boundaries = 0;

/** For rehearsal: GRAY_DIE_AT=<n> kills the driver at the nth boundary of an effect, as a crash would. */
function boundary(): void {
  boundaries++;
  if (process.env.GRAY_DIE_AT === String(boundaries)) process.kill(process.pid, "SIGKILL");
}

import type { RolloutRecord, Verdict } from "../../record/record.ts";
import type { DriverEvent, EffectEvent, Event, FaultEvent, Users } from "./events.ts";
import type { History } from "./history.ts";
import { isTrue } from "./reason.ts";

/** Milliseconds within which users leave a canary that is bad, once the API server answers. */
const cutMilliseconds = 2000;
/** Milliseconds by which everything may be late in simulated time, where only the network takes time. */
const lateness = 150;

/** A hold because nothing could be read of canary. */
const blind = /^no decision within \d+ (?:s|min): the metrics of canary cannot be read/;

/** Something that must never happen, and did. */
export interface Violation {
  readonly at: number;
  readonly rule: "interleaved" | "advance" | "users stay" | "users return" | "driver gone" | "end" | "reason" | "lost";
  readonly what: string;
}

/** A driver, as far as it can be seen. */
interface Driver {
  readonly epoch: number;
  is: DriverEvent["is"];
  /** Since when nothing has gone wrong for it. */
  calmSince: number;
  readonly faults: Set<string>;
  looks: string | undefined;
  terminated: boolean;
}

/**
 * Whether a history went as it must.
 *
 * 1. Once a driver has had an effect, none of an older driver happens; a cut may, which is safe to do twice.
 * 2. A release comes to more users only with its checks passed, with a good verdict, or by a person's decision.
 * 3. Once a release is bad, by evidence or by a person, its users leave canary within 2 s of the API server's answering, and never
 *    return; and no driver ends before, except one that was told to or has been replaced.
 * 4. A rollout ends promoted, undone, or held, and the reason is true.
 * 5. What was acknowledged stays in the record: decisions until they are carried out, verdicts until somebody overrules them.
 *
 * @param late milliseconds by which everything may be late: more where processes share a machine. @default 150
 * @returns what was violated, each rule's first violation
 */
export function judge(history: History, events: readonly Event[], late = lateness): readonly Violation[] {
  const model = new Model(history, late);
  for (const [i, event] of events.entries()) model.see(event, events.slice(0, i));
  model.end(events);
  const first = new Map<string, Violation>();
  for (const violation of model.violations) if (!first.has(violation.rule)) first.set(violation.rule, violation);
  return [...first.values()];
}

class Model {
  readonly violations: Violation[] = [];
  readonly #history: History;
  readonly #late: number;
  #record: RolloutRecord | undefined;
  #users: Users = { canary: {}, stable: {}, stableServes: true };
  readonly #drivers = new Map<string, Driver>();
  readonly #verdicts = new Map<string, string>();
  /** The newest driver that had an effect, and when its first one was. */
  #newest: { readonly epoch: number; readonly at: number } | undefined;
  /** Since when the open rollout is bad and has users on canary, as far as a driver can know. */
  #wait: number | undefined;
  /** Users have left a canary that is rolled back. */
  #left = false;
  /** The release that stable's Deployment is of. */
  #stable: string | undefined;
  /** What each process that a person started does. */
  readonly #decisions = new Map<string, string>();
  readonly #acknowledgedBy = new Set<string>();

  constructor(history: History, late: number) {
    this.#history = history;
    this.#late = late;
  }

  see(event: Event, before: readonly Event[]): void {
    this.#passes(event.at);
    switch (event.kind) {
      case "effect":
        this.#effect(event.at, event);
        break;
      case "record":
        this.#write(event.at, event.by, event.after, event.before);
        break;
      case "users":
        this.#users = event.users;
        this.#return(event.at);
        break;
      case "evidence":
        this.#verdicts.set(event.release, event.verdict);
        break;
      case "looks": {
        const driver = this.#drivers.get(event.by);
        if (driver) driver.looks = event.release;
        break;
      }
      case "fault":
        this.#fault(event.at, event);
        break;
      case "driver":
        this.#driver(event.at, event, before);
        break;
      case "decision":
        if (event.is === "asked") this.#decisions.set(event.by, event.decision);
        if (event.is === "acknowledged") this.#acknowledgedBy.add(event.by);
        if (event.is === "acknowledged" && event.decision !== "supersede") this.#acknowledged(event, before);
        break;
      case "judged": {
        const verdict = this.#record?.verdicts[event.release];
        if (verdict === undefined)
          this.#violated(event.at, "lost", `the verdict ${event.verdict} was acknowledged and is nowhere`);
        break;
      }
    }
    this.#waits(event.at);
  }

  /** 4. */
  end(events: readonly Event[]): void {
    if (this.#record?.open === undefined) this.#over(events);
    else this.#holds(events);
  }

  /** 4. A rollout that has ended. */
  #over(events: readonly Event[]): void {
    const at = events.at(-1)?.at ?? 0;
    const [latest] = this.#record?.ended ?? [];
    if (latest === undefined) {
      // Nobody could begin it.
      if (this.#drivers.size > 0) this.#violated(at, "end", "its end is not in the record");
      return;
    }
    const { release, from, outcome, reason } = latest;
    const wanted = outcome === "promoted" ? release : from;
    const others = Object.keys(this.#users.stable).filter((each) => each !== wanted);
    if (others.length > 0) this.#violated(at, "end", `it is ${outcome}, and stable's users meet ${others.join(", ")}`);
    if (outcome === "promoted") return;
    if ((this.#users.canary[release] ?? 0) > 0) this.#violated(at, "end", "it is undone, and users are on canary");
    if (!isTrue(reason, this.#history, events)) this.#violated(at, "reason", reason);
  }

  /** 4. A rollout that is open. */
  #holds(events: readonly Event[]): void {
    const at = events.at(-1)?.at ?? 0;
    // What a command came to that left the rollout to another driver says nothing of it.
    const left = ["driven", "superseded"];
    // Nor does one that failed before it drove, beside a driver that lives.
    const isBeside = (by: string) => !this.#drivers.has(by) && this.#live() !== undefined;
    const last = events.findLastIndex(
      (event) =>
        event.kind === "holds" ||
        (event.kind === "driver" &&
          (event.is === "driving" || (event.is === "ended" && !left.includes(event.end ?? "") && !isBeside(event.by)))),
    );
    const came = events[last];
    const isHeld = came?.kind === "holds" || (came?.kind === "driver" && came.end === "held");
    const reason = isHeld ? came.reason : undefined;
    if (reason === undefined) {
      const how = came?.kind === "driver" ? `${came.by} ended: ${came.end} ${came.reason ?? ""}` : "its driver goes on";
      this.#violated(at, "end", `it is open and does not hold: ${how}`);
    } else if (!isTrue(reason, this.#history, events.slice(0, this.#decided(events, last) + 1))) {
      this.#violated(at, "reason", reason);
    }
  }

  /** When a driver decided to hold that then ended for it: what came in between changes nothing of its reason. */
  #decided(events: readonly Event[], end: number): number {
    const { by, reason } = events[end] as DriverEvent;
    const held = events.findLastIndex((event) => event.kind === "holds" && event.by === by && event.reason === reason);
    return held < 0 ? end : held;
  }

  #violated(at: number, rule: Violation["rule"], what: string): void {
    this.violations.push({ at, rule, what });
  }

  /** 1. and, of stable, 2. */
  #effect(at: number, { by, epoch, object, sent, isCut, release }: EffectEvent): void {
    if (epoch === undefined) return;
    const newest = this.#newest;
    if (newest && epoch < newest.epoch && !isCut) {
      const underWay = sent < newest.at ? `, sent ${at - sent} ms before` : "";
      this.#violated(
        at,
        "interleaved",
        `${by} of epoch ${epoch} changed ${object}${underWay} after one of epoch ${newest.epoch}`,
      );
    }
    if (newest === undefined || epoch > newest.epoch) this.#newest = { epoch, at };
    const open = this.#record?.open;
    const changes = object === "deployments/web" && release !== undefined && release !== this.#stable;
    if (object === "deployments/web") this.#stable = release;
    if (changes && release === open?.release) {
      const { verdict } = this.#record?.verdicts[release] ?? {};
      if (verdict !== "good")
        this.#violated(at, "advance", `stable rolls to ${release}, which is ${verdict ?? "not judged"}`);
    }
  }

  /** 2. and 5. */
  #write(at: number, by: string, after: RolloutRecord | undefined, before: RolloutRecord | undefined): void {
    this.#record = after;
    if (after === undefined) this.#violated(at, "lost", "the record was deleted");
    if (after === undefined || before === undefined) return;
    const [was, is] = [before.open, after.open] as [Open | undefined, Open | undefined];
    const same = was && is && was.release === is.release && was.began === is.began;
    const decision = this.#decisions.get(by);
    for (const [release, verdict] of Object.entries(before.verdicts)) {
      const now = after.verdicts[release];
      const lost = now === undefined ? "gone" : weaker(verdict, now);
      if (lost !== undefined)
        this.#violated(at, "lost", `the verdict on ${release} (${verdict.by}: ${verdict.verdict}) is ${lost}`);
    }
    if ((after.epoch ?? 0) < (before.epoch ?? 0)) this.#violated(at, "lost", "the epoch fell");
    const kept = new Set((after.ended ?? []).map(({ began, release }) => `${began} ${release}`));
    const gone = (before.ended ?? []).find(({ began, release }) => !kept.has(`${began} ${release}`));
    if (gone) this.#violated(at, "lost", `the end of ${gone.release} is gone`);
    if (was?.rollbackRequested && same && !is.rollbackRequested) this.#violated(at, "lost", "the abort is gone");
    if (was?.rollbackRequested && is === undefined && after.ended?.[0]?.outcome === "promoted") {
      this.#violated(at, "lost", "it was aborted, and is promoted");
    }
    if (was?.paused && is === undefined && after.ended?.[0]?.outcome === "promoted") {
      this.#violated(at, "lost", "it is paused, and is promoted");
    }
    if (same && was.paused && !is.paused && decision !== "resume" && decision !== "promote") {
      this.#violated(at, "lost", `${by} has taken away the pause of ${was.paused.by}`);
    }
    if (!same) this.#left = false;
    if (same && is.step > was.step) this.#advance(at, was, after, decision);
  }

  /** 2. */
  #advance(at: number, was: Open, { verdicts }: RolloutRecord, decision: string | undefined): void {
    const step = was.steps[was.step];
    if (decision === "promote" || step === undefined) return;
    if (step.checks && step.checks.length > 0 && !was.checked) {
      this.#violated(at, "advance", `step ${was.step} was left before its checks had passed`);
    }
    const verdict = verdicts[was.release]?.verdict;
    if (step.stage === "canary" && verdict !== "good") {
      this.#violated(at, "advance", `step ${was.step} was left, and the verdict is ${verdict ?? "none"}`);
    }
  }

  /** 5. */
  #acknowledged(event: Extract<Event, { kind: "decision" }>, before: readonly Event[]): void {
    const written = before.some(
      (each) => each.kind === "record" && each.by === event.by && JSON.stringify(each.after).includes(event.reason),
    );
    if (!written && event.decision !== "resume" && !this.#isOld(event)) {
      this.#violated(event.at, "lost", `${event.decision} was acknowledged and never written`);
    }
  }

  /** An abort of a rollout that rolls back already changes nothing. */
  #isOld({ decision }: { readonly decision: string }): boolean {
    return decision === "abort" && (this.#record?.open as Open | undefined)?.rollbackRequested !== undefined;
  }

  #fault(at: number, { by, epoch, id, is, sparesCut }: FaultEvent): void {
    if (sparesCut) return;
    for (const [name, driver] of this.#drivers) {
      if (name !== by && driver.epoch !== epoch) continue;
      if (is === "on") driver.faults.add(id);
      else driver.faults.delete(id);
      driver.calmSince = at;
    }
  }

  /** 3. */
  #driver(at: number, { by, is, epoch = 0, end, reason }: DriverEvent, before: readonly Event[]): void {
    const driver = this.#drivers.get(by);
    if (is === "driving") {
      const faults = new Set<string>();
      this.#drivers.set(by, { epoch, is, calmSince: at, faults, looks: undefined, terminated: false });
      return;
    }
    if (driver === undefined) {
      const isAbort = this.#decisions.get(by) === "abort" && this.#acknowledgedBy.has(by);
      const leaves = is === "ended" && end !== "driven" && end !== "superseded";
      if (isAbort && leaves && this.#onCanary() && this.#live() === undefined) {
        this.#violated(at, "driver gone", `the abort of ${by} ended (${end}: ${reason}), and users are on canary`);
      }
      return;
    }
    driver.is = is;
    driver.calmSince = at;
    if (is !== "ended" || end === "superseded" || end === "driven") return;
    const told = before.some(
      (event) => event.kind === "fault" && event.by === by && (event.fault === "SIGTERM" || event.fault === "SIGHUP"),
    );
    if (told) return;
    const replaced = (this.#record?.open?.epoch ?? 0) > driver.epoch;
    const onCanary = this.#onCanary();
    // Without numbers a driver cannot know that canary is bad: its reads of them were among what went wrong.
    const spoilt = before.some((event) => event.kind === "fault" && event.by === by && event.sparesCut);
    const isAsked = this.#record?.open?.rollbackRequested !== undefined;
    const isBlind = end === "held" && !isAsked && spoilt && blind.test(reason ?? "");
    if (onCanary && this.#isBad(driver) && !replaced && !isBlind) {
      this.#violated(at, "driver gone", `${by} ended (${end}: ${reason}), and users are on a canary that is bad`);
    } else if (onCanary && !replaced && !["held", "promoted", "undone"].includes(end ?? "")) {
      this.#violated(at, "driver gone", `${by} ended (${end}: ${reason}), and users are on canary`);
    }
  }

  #onCanary(): boolean {
    const release = this.#record?.open?.release;
    return release !== undefined && (this.#users.canary[release] ?? 0) > 0 && this.#users.stableServes;
  }

  /** Whether a driver can know that the rollout has to go back. */
  #isBad({ looks }: Driver): boolean {
    const open = this.#record?.open as Open | undefined;
    if (open === undefined) return false;
    if (open.rollbackRequested) return true;
    const isDone = open.steps[open.step]?.stage === "full" && open.stepStartedAt !== undefined;
    return looks === open.release && this.#verdicts.get(open.release) === "bad" && !isDone;
  }

  #waits(at: number): void {
    const driver = this.#live();
    const waits = driver !== undefined && this.#onCanary() && this.#isBad(driver);
    this.#wait = waits ? (this.#wait ?? at) : undefined;
  }

  /** Who has to cut: the driver that is not stopped. */
  #live(): Driver | undefined {
    const epoch = this.#record?.open?.epoch;
    return [...this.#drivers.values()].find(
      (each) => each.epoch === epoch && (each.is === "driving" || each.is === "going on"),
    );
  }

  /** 3. @param at until when nothing else has happened */
  #passes(at: number): void {
    const driver = this.#live();
    if (this.#wait === undefined || driver === undefined || driver.faults.size > 0) return;
    const since = Math.max(this.#wait, driver.calmSince);
    if (at - since <= cutMilliseconds + this.#late) return;
    this.#violated(
      since + cutMilliseconds,
      "users stay",
      `users are on a canary that is bad for ${at - since} ms and more`,
    );
    this.#wait = undefined;
  }

  /** 3. */
  #return(at: number): void {
    const open = this.#record?.open as Open | undefined;
    if (!open?.rollbackRequested) return;
    if (!this.#onCanary()) this.#left = true;
    else if (this.#left) this.#violated(at, "users return", "users are on canary again after it was cut");
  }
}

/** A rollout as the model reads it. */
interface Open {
  readonly release: string;
  readonly began: string;
  readonly step: number;
  readonly steps: readonly { readonly stage: string; readonly checks?: readonly string[] }[];
  readonly stepStartedAt?: string;
  readonly checked?: boolean;
  readonly paused?: { readonly by: string };
  readonly rollbackRequested?: { readonly by: string };
}

/** In which way a verdict has less behind it than the one before; undefined where it has not. */
function weaker(before: Verdict, now: Verdict): string | undefined {
  const byPerson = now.by !== "evidence";
  if (before.verdict === "bad" && now.verdict !== "bad" && !byPerson) return `overruled by ${now.by}: ${now.verdict}`;
  if (before.verdict === "good" && now.verdict === "undecided") return "undecided again";
  if (before.verdict === "good" && before.by !== "evidence" && now.verdict === "good" && !byPerson)
    return "evidence's now";
  return undefined;
}

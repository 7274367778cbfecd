/** Announces what the driver does, by every notifier. */
import type { Evaluation } from "../../evaluation/assess.ts";
import type { Reporter } from "../drive-context.ts";
import type { End } from "../end.ts";
import type { Move } from "../move.ts";
import { describeHold } from "../remedy.ts";
import { isPerson, type Rollout } from "../rollout.ts";
import { behaviourOf } from "../stage.ts";
import type { Announcement, Notifier } from "./notifier.ts";

/** The service whose rollout is announced, and the notifiers. */
export interface AnnouncerArgs {
  readonly namespace: string;
  readonly service: string;
  readonly notifiers: readonly Notifier[];
}

/** An announcement of one rollout: its key identifies the change within the rollout. */
type Change = Pick<Announcement, "key" | "event" | "notice">;

/** Announces what the driver does. A change is announced once in the life of a driver. */
export class Announcer implements Reporter {
  readonly #of: AnnouncerArgs;
  readonly #announced = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();
  #rollout: Rollout | undefined;
  /** Why it holds. */
  #hold: string | undefined;

  constructor(of: AnnouncerArgs) {
    this.#of = of;
  }

  /** Announces that the rollout has begun. @param message one sentence: who rolls out what */
  begin(rollout: Pick<Rollout, "release" | "began">, message: string): void {
    const event = { type: "Normal", reason: "RolloutBegun", message } as const;
    this.#announce(rollout, { key: "start", event, notice: { kind: "start", reason: message } });
  }

  now(rollout: Rollout, move: Move): void {
    this.#rollout = rollout;
    this.#hold = move.kind === "hold" ? move.reason : undefined;
    for (const each of changesOf(this.#of, rollout, move)) this.#announce(rollout, each);
  }

  note(): void {}

  /** Receives each evaluation of the evidence. */
  seen({ assessment: { verdict, reason } }: Evaluation): void {
    // A verdict that returns after an undecided one is not announced again. The recorder emits its Event.
    if (verdict === "undecided" || this.#rollout === undefined) return;
    this.#announce(this.#rollout, { key: verdict, notice: { kind: "verdict", reason: `${verdict}: ${reason}` } });
  }

  /** Announces the end. @returns resolves when everything has been sent or given up */
  async end(end: End): Promise<void> {
    const rollout = this.#rollout;
    const last = rollout && endChange(rollout, end);
    const isAnnounced = end.kind === "held" && end.reason === this.#hold;
    if (rollout && last && !isAnnounced) this.#announce(rollout, last);
    await this.settled();
  }

  /** Resolves when everything has been sent or given up. */
  async settled(): Promise<void> {
    await this.#last;
  }

  #announce({ release, began }: Pick<Rollout, "release" | "began">, change: Change): void {
    if (this.#announced.has(change.key)) return;
    this.#announced.add(change.key);
    const { service, namespace, notifiers } = this.#of;
    const announcement = { service, namespace, release, ...change, key: `${release} ${began} ${change.key}` };
    this.#last = Promise.all([this.#last, ...notifiers.map((each) => each.notify(announcement))]);
  }
}

/**
 * The changes to announce for the driver's next move.
 *
 * 1. A step, once it is in force.
 * 2. A hold, with its reason. For a person's pause the command that paused has emitted the Event. A hold because an effect goes on
 *    failing is one of its own, also while the rollout is paused.
 * 3. A rollback, with its reason. For a person's decision likewise.
 */
export function changesOf(of: Pick<AnnouncerArgs, "service" | "namespace">, rollout: Rollout, move: Move): Change[] {
  const { steps, step: at, stepStartedAt, checked, approved, paused, rollbackRequested, release, from } = rollout;
  const step = steps[at];
  const all: Change[] = [];
  if (step && stepStartedAt !== undefined) {
    const message = `release ${release}: step ${at + 1} of ${steps.length}, ${behaviourOf(step).name}, is in force`;
    all.push({ key: `step ${at}`, event: { type: "Normal", reason: "RolloutStep", message } });
  }
  if (move.kind === "hold") {
    const { failing } = move;
    const reason = describeHold(move, { ...of, release });
    const message = `release ${release} holds at ${step ? behaviourOf(step).name : "its end"}: ${reason}`;
    const key = ["hold", at, paused?.at, approved?.at, stepStartedAt, checked, failing].join(" ");
    const isByPerson = failing === undefined && paused !== undefined && isPerson(paused);
    const notice = { kind: "hold", reason } as const;
    all.push({
      key,
      notice,
      ...(!isByPerson && { event: { type: "Warning", reason: "RolloutHeld", message } }),
    });
  }
  if (move.kind === "rollback") {
    const { reason } = move;
    const message = `release ${release} rolls back to ${from}: ${reason}`;
    const notice = { kind: "rollback", reason } as const;
    all.push({
      key: "rollback",
      notice,
      ...(!(rollbackRequested && isPerson(rollbackRequested)) && {
        event: { type: "Warning", reason: "RolloutRollsBack", message },
      }),
    });
  }
  return all;
}

function endChange({ release, from }: Rollout, end: End): Change | undefined {
  if (end.kind === "promoted") {
    const message = `release ${release} is promoted: every step was passed`;
    return {
      key: "promoted",
      event: { type: "Normal", reason: "RolloutPromoted", message },
      notice: { kind: "done", reason: "it was promoted: every step was passed" },
    };
  }
  if (end.kind === "undone") {
    const message = `release ${release} was rolled back, both tracks run ${from}: ${end.reason}`;
    return {
      key: "undone",
      event: { type: "Warning", reason: "RolloutUndone", message },
      notice: { kind: "done", reason: `it was rolled back, both tracks run ${from}: ${end.reason}` },
    };
  }
  if (end.kind === "held") {
    const message = `release ${release} cannot continue: ${end.reason}`;
    return {
      key: `held ${end.reason}`,
      event: { type: "Warning", reason: "RolloutHeld", message },
      notice: { kind: "hold", reason: end.reason },
    };
  }
  return undefined;
}

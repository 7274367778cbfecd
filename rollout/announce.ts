import type { Track } from "../components/traffic.ts";
import type { Evaluation } from "../evaluation/assess.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { type EventContent, writeEvents } from "../live/event.ts";
import type { DeploymentObject } from "../live/live.ts";
import type { End, Reporter } from "./driver.ts";
import { type Move, nameOf } from "./next.ts";
import type { Notice, Notifier } from "./notify.ts";
import { isPerson, type Rollout } from "./rollout.ts";

/** Whose rollout it is, and how people who do not look on hear of it. */
export interface Announced {
  readonly api: Cluster;
  readonly namespace: string;
  readonly service: string;
  readonly deployments: Partial<Record<Track, DeploymentObject>>;
  readonly notifier: Notifier;
}

/** A change that people hear of. */
interface Announcement {
  /** What tells it apart from every other change of the same rollout. */
  readonly key: string;
  /** Absent where whoever caused it has written the Event. */
  readonly event?: Pick<EventContent, "type" | "reason" | "message">;
  readonly notice?: Pick<Notice, "kind" | "reason">;
}

/**
 * Tells Events on both Deployments and the webhook what the driver does. Each change is one Event, also where a driver dies
 * over it and the next one tells it again.
 */
export class Announcer implements Reporter {
  readonly #of: Announced;
  readonly #announced = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();
  #rollout: Rollout | undefined;
  #holds = false;

  constructor(of: Announced) {
    this.#of = of;
  }

  now(rollout: Rollout, move: Move): void {
    this.#rollout = rollout;
    this.#holds = move.kind === "hold";
    for (const each of announcementsOf(rollout, move)) this.#recordDecision(rollout, each);
  }

  note(): void {}

  /** Takes each look at the tracks. */
  seen({ assessment: { verdict, reason } }: Evaluation): void {
    // One that was undecided in between is not news.
    if (verdict === "undecided" || this.#announced.has(verdict)) return;
    this.#announced.add(verdict);
    // Its Event is written with the record.
    this.#notify({ kind: "verdict", reason: `${verdict}: ${reason}` });
  }

  /** @returns resolves when everything is told, or given up */
  async end(end: End): Promise<void> {
    const rollout = this.#rollout;
    const last = rollout && rollbackRequestOf(rollout, end);
    if (rollout && last && !(end.kind === "held" && this.#holds)) this.#recordDecision(rollout, last);
    await this.settled();
  }

  async settled(): Promise<void> {
    await this.#last;
  }

  #recordDecision({ release, began }: Rollout, { key, event, notice }: Announcement): void {
    if (this.#announced.has(key)) return;
    this.#announced.add(key);
    if (notice) this.#notify(notice);
    if (!event) return;
    const announced = { ...event, once: `${release} ${began} ${key}` };
    const before = this.#last;
    this.#last = before.then(() => writeEvents(this.#of, announced));
  }

  #notify(notice: Pick<Notice, "kind" | "reason">): void {
    const { service, namespace, notifier } = this.#of;
    const release = this.#rollout?.release;
    if (release === undefined) return;
    const sent = notifier.notify({ service, namespace, release, ...notice });
    this.#last = Promise.all([this.#last, sent]);
  }
}

/**
 * What people hear of the driver's next move.
 *
 * 1. A step, once what it brings is in force.
 * 2. That it holds, and why. A person's pause has its Event already, from the one who paused.
 * 3. That it goes back, and why; with a person's word likewise.
 */
export function announcementsOf(rollout: Rollout, move: Move): Announcement[] {
  const { steps, step: at, stepStartedAt, checked, approved, paused, rollbackRequested, release, from } = rollout;
  const step = steps[at];
  const all: Announcement[] = [];
  if (step && stepStartedAt !== undefined) {
    const message = `release ${release}: step ${at + 1} of ${steps.length}, ${nameOf(step)}, is in force`;
    all.push({ key: `step ${at}`, event: { type: "Normal", reason: "RolloutStep", message } });
  }
  if (move.kind === "hold") {
    const { reason } = move;
    const message = `release ${release} holds at ${step ? nameOf(step) : "its end"}: ${reason}`;
    const key = ["hold", at, paused?.at, approved?.at, stepStartedAt, checked].join(" ");
    const notice = { kind: "hold", reason } as const;
    all.push({
      key,
      notice,
      ...(!(paused && isPerson(paused)) && { event: { type: "Warning", reason: "RolloutHeld", message } }),
    });
  }
  if (move.kind === "rollback") {
    const { reason } = move;
    const message = `release ${release} goes back to ${from}: ${reason}`;
    const notice = { kind: "rollback", reason } as const;
    all.push({
      key: "rollback",
      notice,
      ...(!(rollbackRequested && isPerson(rollbackRequested)) && {
        event: { type: "Warning", reason: "RolloutRetreats", message },
      }),
    });
  }
  return all;
}

function rollbackRequestOf({ release, from }: Rollout, end: End): Announcement | undefined {
  if (end.kind === "promoted") {
    const message = `release ${release} is with everybody: every step was passed`;
    return {
      key: "promoted",
      event: { type: "Normal", reason: "RolloutPromoted", message },
      notice: { kind: "done", reason: "everybody has it" },
    };
  }
  if (end.kind === "undone") {
    const message = `release ${release} was undone, both tracks run ${from}: ${end.reason}`;
    return {
      key: "undone",
      event: { type: "Warning", reason: "RolloutUndone", message },
      notice: { kind: "done", reason: `it was undone, both tracks run ${from}: ${end.reason}` },
    };
  }
  if (end.kind === "held") {
    const message = `release ${release} cannot go on: ${end.reason}`;
    return {
      key: `held ${end.reason}`,
      event: { type: "Warning", reason: "RolloutHeld", message },
      notice: { kind: "hold", reason: end.reason },
    };
  }
  return undefined;
}

/** Announces what the driver does: as Events on both Deployments, and to a webhook. */
import type { Track } from "../components/traffic.ts";
import type { Evaluation } from "../evaluation/assess.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import { type EventContent, writeEvents } from "../live/event.ts";
import type { End, Reporter } from "./driver.ts";
import { type Move, nameOf } from "./next.ts";
import type { Notice, Notifier } from "./notify.ts";
import { isPerson, type Rollout } from "./rollout.ts";

/** The service whose rollout is announced, and the notifier. */
export interface AnnouncerArgs {
  readonly api: Cluster;
  readonly namespace: string;
  readonly service: string;
  readonly deployments: Partial<Record<Track, DeploymentObject>>;
  readonly notifier: Notifier;
}

/** A change that is announced. */
interface Announcement {
  /** Identifies the change within its rollout. */
  readonly key: string;
  /** Absent if the command that caused the change has emitted the Event. */
  readonly event?: Pick<EventContent, "type" | "reason" | "message">;
  readonly notice?: Pick<Notice, "kind" | "reason">;
}

/**
 * Announces what the driver does, as Events on both Deployments and to a webhook. Each change emits one Event, even if
 * a driver dies and the next one announces it again.
 */
export class Announcer implements Reporter {
  readonly #of: AnnouncerArgs;
  readonly #announced = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();
  #rollout: Rollout | undefined;
  #holds = false;

  constructor(of: AnnouncerArgs) {
    this.#of = of;
  }

  now(rollout: Rollout, move: Move): void {
    this.#rollout = rollout;
    this.#holds = move.kind === "hold";
    for (const each of announcementsOf(rollout, move)) this.#announce(rollout, each);
  }

  note(): void {}

  /** Receives each evaluation of the evidence. */
  seen({ assessment: { verdict, reason } }: Evaluation): void {
    // A verdict that returns after an undecided one is not announced again.
    if (verdict === "undecided" || this.#announced.has(verdict)) return;
    this.#announced.add(verdict);
    // The recorder emits its Event.
    this.#notify({ kind: "verdict", reason: `${verdict}: ${reason}` });
  }

  /** Announces the end. @returns resolves when everything has been sent or given up */
  async end(end: End): Promise<void> {
    const rollout = this.#rollout;
    const last = rollout && endAnnouncementOf(rollout, end);
    if (rollout && last && !(end.kind === "held" && this.#holds)) this.#announce(rollout, last);
    await this.settled();
  }

  /** Resolves when everything has been sent or given up. */
  async settled(): Promise<void> {
    await this.#last;
  }

  #announce({ release, began }: Rollout, { key, event, notice }: Announcement): void {
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
 * The announcements for the driver's next move.
 *
 * 1. A step, once it is in force.
 * 2. A hold, with its reason. For a person's pause the command that paused has emitted the Event.
 * 3. A rollback, with its reason. For a person's decision likewise.
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

function endAnnouncementOf({ release, from }: Rollout, end: End): Announcement | undefined {
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

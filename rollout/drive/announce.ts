import type { Track } from "../../components/traffic.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Sight } from "../evidence/assess.ts";
import { type Told, writeEvents } from "../live/event.ts";
import type { DeploymentObject } from "../live/live.ts";
import type { Audience, End } from "./driver.ts";
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
  readonly event?: Pick<Told, "type" | "reason" | "message">;
  readonly notice?: Pick<Notice, "kind" | "because">;
}

/**
 * Tells Events on both Deployments and the webhook what the driver does. Each change is one Event, also where a driver dies
 * over it and the next one tells it again.
 */
export class Announcer implements Audience {
  readonly #of: Announced;
  readonly #told = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();
  #rollout: Rollout | undefined;
  #holds = false;

  constructor(of: Announced) {
    this.#of = of;
  }

  now(rollout: Rollout, move: Move): void {
    this.#rollout = rollout;
    this.#holds = move.kind === "hold";
    for (const each of announcementsOf(rollout, move)) this.#tell(rollout, each);
  }

  note(): void {}

  /** Takes each look at the tracks. */
  seen({ assessment: { verdict, because } }: Sight): void {
    // One that was undecided in between is not news.
    if (verdict === "undecided" || this.#told.has(verdict)) return;
    this.#told.add(verdict);
    // Its Event is written with the record.
    this.#notify({ kind: "verdict", because: `${verdict}: ${because}` });
  }

  /** @returns resolves when everything is told, or given up */
  async end(end: End): Promise<void> {
    const rollout = this.#rollout;
    const last = rollout && endingOf(rollout, end);
    if (rollout && last && !(end.kind === "held" && this.#holds)) this.#tell(rollout, last);
    await this.settled();
  }

  async settled(): Promise<void> {
    await this.#last;
  }

  #tell({ release, began }: Rollout, { key, event, notice }: Announcement): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    if (notice) this.#notify(notice);
    if (!event) return;
    const told = { ...event, once: `${release} ${began} ${key}` };
    const before = this.#last;
    this.#last = before.then(() => writeEvents(this.#of, told));
  }

  #notify(notice: Pick<Notice, "kind" | "because">): void {
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
  const { steps, step: at, entered, checked, approved, paused, ending, release, from } = rollout;
  const step = steps[at];
  const all: Announcement[] = [];
  if (step && entered !== undefined) {
    const message = `release ${release}: step ${at + 1} of ${steps.length}, ${nameOf(step)}, is in force`;
    all.push({ key: `step ${at}`, event: { type: "Normal", reason: "RolloutStep", message } });
  }
  if (move.kind === "hold") {
    const { because } = move;
    const message = `release ${release} holds at ${step ? nameOf(step) : "its end"}: ${because}`;
    const key = ["hold", at, paused?.at, approved?.at, entered, checked].join(" ");
    const notice = { kind: "hold", because } as const;
    all.push({
      key,
      notice,
      ...(!(paused && isPerson(paused)) && { event: { type: "Warning", reason: "RolloutHeld", message } }),
    });
  }
  if (move.kind === "retreat") {
    const { because } = move;
    const message = `release ${release} goes back to ${from}: ${because}`;
    const notice = { kind: "retreat", because } as const;
    all.push({
      key: "retreat",
      notice,
      ...(!(ending && isPerson(ending)) && { event: { type: "Warning", reason: "RolloutRetreats", message } }),
    });
  }
  return all;
}

function endingOf({ release, from }: Rollout, end: End): Announcement | undefined {
  if (end.kind === "promoted") {
    const message = `release ${release} is with everybody: every step was passed`;
    return {
      key: "promoted",
      event: { type: "Normal", reason: "RolloutPromoted", message },
      notice: { kind: "done", because: "everybody has it" },
    };
  }
  if (end.kind === "undone") {
    const message = `release ${release} was undone, both tracks run ${from}: ${end.because}`;
    return {
      key: "undone",
      event: { type: "Warning", reason: "RolloutUndone", message },
      notice: { kind: "done", because: `it was undone, both tracks run ${from}: ${end.because}` },
    };
  }
  if (end.kind === "held") {
    const message = `release ${release} cannot go on: ${end.because}`;
    return {
      key: `held ${end.because}`,
      event: { type: "Warning", reason: "RolloutHeld", message },
      notice: { kind: "hold", because: end.because },
    };
  }
  return undefined;
}

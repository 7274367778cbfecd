import type { Event } from "./events.ts";
import type { Violation } from "./model.ts";

/** What a campaign came to. */
export class Summary {
  readonly #from: number;
  #histories = 0;
  /** Milliseconds lived through. */
  #lived = 0;
  readonly #faults = new Map<string, number>();
  readonly #decisions = new Map<string, number>();
  readonly #ends = new Map<string, number>();
  readonly #violations = new Map<string, number>();
  #drivers = 0;
  #failedUps = 0;

  /** @param from the first seed */
  constructor(from: number) {
    this.#from = from;
  }

  add(events: readonly Event[], violations: readonly Violation[]): void {
    this.#histories++;
    this.#lived += events.at(-1)?.at ?? 0;
    for (const { rule } of violations) count(this.#violations, rule);
    for (const event of events) {
      if (event.kind === "fault" && event.is === "on") count(this.#faults, String(event.fault));
      if (event.kind === "decision" && event.is === "acknowledged") count(this.#decisions, event.decision);
      if (event.kind === "driver" && event.is === "driving") this.#drivers++;
      if (event.kind === "failed up") this.#failedUps++;
    }
    count(this.#ends, endOf(events));
  }

  /** Histories in which a rule was violated count once for each rule. */
  get violated(): number {
    return [...this.#violations.values()].reduce((sum, each) => sum + each, 0);
  }

  text(): string {
    const faults = [...this.#faults.values()].reduce((sum, each) => sum + each, 0);
    return [
      `${this.#histories} histories (seeds ${this.#from} to ${this.#from + this.#histories - 1}), ${Math.round(this.#lived / 60_000)} simulated minutes, ${this.#drivers} drivers.`,
      `Ends: ${listed(this.#ends)}.`,
      `${faults} faults: ${listed(this.#faults)}; ${this.#failedUps} runs of Pulumi failed.`,
      `Decisions that were acknowledged: ${listed(this.#decisions)}.`,
      this.violated === 0 ? "Nothing was violated." : `VIOLATED: ${listed(this.#violations)}.`,
    ].join("\n");
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function listed(counts: ReadonlyMap<string, number>): string {
  const all = [...counts].toSorted(([, one], [, two]) => two - one);
  return all.length === 0 ? "none" : all.map(([key, number]) => `${number} ${key}`).join(", ");
}

function endOf(events: readonly Event[]): string {
  const record = events.findLast((event) => event.kind === "record");
  const after = record?.kind === "record" ? record.after : undefined;
  if (after === undefined) return "never begun";
  return after.open === undefined ? (after.ended?.[0]?.outcome ?? "never begun") : "held";
}

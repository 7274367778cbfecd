import assert from "node:assert/strict";
import type { RolloutRecord, Verdict } from "../../record/record.ts";
import type { Event, TimelineEvent } from "./events.ts";
import { type History, historyOf, releases } from "./history.ts";
import { judge } from "./model.ts";

const { a, b } = releases;
const steps: History["steps"] = [
  { stage: "dark", approval: false, atMost: 5, checks: [] },
  { stage: "canary", weight: 25, approval: false, atLeast: 0, atMost: 5, checks: [] },
  { stage: "full", approval: false, watch: 0 },
];
const history: History = { ...historyOf(1), steps, failingChecks: [] };
const good: Verdict = { verdict: "good", by: "evidence", reason: "fine", at: "2026-01-01T00:00:00Z" };
const began = "2026-01-01T00:00:00Z";

/** A log, event by event. */
class Log {
  readonly events: Event[] = [];
  #at = 0;
  #record: RolloutRecord = { version: 2, cluster: "c", sequence: 0, verdicts: {}, stableHistory: [a] };

  /** Some milliseconds later. */
  later(milliseconds: number): this {
    this.#at += milliseconds;
    return this;
  }

  add(event: TimelineEvent): this {
    this.events.push({ at: ++this.#at, ...event } as Event);
    return this;
  }

  write(change: Partial<RolloutRecord>, by = "driver-1"): this {
    const before = this.#record;
    this.#record = { ...before, ...change };
    return this.add({ kind: "record", by, before, after: this.#record });
  }

  open(more: object, by?: string): this {
    const rest = { epoch: 1, release: b, from: a, began, by: "carol", steps, step: 0 };
    return this.write({ epoch: 1, open: { ...rest, ...this.#record.open, ...more } }, by);
  }

  drives(by = "driver-1", epoch = 1): this {
    return this.add({ kind: "driver", by, is: "driving", epoch });
  }

  ends(end: string, reason = "", by = "driver-1"): this {
    return this.add({ kind: "driver", by, is: "ended", end, reason });
  }

  effect(object: string, epoch = 1, more: { release?: string; isCut?: boolean } = {}): this {
    return this.add({ kind: "effect", by: "pulumi-2", epoch, object, sent: this.#at, isCut: false, ...more });
  }

  users(onCanary: number, stable: string = a): this {
    const canary = onCanary > 0 ? { [b]: onCanary } : {};
    return this.add({
      kind: "users",
      users: { canary, stable: { [stable]: 1 - onCanary }, stableServes: true },
    });
  }

  close(outcome: "promoted" | "undone", reason = "every step was passed"): this {
    const { open: _, ...rest } = this.#record;
    this.#record = rest;
    const ended = { release: b, from: a, began, ended: began, by: "carol", outcome, reason };
    this.events.push({
      ...{ at: ++this.#at, kind: "record", by: "driver-1" },
      before: { ...rest, ...(_ && { open: _ }) },
      after: { ...rest, ended: [ended] },
    } as Event);
    return this;
  }

  get violated(): string[] {
    return judge(history, this.events).map(({ rule }) => rule);
  }
}

const onCanary = () => new Log().open({}).drives().open({ step: 1 }).users(0.25);
const isGood = { verdicts: { [b]: good } };

describe("the model of a rollout", () => {
  it("has nothing against one that goes well", () => {
    const log = onCanary().write(isGood).open({ step: 2 }).effect("deployments/web", 1, { release: b });
    assert.deepEqual(log.users(0.25, b).close("promoted").ends("promoted").violated, []);
  });

  it("sees an effect of an older driver after one of a newer, and lets it cut", () => {
    const log = () => onCanary().effect("services/web", 2);
    assert.ok(log().effect("deployments/web-canary", 1).violated.includes("interleaved"));
    assert.ok(!log().effect("services/web", 1, { isCut: true }).violated.includes("interleaved"));
  });

  it("sees a canary step that is left without a good verdict, except by a person", () => {
    assert.ok(onCanary().open({ step: 2 }).violated.includes("advance"));
    const promote = { kind: "decision", by: "alice-1", decision: "promote", is: "asked", reason: "so" } as const;
    assert.ok(!onCanary().add(promote).open({ step: 2 }, "alice-1").violated.includes("advance"));
  });

  it("sees stable roll to what is not good", () => {
    assert.ok(onCanary().effect("deployments/web", 1, { release: b }).violated.includes("advance"));
    assert.ok(!onCanary().effect("deployments/web", 1, { release: a }).violated.includes("advance"));
  });

  const aborted = () => onCanary().open({ rollbackRequested: { by: "alice", reason: "so", at: began } });
  const fault = (is: "on" | "over", more: object = {}) =>
    ({ kind: "fault", by: "driver-1", epoch: 1, fault: 500, id: "1", sparesCut: false, is, ...more }) as const;

  it("sees users who are on a bad canary for more than 2 s", () => {
    assert.ok(!aborted().later(1900).users(0).violated.includes("users stay"));
    assert.ok(aborted().later(2300).users(0).violated.includes("users stay"));
  });

  it("gives a driver that the API server does not answer 2 s from its answering on, and none for what a cut does not need", () => {
    const during = (more: object) => aborted().add(fault("on", more)).later(9000).add(fault("over", more));
    assert.ok(!during({}).later(1900).users(0).violated.includes("users stay"));
    assert.ok(during({}).later(2300).users(0).violated.includes("users stay"));
    assert.ok(during({ sparesCut: true }).violated.includes("users stay"));
  });

  it("sees users who come back to a canary that was cut", () => {
    assert.ok(aborted().users(0).users(0.25).violated.includes("users return"));
  });

  it("sees a driver that holds although canary is bad, unless it could not read canary's metrics", () => {
    const isBad = { kind: "evidence", release: b, verdict: "bad" } as const;
    const looks = { kind: "looks", by: "driver-1", release: b } as const;
    const log = () => onCanary().add(looks).add(isBad);
    assert.ok(log().ends("held", "no decision within 8 s: too few requests").violated.includes("driver gone"));
    const unread = "no decision within 8 s: the metrics of canary cannot be read (the answer is cut off)";
    assert.ok(log().ends("held", unread).violated.includes("driver gone"));
    const spoilt = log().add(fault("on", { sparesCut: true, fault: "cut answer" }));
    assert.ok(!spoilt.ends("held", unread).violated.includes("driver gone"));
  });

  it("sees a driver that ends before its users are off a bad canary, unless it was told to", () => {
    assert.ok(aborted().ends("held", "cut failed").violated.includes("driver gone"));
    assert.ok(
      aborted()
        .ends("superseded")
        .violated.every((rule) => rule !== "driver gone"),
    );
    const told = aborted().add(fault("on", { fault: "SIGTERM" }));
    assert.ok(told.ends("stopped").violated.every((rule) => rule !== "driver gone"));
  });

  it("sees a rollout that neither ends nor holds, and one that holds for what is not so", () => {
    assert.deepEqual(onCanary().users(0).ends("Error", "no idea").violated, ["end"]);
    assert.deepEqual(onCanary().ends("held", "no decision within 5 s: too few requests").violated, []);
    assert.deepEqual(onCanary().write(isGood).ends("held", "no decision within 5 s: too few").violated, ["reason"]);
    assert.deepEqual(onCanary().ends("held", "alice paused it: she says so").violated, ["reason"]);
    assert.deepEqual(onCanary().ends("held", "the moon is full").violated, ["reason"]);
  });

  it("has nothing against a command that failed beside the driver that holds, but where nothing drives any more", () => {
    const reason = "no decision within 5 s: too few requests";
    const holds = () => onCanary().add({ kind: "holds", by: "driver-1", reason });
    assert.deepEqual(holds().ends("ApiError", "not now", "driver-2").violated, []);
    assert.deepEqual(holds().ends("held", reason).ends("ApiError", "not now", "driver-2").violated, ["end"]);
  });

  it("sees an end that is not what users meet", () => {
    assert.ok(onCanary().users(0, a).close("promoted").violated.includes("end"));
    assert.ok(onCanary().users(0.25).close("undone", "canary answers 5xx").violated.includes("end"));
  });

  it("sees what is lost: a verdict, a pause, an abort, and a decision that was acknowledged", () => {
    const bad: Verdict = { ...good, verdict: "bad" };
    const lost = (log: Log) => log.violated.includes("lost");
    assert.ok(
      lost(
        onCanary()
          .write({ verdicts: { [b]: bad } })
          .write(isGood),
      ),
    );
    assert.ok(
      !lost(
        onCanary()
          .write({ verdicts: { [b]: bad } })
          .write({ verdicts: { [b]: { ...good, by: "alice" } } }),
      ),
    );
    assert.ok(lost(onCanary().write(isGood).write({ verdicts: {} })));
    assert.ok(
      lost(
        onCanary()
          .open({ paused: { by: "alice", reason: "so", at: began } })
          .open({ paused: undefined }),
      ),
    );
    assert.ok(lost(aborted().close("promoted")));
    const pause = { kind: "decision", by: "alice-1", decision: "pause", reason: "alice says so" } as const;
    assert.ok(
      lost(
        onCanary()
          .add({ ...pause, is: "asked" })
          .add({ ...pause, is: "acknowledged" }),
      ),
    );
  });
});

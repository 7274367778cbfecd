import assert from "node:assert/strict";
import { connect } from "../../../kubernetes/client.ts";
import { findAccess } from "../../../kubernetes/kubeconfig.ts";
import type { DeploymentObject } from "../../../kubernetes/objects/deployment.ts";
import type { Move } from "../../../rollout/move.ts";
import { Announcer, changesOf } from "../../../rollout/notifications/announcer.ts";
import { EventNotifier } from "../../../rollout/notifications/events.ts";
import type { Announcement, Notice, Notifier } from "../../../rollout/notifications/notifier.ts";
import type { Rollout } from "../../../rollout/rollout.ts";
import { ApiServer } from "../../fake/api-server.ts";
import { openRollout } from "../../fake/open-rollout.ts";

const at = "2026-01-01T00:01:00.000Z";
const [a, b] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"];
const rollout = (more: Partial<Rollout> = {}) => openRollout(b, a, more);
const observe: Move = { kind: "observe", reason: "too few requests" };
const hold = (reason: string): Move => ({ kind: "hold", reason });

/** Notices, recorded instead of sent. */
class Notices implements Notifier {
  readonly all: Notice[] = [];
  async notify({ notice }: Announcement): Promise<void> {
    if (notice) this.all.push(notice);
  }
}

describe("the announcement of a rollout", () => {
  let api: ApiServer;
  let notices: Notices;
  let warnings: string[];
  const { warn } = console;
  const deployment = (name: string) =>
    ({ metadata: { name, namespace: "dora-apps", uid: `uid-${name}` } }) as DeploymentObject;
  beforeEach(async () => {
    api = await ApiServer.start();
    notices = new Notices();
    warnings = [];
    console.warn = (line: string) => void warnings.push(line);
  });
  afterEach(() => {
    console.warn = warn;
    return api.stop();
  });

  const announcer = () =>
    new Announcer({
      namespace: "dora-apps",
      service: "web",
      notifiers: [
        new EventNotifier({
          api: connect(findAccess({ kubeconfig: api.kubeconfig })),
          deployments: { stable: deployment("web"), canary: deployment("web-canary") },
        }),
        notices,
      ],
    });
  const events = () =>
    [...api.objects.values()]
      .filter(({ kind }) => kind === "Event")
      .map(({ type, reason, involvedObject, message }) => `${type} ${reason} ${involvedObject.name}: ${message}`);
  const notified = () => notices.all.map(({ kind, reason }) => `${kind}: ${reason}`);

  it("is the start, once", async () => {
    const telling = announcer();
    for (let i = 0; i < 2; i++) telling.begin(rollout(), "alice rolls it out");
    await telling.settled();
    assert.deepEqual(events(), [
      "Normal RolloutBegun web: alice rolls it out",
      "Normal RolloutBegun web-canary: alice rolls it out",
    ]);
    assert.deepEqual(notified(), ["start: alice rolls it out"]);
  });

  it("is one Event on each Deployment for a step in force, regardless of the number of reads and drivers", async () => {
    for (const _ of ["a driver", "the next one"]) {
      const telling = announcer();
      for (const _ of ["a look", "another"]) telling.now(rollout({ step: 1, stepStartedAt: at }), observe);
      await telling.settled();
    }
    assert.deepEqual(events(), [
      `Normal RolloutStep web: release ${b}: step 2 of 3, canary at 10 %, is in force`,
      `Normal RolloutStep web-canary: release ${b}: step 2 of 3, canary at 10 %, is in force`,
    ]);
    assert.deepEqual([notified(), warnings], [[], []]);
  });

  it("has a hold of its own if an effect goes on failing while the rollout is paused, by gray or by a person", async () => {
    for (const by of ["gray", "alice"]) {
      notices.all.length = 0;
      const telling = announcer();
      const paused = rollout({ step: 1, stepStartedAt: at, paused: { by, reason: "stable is stuck", at } });
      telling.now(paused, hold(`${by} paused it: stable is stuck`));
      const failing = {
        kind: "hold",
        reason: "rollback of stable failed: no room",
        failing: "rollback of stable",
      } as const;
      for (const _ of ["an attempt", "another"]) telling.now(paused, failing);
      await telling.settled();
      assert.deepEqual(notified().at(-1), "hold: rollback of stable failed: no room");
      assert.equal(notices.all.length, 2);
      assert.match(
        events().join(),
        /Warning RolloutHeld web: release b+ holds at canary at 10 %: rollback of stable failed/,
      );
    }
  });

  it("says why a driver ends while it holds, unless it has said so", async () => {
    const telling = announcer();
    const paused = rollout({ step: 1, stepStartedAt: at, paused: { by: "gray", reason: "stable is stuck", at } });
    telling.now(paused, hold("gray paused it: stable is stuck"));
    await telling.end({ kind: "held", reason: "rollback of stable failed: no room" });
    assert.deepEqual(notified(), ["hold: gray paused it: stable is stuck", "hold: rollback of stable failed: no room"]);
    const other = announcer();
    notices.all.length = 0;
    other.now(paused, hold("gray paused it: stable is stuck"));
    await other.end({ kind: "held", reason: "gray paused it: stable is stuck" });
    assert.deepEqual(notified(), ["hold: gray paused it: stable is stuck"]);
  });

  it("is repeated for another rollout of the same release", async () => {
    const telling = announcer();
    telling.now(rollout({ stepStartedAt: at }), observe);
    await telling.settled();
    const other = announcer();
    other.now(rollout({ stepStartedAt: at, began: "2026-01-02T00:00:00.000Z" }), observe);
    await other.settled();
    assert.equal(events().length, 4);
  });

  it("is a hold with its reason, once, although a number in the reason changes", async () => {
    const telling = announcer();
    telling.now(rollout({ step: 1 }), hold("no decision within 15 min: 12 requests"));
    telling.now(rollout({ step: 1 }), hold("no decision within 15 min: 13 requests"));
    await telling.end({ kind: "held", reason: "no decision within 15 min: 13 requests" });
    assert.deepEqual(events(), [
      `Warning RolloutHeld web: release ${b} holds at canary at 10 %: no decision within 15 min: 12 requests`,
      `Warning RolloutHeld web-canary: release ${b} holds at canary at 10 %: no decision within 15 min: 12 requests`,
    ]);
    assert.deepEqual(notified(), ["hold: no decision within 15 min: 12 requests"]);
  });

  it("is a notice but no second Event if a person's command has emitted one", () => {
    const word = { by: "alice", reason: "lunch", at };
    const kinds = (more: Partial<Rollout>, move: Move) =>
      changesOf({ service: "web", namespace: "dora-apps" }, rollout(more), move).map(({ event, notice }) => [
        event?.reason,
        notice?.kind,
      ]);
    assert.deepEqual(kinds({ paused: word }, hold("lunch")), [[undefined, "hold"]]);
    assert.deepEqual(kinds({ paused: { ...word, by: "gray" } }, hold("cut")), [["RolloutHeld", "hold"]]);
    assert.deepEqual(kinds({ rollbackRequested: word }, { kind: "rollback", reason: "lunch" }), [
      [undefined, "rollback"],
    ]);
    assert.deepEqual(kinds({}, { kind: "rollback", reason: "5xx" }), [["RolloutRollsBack", "rollback"]]);
  });

  it("is the rollback and its end", async () => {
    const telling = announcer();
    telling.now(rollout({ step: 1 }), { kind: "rollback", reason: "5xx" });
    await telling.end({ kind: "undone", reason: "5xx" });
    assert.deepEqual(
      events().filter((event) => event.includes(" web:")),
      [
        `Warning RolloutRollsBack web: release ${b} rolls back to ${a}: 5xx`,
        `Warning RolloutUndone web: release ${b} was rolled back, both tracks run ${a}: 5xx`,
      ],
    );
    assert.deepEqual(notified(), ["rollback: 5xx", `done: it was rolled back, both tracks run ${a}: 5xx`]);
  });

  it("is the promotion", async () => {
    const telling = announcer();
    telling.now(rollout({ step: 3 }), { kind: "finish" });
    await telling.end({ kind: "promoted" });
    assert.equal(events()[0], `Normal RolloutPromoted web: release ${b} is promoted: every step was passed`);
    assert.deepEqual(notified(), ["done: it was promoted: every step was passed"]);
  });

  it("is a rollback that cannot be finished", async () => {
    const telling = announcer();
    telling.now(rollout(), { kind: "rollback", reason: "5xx" });
    await telling.end({ kind: "held", reason: "rollback of canary failed: no room" });
    assert.equal(
      events().at(-1),
      `Warning RolloutHeld web-canary: release ${b} cannot continue: rollback of canary failed: no room`,
    );
    assert.equal(notified().at(-1), "hold: rollback of canary failed: no room");
  });

  it("is each verdict, once", async () => {
    const telling = announcer();
    telling.now(rollout({ step: 1, stepStartedAt: at }), observe);
    for (const verdict of ["undecided", "good", "undecided", "good", "bad"] as const) {
      telling.seen({ assessment: { verdict, reason: "5xx" } } as Parameters<typeof telling.seen>[0]);
    }
    await telling.settled();
    assert.deepEqual(notified(), ["verdict: good: 5xx", "verdict: bad: 5xx"]);
  });

  it("stops nothing if an Event cannot be written", async () => {
    api.intercept = ({ method }) => (method === "POST" ? { status: 403, body: { message: "no" } } : undefined);
    const telling = announcer();
    telling.now(rollout({ stepStartedAt: at }), observe);
    await telling.settled();
    assert.match(warnings[0] ?? "", /^The Event RolloutStep on Deployment web could not be written: /);
  });
});

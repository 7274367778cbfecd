import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import type { Step } from "../../components/step.ts";
import { UserError } from "../../components/user-error.ts";
import { ApiError, Unreachable } from "../../kubernetes/api-error.ts";
import { Superseded } from "../../record/epoch.ts";
import { atLastStep, resumed } from "../../rollout/rollout.ts";
import { RecordGone } from "../../rollout/rollout-store.ts";
import type { ApiServer } from "../fake/api-server.ts";
import { a, b, bad, good, quickCluster, recordPath, Trial, undecided, usual } from "../fake/driven.ts";

describe("the driver", () => {
  let api: ApiServer;
  let sleepAgain: () => void;
  let end: () => Promise<void>;
  let trial: Trial;
  beforeEach(async () => {
    ({ api, sleepAgain, end } = await quickCluster());
    trial = new Trial(api);
  });
  afterEach(() => end());

  const decision = (reason: string) => ({ by: "alice", reason, at: new Date().toISOString() });

  /** Keeps an up going until it is interrupted. */
  const untilInterrupted = async () => {
    for (let i = 0; i < 20; i++) await turn();
  };

  describe("superseded", () => {
    it("does nothing more once another driver has taken over, in whatever state it is", async () => {
      for (let at = 0; ; at++) {
        const one = new Trial(api);
        let places = 0;
        let done: number | undefined;
        const place = async () => {
          if (places++ !== at) return;
          done = one.tracks.done.length;
          await one.takeOver();
        };
        one.tracks.at = place;
        const store = await one.begin();
        const { write, close } = store;
        store.write = async (to) => place().then(() => write.call(store, to));
        store.close = async (...how) => place().then(() => close.apply(store, how));
        const driving = one.drive(store);
        const end = await driving.catch((error) => error);
        if (done === undefined) {
          assert.equal(end.kind, "promoted");
          assert.ok(at > 20, `${at} places`);
          return;
        }
        assert.ok(end instanceof Superseded, `at ${at}: ${end}`);
        assert.match(end.message, /^Another driver has taken over the rollout of web/);
        assert.equal(one.tracks.done.length, done);
      }
    });

    it("interrupts an up in progress", async () => {
      let rolls = 0;
      trial.tracks.at = async (place) => {
        if (place !== "stable half-way") return;
        await trial.takeOver();
        await untilInterrupted();
        rolls++;
      };
      await assert.rejects(trial.drive(await trial.begin()), Superseded);
      assert.equal(rolls, 1);
      assert.equal(trial.tracks.stable.complete, false);
    });

    it("learns of it from the record even while a list of pods hangs", async () => {
      trial.judgment = ({ step, stepStartedAt }) => (step === 1 && stepStartedAt ? bad : undecided);
      trial.tracks.stableRuns = async () => {
        await trial.takeOver();
        return new Promise(() => {});
      };
      await assert.rejects(trial.drive(await trial.begin()), Superseded);
      assert.deepEqual(trial.tracks.done.slice(-2), ["cut", "silence"]);
    });

    const isGone = (error: unknown) =>
      error instanceof RecordGone &&
      /^The record web-rollout in namespace dora-apps no longer has this rollout/.test(error.message);

    it("ends if the record was deleted, and creates none", async () => {
      trial.tracks.at = () => void api.objects.delete(recordPath);
      await assert.rejects(trial.drive(await trial.begin()), isGone);
      assert.deepEqual(trial.tracks.done, ["canary bbbbbbbbbbbb 0"]);
      assert.equal(api.objects.has(recordPath), false);
    });

    const deletedAt = (place: string) => {
      trial.tracks.at = async (now) => {
        if (now !== place || trial.tracks.canary.weight !== 10) return;
        api.objects.delete(recordPath);
        await untilInterrupted();
      };
    };

    it("moves users off canary first, until the cutoff succeeds, if the record was deleted while they were on it", async () => {
      deletedAt("canary there");
      let failing = 2;
      const { cutOff } = trial.tracks;
      trial.tracks.cutOff = async (epoch) => {
        if (failing-- > 0) throw new ApiError(500, "not now");
        return cutOff.call(trial.tracks, epoch);
      };
      await assert.rejects(trial.drive(await trial.begin()), isGone);
      assert.deepEqual([trial.tracks.done.at(-1), trial.tracks.canary.weight], ["cut", 0]);
      assert.equal(api.objects.has(recordPath), false);
      assert.match(trial.notes.at(-1) ?? "", /^The record of the rollout was deleted: canary is cut off/);
    });

    it("moves them off before an up in progress has ended, and again after it", async () => {
      deletedAt("stable half-way");
      await assert.rejects(trial.drive(await trial.begin()), isGone);
      assert.deepEqual(trial.tracks.done.slice(-3), ["stable bbbbbbbbbbbb", "cut", "cut"]);
      assert.equal(trial.tracks.stable.complete, false);
    });

    it("ends if the record is deleted in the middle of a cutoff", async () => {
      trial.judgment = ({ step, stepStartedAt }) => (step === 1 && stepStartedAt ? bad : good);
      deletedAt("cut begins");
      await assert.rejects(trial.drive(await trial.begin()), isGone);
      assert.deepEqual([trial.tracks.done.at(-1), trial.tracks.canary.weight], ["cut", 0]);
      assert.equal(api.objects.has(recordPath), false);
    });

    it("moves them off also if bad evidence and the loss of the record coincide", async () => {
      let isBad = false;
      trial.judgment = () => (isBad ? bad : good);
      trial.meanwhile = ({ step, stepStartedAt }) => {
        if (step !== 1 || stepStartedAt === undefined) return;
        api.objects.delete(recordPath);
        isBad = true;
      };
      await assert.rejects(trial.drive(await trial.begin()), isGone);
      assert.equal(trial.tracks.canary.weight, 0);
      assert.ok(trial.tracks.done.includes("cut"));
    });
  });

  describe("with a record that has become unreadable", () => {
    const damaged = { metadata: { name: "web-rollout" }, data: { record: "{" } };
    const damage = (when: string, weight: number) => {
      trial.tracks.at = (place) => {
        if (place !== when || trial.tracks.canary.weight !== weight) return;
        trial.tracks.at = () => {};
        api.put(recordPath, structuredClone(damaged));
      };
    };

    it("refuses with a message and leaves everything as it is, if no user is on canary", async () => {
      damage("canary there", 0);
      await assert.rejects(trial.drive(await trial.begin()), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /^The record web-rollout in namespace dora-apps cannot be read .*: restore it/);
        return true;
      });
      assert.equal(trial.tracks.done.at(-1), "canary bbbbbbbbbbbb 0");
      assert.equal(api.objects.get(recordPath)?.data.record, "{");
    });

    it("waits and reports it, if users are on canary, and goes on once it is restored", async () => {
      const kept = { current: "" };
      trial.tracks.at = (place) => {
        if (place !== "canary there" || trial.tracks.canary.weight !== 10) return;
        trial.tracks.at = () => {};
        kept.current = api.objects.get(recordPath)?.data.record;
        api.put(recordPath, structuredClone(damaged));
      };
      const store = await trial.begin();
      const { write } = store;
      let refused = 0;
      store.write = async (to) => {
        try {
          return await write.call(store, to);
        } catch (error) {
          if (++refused === 20) api.put(recordPath, { ...damaged, data: { record: kept.current } });
          throw error;
        }
      };
      assert.deepEqual(await trial.drive(store), { kind: "promoted" });
      assert.ok(refused >= 20);
      assert.match(
        trial.notes[0] ?? "",
        /^The record web-rollout .* cannot be read .* gray leaves everything as it is and tries again\.$/,
      );
    });

    it("moves users off canary once evidence is bad, and then refuses", async () => {
      let isBad = false;
      trial.judgment = () => {
        isBad ||= api.objects.get(recordPath)?.data.record === "{";
        return isBad ? bad : good;
      };
      damage("canary there", 10);
      await assert.rejects(trial.drive(await trial.begin()), /^UserError: The record web-rollout .* cannot be read/);
      assert.deepEqual([trial.tracks.canary.weight, trial.tracks.canary.release], [0, b]);
      assert.equal(trial.tracks.done.at(-1), "cut");
    });
  });

  describe("the cutoff of canary", () => {
    const cutting = (fails: (attempt: number) => Error | undefined) => {
      let attempts = 0;
      trial.judgment = ({ step, stepStartedAt }) => (step === 1 && stepStartedAt ? bad : undecided);
      trial.tracks.at = (place) => {
        if (place !== "cut begins") return;
        const error = fails(++attempts);
        if (error) throw error;
      };
      return () => attempts;
    };
    const refusals: [string, Error][] = [
      ["500 of an admission webhook", new ApiError(500, "failed calling webhook")],
      ["403", new ApiError(403, "services is forbidden")],
      ["no answer", new Unreachable("The cluster does not answer.")],
    ];
    for (const [what, error] of refusals) {
      it(`is tried again however often there is ${what}, without a person at the terminal, and each attempt is reported`, async () => {
        const attempts = cutting((attempt) => (attempt <= 40 ? error : undefined));
        assert.deepEqual(await trial.drive(await trial.begin()), { kind: "undone", reason: bad.reason });
        assert.equal(attempts(), 41);
        assert.equal(trial.tracks.canary.release, a);
        const notes = trial.notes.filter((note) => note.startsWith("The cutoff of canary failed at attempt "));
        assert.equal(
          notes[0],
          `The cutoff of canary failed at attempt 1 (${error.message.replace(/\.$/, "")}): gray tries again until it succeeds.`,
        );
        assert.ok(notes.length >= 10);
        assert.ok(trial.notes.includes("Cut off canary at attempt 41."));
      });
    }

    it("is completed although the driver is stopped; later effects are not", async () => {
      cutting((attempt) => {
        if (attempt === 3) trial.stop.abort();
        return attempt <= 10 ? new ApiError(500, "failed calling webhook") : undefined;
      });
      assert.deepEqual(await trial.drive(await trial.begin()), { kind: "stopped" });
      assert.deepEqual([trial.tracks.done.at(-1), trial.tracks.canary.weight], ["cut", 0]);
      assert.deepEqual([trial.open.weight, trial.open.rollbackRequested?.reason], [0, bad.reason]);
    });

    it("does not wait for a record that cannot be written, whose error follows later", async () => {
      cutting(() => undefined);
      const store = await trial.begin();
      const { write } = store;
      let refused = 0;
      store.write = async (to) => {
        if (trial.judgment(trial.open) === bad && refused < 30) {
          refused++;
          if (refused > 3) assert.equal(trial.tracks.canary.weight, 0);
          throw new ApiError(500, "failed calling webhook");
        }
        return write.call(store, to);
      };
      assert.deepEqual(await trial.drive(store), { kind: "undone", reason: bad.reason });
      assert.equal(refused, 30);
    });

    it("is left to the driver that has taken over", async () => {
      cutting((attempt) =>
        attempt === 1 ? new ApiError(500, "failed") : new Superseded("another driver has taken over"),
      );
      await assert.rejects(trial.drive(await trial.begin()), Superseded);
      assert.equal(trial.tracks.canary.weight, 10);
    });

    it("is not delayed by a read of the record that hangs", async () => {
      let isBad = false;
      trial.judgment = () => (isBad ? bad : good);
      const store = await trial.begin();
      const { read } = store;
      store.read = () => {
        if (trial.tracks.canary.weight !== 10 || trial.tracks.canary.release !== b || isBad) return read.call(store);
        isBad = true;
        return new Promise(() => {});
      };
      assert.deepEqual(await trial.drive(store), { kind: "undone", reason: bad.reason });
    });

    it("goes on after an error that is a bug of gray", async () => {
      cutting((attempt) => (attempt <= 3 ? new TypeError("undefined is not iterable") : undefined));
      assert.deepEqual(await trial.drive(await trial.begin()), { kind: "undone", reason: bad.reason });
    });

    it("is reported only if it was done, and repeated once stable serves", async () => {
      trial.judgment = ({ step, stepStartedAt }) => (step === 1 && stepStartedAt ? bad : undecided);
      const { cutOff } = trial.tracks;
      let cuts = 0;
      trial.tracks.cutOff = async (epoch) => (++cuts === 1 ? false : cutOff.call(trial.tracks, epoch));
      assert.deepEqual(await trial.drive(await trial.begin()), { kind: "undone", reason: bad.reason });
      assert.equal(cuts, 2);
      assert.deepEqual(trial.notes, []);
    });

    it("also comes if the record of a rollout that was taken over has become unreadable", async () => {
      trial.judgment = () => bad;
      await trial.begin(usual, {
        step: 1,
        weight: 10,
        stepStartedAt: new Date().toISOString(),
        runs: { canary: b, stable: a },
      });
      trial.tracks.canary.release = b;
      trial.tracks.canary.weight = 10;
      const taken = await trial.takeOver();
      taken.read = () => Promise.reject(new ApiError(403, "configmaps is forbidden"));
      await trial.drive(taken).catch(() => {});
      assert.equal(trial.tracks.done[0], "cut");
    });

    it("is not delayed by a question about the pods that hangs", async () => {
      let isBad = false;
      trial.judgment = () => (isBad ? bad : good);
      trial.tracks.cannotSucceed = () => new Promise(() => {});
      trial.tracks.at = async (place) => {
        if (place !== "canary half-way" || trial.open.step !== 1 || trial.open.rollbackRequested) return;
        await untilInterrupted();
        isBad = true;
        while (trial.tracks.done.at(-1) !== "cut") await turn();
      };
      assert.deepEqual(await trial.drive(await trial.begin()), { kind: "undone", reason: bad.reason });
    });

    it("also comes in the pause before another attempt, which is then not made", async () => {
      for (const effect of ["stable begins", "canary begins"]) {
        trial = new Trial(api);
        let isBad = false;
        trial.judgment = () => (isBad ? bad : good);
        let refused = 0;
        trial.tracks.at = (place) => {
          if (place !== effect || trial.open.step !== 2 || trial.open.rollbackRequested) return;
          refused++;
          isBad = true;
          throw new UserError("Release was judged bad.");
        };
        const plan: Step[] = [
          { stage: "dark" },
          { stage: "canary", weight: 10 },
          effect === "stable begins" ? { stage: "full", watch: 15 } : { stage: "canary", weight: 25 },
          { stage: "full", watch: 15 },
        ];
        assert.deepEqual(
          await trial.drive(await trial.begin(effect === "stable begins" ? plan.slice(0, 3) : plan)),
          { kind: "undone", reason: bad.reason },
          effect,
        );
        assert.equal(refused, 1);
      }
    });

    it("comes at once if evidence turns bad during an up, and again once the up has ended", async () => {
      let isBad = false;
      trial.judgment = () => (isBad ? bad : good);
      const plan: Step[] = [
        { stage: "canary", weight: 10, atMost: 15 },
        { stage: "canary", weight: 25, atMost: 15 },
        { stage: "full", watch: 15 },
      ];
      trial.tracks.at = async (place) => {
        if (place !== "canary half-way" || trial.open.step !== 1 || isBad) return;
        isBad = true;
        await untilInterrupted();
        assert.equal(trial.tracks.canary.weight, 0);
      };
      assert.deepEqual(await trial.drive(await trial.begin(plan)), { kind: "undone", reason: bad.reason });
      const { done } = trial.tracks;
      assert.deepEqual(done.slice(done.indexOf("canary bbbbbbbbbbbb 25")), [
        "canary bbbbbbbbbbbb 25",
        "cut",
        "cut",
        "silence",
        "canary aaaaaaaaaaaa 10",
      ]);
    });
  });

  describe("with slow checks", () => {
    it("reacts to bad evidence and to a person meanwhile", async () => {
      for (const abort of [true, false]) {
        trial = new Trial(api);
        let isChecking = false;
        trial.judgment = () => (isChecking && !abort ? bad : undecided);
        trial.tracks.check = async (_names, signal) => {
          isChecking = true;
          if (abort) await trial.recordDecision((rollout) => ({ ...rollout, rollbackRequested: decision("enough") }));
          while (!signal.aborted) await turn();
          throw signal.reason;
        };
        const reason = abort ? "alice aborted it: enough" : bad.reason;
        assert.deepEqual(await trial.drive(await trial.begin()), { kind: "undone", reason });
      }
    });

    it("counts a check that could not be run as failed, until the step's time is up", async () => {
      const checks = [
        { stage: "dark", checks: ["GET /healthz"], atMost: 60 } as const,
        { stage: "full", watch: 15 } as const,
      ];
      trial.tracks.check = async () => {
        throw new Unreachable("The cluster does not answer.");
      };
      assert.deepEqual(await trial.drive(await trial.begin(checks)), {
        kind: "held",
        reason: "The cluster does not answer",
      });
    });
  });

  describe("while the cluster is unavailable", () => {
    const failures: [string, () => Error][] = [
      ["no answer", () => new Unreachable("The cluster does not answer.")],
      ["500", () => new ApiError(500, "etcdserver: request timed out.")],
      ["429", () => new ApiError(429, "too many requests.")],
    ];
    for (const [what, error] of failures) {
      it(`waits while there is ${what}, and reports once that it waits and once that it goes on`, async () => {
        let silent = 0;
        let doneBefore: number | undefined;
        const store = await trial.begin();
        const { read } = store;
        store.read = () => {
          if (trial.tracks.canary.weight === 0 || ++silent > 40) return read.call(store);
          doneBefore ??= trial.tracks.done.length;
          assert.equal(trial.tracks.done.length, doneBefore);
          return Promise.reject(error());
        };
        trial.tracks.canary.weight = 0;
        assert.deepEqual(await trial.drive(store), { kind: "promoted" });
        assert.deepEqual(trial.notes, [
          `${error().message} gray leaves everything as it is and tries again.`,
          "The cluster answers again.",
        ]);
      });
    }

    it("can be stopped", async () => {
      const store = await trial.begin();
      let asked = 0;
      store.read = async () => {
        if (++asked === 3) trial.stop.abort();
        throw new Unreachable("The cluster does not answer.");
      };
      assert.deepEqual(await trial.drive(store), { kind: "stopped" });
      assert.deepEqual(trial.tracks.done, []);
    });

    it("does not take a refusal for an unavailable cluster", async () => {
      const store = await trial.begin();
      store.read = () => Promise.reject(new ApiError(403, "configmaps is forbidden"));
      await assert.rejects(trial.drive(store), /configmaps is forbidden/);
    });
  });

  it("never goes on without data, and holds when the time is up", async () => {
    trial.judgment = () => ({ verdict: "undecided", reason: "no data for 20 s, so nothing can be decided" });
    const reason = "no decision within 15 s: no data for 20 s, so nothing can be decided";
    assert.deepEqual(await trial.drive(await trial.begin()), { kind: "held", reason });
    assert.deepEqual(
      [trial.tracks.canary, trial.tracks.stable.release],
      [{ release: b, weight: 10, silent: false }, a],
    );
  });

  describe("an effect that fails", () => {
    it("rolls canary back for the reason that the cluster reports", async () => {
      trial.tracks.never.canary = {
        release: b,
        reason: "container web of pod web-canary-1 does not start: ErrImagePull",
      };
      const { reason } = trial.tracks.never.canary;
      assert.deepEqual(await trial.drive(await trial.begin()), { kind: "undone", reason });
      const [ended] = trial.record.ended ?? [];
      assert.deepEqual([ended?.outcome, ended?.reason, trial.record.replacedBy], ["undone", reason, { [b]: a }]);
      assert.equal(trial.tracks.canary.release, a);
    });

    it("is interrupted as soon as the cluster reports that it cannot succeed", async () => {
      trial.tracks.at = async (place) => {
        if (place !== "canary half-way" || trial.tracks.canary.release !== b) return;
        trial.tracks.never.canary = { release: b, reason: "it crashes" };
        await untilInterrupted();
        delete trial.tracks.never.canary;
      };
      assert.deepEqual(await trial.drive(await trial.begin()), { kind: "undone", reason: "it crashes" });
    });

    it("is tried three times if the cluster reports no reason, and then the rollout holds", async () => {
      trial.tracks.at = () => {
        throw new UserError("pulumi up --stack canary says: the program threw.");
      };
      const reason = "gray paused it: pulumi up --stack canary says: the program threw";
      assert.deepEqual(await trial.drive(await trial.begin()), { kind: "held", reason });
      assert.equal(trial.tracks.done.length, 3);
      assert.deepEqual(
        trial.notes,
        Array(2).fill("dark: pulumi up --stack canary says: the program threw. Trying again."),
      );
      assert.equal(trial.open.effect, undefined);
    });

    it("is done when a later attempt succeeds", async () => {
      let failed = 0;
      trial.tracks.at = (place) => {
        if (place === "canary begins" && failed++ < 2) throw new UserError("Stack canary is locked.");
      };
      assert.deepEqual(await trial.drive(await trial.begin()), { kind: "promoted" });
    });

    it("has no effect on the rollout if it is a bug of gray", async () => {
      trial.tracks.at = () => {
        throw new TypeError("undefined is not a function");
      };
      await assert.rejects(trial.drive(await trial.begin()), TypeError);
      assert.deepEqual(trial.tracks.done, ["canary bbbbbbbbbbbb 0"]);
    });

    it("rolls stable back with all pods at once, keeps canary, and holds; a person's decision tries again", async () => {
      trial.tracks.never.stable = { release: b, reason: "its progress deadline is exceeded" };
      trial.tracks.at = (place) => (place === "stable half-way" ? untilInterrupted() : undefined);
      const held = await trial.drive(await trial.begin());
      assert.equal(held.kind, "held");
      assert.match(
        "reason" in held ? held.reason : "",
        /stable could not be brought to the release and is rolled back: its progress/,
      );
      assert.deepEqual(trial.tracks.done.slice(-3), [
        "stable bbbbbbbbbbbb",
        "stable aaaaaaaaaaaa at once",
        "stable aaaaaaaaaaaa",
      ]);
      assert.deepEqual(trial.tracks.canary, { release: b, weight: 10, silent: false });
      assert.deepEqual(trial.tracks.stable, { release: a, complete: true, fastRollback: false });
      delete trial.tracks.never.stable;
      await trial.recordDecision((rollout) => resumed(rollout, Date.now()));
      assert.deepEqual(await trial.drive(await trial.takeOver()), { kind: "promoted" });
      assert.deepEqual(trial.tracks.stable, { release: b, complete: true, fastRollback: false });
    });

    it("stops rolling stable back if users must be moved off canary first", async () => {
      trial.leavesHolding = false;
      trial.tracks.never.stable = { release: b, reason: "its progress deadline is exceeded" };
      let locked = true;
      trial.tracks.at = async (place) => {
        if (place === "stable half-way" && trial.tracks.stable.release === b) await untilInterrupted();
        if (place !== "stable begins" || !trial.open.fastRollback || !locked) return;
        if (trial.tracks.done.length === 8)
          await trial.recordDecision((rollout) => ({ ...rollout, rollbackRequested: decision("enough") }));
        throw new UserError("Stack prod is locked.");
      };
      const { cutOff } = trial.tracks;
      trial.tracks.cutOff = async (epoch) => {
        locked = false;
        return cutOff.call(trial.tracks, epoch);
      };
      assert.deepEqual(await trial.drive(await trial.begin()), { kind: "undone", reason: "alice aborted it: enough" });
    });

    it("holds if the rollback fails as well, and rolls back when it is driven again", async () => {
      trial.judgment = ({ step, stepStartedAt }) => (step === 1 && stepStartedAt ? bad : undecided);
      const fails = () => {
        if (trial.open.rollbackRequested) throw new UserError("Stack canary is locked.");
      };
      trial.tracks.at = (place) => (place === "canary begins" ? fails() : undefined);
      const reason =
        "rollback of canary failed: Stack canary is locked; stable serves; fix the cause, then run gray resume";
      assert.deepEqual(await trial.drive(await trial.begin()), { kind: "held", reason });
      assert.deepEqual([trial.tracks.canary.weight, trial.open.rollbackRequested?.reason], [0, bad.reason]);
      assert.equal(trial.open.stoppedReason?.reason, reason);
      trial.tracks.at = () => {};
      trial.judgment = () => good;
      assert.deepEqual(await trial.drive(await trial.takeOver()), { kind: "undone", reason: bad.reason });
    });
  });

  it("holds, and goes on trying, if an effect goes on failing and a person is at the terminal", async () => {
    trial.leavesHolding = false;
    trial.judgment = () => good;
    let failures = 0;
    trial.tracks.at = (place) => {
      if (place === "canary begins" && trial.open.weight === undefined && failures++ < 5)
        throw new UserError("No image.");
    };
    assert.deepEqual(await trial.drive(await trial.begin()), { kind: "promoted" });
    const holds = trial.moves.filter(({ kind }) => kind === "hold");
    const reason =
      "setting canary to the program's weight failed: No image; fix the cause: gray tries again until it succeeds";
    assert.deepEqual(holds, Array(3).fill({ kind: "hold", reason, failing: "setting canary to the program's weight" }));
  });

  describe("when evidence turns bad while it writes why it holds,", () => {
    let isBad: boolean;
    /** The write of the reason, which takes until the evidence is bad. */
    const begun = async (steps: readonly Step[]) => {
      isBad = false;
      trial.judgment = () => (isBad ? bad : good);
      const store = await trial.begin(steps);
      const { write } = store;
      store.write = async (to) => {
        const written = await write.call(store, to);
        if (written.stoppedReason) isBad = true;
        return written;
      };
      return store;
    };

    it("rolls back instead of ending, and no longer says that it ended", async () => {
      const full = { stage: "full", approval: true } as const;
      trial.tracks.at = (place) => {
        if (place === "silence begins") assert.equal(trial.open.stoppedReason, undefined);
      };
      const end = await trial.drive(await begun([{ stage: "canary", weight: 10 }, full]));
      assert.deepEqual(end, { kind: "undone", reason: bad.reason });
    });

    it("rolls back instead of ending stuck", async () => {
      trial.tracks.never.stable = { release: b, reason: "its progress deadline is exceeded" };
      trial.tracks.at = (place) => {
        if (place === "silence begins") assert.equal(trial.open.stoppedReason, undefined);
        if (place === "stable begins" && trial.open.fastRollback && !isBad)
          throw new UserError("Stack prod is locked.");
      };
      const end = await trial.drive(await begun([{ stage: "canary", weight: 10 }, { stage: "full" }]));
      assert.deepEqual(end, { kind: "undone", reason: bad.reason });
    });
  });

  it("holds without reporting that stable serves, if stable runs the release partly and cannot be rolled back", async () => {
    let isBad = false;
    trial.judgment = () => (isBad ? bad : good);
    trial.tracks.at = async (place) => {
      if (place === "stable begins" && trial.open.rollbackRequested) throw new UserError("Stack prod is locked.");
      if (place !== "stable half-way") return;
      isBad = true;
      await untilInterrupted();
    };
    const reason =
      "rollback of stable failed: Stack prod is locked; stable may still run the release; fix the cause, then run gray resume";
    assert.deepEqual(await trial.drive(await trial.begin()), { kind: "held", reason });
    assert.equal(trial.tracks.canary.weight, 0);
  });

  describe("when a person", () => {
    const atPlace = (name: string, of: () => boolean, act: () => Promise<void>) => {
      let once = true;
      trial.tracks.at = async (place) => {
        if (place !== name || !of() || !once) return;
        once = false;
        await act();
      };
    };
    const abort = () =>
      trial.recordDecision((rollout) => ({ ...rollout, rollbackRequested: decision("I do not like it") }));
    const promote = () => trial.recordDecision((rollout) => atLastStep(rollout, decision("go")));
    const pause = () => trial.recordDecision((rollout) => ({ ...rollout, paused: decision("lunch") }));
    const resume = () => trial.recordDecision((rollout) => resumed(rollout, Date.now()));
    const undone = { kind: "undone", reason: "alice aborted it: I do not like it" };

    it("aborts without waiting for a stable that is broken, if the rollout has not changed it", async () => {
      trial.tracks.stable.complete = false;
      trial.judgment = () => undecided;
      trial.meanwhile = async ({ step, stepStartedAt }) => {
        if (step === 1 && stepStartedAt) await abort();
      };
      assert.deepEqual(await trial.drive(await trial.begin()), undone);
      assert.deepEqual(
        trial.tracks.done.filter((each) => each.startsWith("stable")),
        [],
      );
      assert.equal(trial.record.open, undefined);
    });

    it("aborts while stable rolls, interrupts the roll and moves users off canary first", async () => {
      atPlace(
        "stable half-way",
        () => trial.tracks.stable.release === b,
        async () => {
          await abort();
          await untilInterrupted();
        },
      );
      trial.tracks.changed = () => assert.ok(trial.tracks.stable.release === a || !trial.tracks.stable.complete);
      assert.deepEqual(await trial.drive(await trial.begin()), undone);
      // Once while the up ends, and once after its end.
      assert.deepEqual(trial.tracks.done.slice(-7), [
        "stable bbbbbbbbbbbb",
        "cut",
        "cut",
        "silence",
        "stable aaaaaaaaaaaa at once",
        "stable aaaaaaaaaaaa",
        "canary aaaaaaaaaaaa 10",
      ]);
      const [ended] = trial.record.ended ?? [];
      assert.deepEqual([ended?.release, ended?.from, ended?.by, ended?.reason], [b, a, "alice", undone.reason]);
    });

    it("aborts while the program's weight is being restored, rolls back", async () => {
      atPlace("canary there", () => trial.tracks.stable.release === b, abort);
      assert.deepEqual(await trial.drive(await trial.begin()), undone);
      assert.equal(trial.tracks.stable.release, a);
    });

    it("aborts at the same time as evidence turns bad, records the person's reason", async () => {
      trial.judgment = ({ step, stepStartedAt }) => (step === 1 && stepStartedAt ? bad : undecided);
      const store = await trial.begin();
      const { write } = store;
      store.write = async (to) => {
        if (trial.tracks.canary.weight > 0 && trial.tracks.canary.release === b && trial.open.stepStartedAt)
          await abort();
        return write.call(store, to);
      };
      trial.tracks.at = (place) => {
        if (place === "silence begins") assert.equal(trial.open.rollbackRequested?.by, "alice");
      };
      await trial.drive(store);
      assert.equal(trial.tracks.done.filter((each) => each === "cut").length, 1);
    });

    it("promotes while canary is brought up, still rolls stable to the release", async () => {
      for (const [moment, of] of [
        ["canary half-way", () => trial.tracks.canary.release === b],
        ["checks", () => true],
      ] as const) {
        trial = new Trial(api);
        atPlace(moment, of, promote);
        assert.deepEqual(await trial.drive(await trial.begin()), { kind: "promoted" });
        assert.deepEqual(trial.tracks.stable, { release: b, complete: true, fastRollback: false });
      }
    });

    it("promotes at the moment a step is passed, does not skip stable", async () => {
      const store = await trial.begin();
      const { write } = store;
      store.write = async (to) => {
        if (trial.moves.at(-1)?.kind === "advance" && trial.open.step === 1) await promote();
        return write.call(store, to);
      };
      assert.deepEqual(await trial.drive(store), { kind: "promoted" });
      assert.equal(trial.tracks.stable.release, b);
    });

    it("pauses, holds beyond any deadline, and goes on after the resume", async () => {
      trial.leavesHolding = false;
      let polls = 0;
      trial.judgment = ({ paused }) => (paused && ++polls < 100 ? undecided : good);
      trial.meanwhile = async ({ step, stepStartedAt, paused }) => {
        if (step === 1 && stepStartedAt && !paused && polls === 0) await pause();
        if (polls === 100) await resume();
      };
      assert.deepEqual(await trial.drive(await trial.begin()), { kind: "promoted" });
      assert.ok(polls >= 100);
      assert.ok(trial.moves.filter(({ kind }) => kind === "hold").length >= 99);
    });

    it("pauses, still moves users off a bad release", async () => {
      trial.judgment = ({ step, stepStartedAt, paused }) => (step === 1 && stepStartedAt && paused ? bad : undecided);
      trial.meanwhile = async ({ step, stepStartedAt, paused }) => {
        if (step === 1 && stepStartedAt && !paused) await pause();
      };
      assert.deepEqual(await trial.drive(await trial.begin()), { kind: "undone", reason: bad.reason });
    });

    it("pauses while the program's weight is being restored, keeps the rollout open", async () => {
      atPlace("canary there", () => trial.tracks.stable.release === b, pause);
      assert.deepEqual(await trial.drive(await trial.begin()), { kind: "held", reason: "alice paused it: lunch" });
      await resume();
      assert.deepEqual(await trial.drive(await trial.takeOver()), { kind: "promoted" });
    });

    it("stops the driver, leaves everything as it is, including a half-done up", async () => {
      atPlace(
        "canary half-way",
        () => trial.open.step === 1,
        async () => trial.stop.abort(),
      );
      assert.deepEqual(await trial.drive(await trial.begin()), { kind: "stopped" });
      assert.deepEqual(
        [trial.tracks.done.at(-1), trial.open.rollbackRequested, trial.open.paused],
        ["canary bbbbbbbbbbbb 10", undefined, undefined],
      );
    });
  });

  it("waits for a person while it holds, unless it must end then", async () => {
    const approval: Step[] = [
      { stage: "dark", checks: [] },
      { stage: "full", approval: true, watch: 0 },
    ];
    const held = { kind: "held", reason: "full needs a person's approval" };
    assert.deepEqual(await trial.drive(await trial.begin(approval)), held);
    assert.equal(trial.open.stoppedReason?.reason, held.reason);
    trial.leavesHolding = false;
    let polls = 0;
    trial.meanwhile = async () => {
      if (++polls === 10) await trial.recordDecision((rollout) => ({ ...rollout, approved: decision("fine") }));
    };
    const taken = await trial.takeOver();
    assert.equal(trial.open.stoppedReason, undefined);
    assert.deepEqual(await trial.drive(taken), { kind: "promoted" });
    assert.ok(polls >= 10);
  });

  it("gives a step no more than its time if a clock that is ahead wrote its start", async () => {
    trial.judgment = () => undecided;
    const stepStartedAt = () => new Date(Date.now() + 90_000).toISOString();
    const more = { step: 1, weight: 10, checked: true, runs: { canary: b, stable: a }, stepStartedAt: stepStartedAt() };
    const store = await trial.begin(usual, more);
    let polls = 0;
    trial.meanwhile = async () => {
      // As written by a person's command on another machine during the rollout.
      if (++polls === 3) await trial.recordDecision((rollout) => ({ ...rollout, stepStartedAt: stepStartedAt() }));
    };
    const reason = "no decision within 15 s: too few requests";
    assert.deepEqual(await trial.drive(store), { kind: "held", reason });
    // Each takes five seconds.
    assert.ok(trial.moves.length <= 8, JSON.stringify(trial.moves));
  });

  it("pauses when an empty canary was cut off, and sets the weight again when a person resumes", async () => {
    trial.judgment = ({ step, stepStartedAt }) => {
      if (step === 1 && stepStartedAt && trial.tracks.canary.weight === 10)
        trial.cut = "canary had users and no ready pod";
      return undecided;
    };
    const reason = "gray paused it: canary had users and no ready pod";
    assert.deepEqual(await trial.drive(await trial.begin()), { kind: "held", reason });
    assert.deepEqual([trial.tracks.canary.weight, trial.open.weight, trial.open.stepStartedAt], [0, 0, undefined]);
    assert.equal(trial.tracks.done.at(-1), "cut");
    trial.judgment = () => good;
    await trial.recordDecision((rollout) => resumed(rollout, Date.now()));
    assert.deepEqual(await trial.drive(await trial.takeOver()), { kind: "promoted" });
    assert.equal(trial.tracks.done.filter((each) => each === "canary bbbbbbbbbbbb 10").length, 3);
  });

  it("does not roll back for bad evidence that comes after stable runs the release completely, but holds and asks", async () => {
    trial.judgment = ({ step, stepStartedAt }) => (step === 2 && stepStartedAt ? bad : good);
    const reason = `${bad.reason}, and stable already runs this release completely`;
    assert.deepEqual(await trial.drive(await trial.begin()), { kind: "held", reason });
    assert.equal(trial.tracks.stable.release, b);
  });

  it("leaves no timer behind", async () => {
    sleepAgain();
    const timers = () => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
    trial.judgment = () => undecided;
    const store = await trial.begin([{ stage: "canary", weight: 10, atMost: 0 }, { stage: "full" }]);
    const waiting = timers();
    const end = await trial.drive(store);
    assert.equal(end.kind, "held");
    assert.equal(timers(), waiting);
  });
});

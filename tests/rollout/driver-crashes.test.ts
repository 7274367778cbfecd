import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import type { Step } from "../../components/step.ts";
import { Unreachable } from "../../kubernetes/api-error.ts";
import { Superseded } from "../../record/epoch.ts";
import type { End } from "../../rollout/end.ts";
import type { Judgment } from "../../rollout/move.ts";
import type { Rollout } from "../../rollout/rollout.ts";
import type { ApiServer } from "../fake/api-server.ts";
import { b, bad, good, quickCluster, Trial, undecided, usual } from "../fake/driven.ts";
import { runs, stride } from "../long.ts";

const noAnswer = "The cluster does not answer";

/** Simulates the death of the process: nothing happens after it. A cutoff goes on after any other error. */
class Crash extends Superseded {}

/** Every eighth place by default; every one with GRAY_LONG=1 (npm run test:long). */
const step = stride(8);

describe("a driver that dies, or gets no answer", function () {
  this.timeout(180_000);
  let api: ApiServer;
  let over: () => Promise<void>;
  beforeEach(async () => {
    ({ api, end: over } = await quickCluster());
  });
  afterEach(() => over());

  /** The events of a rollout, which stay the same however often its driver dies. */
  interface Scenario {
    readonly steps: readonly Step[];
    /** The verdict of the evidence at each step. */
    readonly verdicts: readonly Judgment["verdict"][];
    readonly checksPass: boolean;
    readonly never?: "canary" | "stable";
    readonly badWhileStableRolls: boolean;
  }
  /** The fault that hits the driver, by the number of the boundary where it is. */
  type Faults = ReadonlyMap<number, "dies" | "gets no answer">;

  interface Outcome {
    readonly open: { readonly paused: string | undefined; readonly stoppedReason: string | undefined };
  }
  interface Played {
    readonly outcome: Outcome;
    readonly places: number;
    readonly deaths: number;
  }

  const inWords = { good, bad, undecided };

  /** Plays a scenario to its end; a new driver takes over each time one dies. */
  async function end(scenario: Scenario, faults: Faults = new Map()): Promise<Played> {
    const one = new Trial(api);
    const { tracks } = one;
    let isBad = false;
    let known: Judgment = undecided;
    let isDark = false;
    let places = 0;
    let deaths = 0;
    let dead = false;
    tracks.failedChecks = scenario.checksPass ? undefined : "GET /healthz: 503";
    if (scenario.never)
      tracks.never[scenario.never] = { release: b, reason: `container web of ${scenario.never} does not start` };
    tracks.changed = () => {
      const { rollbackRequested, release } = one.open;
      if (tracks.canary.weight === 0) isDark = rollbackRequested !== undefined;
      if (isDark) assert.ok(tracks.canary.release !== b || tracks.canary.weight === 0, "users on b after the cut");
      if (tracks.stable.release !== b || tracks.stable.complete) return;
      assert.equal(release, b);
      if (scenario.badWhileStableRolls) isBad = true;
      else assert.equal(known.verdict, "good", "stable rolls to what is not good");
    };
    one.judgment = ({ steps, step, stepStartedAt }) => {
      const atStep = (stepStartedAt === undefined ? undefined : scenario.verdicts[step]) ?? scenario.verdicts[step - 1];
      if (atStep === "bad") isBad = true;
      known = isBad && !(steps[step]?.stage === "full" && stepStartedAt) ? bad : inWords[atStep ?? "undecided"];
      return known;
    };
    const place = () => {
      if (dead) throw new Crash();
      const fault = faults.get(places++);
      if (fault === "gets no answer") throw new Unreachable(noAnswer);
      if (fault !== "dies") return;
      dead = true;
      deaths++;
      throw new Crash();
    };
    let inTurn = 0;
    tracks.at = async (name) => {
      place();
      // An up that takes long enough to be interrupted.
      for (
        inTurn = 0;
        name === "stable half-way" && isBad && one.open.rollbackRequested === undefined && inTurn < 10;
        inTurn++
      )
        await turn();
    };
    let ended: End | undefined;
    for (let store = await one.begin(scenario.steps); ended === undefined; store = await one.takeOver()) {
      dead = false;
      const { done } = tracks;
      const first = done.length;
      const { write, close } = store;
      store.write = async (to) => {
        place();
        const rollout = await write.call(store, to);
        place();
        return rollout;
      };
      store.close = async (...how) => {
        place();
        const closed = await close.apply(store, how);
        place();
        return closed;
      };
      const goesBack = one.open.rollbackRequested !== undefined;
      const over = await one.drive(store).catch((error) => {
        if (error instanceof Crash) return undefined;
        throw error;
      });
      if (goesBack && done.length > first) assert.equal(done[first], "cut");
      if (!dead) ended = over;
      if (one.record.open === undefined) break;
    }
    const { open, replacedBy, ended: [latest] = [] } = one.record;
    const { began: _, ended: __, ...last } = { began: "", ended: "", ...latest };
    const {
      epoch: ___,
      stepStartedAt,
      paused,
      stoppedReason,
      rollbackRequested,
      began: ____,
      ...rest
    } = (open ?? {}) as Partial<Rollout>;
    const outcome = {
      canary: { ...tracks.canary },
      stable: { ...tracks.stable },
      replacedBy: replacedBy ?? {},
      last,
      open: {
        ...rest,
        stepStartedAt: stepStartedAt !== undefined,
        paused: paused?.reason,
        stoppedReason: stoppedReason?.reason,
        rollbackRequested: rollbackRequested?.reason,
      },
    };
    return { outcome, places, deaths };
  }

  const scenarios: Readonly<Record<string, Scenario>> = {
    "a good release": { steps: usual, verdicts: ["undecided", "good"], checksPass: true, badWhileStableRolls: false },
    "a bad release": { steps: usual, verdicts: ["undecided", "bad"], checksPass: true, badWhileStableRolls: false },
    "a release that turns out bad while stable rolls": {
      steps: usual,
      verdicts: ["undecided", "good"],
      checksPass: true,
      badWhileStableRolls: true,
    },
    "a release that stable cannot be brought to": {
      steps: usual,
      verdicts: ["undecided", "good"],
      checksPass: true,
      never: "stable",
      badWhileStableRolls: false,
    },
    "a release that does not start": {
      steps: usual,
      verdicts: [],
      checksPass: true,
      never: "canary",
      badWhileStableRolls: false,
    },
    "a release that stays undecided": {
      steps: usual,
      verdicts: ["undecided", "undecided"],
      checksPass: true,
      badWhileStableRolls: false,
    },
    "a release whose checks fail": { steps: usual, verdicts: [], checksPass: false, badWhileStableRolls: false },
  };
  for (const [name, scenario] of Object.entries(scenarios)) {
    it(`${name} comes to the same end wherever its driver dies or gets no answer`, async () => {
      const { outcome, places } = await end(scenario);
      assert.ok(places > 10);
      for (const [first, fault] of (["dies", "gets no answer"] as const).entries()) {
        for (let at = first % step; at < places; at += step) {
          const played = await end(scenario, new Map([[at, fault]]));
          assert.deepEqual(played.outcome, outcome, `it ${fault} at ${at}`);
          assert.equal(played.deaths, fault === "dies" ? 1 : 0);
        }
      }
    });
  }

  const plans = fc
    .record({
      isDark: fc.boolean(),
      weights: fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { maxLength: 2 }),
      verdicts: fc.array(fc.constantFrom("good", "good", "good", "undecided", "bad"), { minLength: 3, maxLength: 3 }),
      checksPass: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
      never: fc.constantFrom(undefined, undefined, undefined, "canary", "stable"),
      badWhileStableRolls: fc.boolean(),
    })
    .map(({ isDark, weights, verdicts, never, ...rest }): Scenario => {
      const rising = weights.sort((one, two) => one - two);
      const steps: Step[] = [
        ...(isDark ? [{ stage: "dark", atMost: 15 } as const] : []),
        ...rising.map((weight) => ({ stage: "canary", weight, atMost: 15 }) as const),
        { stage: "full", watch: 15 },
      ];
      return { steps, verdicts: verdicts as Scenario["verdicts"], ...(never && { never }), ...rest };
    });
  const faults = fc.uniqueArray(fc.tuple(fc.nat(70), fc.constantFrom("dies", "gets no answer")), {
    maxLength: 3,
    selector: ([place]) => place,
  });

  /** The reason of a hold is the result of the last of three attempts, during which the cluster may have been unavailable. */
  function butForNoAnswer(played: Outcome, reference: Outcome): Outcome {
    const of = (reason: string | undefined, other: string | undefined) =>
      reason?.includes(noAnswer) && other !== undefined ? other : reason;
    const [{ paused, stoppedReason }, { open }] = [played.open, reference];
    return {
      ...played,
      open: { ...played.open, paused: of(paused, open.paused), stoppedReason: of(stoppedReason, open.stoppedReason) },
    };
  }

  it("any plan comes to the same end, whatever faults hit its drivers", async () => {
    await fc.assert(
      fc.asyncProperty(plans, faults, async (scenario, all) => {
        // An effect that fails three times is given up.
        const silences = all.filter(([, fault]) => fault === "gets no answer").slice(2);
        const some = all.filter((fault) => !silences.includes(fault)) as [number, "dies" | "gets no answer"][];
        const { outcome } = await end(scenario);
        assert.deepEqual(butForNoAnswer((await end(scenario, new Map(some))).outcome, outcome), outcome);
      }),
      { numRuns: runs(50) },
    );
  });
});

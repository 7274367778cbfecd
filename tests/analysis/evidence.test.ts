import assert from "node:assert/strict";
import fc from "fast-check";
import { pollingDefaults } from "../../analysis/defaults.ts";
import { Evidence } from "../../analysis/evidence.ts";
import type { Split } from "../../analysis/indicator.ts";
import type { Question } from "../../analysis/question.ts";
import type { Stream } from "../../analysis/stream.ts";
import type { PodTick, Tick } from "../../analysis/tick.ts";
import { judge } from "../../analysis/verdict.ts";
import { runs } from "../long.ts";
import { type Answered, canary, stable, tick } from "./ticks.ts";

function observed(ticks: readonly Tick[], question: Partial<Question> = {}, split?: Split): Evidence {
  const evidence = new Evidence({ canary, stable: [stable], ...question });
  for (const each of ticks) evidence.observe(each, split);
  return evidence;
}

function streamOf(evidence: Evidence, kind: string, name = kind): Stream {
  const found = evidence.streams.get(kind)?.get(name);
  assert.ok(found, `${kind} ${name}`);
  return found;
}

/** The tick without what these units answered; their pods are still listed, and ready or not. */
const unread = (each: Tick, names: readonly string[], ready = true): Tick => ({
  ...each,
  targets: each.targets.filter(({ target }) => !names.includes(target)),
  pods: each.pods.map((pod) => (names.includes(pod.pod) ? { ...pod, ready } : pod)),
});
const isOf = (release: string) => (each: { readonly release: string }) => each.release === release;
const only = (each: Tick, release: string): Tick => ({
  ...each,
  targets: each.targets.filter(isOf(release)),
  pods: each.pods.filter(isOf(release)),
});

describe("the parts of the evidence", () => {
  const partOf = (evidence: Evidence, kind: string) =>
    [...(evidence.streams.get(kind)?.values() ?? [])].reduce((sum, { alphaShare }) => sum + alphaShare, 0);
  const all = (evidence: Evidence) => evidence.indicators.reduce((sum, { name }) => sum + partOf(evidence, name), 0);
  const edges = (count: number, from = 0.1) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [from + at, 0]));
  const close = (found: number, expected: number) => assert.ok(Math.abs(found - expected) < 1e-12, `${found}`);

  it("are a half for 5xx, and the rest is shared evenly by the other kinds and their edges", () => {
    const slower = edges(4);
    const evidence = observed([tick(1, { slower }, { slower })]);
    close(streamOf(evidence, "5xx").alphaShare, 1 / 2);
    close(streamOf(evidence, "4xx").alphaShare, 1 / 6);
    close(streamOf(evidence, "stability").alphaShare, 1 / 6);
    for (const { alphaShare } of evidence.streams.get("latency")?.values() ?? []) close(alphaShare, 1 / 6 / 4);
    close(all(evidence), 1);
  });

  it("are none for an edge that comes later, so that they never add up to more than 1", () => {
    const before = edges(2);
    const after = edges(5);
    const evidence = observed([tick(1, { slower: before }, { slower: before })]);
    evidence.observe(tick(2, { slower: after }, { slower: after }));
    assert.equal(evidence.streams.get("latency")?.size, 5);
    assert.equal(streamOf(evidence, "latency", "slower than 2.1 s").alphaShare, 0);
    close(streamOf(evidence, "latency", "slower than 0.1 s").alphaShare, 1 / 12);
    close(all(evidence), 1);
  });

  it("add up to 1 with more edges than are compared", () => {
    const slower = edges(2 * pollingDefaults.edgesAtMost + 50);
    const evidence = observed([tick(1, { slower }, { slower })]);
    assert.equal(evidence.streams.get("latency")?.size, 2 * pollingDefaults.edgesAtMost);
    close(all(evidence), 1);
    assert.deepEqual(evidence.last?.problems, [
      "Latency came with 250 different edges, and at most 200 are compared: the rest are left out.",
    ]);
  });

  it("have room for just as many edges as are compared, and say nothing of them", () => {
    const slower = edges(2 * pollingDefaults.edgesAtMost);
    const evidence = observed([tick(1, { slower }, { slower }), tick(2, { slower }, { slower })]);
    assert.deepEqual(evidence.last?.problems, []);
    assert.equal(evidence.streams.get("latency")?.size, 2 * pollingDefaults.edgesAtMost);
  });

  it("go on to count the edges that are compared while there are more", () => {
    const few = edges(2 * pollingDefaults.edgesAtMost);
    const many = edges(2 * pollingDefaults.edgesAtMost + 1);
    const settings = { warmUpSeconds: 0 };
    const evidence = observed([tick(1, { slower: few }, { slower: few })], { settings });
    evidence.observe(tick(2, { slower: many }, { slower: many }));
    assert.equal(streamOf(evidence, "latency", "slower than 0.1 s").canary.exposure, 40);
  });

  it("let a later edge neither convict nor clear a release", () => {
    const settings = { warmUpSeconds: 0 };
    const first = tick(1, { slower: { 0.5: 0 } }, { slower: { 0.5: 0 } });
    const later = (second: number) => tick(second, { slower: { 0.5: 0, 1: 20 } }, { slower: { 0.5: 0, 1: 0 } });
    const evidence = observed([first, ...Array.from({ length: 99 }, (_, at) => later(at + 2))], { settings });
    const { verdict, reason, logWorse } = judge(evidence, 100_000);
    assert.equal(verdict, "undecided");
    assert.match(reason, /canary takes longer than 1 s in 100 % of 1 980 requests/);
    assert.ok(logWorse < 0, `${logWorse}`);
  });
});

describe("the warm-up", () => {
  const slow = (second: number) => tick(second, { slower: { 0.5: 5 } }, { slower: { 0.5: 0 } });

  it("excuses slow answers of ticks that began in it, and no later ones", () => {
    const settings = { warmUpSeconds: 3 };
    const evidence = observed([1, 2, 3].map(slow), { settings });
    const { canary: before, badTicks } = streamOf(evidence, "latency", "slower than 0.5 s");
    assert.deepEqual([before, badTicks], [{ events: 0, exposure: 0 }, 0]);
    evidence.observe(slow(4));
    assert.deepEqual(streamOf(evidence, "latency", "slower than 0.5 s").canary, { events: 5, exposure: 20 });
  });

  it("excuses nothing else", () => {
    const evidence = observed([tick(1, { failed: 2, refused: 1 }, {}, { canaryPod: { restarts: 1 } })]);
    assert.deepEqual(streamOf(evidence, "5xx").canary, { events: 2, exposure: 20 });
    assert.deepEqual(streamOf(evidence, "4xx").canary, { events: 1, exposure: 20 });
    assert.deepEqual(streamOf(evidence, "stability").canary, { events: 1, exposure: 1 });
  });

  it("is over once it has lasted as long as it should", () => {
    const evidence = observed([1, 2].map(slow), { settings: { warmUpSeconds: 3 } });
    assert.equal(evidence.warmingUp, true);
    evidence.observe(slow(3));
    assert.equal(evidence.warmingUp, false);
  });
});

describe("the comparison of what both arms did at the same time", () => {
  const failing = (end: number, changes: Partial<Tick> = {}) => tick(end, { failed: 1 }, { failed: 1 }, changes);
  const known = (evidence: Evidence) => [...streamOf(evidence, "5xx").known];
  /** What waits, as the exposure of both arms: the canary pod has 20 requests a tick, each of stable's nine too. */
  const waiting = (evidence: Evidence) => {
    const { canary, stable } = streamOf(evidence, "5xx").waiting;
    return [canary.exposure, stable.exposure];
  };
  /** What is known after ticks in which everything could be read. */
  const after = (...ticks: Tick[]) => known(observed(ticks));

  it("is made at once where all could be read", () => {
    const evidence = observed([failing(1)]);
    assert.deepEqual(waiting(evidence), [0, 0]);
    assert.ok(known(evidence).every((each) => each < 0));
  });

  const waits: [sentence: string, second: (end: number) => Tick][] = [
    ["a pod of stable that is ready and cannot be read", (end) => unread(failing(end), ["stable-1"])],
    ["a pod of canary that is ready and cannot be read", (end) => unread(failing(end), ["canary-1"])],
    [
      "one of several that cannot be read, where the other is not ready",
      (end) => unread(unread(failing(end), ["stable-1"]), ["stable-2"], false),
    ],
    [
      "one of several that cannot be read, in the other order",
      (end) => unread(unread(failing(end), ["stable-2"]), ["stable-1"], false),
    ],
  ];
  for (const [sentence, second] of waits) {
    it(`waits for ${sentence}, and then compares all of it`, () => {
      const evidence = observed([failing(1)]);
      const before = known(evidence);
      evidence.observe(second(2));
      assert.deepEqual(known(evidence), before);
      assert.notDeepEqual(waiting(evidence), [0, 0]);
      evidence.observe(failing(3));
      assert.notDeepEqual(known(evidence), before);
      assert.deepEqual(waiting(evidence), [0, 0]);
    });
  }

  it("counts what waited with the increment that ends the waiting", () => {
    const evidence = observed([failing(1), unread(failing(2), ["stable-1"])]);
    assert.deepEqual(waiting(evidence), [20, 160]);
    evidence.observe(failing(3));
    const summed = observed([failing(1)]);
    const [canaryUnit, ...others] = failing(3).targets;
    assert.ok(canaryUnit);
    const twice = ({ requests, ...target }: typeof canaryUnit) => ({
      ...target,
      requests: Object.fromEntries(Object.entries(requests).map(([code, count]) => [code, 2 * count])),
    });
    summed.observe({
      ...failing(3),
      targets: [twice(canaryUnit), ...others.map((target) => (target.target === "stable-1" ? target : twice(target)))],
    });
    for (const [at, each] of known(evidence).entries()) {
      assert.ok(Math.abs(each - (known(summed)[at] as number)) < 1e-9);
    }
  });

  it("does not wait for a pod that is not ready, nor for one that was never read", () => {
    for (const second of [
      unread(failing(2), ["stable-1"], false),
      { ...failing(2), pods: [...failing(2).pods, pod("stable-10")] },
    ]) {
      const evidence = observed([failing(1), second]);
      assert.deepEqual(waiting(evidence), [0, 0]);
    }
  });

  it("waits for a minute at most, and goes on without that pod", () => {
    const evidence = observed([failing(1), unread(failing(61), ["stable-1"])]);
    assert.deepEqual(waiting(evidence), [20, 160]);
    evidence.observe(unread(failing(61.5), ["stable-1"]));
    assert.deepEqual(waiting(evidence), [0, 0]);
  });

  it("gives up the increment of a pod that was away for longer, because the others were compared without it", () => {
    const evidence = observed([failing(1), unread(failing(62), ["stable-1"])]);
    const before = known(evidence);
    evidence.observe(tick(63, { failed: 1 }, (pod) => (pod === 0 ? { requests: 2000, failed: 1000 } : { failed: 1 })));
    assert.deepEqual(known(evidence), before);
    assert.deepEqual(waiting(evidence), [0, 0]);
    assert.equal(streamOf(evidence, "5xx").stable.exposure, 9 * 20 + 8 * 20 + 8 * 20 + 2000);
    evidence.observe(failing(64));
    assert.notDeepEqual(known(evidence), before);
  });

  it("gives it up too where another pod is read as ever in that tick, whichever comes first", () => {
    for (const away of ["canary-1", "stable-1", "stable-9"]) {
      const evidence = observed([failing(1), unread(failing(62), [away])]);
      const before = known(evidence);
      evidence.observe(failing(63));
      assert.deepEqual(known(evidence), before, away);
    }
  });

  it("compares a pod that was away for a minute and no longer", () => {
    const evidence = observed([failing(1), unread(failing(2), ["stable-1"])]);
    evidence.observe(failing(61));
    assert.deepEqual(waiting(evidence), [0, 0]);
    assert.notDeepEqual(known(evidence), after(failing(1)));
  });

  it("forgets a pod that is gone, so that one of the same name is new", () => {
    const gone = (end: number) => {
      const each = unread(failing(end), ["stable-1"]);
      return { ...each, pods: each.pods.filter(({ pod }) => pod !== "stable-1") };
    };
    const evidence = observed([failing(1), gone(30)]);
    assert.equal(evidence.heard.get("stable-1"), 1000);
    evidence.observe(gone(62));
    assert.equal(evidence.heard.has("stable-1"), false);
    const before = known(evidence);
    evidence.observe(failing(63));
    assert.notDeepEqual(known(evidence), before);
  });

  it("remembers one that is ready for as long as it cannot be read", () => {
    const evidence = observed([failing(1), unread(failing(62), ["stable-1"])]);
    assert.equal(evidence.heard.get("stable-1"), 1000);
    assert.equal(evidence.heard.get("canary-1"), 62_000);
    assert.equal(evidence.heard.get("stable-2"), 62_000);
  });

  function pod(name: string, changes: Partial<PodTick> = {}): PodTick {
    return {
      pod: name,
      release: stable,
      track: "stable",
      ready: true,
      restarts: 0,
      lostReadiness: false,
      vanished: false,
      ...changes,
    };
  }
});

describe("what is counted", () => {
  it("is how long it was watched, and how long canary had requests", () => {
    const quiet = (end: number, seconds = 1) => tick(end, { requests: 0 }, {}, { seconds });
    const evidence = observed([quiet(5, 5)]);
    assert.deepEqual(
      [evidence.seconds, evidence.begun, evidence.canarySeconds, evidence.lastRead],
      [5, undefined, 0, 5000],
    );
    evidence.observe(tick(9, {}, {}, { seconds: 4 }));
    assert.deepEqual([evidence.seconds, evidence.begun, evidence.canarySeconds], [9, 5000, 4]);
    evidence.observe(tick(12, {}, {}, { seconds: 3 }));
    evidence.observe(quiet(20, 8));
    assert.deepEqual([evidence.seconds, evidence.begun, evidence.canarySeconds], [20, 5000, 7]);
    evidence.observe(unread(tick(21, {}), ["canary-1"]));
    assert.equal(evidence.lastRead, 20_000);
  });

  it("begins with the first request to any pod of canary", () => {
    const two = tick(1, { requests: 0 });
    const more = {
      ...two,
      targets: [...two.targets, { ...tick(1, {}).targets[0], target: "canary-2" } as Tick["targets"][0]],
    };
    assert.equal(observed([more]).begun, 0);
  });

  it("is the answers of both arms, by class", () => {
    const each = tick(1, { requests: 30, failed: 2, refused: 3 }, { failed: 1 });
    const evidence = observed([each, each]);
    assert.deepEqual(evidence.answers, {
      canary: { requests: 60, ok: 50, moved: 0, refused: 6, failed: 4, unknown: 0 },
      stable: { requests: 360, ok: 342, moved: 0, refused: 0, failed: 18, unknown: 0 },
    });
  });

  it("is how often canary's pods failed as pods, and not stable's", () => {
    const failing = (canaryPod: Partial<PodTick>) => tick(1, {}, {}, { canaryPod });
    const evidence = observed([
      failing({ restarts: 2 }),
      failing({ lostReadiness: true }),
      failing({ vanished: true }),
    ]);
    assert.equal(evidence.podFailures, 4);
    const { pods, ...rest } = tick(1, {});
    evidence.observe({ ...rest, pods: pods.map((pod) => (pod.release === stable ? { ...pod, restarts: 1 } : pod)) });
    assert.equal(evidence.podFailures, 4);
  });

  it("is canary's failures as they stood when a pod of another release was last there", () => {
    const gone = (each: Tick) => only(each, canary);
    const vanished = (each: Tick) => ({
      ...only(each, canary),
      pods: each.pods.map((pod) => ({ ...pod, vanished: pod.release === stable })),
    });
    const foreign = (each: Tick) => ({
      ...gone(each),
      pods: each.pods.map((pod) => (pod.release === stable ? { ...pod, release: "c".repeat(12) } : pod)),
    });
    const blind = (each: Tick) => ({ ...each, targets: each.targets.filter(isOf(canary)) });
    const unlisted = (each: Tick) => ({ ...each, pods: each.pods.filter(isOf(canary)) });
    const failing = (end: number) => tick(end, { failed: 2 });
    const rows: [(each: Tick) => Tick, isLeft: boolean][] = [
      [gone, false],
      [vanished, false],
      [foreign, false],
      [blind, true],
      [unlisted, true],
      [(each) => each, true],
    ];
    for (const [change, isLeft] of rows) {
      const { compared, last } = observed([failing(1), change(failing(2))]);
      const once = { events: 2, exposure: 20, badTicks: 1 };
      assert.deepEqual(compared, isLeft ? { events: 4, exposure: 40, badTicks: 2 } : once);
      assert.equal(last?.stableLeft, isLeft);
    }
  });

  it("is how the last tick looked", () => {
    assert.equal(observed([]).last, undefined);
    const each = tick(7, {}, {}, { canaryPod: { ready: false }, problems: ["one", "two"] });
    const second = { ...(each.pods[0] as PodTick), pod: "canary-2", vanished: true };
    assert.deepEqual(observed([tick(6, {}), { ...each, pods: [...each.pods, second] }]).last, {
      at: 7000,
      problems: ["one", "two"],
      canaryPods: 1,
      unready: ["canary-1"],
      canaryRead: true,
      stableRead: true,
      stableLeft: true,
    });
    const { canaryPods, canaryRead, stableRead } = observed([only(tick(1, {}), stable)]).last ?? {};
    assert.deepEqual([canaryPods, canaryRead, stableRead], [0, false, true]);
    assert.equal(observed([only(tick(1, {}), canary)]).last?.stableRead, false);
  });

  it("is why nothing could be read, until something is", () => {
    const evidence = observed([tick(1, {})]);
    evidence.missed("the API server does not answer");
    assert.match(judge(evidence, 20_000).reason, /\(the API server does not answer\)$/);
    evidence.observe(tick(20, {}));
    assert.equal(evidence.trouble, undefined);
    assert.doesNotMatch(judge(evidence, 40_000).reason, /API server/);
  });
});

describe("a conviction", () => {
  const failing = (end: number) => tick(end, { requests: 100, failed: 10 });

  it("is that of the first look that convicted, and keeps its time and its sentence", () => {
    const evidence = observed([failing(1), failing(2), failing(3)]);
    const first = evidence.conviction;
    assert.equal(first?.at, 3000);
    for (const end of [4, 5, 6]) evidence.observe(failing(end));
    assert.equal(evidence.conviction, first);
    assert.equal(judge(evidence, 6000).reason, first?.reason);
  });

  it("comes with the largest evidence of all looks, whatever came after", () => {
    const evidence = observed([failing(1), failing(2), failing(3)]);
    const { peak } = evidence;
    assert.ok(peak > Math.log(100));
    for (let end = 4; end < 60; end++) evidence.observe(tick(end, { requests: 1000 }, { requests: 100, failed: 10 }));
    assert.equal(evidence.peak, peak);
    const { pValue, logWorse } = judge(evidence, 60_000);
    assert.ok(logWorse < peak);
    assert.equal(pValue, Math.exp(-peak));
  });

  it("is as likely as 1 before there is any evidence", () => {
    const evidence = observed([tick(1, {}, { failed: 1 })]);
    assert.equal(judge(evidence, 1000).pValue, 1);
  });
});

describe("stored evidence", () => {
  const json = (evidence: Evidence) => JSON.parse(JSON.stringify(evidence));
  const answered: Answered = { failed: 1, slower: { 0.5: 1 }, pairs: { lost: { bad: 1, total: 5 } } };
  const question: Partial<Question> = {
    pairs: ["lost"],
    perRequest: true,
    first: true,
    settings: { warmUpSeconds: 0, leastRequests: 7 },
  };
  const evidence = () =>
    observed(
      [1, 2, 3].map((end) => tick(end, answered)),
      question,
      { canaryShare: 0.1 },
    );

  it("is everything that the judge needs, question and settings too", () => {
    const before = evidence();
    const after = Evidence.resume(json(before));
    assert.deepEqual(after.question.pairs, ["lost"]);
    assert.deepEqual([after.question.first, after.question.perRequest], [true, true]);
    assert.equal(after.settings.leastRequests, 7);
    assert.deepEqual(after.heard, before.heard);
    assert.deepEqual(json(after), json(before));
    assert.deepEqual(judge(after, 3000), judge(before, 3000));
  });

  it("keeps 20 problems of the last tick", () => {
    const problems = Array.from({ length: 30 }, (_, at) => `problem ${at}`);
    const before = observed([tick(1, {}, {}, { problems })]);
    assert.equal(before.last?.problems.length, 30);
    assert.deepEqual(json(before).last.problems, problems.slice(0, 20));
  });

  it("can be stored before the first tick", () => {
    const after = Evidence.resume(json(observed([])));
    assert.equal(after.last, undefined);
    assert.match(judge(after, 0).reason, /^nothing has been observed yet/);
  });

  it("of a version that noted no failures apart holds none of them against canary by itself", () => {
    const { compared, ...stored } = json(evidence());
    assert.deepEqual(compared, { events: 3, exposure: 60, badTicks: 3 });
    assert.deepEqual(Evidence.resume(stored).compared, compared);
    const { compared: none, ...empty } = json(observed([]));
    assert.deepEqual(Evidence.resume(empty).compared, none);
  });

  it("of kinds that had no 5xx goes on without them", () => {
    const stored = json(evidence());
    delete stored.streams["5xx"];
    assert.equal(Evidence.resume(stored).streams.get("5xx")?.size, 0);
  });

  it("of a version that did not note whether stable is left takes it for left", () => {
    const stored = json(evidence());
    delete stored.last.stableLeft;
    assert.equal(Evidence.resume(stored).last?.stableLeft, true);
  });

  it("of a kind that is not known is refused by its name", () => {
    const stored = json(evidence());
    stored.streams.colour = {};
    assert.throws(() => Evidence.resume(stored), {
      message: "stored evidence has streams of an unknown indicator, colour",
    });
  });

  it("is refused where a part of it is missing or something else", () => {
    const stored = json(evidence());
    const changes: [string, (copy: typeof stored) => void][] = [
      ["another version", (copy) => Object.assign(copy, { version: 1 })],
      ["no question", (copy) => delete copy.question],
      ["no canary", (copy) => delete copy.question.canary],
      ["stable is no list", (copy) => Object.assign(copy.question, { stable: "a" })],
      ["a likelihood that is too short", (copy) => copy.streams["5xx"]["5xx"].known.pop()],
      ["a likelihood that is no number", (copy) => Object.assign(copy.streams["5xx"]["5xx"].known, { 0: null })],
      ["a half of a tick", (copy) => Object.assign(copy.streams["5xx"]["5xx"], { badTicks: 1.5 })],
      ["a stream without a part", (copy) => delete copy.streams["5xx"]["5xx"].alphaShare],
      ["a stream with half of a dispersion", (copy) => delete copy.streams["5xx"]["5xx"].dispersion.events],
      ["a stream without what waits", (copy) => delete copy.streams["5xx"]["5xx"].waiting.canary],
      ["a count without exposure", (copy) => delete copy.streams["5xx"]["5xx"].canary.exposure],
      ["answers without failures", (copy) => delete copy.answers.canary.failed],
      ["answers without requests", (copy) => delete copy.answers.stable.requests],
      ["answers that were not moved", (copy) => delete copy.answers.stable.moved],
      ["answers that were not refused", (copy) => delete copy.answers.stable.refused],
      ["answers that were not good", (copy) => delete copy.answers.stable.ok],
      ["a last tick without a time", (copy) => delete copy.last.at],
      ["no seconds", (copy) => delete copy.seconds],
      ["half of what was compared", (copy) => delete copy.compared.badTicks],
      ["a conviction without a reason", (copy) => Object.assign(copy, { conviction: { at: 1 } })],
    ];
    for (const [what, change] of changes) {
      const copy = structuredClone(stored);
      change(copy);
      assert.throws(() => Evidence.resume(copy), what);
    }
  });

  it("is what it would be without a break, whenever pods cannot be read", () => {
    const course = fc.array(
      fc.record({ failed: fc.nat(2), away: fc.subarray(["canary-1", "stable-1", "stable-2"]), seconds: fc.nat(40) }),
      { minLength: 2, maxLength: 20 },
    );
    fc.assert(
      fc.property(course, fc.nat(), (steps, cut) => {
        const whole = observed([]);
        let parts = observed([]);
        let end = 0;
        for (const [at, { failed, away, seconds }] of steps.entries()) {
          end += 1 + seconds;
          const each = unread(tick(end, { failed }, { failed: 1 }), away);
          if (at === cut % steps.length) parts = Evidence.resume(json(parts));
          whole.observe(each);
          parts.observe(each);
        }
        assert.deepEqual(json(parts), json(whole));
      }),
      { numRuns: runs(100) },
    );
  });
});

import assert from "node:assert/strict";
import { defaults } from "../../analysis/defaults.ts";
import { RatioTest } from "../../analysis/ratio.ts";
import { addSpells, compareSpells, forgetSpells, logWorseBySpells, noSpells } from "../../analysis/spells.ts";
import { addToStream, compare, dispersion, forgetWaiting, newStream } from "../../analysis/stream.ts";

const test = new RatioTest(defaults);
const pods = (count: number, events: number, exposure = 100) =>
  Array.from({ length: count }, () => ({ events, exposure }));

/** The spells of ticks with these events of one pod of canary, and of each of nine of stable. */
function spellsOf(ticks: readonly (readonly [canary: number, stable: number])[], exposure = 100) {
  const spells = noSpells(test);
  for (const [canary, stable] of ticks) {
    addSpells(spells, { canary: pods(1, canary, exposure), stable: pods(9, stable, exposure) }, 5);
    compareSpells(test, spells);
  }
  return spells;
}

describe("a stream in which events bunch", () => {
  const increment = { canary: { events: 30, exposure: 100 }, stable: { events: 0, exposure: 900 }, stablePods: [] };

  it("has no spells of counts that were not compared", () => {
    const stream = newStream(test, 1, true);
    addToStream(stream, increment, 5);
    forgetWaiting(stream);
    addToStream(stream, { ...increment, canary: { events: 0, exposure: 100 } }, 5);
    compare(test, stream);
    assert.deepEqual(stream.bunching?.spells.known, test.nothing());
  });

  it("counts a burst as few events, for a good verdict too", () => {
    const stream = newStream(test, 1, true);
    for (let tick = 0; tick < 20; tick++) {
      addToStream(stream, tick === 10 ? increment : { ...increment, canary: { events: 0, exposure: 100 } }, 5);
    }
    assert.ok(dispersion(stream) > 25);
  });
});

describe("failing spells", () => {
  it("are one for a pod and a tick, however many events it had", () => {
    assert.equal(spellsOf([[40, 0]]).events, 1);
    assert.equal(
      spellsOf([
        [1, 0],
        [0, 7],
        [3, 0],
      ]).events,
      11,
    );
  });

  it("are evidence where they come again and again, and not where one client has many failures", () => {
    const [often, once] = [
      spellsOf(Array.from({ length: 12 }, () => [1, 0] as const)),
      spellsOf([
        [12, 0],
        [0, 0],
      ]),
    ];
    const enough = Math.log(1 / defaults.alpha);
    assert.ok(logWorseBySpells(test, often, 1, true) > enough);
    assert.ok(logWorseBySpells(test, once, 1, true) < enough / 2);
  });

  it("are discounted by their dispersion and by their bunching", () => {
    const late = spellsOf([
      ...Array.from({ length: 30 }, () => [0, 0] as const),
      ...Array.from({ length: 8 }, () => [1, 0] as const),
    ]);
    const raw = logWorseBySpells(test, late, 1, false);
    assert.ok(logWorseBySpells(test, late, 1, true) < raw / 2);
    assert.ok(logWorseBySpells(test, late, 3, false) < raw / 2);
  });

  it("do not make a pod with many requests look worse than those with few", () => {
    const spells = noSpells(test);
    for (let tick = 0; tick < 200; tick++) {
      // One failure in 100 requests on either side: canary has a spell in nearly every tick, a pod of stable in every tenth.
      const stable = pods(9, 0, 10).map((pod, at) => ((tick + at) % 10 === 0 ? { ...pod, events: 1 } : pod));
      addSpells(spells, { canary: pods(1, 10, 1000), stable }, 5);
      compareSpells(test, spells);
    }
    assert.ok(logWorseBySpells(test, spells, 1, false) < 0);
    const ratio = test.likeliest(spells.known) ?? Number.NaN;
    assert.ok(ratio > 0.7 && ratio < 1.3, String(ratio));
  });

  it("that cannot be compared are dropped", () => {
    const spells = noSpells(test);
    addSpells(spells, { canary: pods(1, 5), stable: pods(9, 0) }, 5);
    forgetSpells(spells);
    compareSpells(test, spells);
    assert.deepEqual(spells.known, test.nothing());
  });
});

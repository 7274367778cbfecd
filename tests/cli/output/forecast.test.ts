import assert from "node:assert/strict";
import { caveats, prospects, prospectTable } from "../../../cli/output/forecast.ts";

/** Measured traffic of a busy service, and of one with few requests. */
const busy = { requestsPerSecond: 200, errors: 0.002 };
const quiet = { requestsPerSecond: 2, errors: 0.002 };

describe("the forecast of a decision", () => {
  const row = (weight: number, stableReplicas: number, share?: number) =>
    prospects(busy, stableReplicas, share).find((each) => each.weight === weight);

  it("is for the share that the number of pods really reaches", () => {
    assert.equal(row(25, 9)?.forecast.share, 0.25);
    assert.equal(row(1, 9)?.forecast.share, 0.1);
    assert.equal(row(1, 99)?.forecast.share, 0.01);
  });

  it("marks the weights that up would refuse", () => {
    assert.deepEqual(
      prospects(busy, 9)
        .filter(({ refused }) => refused)
        .map(({ weight }) => weight),
      [1, 5],
    );
    assert.ok(prospects(busy, 99).every(({ refused }) => !refused));
  });

  it("has every weight, with its exact share, if a gateway splits the requests", () => {
    const all = prospects(busy, 3, 0.05, "gateway");
    assert.deepEqual(
      all.map(({ weight, refused, forecast }) => [weight, refused, 100 * forecast.share]),
      [1, 5, 10, 25, 50].map((weight) => [weight, false, weight]),
    );
    assert.deepEqual(
      all.filter(({ inForce }) => inForce).map(({ weight }) => weight),
      [5],
    );
  });

  it("marks the weight in force, and no refused one with the same share", () => {
    const standing = prospects(busy, 9, 0.1).filter(({ inForce }) => inForce);
    assert.deepEqual(
      standing.map(({ weight }) => weight),
      [10],
    );
  });

  it("has an extra row for a share in force that no listed weight gives", () => {
    const all = prospects(busy, 9, 3 / 12);
    assert.equal(all.find(({ inForce }) => inForce)?.weight, 25);
    const other = prospects(busy, 9, 2 / 11);
    assert.deepEqual(
      other.map(({ weight, inForce }) => (inForce ? "in force" : weight)),
      [1, 5, 10, "in force", 25, 50],
    );
  });

  it("marks nothing if canary gets none or all of the requests", () => {
    for (const share of [0, 1, undefined]) assert.ok(prospects(busy, 9, share).every(({ inForce }) => !inForce));
  });

  it("is a table with a line for each weight", () => {
    const [head, ...lines] = prospectTable(busy, prospects(busy, 9, 0.1)).split("\n");
    assert.match(
      head ?? "",
      /^WEIGHT +REACHED +REQUESTS\/S TO CANARY +1\.5X ERRORS: BAD IN +2X ERRORS: BAD IN +5X ERRORS: BAD IN +SAME ERRORS: GOOD IN$/,
    );
    assert.match(lines[0] ?? "", /^1 \(refused\) +10 % +20 +[\d.]+ h +\d+ min +\d+ s +\d+ min$/);
    assert.match(lines[2] ?? "", /^10 \(in force\) +10 % +20 /);
    assert.match(lines[4] ?? "", /^50 +50 % +100 /);
    assert.equal(lines.length, 5);
  });

  it("has a sentence for each share at which a decision takes too long, and none for others", () => {
    const sentences = caveats(quiet, 99, prospects(quiet, 99));
    assert.match(
      sentences[0] ?? "",
      /^At 1 % and 2 requests\/s a 5x regression needs \d+ h and a clean release [\d.]+ h: choose a larger weight\.$/,
    );
    assert.match(sentences.at(-1) ?? "", /^At 50 % and 2 requests\/s a .*: only more requests make it faster\.$/);
    const busiest = { ...busy, requestsPerSecond: 20_000 };
    assert.deepEqual(caveats(busiest, 99, prospects(busiest, 99)), []);
  });

  it("has one sentence for several weights with the same share, and lists the weights that are refused", () => {
    const sentences = caveats(quiet, 9, prospects(quiet, 9, 0.1));
    assert.equal(sentences.filter((sentence) => sentence.startsWith("At 10 %")).length, 1);
    assert.equal(
      sentences[0],
      "9 stable pods cannot serve weights 1 and 5: 1 canary pod beside them gets 10 % of the requests.",
    );
  });

  it("names the assumed rate if stable has no 5xx", () => {
    const clean = { requestsPerSecond: 2000, errors: 0 };
    assert.equal(
      caveats(clean, 99, prospects(clean, 99))[0],
      "Stable has no 5xx now: the times assume a rate of 0.1 %.",
    );
  });

  it("prints never for a regression below the floor", () => {
    const rare = { requestsPerSecond: 2000, errors: 0.0003 };
    const all = prospects(rare, 99);
    assert.match(prospectTable(rare, all).split("\n")[1] ?? "", /^1 +1 % +20 +never +never +\d+ min /);
    assert.equal(
      caveats(rare, 99, all)[0],
      "2 times stable's 0.03 % of 5xx is below the floor of 0.1 %: such a regression is not noticed at any weight.",
    );
  });
});

import assert from "node:assert/strict";
import { caveats, prospects, prospectTable } from "../../../cli/output/forecast.ts";

/** A service of some traffic and one of hardly any, as they are measured. */
const busy = { requestsPerSecond: 200, errors: 0.002 };
const quiet = { requestsPerSecond: 2, errors: 0.002 };

describe("the forecast of a decision", () => {
  const row = (weight: number, stableReplicas: number, share?: number) =>
    prospects(busy, stableReplicas, share).find((each) => each.weight === weight);

  it("is made with the share that so many pods really reach", () => {
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

  it("are all to be had, and to the point, where a gateway splits", () => {
    const all = prospects(busy, 3, 0.05, true);
    assert.deepEqual(
      all.map(({ weight, refused, forecast }) => [weight, refused, 100 * forecast.share]),
      [1, 5, 10, 25, 50].map((weight) => [weight, false, weight]),
    );
    assert.deepEqual(
      all.filter(({ inForce }) => inForce).map(({ weight }) => weight),
      [5],
    );
  });

  it("marks the weight in force, and no refused one beside it that reaches the same share", () => {
    const standing = prospects(busy, 9, 0.1).filter(({ inForce }) => inForce);
    assert.deepEqual(
      standing.map(({ weight }) => weight),
      [10],
    );
  });

  it("has a row of its own for a share in force that comes from no usual weight", () => {
    const all = prospects(busy, 9, 3 / 12);
    assert.equal(all.find(({ inForce }) => inForce)?.weight, 25);
    const other = prospects(busy, 9, 2 / 11);
    assert.deepEqual(
      other.map(({ weight, inForce }) => (inForce ? "in force" : weight)),
      [1, 5, 10, "in force", 25, 50],
    );
  });

  it("marks nothing where canary is dark, or is all there is", () => {
    for (const share of [0, 1, undefined]) assert.ok(prospects(busy, 9, share).every(({ inForce }) => !inForce));
  });

  it("is a table with a line for each weight", () => {
    const [head, ...lines] = prospectTable(busy, prospects(busy, 9, 0.1)).split("\n");
    assert.match(
      head ?? "",
      /^WEIGHT +REACHED +REQUESTS\/S TO CANARY +1\.5X NOTICED IN +2X NOTICED IN +5X NOTICED IN +CLEAN CLEARED IN$/,
    );
    assert.match(lines[0] ?? "", /^1 \(refused\) +10 % +20 +[\d.]+ h +\d+ min +\d+ s +\d+ min$/);
    assert.match(lines[2] ?? "", /^10 \(in force\) +10 % +20 /);
    assert.match(lines[4] ?? "", /^50 +50 % +100 /);
    assert.equal(lines.length, 5);
  });

  it("says of each share that is hopeless what takes too long, and of the others nothing", () => {
    const sentences = caveats(quiet, 99, prospects(quiet, 99));
    assert.match(
      sentences[0] ?? "",
      /^At 1 % and 2 requests\/s a 5x regression needs \d+ h and a clean release [\d.]+ h: choose a larger weight\.$/,
    );
    assert.match(sentences.at(-1) ?? "", /^At 50 % and 2 requests\/s a .*: only more requests make it faster\.$/);
    const busiest = { ...busy, requestsPerSecond: 20_000 };
    assert.deepEqual(caveats(busiest, 99, prospects(busiest, 99)), []);
  });

  it("says a hopeless share once, however many weights come to it, and names those that cannot be had", () => {
    const sentences = caveats(quiet, 9, prospects(quiet, 9, 0.1));
    assert.equal(sentences.filter((sentence) => sentence.startsWith("At 10 %")).length, 1);
    assert.equal(
      sentences[0],
      "Weights 1 and 5 cannot be had from 9 stable pods: 1 canary pod beside them gets 10 % of the requests.",
    );
  });

  it("says with which rate it reckons where stable answers no 5xx", () => {
    const clean = { requestsPerSecond: 2000, errors: 0 };
    assert.equal(
      caveats(clean, 99, prospects(clean, 99))[0],
      "Stable answers no 5xx now: the times are those against a rate of 0.1 %.",
    );
  });

  it("says never of a regression that stays too small to hurt", () => {
    const rare = { requestsPerSecond: 2000, errors: 0.0003 };
    const all = prospects(rare, 99);
    assert.match(prospectTable(rare, all).split("\n")[1] ?? "", /^1 +1 % +20 +never +never +\d+ min /);
    assert.equal(
      caveats(rare, 99, all)[0],
      "2 times stable's 0.03 % of 5xx is less than 0.1 %, which hurts nobody: no weight brings it to notice.",
    );
  });
});

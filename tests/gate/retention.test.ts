import assert from "node:assert/strict";
import type { StackState } from "../../components/history.ts";
import { previousAnnotation } from "../../components/names.ts";
import type { Release } from "../../components/release.ts";
import { previousOf, storedReleases } from "../../gate/retention.ts";
import type { StackStates } from "../../gate/stack-state.ts";
import type { Live } from "../../live/live.ts";
import { serviceArgs } from "../components/fop-gate.ts";

const release = (id: string) => ({ id }) as Release;
const [a, b, c, d] = ["a", "b", "c", "d"].map(release) as [Release, Release, Release, Release];
const states = (...history: Release[]): StackStates => ({
  own: undefined,
  history,
  damaged: [],
  gone: [],
  canaryRuns: undefined,
  stableHasHistory: true,
});

describe("the release history after a run", () => {
  for (const [sentence, releases, limit, adopted, pinned, expected] of [
    ["has canary's release first, then the newest others", { canary: d, stable: a }, 3, undefined, [], ["d", "c", "b"]],
    ["keeps the 10 newest by default", { canary: d, stable: a }, undefined, undefined, [], ["d", "c", "b", "a"]],
    [
      "keeps pinned releases beyond the limit",
      { canary: d, stable: a },
      2,
      undefined,
      ["a", undefined],
      ["d", "c", "a"],
    ],
    ["has only stable's release in a stack without canary", { stable: a }, 3, undefined, ["b"], ["a"]],
    ["has no adopted release", { stable: a }, 3, "a", [], []],
    ["has a release that replaces an adopted one", { stable: b }, 3, "a", [], ["b"]],
    ["is empty if no track is chosen", {}, 3, undefined, [], []],
  ] as const) {
    it(sentence, () => {
      const args = serviceArgs(limit === undefined ? {} : { releaseHistoryLimit: limit });
      const taken = adopted && { release: adopted, front: {} };
      const found = storedReleases(args, releases, states(c, b, a), taken, pinned);
      assert.deepEqual(
        found.map(({ id }) => id),
        expected,
      );
    });
  }
});

it("the release history is not pruned while a stored release is damaged", () => {
  const args = serviceArgs({ releaseHistoryLimit: 1 });
  const damaged = [{ id: "z", why: "odd" }];
  const kept = storedReleases(args, { canary: d }, { ...states(c, b, a), damaged }, undefined, []);
  assert.deepEqual(kept, [d, c, b, a]);
});

it("the release history of a stack without canary has the release that stable ran before too", () => {
  const own: StackState = {
    namespace: "dora-apps",
    cluster: "uid",
    current: { stable: "a" },
    previous: "c",
    history: [],
  };
  const args = serviceArgs();
  const kept = (stable: Release) => storedReleases(args, { stable }, { ...states(c, b, a), own }, undefined, []);
  assert.deepEqual(
    [kept(b), kept(a)],
    [
      [b, a],
      [a, c],
    ],
  );
});

describe("the release that stable ran before", () => {
  const own = (stable: string | undefined, previous?: string): StackState => ({
    namespace: "dora-apps",
    cluster: "uid",
    current: stable === undefined ? {} : { stable },
    ...(previous && { previous }),
    history: [],
  });
  const live = { deployments: {} } as Live;
  for (const [sentence, stable, state, expected] of [
    ["is the current one if stable changes", b, own("a", "z"), "a"],
    ["stays if stable keeps its release", b, own("b", "a"), "a"],
    ["is none on the first run", b, undefined, undefined],
    ["is none if stable never ran", b, own(undefined), undefined],
    ["stays in a stack without stable", undefined, own(undefined, "a"), "a"],
    ["is none in a stack without stable and state", undefined, undefined, undefined],
  ] as const) {
    it(sentence, () => assert.equal(previousOf(stable ? { stable } : {}, state, live).stable, expected));
  }
});

describe("the release that canary ran before", () => {
  const own = (canary?: string): StackState => ({
    namespace: "dora-apps",
    cluster: "uid",
    current: canary === undefined ? {} : { canary },
    history: [],
  });
  const written = { deployments: { canary: { metadata: { annotations: { [previousAnnotation]: "z" } } } } };
  for (const [sentence, canary, state, expected] of [
    ["is the current one if canary changes", b, own("a"), "a"],
    ["stays as it is written on the Deployment if canary keeps its release", b, own("b"), "z"],
    ["is none if canary never ran a release completely", b, own(), undefined],
    ["is none in a stack without canary", undefined, own(), undefined],
  ] as const) {
    it(sentence, () => {
      assert.equal(previousOf(canary ? { canary } : {}, state, written as unknown as Live).canary, expected);
    });
  }
});

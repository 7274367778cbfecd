import assert from "node:assert/strict";
import { pollingDefaults } from "../../analysis/defaults.ts";
import type { Pod } from "../../analysis/reading.ts";
import { EmptyCanary } from "../../evaluation/empty-canary.ts";
import { pod } from "../fake/pod.ts";

const gone: readonly Pod[] = [pod("stable")];
const withStable = (...pods: Pod[]) => [...pods, ...gone];

describe("a canary with users but no ready pod", () => {
  let canary: EmptyCanary;
  const look = (second: number, pods: readonly Pod[] | undefined, share: number | "unknown" = 0.1) =>
    canary.update({ at: 1000 * second, ...(pods && { pods }), ...(share !== "unknown" && { share }) });
  beforeEach(() => {
    canary = new EmptyCanary();
  });

  for (const [which, pods] of Object.entries({
    "that are deleted": gone,
    "that are not ready": withStable(pod("canary", { ready: false })),
    "that are terminating": withStable(pod("canary", { terminating: true })),
  })) {
    it(`is detected after five seconds with pods ${which}`, () => {
      assert.deepEqual([look(0, pods), look(4.9, pods), look(5, pods)], [false, false, true]);
    });
  }

  it("is not detected while one pod is ready", () => {
    const both = [pod("canary", { ready: false }), pod("canary")];
    assert.ok(![0, 5, 10].some((second) => look(second, both)));
  });

  it("must last: a ready pod in between starts the time anew", () => {
    assert.ok(![look(0, gone), look(4, [pod("canary")]), look(6, gone), look(10, gone)].some(Boolean));
  });

  it("is not detected while canary is dark", () => {
    assert.ok(![0, 5, 10].some((second) => look(second, gone, 0)));
  });

  it("neither follows from failed polls nor is forgotten because of them", () => {
    assert.deepEqual([look(0, gone), look(6, undefined), look(7, gone, "unknown")], [false, false, false]);
    assert.equal(look(8, gone), true);
  });

  it("lasts over three ticks without a poll, and starts anew after more", () => {
    const late = 3 * pollingDefaults.tickSeconds;
    assert.deepEqual([look(0, gone), look(late, gone)], [false, true]);
    canary = new EmptyCanary();
    assert.deepEqual([look(0, gone), look(late + 0.1, gone)], [false, false]);
  });

  it("starts anew after a minute without a poll", () => {
    assert.deepEqual([look(0, gone), look(60, gone), look(64, gone), look(65, gone)], [false, false, false, true]);
  });

  it("is not cut off while no pod of stable is ready either", () => {
    const nobody = [pod("canary", { ready: false }), pod("stable", { ready: false })];
    assert.ok(![0, 5, 10].some((second) => look(second, nobody)));
  });

  it("is suspected from the first poll on, so that the next one comes sooner", () => {
    look(0, [pod("canary")]);
    assert.equal(canary.suspected, false);
    look(1, gone);
    assert.equal(canary.suspected, true);
  });
});

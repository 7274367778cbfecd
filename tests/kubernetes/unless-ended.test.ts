import assert from "node:assert/strict";
import { unlessEnded } from "../../kubernetes/unless-ended.ts";

const never = new Promise<never>(() => {});
const late = new Error("late");

describe("what comes of a promise before a signal", () => {
  it("is what the promise comes to", async () => {
    const { signal } = new AbortController();
    assert.equal(await unlessEnded(signal, Promise.resolve(1)), 1);
    assert.equal(await unlessEnded(undefined, Promise.resolve(1)), 1);
    await assert.rejects(unlessEnded(signal, Promise.reject(late)), late);
  });

  it("is the signal's reason where it comes first, or has come already", async () => {
    const stopping = new AbortController();
    const pending = unlessEnded(stopping.signal, never);
    stopping.abort(late);
    await assert.rejects(pending, late);
    await assert.rejects(unlessEnded(stopping.signal, never), late);
  });
});

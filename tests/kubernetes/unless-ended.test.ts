import assert from "node:assert/strict";
import { unlessEnded } from "../../kubernetes/unless-ended.ts";

const never = new Promise<never>(() => {});
const late = new Error("late");

describe("waiting for a promise until a signal is aborted", () => {
  it("gives the value or the error of the promise", async () => {
    const { signal } = new AbortController();
    assert.equal(await unlessEnded(signal, Promise.resolve(1)), 1);
    assert.equal(await unlessEnded(undefined, Promise.resolve(1)), 1);
    await assert.rejects(unlessEnded(signal, Promise.reject(late)), late);
  });

  it("throws the signal's reason if it is aborted first, or was aborted already", async () => {
    const stopping = new AbortController();
    const pending = unlessEnded(stopping.signal, never);
    stopping.abort(late);
    await assert.rejects(pending, late);
    await assert.rejects(unlessEnded(stopping.signal, never), late);
  });
});

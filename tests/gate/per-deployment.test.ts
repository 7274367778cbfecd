import assert from "node:assert/strict";
import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import { perDeployment } from "../../gate/per-deployment.ts";

/** Runs the work of one call to a provider process, with settings of its own (SDK: provider/server.ts). */
const { withLocalStorage } = createRequire(import.meta.url)("@pulumi/pulumi/runtime/state.js") as {
  withLocalStorage<T>(work: () => Promise<T>): Promise<T>;
};

describe("a value per deployment", () => {
  const shared = perDeployment(() => ({}));

  /** What a call sees that is served for the engine at an address, before and after another call has begun. */
  const call = (address: string) =>
    withLocalStorage(async () => {
      pulumi.runtime.resetOptions("project", "stack", 1, address, address, false, "organization");
      const before = shared();
      await new Promise(setImmediate);
      assert.equal(shared(), before);
      return before;
    });

  it("is one for all calls of one engine, and another for another engine at the same time", async () => {
    const [first, again, other] = await Promise.all([
      call("127.0.0.1:4001"),
      call("127.0.0.1:4001"),
      call("127.0.0.1:4002"),
    ]);
    assert.equal(first, again);
    assert.notEqual(first, other);
  });
});

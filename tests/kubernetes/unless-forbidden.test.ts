import assert from "node:assert/strict";
import { ApiError } from "../../kubernetes/api-error.ts";
import { unlessForbidden } from "../../kubernetes/unless-forbidden.ts";

describe("a read for which a role may lack the permission", () => {
  const failing = (status: number) => unlessForbidden(Promise.reject(new ApiError(status, "no")), "nothing");

  it("gives what is read", async () => {
    assert.equal(await unlessForbidden(Promise.resolve("it"), "nothing"), "it");
  });

  it("gives the other value if the permission is missing", async () => {
    assert.equal(await failing(403), "nothing");
  });

  it("fails with any other error, because that says nothing about what is there", async () => {
    await assert.rejects(failing(500), ApiError);
    await assert.rejects(unlessForbidden(Promise.reject(new Error("403")), "nothing"), /403/);
  });
});

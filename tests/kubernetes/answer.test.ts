import assert from "node:assert/strict";
import { UserError } from "../../components/user-error.ts";
import { isRetryable, isUnavailable } from "../../kubernetes/answer.ts";
import { ApiError, Unreachable } from "../../kubernetes/cluster.ts";

describe("what went wrong with a call", () => {
  it("may pass where the server did not answer or could not, or another answer comes with other credentials or a newer read", () => {
    assert.ok(isRetryable(new Unreachable("no answer")));
    for (const status of [401, 408, 409, 410, 429, 500, 502, 503, 504, 599]) {
      assert.ok(isRetryable(new ApiError(status, "")), String(status));
    }
  });

  it("stays where the server has decided, or something else is wrong", () => {
    for (const status of [300, 400, 402, 403, 404, 405, 407, 413, 422]) {
      assert.ok(!isRetryable(new ApiError(status, "")), String(status));
    }
    for (const error of [new UserError("no"), new Error("a bug"), undefined, "text"]) assert.ok(!isRetryable(error));
  });

  it("is no answer at all, or one that says no", () => {
    assert.ok(isUnavailable(new Unreachable("no answer")));
    assert.ok(!isUnavailable(new ApiError(500, "")));
  });
});

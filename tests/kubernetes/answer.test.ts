import assert from "node:assert/strict";
import { UserError } from "../../components/user-error.ts";
import { isRetryable, isUnavailable } from "../../kubernetes/answer.ts";
import { ApiError, Unreachable } from "../../kubernetes/api-error.ts";

describe("an error of an API call", () => {
  it("is retryable if the server did not answer or failed, or if new credentials or a new read may help", () => {
    assert.ok(isRetryable(new Unreachable("no answer")));
    for (const status of [401, 408, 409, 410, 429, 500, 502, 503, 504, 599]) {
      assert.ok(isRetryable(new ApiError(status, "")), String(status));
    }
  });

  it("is not retryable if the server has decided, or if it has another cause", () => {
    for (const status of [300, 400, 402, 403, 404, 405, 407, 413, 422]) {
      assert.ok(!isRetryable(new ApiError(status, "")), String(status));
    }
    for (const error of [new UserError("no"), new Error("a bug"), undefined, "text"]) assert.ok(!isRetryable(error));
  });

  it("is either no answer at all, or an answer that refuses", () => {
    assert.ok(isUnavailable(new Unreachable("no answer")));
    assert.ok(!isUnavailable(new ApiError(500, "")));
  });
});

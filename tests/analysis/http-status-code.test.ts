import assert from "node:assert/strict";
import { answerClassOf, finalCodeOf } from "../../analysis/indicators/http-status-code.ts";

describe("an HTTP status code", () => {
  it("is final from 200 to 599, as a class too, whichever way a proxy writes it", () => {
    assert.deepEqual(["200", "302", "404", "503", "2xx", "5XX"].map(finalCodeOf), [
      "200",
      "302",
      "404",
      "503",
      "2xx",
      "5xx",
    ]);
  });

  it("below 200 is final only where the connection becomes a WebSocket", () => {
    assert.deepEqual(["100", "101", "103", "1xx"].map(finalCodeOf), [undefined, "101", undefined, undefined]);
  });

  it("of 0 is that of a request without an answer, which failed", () => {
    assert.deepEqual(["0", "000"].map(finalCodeOf), ["5xx", "5xx"]);
  });

  it("is none where the text is another one", () => {
    assert.deepEqual(["", "OK", "600", "20", "2000", "2x", "a200"].map(finalCodeOf), Array(7).fill(undefined));
  });

  it("counts by its first digit, and one below 200 only as a request", () => {
    assert.deepEqual(["204", "3xx", "429", "500", "101"].map(answerClassOf), [
      "ok",
      "moved",
      "refused",
      "failed",
      undefined,
    ]);
  });
});

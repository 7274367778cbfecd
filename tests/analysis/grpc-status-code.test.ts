import assert from "node:assert/strict";
import { httpCodeOf, isGrpcName } from "../../analysis/indicators/grpc-status-code.ts";
import { answerClassOf } from "../../analysis/indicators/http-status-code.ts";

describe("a gRPC status", () => {
  it("is the same by its number and by its name, as each library writes it", () => {
    for (const [number, ...names] of [
      ["0", "OK", "Ok"],
      ["1", "CANCELLED", "Canceled"],
      ["4", "DEADLINE_EXCEEDED", "DeadlineExceeded"],
      ["14", "UNAVAILABLE", "Unavailable"],
      ["16", "UNAUTHENTICATED", "Unauthenticated"],
    ] as const) {
      assert.deepEqual(names.map(httpCodeOf), Array(2).fill(httpCodeOf(number)));
      assert.ok(names.every(isGrpcName) && !isGrpcName(number));
    }
  });

  it("counts as good only if it is OK, as failed if the server is to blame, and as refused otherwise", () => {
    const classes = Array.from({ length: 17 }, (_, number) => answerClassOf(httpCodeOf(`${number}`) ?? ""));
    const of = (wanted: string) => classes.flatMap((each, number) => (each === wanted ? [number] : []));
    assert.deepEqual(of("ok"), [0]);
    assert.deepEqual(of("failed"), [2, 4, 12, 13, 14, 15]);
    assert.deepEqual(of("refused"), [1, 3, 5, 6, 7, 8, 9, 10, 11, 16]);
  });

  it("is none where the text is another one", () => {
    for (const text of ["", "17", "-1", "200", "1.0", "x14", "14x", "success", "error"])
      assert.equal(httpCodeOf(text), undefined);
  });
});

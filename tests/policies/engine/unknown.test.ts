import assert from "node:assert/strict";
import { isUnknown, known, paired } from "../../../policies/engine/unknown.ts";

/** The error that Pulumi throws for a value that is known only during up. */
const unknown = () => Object.assign(new Error("unknown"), { unknownTypeSentinel: true, props: ["spec", "replicas"] });
const throws = (error: unknown) => () => {
  throw error;
};

describe("a value that may be known only during up", () => {
  it("is its value if it is known", () => {
    assert.deepEqual(
      known(() => 1),
      { value: 1 },
    );
    assert.equal(
      paired(() => 1),
      1,
    );
  });

  it("is its path if it is unknown", () => {
    assert.deepEqual(known(throws(unknown())), { unknown: "spec.replicas", paired: false });
  });

  it("may matter only in comparison with other resources", () => {
    const both = () => paired(throws(unknown()));
    assert.deepEqual(known(both), { unknown: "spec.replicas", paired: true });
  });

  it("does not hide other errors", () => {
    assert.throws(() => known(throws(new Error("other"))), /^Error: other$/);
    assert.throws(() => paired(throws(new Error("other"))), /^Error: other$/);
    assert.deepEqual([isUnknown(unknown()), isUnknown(new Error("x")), isUnknown("x")], [true, false, false]);
    assert.equal("paired" in (catchOf(() => paired(throws(new Error("other")))) as object), false);
  });
});

function catchOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

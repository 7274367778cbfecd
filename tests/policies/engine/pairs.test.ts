import assert from "node:assert/strict";
import { asObject, asService, type Declared, readDeclared } from "../../../policies/engine/declared.ts";
import { pairsOf, readable } from "../../../policies/engine/pairs.ts";
import { object } from "./declare.ts";

const service = (namespace: string): Declared =>
  readDeclared({ type: "gray-release:index:CanaryService", name: "web", urn: "urn", props: { namespace } }) ??
  assert.fail();
const outputs: Declared = { is: "outputs", urn: "", name: "test", values: {} };

describe("the resources that a rule compares", () => {
  const [web, other] = [service("shop"), service("other")];
  const found = object("Service", {});

  it("are paired with each other one that can be read, in both roles", () => {
    assert.deepEqual(pairsOf(web, [web, found, other], asObject, asService), [[found, web]]);
    assert.deepEqual(pairsOf(found, [web, found, other], asObject, asService), [
      [found, web],
      [found, other],
    ]);
    assert.deepEqual(pairsOf(web, [web, found, other], asService, asService), [
      [web, other],
      [other, web],
    ]);
    assert.deepEqual(pairsOf(outputs, [web, found], asObject, asService), []);
  });

  it("are read once by each reader", () => {
    let reads = 0;
    const reader = (one: Declared) => {
      reads++;
      return asService(one);
    };
    for (const _ of [1, 2, 3]) assert.deepEqual(readable([web, found], reader), [web]);
    assert.equal(reads, 2);
    assert.deepEqual(readable([web], asObject), []);
  });
});

import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import * as v from "valibot";
import { rulesSchema } from "../../components/rule-schema.ts";
import { keyed, mapOf, plainObject, understand } from "../../components/schema.ts";

const refused = (schema: v.GenericSchema, data: unknown, sentence: string) =>
  assert.throws(() => understand(schema, data), new Error(sentence));

describe("a schema", () => {
  const empty = v.object({ name: v.optional(v.string()) });

  it("accepts no list, no text and no Output as an object or a map", () => {
    for (const schema of [plainObject(), mapOf(v.unknown()), keyed(empty)]) {
      for (const other of [[], ["a"], "a", null, pulumi.output({})]) refused(schema, other, "must be an object");
    }
  });

  it("reads a map with any keys", () => {
    const map = JSON.parse('{ "constructor": "1", "prototype": "2", "__proto__": "3", "a": "4" }');
    assert.deepEqual(understand(mapOf(v.string()), map), map);
    assert.equal(v.is(rulesSchema, [{ to: "canary", query: { prototype: "on" } }]), true);
  });

  it("reports all faults in one line, with their places and without the values", () => {
    const schema = v.object({
      users: v.array(v.object({ token: v.string(), port: v.number() })),
      by: mapOf(v.strictObject({ on: v.boolean() }), v.picklist(["a"], "must be a")),
    });
    refused(
      schema,
      { users: [{ token: 4711 }, "secret"], by: { a: { on: "secret", of: "secret" }, b: { on: true } } },
      "users.0.token: must be a text; users.0.port: is missing; users.1: must be an object; " +
        "by.a.on: must be true or false; by.a.of: is unknown; by.b: must be a",
    );
  });
});

import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import type { Files } from "../../components/config-files.ts";
import { isVersionedName, liveSecretName, type SecretArgs } from "../../components/secret-args.ts";
import { readSecrets, secretData, secretNames } from "../../components/secret-content.ts";
import { assertServiceArgs, type ServiceArgs } from "../../components/service-args.ts";
import { serviceArgs } from "./fop-gate.ts";

const marker = "marker-4711";
const text = fc.oneof(
  fc.string(),
  fc.base64String().map((base64) => ({ base64 })),
);
const key = fc.stringMatching(/^[a-zA-Z][-._a-zA-Z0-9]{0,20}$/);
const values = fc.dictionary(key, text, { minKeys: 1 });
const label = fc.stringMatching(/^[a-z]([-a-z0-9]{0,8}[a-z0-9])?$/);
const db = (mode: SecretArgs["mode"]) => ({ db: { mode } });

describe("the name of a versioned Secret", () => {
  const nameOf = (files: Files, secretKey = "key", secret = "db") =>
    secretNames("web", { [secret]: { mode: "versioned" } }, { [secret]: files }, secretKey)[secret] ?? "";

  it("differs exactly if its values do, in whatever order and form they are given", () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const isSame =
          JSON.stringify(Object.entries(secretData(a)).sort()) === JSON.stringify(Object.entries(secretData(b)).sort());
        assert.equal(nameOf(a) === nameOf(b), isSame);
        assert.equal(nameOf(Object.fromEntries(Object.entries(a).reverse())), nameOf(a));
        const asBytes = Object.entries(secretData(a)).map(([name, base64]) => [name, { base64 }]);
        assert.equal(nameOf(Object.fromEntries(asBytes)), nameOf(a));
      }),
    );
  });

  it("depends on the key, and on the name in the arguments", () => {
    fc.assert(
      fc.property(values, fc.string(), fc.string(), (files, a, b) => {
        assert.equal(nameOf(files, a) === nameOf(files, b), a === b);
        assert.notEqual(nameOf(files).slice(-10), nameOf(files, "key", "other").slice(-10));
      }),
    );
  });

  it("is recognised, with the name in the arguments", () => {
    fc.assert(
      fc.property(label, label, values, (service, secret, files) => {
        const names = secretNames(service, { [secret]: { mode: "versioned" } }, { [secret]: files }, "key");
        assert.ok(isVersionedName(service, names[secret] ?? ""));
        assert.ok(isVersionedName(service, names[secret] ?? "", secret));
        assert.equal(isVersionedName(service, names[secret] ?? "", `${secret}x`), false);
        assert.equal(isVersionedName(`${service}x`, names[secret] ?? ""), false);
      }),
    );
    for (const name of [
      "web-db",
      "web-0123456789",
      "web-db-012345678",
      "web-db-012345678g",
      "web--0123456789",
      "db-0123456789",
    ]) {
      assert.equal(isVersionedName("web", name), false, name);
    }
  });

  it("has zeros if the values are not known", () => {
    assert.deepEqual(secretNames("web", db("versioned"), {}, "key"), { db: "web-db-0000000000" });
    assert.deepEqual(secretNames("web", db("versioned"), { db: { a: "b" } }, undefined), { db: "web-db-0000000000" });
  });
});

describe("the name of a shared Secret", () => {
  it("does not depend on its values", () => {
    fc.assert(
      fc.property(values, (files) => {
        assert.deepEqual(secretNames("web", db("shared"), { db: files }, "key"), { db: "web-db" });
      }),
    );
    assert.equal(liveSecretName("web", "db", "shared", "0123456789"), "web-db");
  });
});

describe("the values of a Secret", () => {
  const read = (data: unknown) => readSecrets("web", { db: { mode: "shared", data } as SecretArgs });

  it("are what the Outputs give", async () => {
    const given = { a: "b", c: pulumi.secret("d"), e: pulumi.output({ base64: "/wA=" }) };
    const expected = { db: { a: "b", c: "d", e: { base64: "/wA=" } } };
    assert.deepEqual(await read(given), expected);
    assert.deepEqual(await read(pulumi.secret(given)), expected);
  });

  for (const [what, data, sentence] of [
    ["missing", undefined, /^UserError: web: secrets\.db\.data is missing: give the values by key/],
    ["empty", {}, /^UserError: web: secrets\.db\.data has no values: give them by key, or remove the secret\.$/],
    ["a list", pulumi.output([marker]), /^UserError: web: secrets\.db\.data has no values/],
    ["a text", pulumi.output(marker), /^UserError: web: secrets\.db\.data has no values/],
    [
      "undefined by key",
      { a: pulumi.output(undefined) },
      /^UserError: web: secrets\.db\.data\.a has no value: set it, for/,
    ],
    [
      "a number",
      { a: 4711 },
      /^UserError: web: secrets\.db\.data\.a is neither a text nor \{ base64 \} with bytes: give/,
    ],
    ["no base64", { a: { base64: `${marker}!` } }, /secrets\.db\.data\.a is neither a text nor/],
    ["of another form", { a: { base64: "", marker } }, /secrets\.db\.data\.a is neither a text nor/],
    [
      "under a key that none may have",
      { "a b": marker },
      /^UserError: web: secrets\.db\.data has the key "a b": a key may have letters/,
    ],
    ["under a key with two dots", { "..a": marker }, /has the key "\.\.a"/],
    [
      "too many",
      { a: marker.repeat(100_000) },
      /^UserError: web: secrets\.db\.data has 1100000 bytes and a Secret holds at most 1048576/,
    ],
  ] as const) {
    it(`are refused if they are ${what}, without a value in the message`, async () => {
      await assert.rejects(read(data), (error: Error) => {
        assert.match(String(error), sentence);
        assert.doesNotMatch(error.message, new RegExp(`${marker}|4711`));
        return true;
      });
    });
  }
});

describe("the argument secrets", () => {
  for (const [what, secrets, sentence] of [
    ["an unknown mode", { db: { mode: marker } }, /^UserError: web: secrets\.db\.mode must be versioned or shared\.$/],
    ["no mode", { db: { data: { a: marker } } }, /^UserError: web: secrets\.db\.mode is missing: set it\.$/],
    [
      "values that are no object",
      { db: { mode: "shared", data: marker } },
      /^UserError: web: secrets\.db\.data must be an object with the values by key\.$/,
    ],
    ["an unknown field", { db: { mode: "shared", type: "x" } }, /unknown argument secrets\.db\.type/],
    [
      "a name that no Secret may have",
      { Db: { mode: "shared" } },
      /secrets\.Db has a name that is not allowed: a secret's name is part of a Secret's name/,
    ],
    ["an Output in another place", pulumi.output({}), /^UserError: web: secrets is an Output/],
    [
      "an Output as a mode",
      { db: { mode: pulumi.output("shared") } },
      /^UserError: web: secrets\.db\.mode is an Output/,
    ],
  ] as const) {
    it(`is refused with ${what}, without a value in the message`, () => {
      const args = serviceArgs({ secrets } as unknown as Partial<ServiceArgs>);
      assert.throws(
        () => assertServiceArgs("web", args),
        (error: Error) => {
          assert.match(String(error), sentence);
          assert.doesNotMatch(error.message, new RegExp(marker));
          return true;
        },
      );
    });
  }

  it("accepts Outputs as values and in place of all values", () => {
    for (const data of [{ a: pulumi.secret("b") }, pulumi.secret({ a: "b" })]) {
      assertServiceArgs("web", serviceArgs({ secrets: { db: { mode: "shared", data } } }));
    }
  });
});

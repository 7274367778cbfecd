import assert from "node:assert/strict";
import { secretAmong } from "../../../policies/engine/secrets.ts";

describe("a secret in plain text", () => {
  for (const [sentence, value, expected, name, allowed] of [
    ["is none in a number or nothing", [1, null, true], undefined],
    ["has the form of a credential, whatever its name", "AKIAABCDEFGHIJKLMNOP", "an access key of AWS"],
    ["has the name of one", "hunter22", "the value of password", "password"],
    ["has no name that is allowed", { password: "hunter22" }, undefined, undefined, ["password"]],
    [
      "is inside an allowed name neither",
      { password: { a: "AKIAABCDEFGHIJKLMNOP" } },
      undefined,
      undefined,
      ["password"],
    ],
    [
      "is found behind an allowed name",
      { password: "hunter22", token: "abcdef" },
      "the value of token",
      undefined,
      ["password"],
    ],
    ["is none if it stands for another value", " $PASSWORD ", undefined, "password"],
    ["is none if it is only space", "  ", undefined, "password"],
    ["is in a list under its name", { passwords: 1, password: ["hunter22"] }, "the value of password"],
    ["is in an assignment of a text", "# comment\nuser = web\npassword = hunter22", "the value of password"],
    ["is in no assignment of an allowed name", "a b\npassword = hunter22", undefined, undefined, ["password"]],
    [
      "is found behind an assignment of an allowed name",
      "a b\npassword = hunter22\ntoken = abc",
      "the value of token",
      undefined,
      ["password"],
    ],
    ["is found by its form in an assignment", "a b\nx = AKIAABCDEFGHIJKLMNOP", "an access key of AWS"],
    ["is in one of several documents", "just text\n---\npassword: hunter22", "the value of password"],
    ["is deep in one of several documents", "just text\n---\n- {db: {password: hunter22}}", "the value of password"],
    ["is named with capitals before a short word", { DBPass: "hunter22" }, "the value of DBPass"],
    ["is in JSON", '{"db":{"password":"hunter22"}}', "the value of password"],
    ["is in no text that is neither", "password hunter22: {", undefined],
    ["is named in camel case", { dbPassword: "hunter22" }, "the value of dbPassword"],
    ["is named with capitals", { DBPassword: "hunter22" }, "the value of DBPassword"],
    ["is named with capitals and words", { "MY--API..Key": "hunter22" }, "the value of MY--API..Key"],
    ["is not named by a part of a word", { mypasswordless: "hunter22" }, undefined],
  ] as [string, unknown, string | undefined, string?, string[]?][]) {
    it(sentence, () => assert.equal(secretAmong(value, allowed ?? [], name), expected));
  }

  it("is searched once in values that refer to themselves", () => {
    const value: Record<string, unknown> = { a: "b" };
    value.self = value;
    assert.equal(secretAmong(value, []), undefined);
  });
});

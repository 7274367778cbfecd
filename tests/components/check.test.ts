import assert from "node:assert/strict";
import * as v from "valibot";
import { type Check, checksSchema, fullCheck, fullChecksSchema, plainCheck } from "../../components/check.ts";
import { mustBe, understand } from "../../components/schema.ts";

/** The first issue, as `<path>: <message>`. */
function fault(...checks: unknown[]): string | undefined {
  const issue = v.safeParse(checksSchema, checks, { message: mustBe }).issues?.[0];
  return issue && `${v.getDotPath(issue)}: ${issue.message}`;
}
const seconds = '0.atMost: must be more than 0 and at most 3600 seconds, or a text such as "2s"';
const plain = "must not contain /./ or /../: write the resolved path";

const bad: [what: string, checks: unknown[], sentence: string][] = [
  ["without a path", [{}], "0.path: is missing"],
  ["with an invalid path", [{ path: "healthz" }], "0.path: must begin with /"],
  [
    "whose path has a space",
    [{ path: "/a b" }],
    "0.path: must be printable ASCII without spaces: percent-encode other characters, such as %20 for a space",
  ],
  [
    "whose path has a fragment",
    [{ path: "/#top" }],
    "0.path: must not contain #: a fragment is never sent to a server",
  ],
  ["whose path leads to a parent", [{ path: "/a/../b" }], `0.path: ${plain}`],
  ["whose path leads to a parent in percent-encoding", [{ path: "/a/%2E%2e/b" }], `0.path: ${plain}`],
  ["with an unknown method", [{ path: "/", method: "POST" }], "0.method: must be GET or HEAD"],
  [
    "with a status that no response can have",
    [{ path: "/", status: 100 }],
    "0.status: must be a whole number from 200 to 599",
  ],
  ["with a timeout of 0", [{ path: "/", atMost: 0 }], seconds],
  ["with an infinite timeout", [{ path: "/", atMost: Number.POSITIVE_INFINITY }], seconds],
  ["with a timeout without a unit", [{ path: "/", atMost: "5" }], seconds],
  ["with a path of 2049 characters", [{ path: `/${"x".repeat(2048)}` }], "0.path: must be at most 2048 characters"],
  [
    "with a header name that has other characters",
    [{ path: "/", headers: { "x y": "1" } }],
    "0.headers.x y: must be 1 to 256 letters, digits or dashes",
  ],
  [
    "with a header name that begins with another character",
    [{ path: "/", headers: { " x": "1" } }],
    "0.headers. x: must be 1 to 256 letters, digits or dashes",
  ],
  [
    "with a header name that ends with another character",
    [{ path: "/", headers: { "x:": "1" } }],
    "0.headers.x:: must be 1 to 256 letters, digits or dashes",
  ],
  [
    "with a pattern that is valid only without the flag u",
    [{ path: "/", body: { pattern: "\\y" } }],
    "0.body.pattern: is not a valid regular expression: Invalid escape",
  ],
  [
    "with an empty text in the body",
    [{ path: "/", body: { contains: "" } }],
    '0.body: must be { "contains": "..." } or { "pattern": "..." }',
  ],
  [
    "with a number in the body",
    [{ path: "/", body: { contains: 1 } }],
    '0.body: must be { "contains": "..." } or { "pattern": "..." }',
  ],
  ["with a timeout of two hours", [{ path: "/", atMost: "2h" }], seconds],
  ["with an invalid port", [{ path: "/", port: 0 }], "0.port: must be a whole number from 1 to 65535"],
  [
    "with a pattern that does not compile",
    [{ path: "/", body: { pattern: "(" } }],
    "0.body.pattern: is not a valid regular expression: Unterminated group",
  ],
  [
    "with an empty condition on the body",
    [{ path: "/", body: {} }],
    '0.body: must be { "contains": "..." } or { "pattern": "..." }',
  ],
  [
    "with two conditions on the body",
    [{ path: "/", body: { contains: "a", pattern: "b" } }],
    '0.body: must be { "contains": "..." } or { "pattern": "..." }',
  ],
  ["with a text as body", [{ path: "/", body: "ok" }], "0.body: must be an object"],
  [
    "that expects a body from HEAD",
    [{ path: "/", method: "HEAD", body: { contains: "a" } }],
    "0.body: cannot be checked, since a response to HEAD has no body: remove it, or use GET",
  ],
  ["with an unknown field", [{ path: "/", timeout: 5 }], "0.timeout: is unknown"],
  ["with an empty name", [{ path: "/", name: "" }], "0.name: must be 1 to 100 characters in one line"],
  ["with a name of two lines", [{ path: "/", name: "a\nb" }], "0.name: must be 1 to 100 characters in one line"],
  [
    "with the name of another check",
    [
      { path: "/", name: "a" },
      { path: "/b", name: "a" },
    ],
    "1: has the name of another check (a): give it a unique name",
  ],
  [
    "without a name, but with method and path of another check",
    [{ path: "/" }, { path: "/", headers: { "x-user": "1" } }],
    "1: has the name of another check (GET /): give it a unique name",
  ],
  [
    "with the header of the token",
    [{ path: "/", headers: { "X-Gray-Token": "a" } }],
    "0.headers.X-Gray-Token: gray sets x-gray-token, host, connection, content-length, transfer-encoding, upgrade itself: remove the header",
  ],
  [
    "with an invalid header name",
    [{ path: "/", headers: { a: "b\r\nc: d" } }],
    "0.headers.a: must be printable ASCII of at most 4096 characters",
  ],
  [
    "with one header in two spellings",
    [{ path: "/", headers: { "X-A": "1", "x-a": "2" } }],
    "0.headers: has x-a twice, since header names ignore case: keep one",
  ],
];

describe("a check", () => {
  for (const [what, checks, sentence] of bad) {
    it(`is refused ${what}`, () => assert.equal(fault(...checks), sentence));
  }

  it("is valid with only a path, and with every field", () => {
    assert.equal(fault({ path: "/" }), undefined);
    const all: Required<Check> = {
      name: "登录",
      path: "/login?from=%20&to=/../",
      port: 81,
      method: "GET",
      headers: { "accept-language": "de, en;q=0.5", "x-empty": "" },
      status: 302,
      body: { pattern: "^ok\\s*$" },
      atMost: 0.5,
    };
    assert.equal(fault({ path: "/" }, all), undefined);
  });

  it("may last an hour, expect nothing of HEAD, and find a text that is no pattern", () => {
    assert.equal(fault({ path: "/", atMost: 3600 }, { path: "/", method: "HEAD" }), undefined);
    assert.equal(fault({ path: "/", body: { contains: "(" } }), undefined);
  });

  it("is one of a list", () => {
    assert.equal(v.safeParse(checksSchema, "/").issues?.[0].message, "must be a list of checks");
  });

  it("is valid in the stored form with every field, and is refused as in a program", () => {
    const full = fullCheck({ path: "/" }, 80);
    assert.deepEqual(understand(fullChecksSchema, [full]), [full]);
    assert.throws(() => understand(fullChecksSchema, [{ ...full, atMost: 3601 }]), /0\.atMost: /);
    assert.throws(() => understand(fullChecksSchema, [{ ...full, atMost: "5s" }]), /0\.atMost: must be a number/);
    assert.throws(
      () => understand(fullChecksSchema, [{ ...full, status: undefined }]),
      /0\.status: must be a whole number/,
    );
    assert.throws(() => understand(fullChecksSchema, [full, full]), /1: has the name of another check \(GET \/\)/);
  });

  it("has its time in seconds for policies, and else stays as it is", () => {
    assert.deepEqual(plainCheck({ path: "/", atMost: "2m" }), { path: "/", atMost: 120 });
    assert.deepEqual(plainCheck({ path: "/", atMost: 3, status: 204 }), { path: "/", atMost: 3, status: 204 });
    assert.deepEqual(plainCheck({ path: "/" }), { path: "/" });
  });

  it("keeps its condition on the body, and has none without", () => {
    assert.deepEqual(fullCheck({ path: "/", body: { contains: "ok" } }, 80).body, { contains: "ok" });
    assert.equal("body" in fullCheck({ path: "/" }, 80), false);
  });

  it("defaults to GET on the first port, status 200 and 5 seconds", () => {
    const { body, ...check } = fullCheck({ path: "/healthz" }, 80);
    assert.equal(body, undefined);
    assert.deepEqual(check, {
      name: "GET /healthz",
      path: "/healthz",
      port: 80,
      method: "GET",
      headers: {},
      status: 200,
      atMost: 5,
    });
  });

  it("gets the default for a field that is present but undefined, as in programs without exactOptionalPropertyTypes", () => {
    const fields = { name: undefined, port: undefined, method: undefined, headers: undefined, status: undefined };
    const check = { path: "/", ...fields, body: undefined, atMost: undefined };
    assert.equal(fault(check), undefined);
    assert.deepEqual(fullCheck(check as unknown as Check, 80), fullCheck({ path: "/" }, 80));
  });

  it("keeps its own values", () => {
    const full = {
      name: "a",
      path: "/",
      port: 81,
      method: "HEAD",
      headers: { b: "c" },
      status: 204,
      atMost: 1,
    } as const;
    assert.deepEqual(fullCheck(full, 80), full);
    assert.equal(fullCheck({ path: "/", method: "HEAD" }, 80).name, "HEAD /");
  });
});

import assert from "node:assert/strict";
import * as v from "valibot";
import { type Check, checksSchema, fullCheck } from "../../components/check.ts";
import { mustBe } from "../../components/schema.ts";

/** The first issue, as `<path>: <message>`. */
function fault(...checks: unknown[]): string | undefined {
  const issue = v.safeParse(checksSchema, checks, { message: mustBe }).issues?.[0];
  return issue && `${v.getDotPath(issue)}: ${issue.message}`;
}
const seconds = "0.atMost: must be more than 0 and at most 3600 seconds";
const plain = "must not have the steps /./ and /../: write the path that is meant";

const bad: [what: string, checks: unknown[], sentence: string][] = [
  ["without a path", [{}], "0.path: is missing"],
  ["whose path is no path", [{ path: "healthz" }], "0.path: must begin with /"],
  [
    "whose path has a space",
    [{ path: "/a b" }],
    "0.path: must be printable ASCII without spaces: write others as %20 is written for a space",
  ],
  ["whose path has a fragment", [{ path: "/#top" }], "0.path: must have no #, which servers are never sent"],
  ["whose path leads upwards", [{ path: "/a/../b" }], `0.path: ${plain}`],
  ["whose path leads upwards in other letters", [{ path: "/a/%2E%2e/b" }], `0.path: ${plain}`],
  ["with an unknown method", [{ path: "/", method: "POST" }], "0.method: must be GET or HEAD"],
  [
    "with a status that no answer ends with",
    [{ path: "/", status: 100 }],
    "0.status: must be a whole number from 200 to 599",
  ],
  ["that has no time", [{ path: "/", atMost: 0 }], seconds],
  ["that has endless time", [{ path: "/", atMost: Number.POSITIVE_INFINITY }], seconds],
  ["whose time is text", [{ path: "/", atMost: "5s" }], seconds],
  ["with a port that is none", [{ path: "/", port: 0 }], "0.port: must be a whole number from 1 to 65535"],
  [
    "with a pattern that does not compile",
    [{ path: "/", body: { pattern: "(" } }],
    "0.body.pattern: is no regular expression: Unterminated group",
  ],
  [
    "that expects nothing of the body",
    [{ path: "/", body: {} }],
    '0.body: must be { "contains": "..." } or { "pattern": "..." }',
  ],
  [
    "that expects two things of the body",
    [{ path: "/", body: { contains: "a", pattern: "b" } }],
    '0.body: must be { "contains": "..." } or { "pattern": "..." }',
  ],
  ["whose body is a text", [{ path: "/", body: "ok" }], "0.body: must be an object"],
  [
    "that expects a body of HEAD",
    [{ path: "/", method: "HEAD", body: { contains: "a" } }],
    "0.body: answers to HEAD have no body: take it out, or ask with GET",
  ],
  ["with an unknown field", [{ path: "/", timeout: 5 }], "0.timeout: is not known"],
  ["with an empty name", [{ path: "/", name: "" }], "0.name: must be 1 to 100 characters in one line"],
  ["whose name breaks the table", [{ path: "/", name: "a\nb" }], "0.name: must be 1 to 100 characters in one line"],
  [
    "named like another",
    [
      { path: "/", name: "a" },
      { path: "/b", name: "a" },
    ],
    "1: has the name of another check (a): give it one of its own",
  ],
  [
    "without a name, like another in method and path",
    [{ path: "/" }, { path: "/", headers: { "x-user": "1" } }],
    "1: has the name of another check (GET /): give it one of its own",
  ],
  [
    "that brings the token itself",
    [{ path: "/", headers: { "X-Gray-Token": "a" } }],
    "0.headers.X-Gray-Token: x-gray-token, host, connection, content-length, transfer-encoding, upgrade are set by gray itself: take it out",
  ],
  [
    "with a header that no header can be",
    [{ path: "/", headers: { a: "b\r\nc: d" } }],
    "0.headers.a: must be printable ASCII of at most 4096 characters",
  ],
  [
    "with one header in two spellings",
    [{ path: "/", headers: { "X-A": "1", "x-a": "2" } }],
    "0.headers: has x-a twice, as case makes no difference: keep one",
  ],
];

describe("a check", () => {
  for (const [what, checks, sentence] of bad) {
    it(`is refused ${what}`, () => assert.equal(fault(...checks), sentence));
  }

  it("is taken with no more than a path, and with everything that there is", () => {
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

  it("asks with GET at the first port for 200 within 5 seconds, where it does not say", () => {
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

  it("takes the default where a field is there and undefined, as programs write it without exactOptionalPropertyTypes", () => {
    const fields = { name: undefined, port: undefined, method: undefined, headers: undefined, status: undefined };
    const check = { path: "/", ...fields, body: undefined, atMost: undefined };
    assert.equal(fault(check), undefined);
    assert.deepEqual(fullCheck(check as unknown as Check, 80), fullCheck({ path: "/" }, 80));
  });

  it("keeps what it says", () => {
    const said = {
      name: "a",
      path: "/",
      port: 81,
      method: "HEAD",
      headers: { b: "c" },
      status: 204,
      atMost: 1,
    } as const;
    assert.deepEqual(fullCheck(said, 80), said);
    assert.equal(fullCheck({ path: "/", method: "HEAD" }, 80).name, "HEAD /");
  });
});

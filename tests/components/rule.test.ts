import assert from "node:assert/strict";
import * as v from "valibot";
import { assertSupported, demandsOf, describeRule, type Rule } from "../../components/rule.ts";
import { rulesSchema } from "../../components/rule-schema.ts";
import { mustBe } from "../../components/schema.ts";
import { UserError } from "../../components/user-error.ts";

const firstIssue = (rules: unknown) => v.safeParse(rulesSchema, rules, { message: mustBe }).issues?.[0];
/** The first issue, as `<path>: <message>`. */
function fault(rules: unknown): string | undefined {
  const issue = firstIssue(rules);
  return issue && `${v.getDotPath(issue)}: ${issue.message}`;
}
const canary = (conditions: object) => [{ to: "canary", ...conditions }];

const bad: [what: string, rules: unknown, sentence: string][] = [
  [
    "with nothing to match",
    canary({}),
    "0: has nothing to match: give it headers, cookie, query, pathPrefix or bucket",
  ],
  [
    "with no condition in its lists",
    canary({ headers: {}, query: {} }),
    "0: has nothing to match: give it headers, cookie, query, pathPrefix or bucket",
  ],
  ["to no track", [{ to: "beta", pathPrefix: "/a" }], "0.to: must be canary or stable"],
  ["without a track", [{ pathPrefix: "/a" }], "0.to: is missing"],
  ["with an empty name", canary({ name: "", pathPrefix: "/a" }), "0.name: must not be empty"],
  [
    "with the name of another",
    [...canary({ name: "a", pathPrefix: "/a" }), ...canary({ name: "a", pathPrefix: "/b" })],
    "1.name: is the name of another rule too: change one",
  ],
  ["with an empty value", canary({ headers: { a: "" } }), "0.headers.a: must be text of 1 to 4096 characters"],
  ["with a number for a value", canary({ headers: { a: 1 } }), '0.headers.a: must be text, or { "pattern": "..." }'],
  [
    "with a value that is no header's",
    canary({ headers: { a: "b\r\nc: d" } }),
    "0.headers.a: must be printable ASCII, with single spaces inside it alone",
  ],
  [
    "with a pattern that does not compile",
    canary({ headers: { a: { pattern: "(" } } }),
    "0.headers.a: is no regular expression that gateways take: Unterminated group",
  ],
  [
    "with a pattern that gateways cannot run",
    canary({ query: { a: { pattern: "(?!b)c" } } }),
    "0.query.a: is no regular expression that gateways take: it looks ahead or behind, which gateways cannot (RE2)",
  ],
  [
    "with one header in two spellings",
    canary({ headers: { "X-Beta": "1", "x-beta": "2" } }),
    "0: asks for the header x-beta twice, as case makes no difference: keep one",
  ],
  [
    "with a header and a bucket in the same one",
    canary({ headers: { "X-Bucket": "1" }, bucket: { header: "x-bucket", below: 5 } }),
    "0: asks for the header x-bucket twice, as case makes no difference: keep one",
  ],
  [
    "with two cookies",
    canary({ cookie: { name: "a", value: "1" }, bucket: { cookie: "b", below: 5 } }),
    "0: asks for two things of the header Cookie, and a rule has one condition for each header: keep one",
  ],
  [
    "with a cookie's value that is none",
    canary({ cookie: { name: "a", value: "1; b=2" } }),
    "0.cookie.value: must be text without spaces, quotes, commas and semicolons",
  ],
  ["with a path without its slash", canary({ pathPrefix: "api" }), "0.pathPrefix: must begin with a slash, like /api"],
  ["with every path", canary({ pathPrefix: "/" }), "0.pathPrefix: is every path: take it out"],
  [
    "with a path that the API server refuses",
    canary({ pathPrefix: "/a/../b" }),
    "0.pathPrefix: must be a plain path without //, /./, /../ and %2F",
  ],
  ["with an empty bucket", canary({ bucket: { header: "b", below: 0 } }), "0.bucket.below: must be 1 to 100"],
  [
    "with a bucket of more than all",
    canary({ bucket: { header: "b", below: 101 } }),
    "0.bucket.below: must be 1 to 100",
  ],
  [
    "with half a bucket",
    canary({ bucket: { header: "b", below: 0.5 } }),
    "0.bucket.below: must be a whole number from 1 to 100",
  ],
  ["with a bucket of nothing", canary({ bucket: { below: 5 } }), "0.bucket: must have a header or a cookie"],
  [
    "with a bucket of two things",
    canary({ bucket: { header: "a", cookie: "b", below: 5 } }),
    "0.bucket: must have a header or a cookie",
  ],
  [
    "that an earlier one leaves nothing to",
    [
      ...canary({ name: "beta", headers: { "X-Beta": "1" } }),
      { to: "stable", headers: { "x-beta": "1" }, pathPrefix: "/a" },
    ],
    '1: can never be met, as rules.0 ("beta") takes all its requests: put it above that one, or take it out',
  ],
];

describe("user rules", () => {
  for (const [what, rules, sentence] of bad) {
    it(`are refused ${what}`, () => {
      assert.equal(fault(rules), sentence);
    });
  }

  it("are refused with a header name that is none, or the token's", () => {
    const invalid = (name: string) => firstIssue(canary({ headers: { [name]: "1" } }));
    for (const name of ["", "a b", ":path", "é"]) assert.equal(invalid(name)?.path?.at(-1)?.origin, "key", name);
    assert.match(invalid("X-Gray-Token")?.message ?? "", /x-gray-token is the header of the secret token/);
  });

  it("are refused with an argument that is none", () => {
    assert.equal(fault(canary({ pathPrefx: "/a" })), "0.pathPrefx: is not known");
  });

  it("are taken with everything that they can have", () => {
    const rules: Rule[] = [
      { name: "one", to: "stable", pathPrefix: "/export/" },
      { to: "canary", headers: { "x-beta": "1", "User-Agent": { pattern: "(?i).*curl.*" } }, query: { beta: "on" } },
      { to: "canary", cookie: { name: "beta", value: "1" }, bucket: { header: "x-bucket", below: 100 } },
      { to: "canary", bucket: { cookie: "bucket", below: 1 } },
    ];
    assert.equal(fault(rules), undefined);
  });
});

describe("what preview says of a rule", () => {
  const says = (rule: Rule, weight = 10) => describeRule(rule, weight);

  it("names the users and the track", () => {
    assert.equal(says({ to: "canary", headers: { "x-beta": "1" } }), "users with header x-beta: 1 meet canary");
    assert.equal(says({ to: "stable", pathPrefix: "/export" }), "users on /export meet stable");
    assert.equal(
      says({ to: "canary", headers: { a: "1", b: "2" }, pathPrefix: "/api" }),
      "users with header a: 1 and header b: 2 on /api meet canary",
    );
  });

  it("marks what only some gateways know", () => {
    assert.equal(
      says({ to: "canary", cookie: { name: "beta", value: "1" } }),
      "users with cookie beta=1 meet canary (not every gateway knows regular expressions)",
    );
    assert.equal(
      says({ to: "canary", query: { beta: { pattern: "1|on" } } }),
      "users with query parameter beta like 1|on meet canary (not every gateway knows query parameters and regular expressions)",
    );
    assert.equal(
      says({ to: "canary", bucket: { header: "x-bucket", below: 5 } }),
      "users with header x-bucket below 5 of 100 meet canary (not every gateway knows regular expressions)",
    );
  });

  it("says that rules to canary are off at weight 0", () => {
    assert.equal(says({ to: "canary", pathPrefix: "/a" }, 0), "users on /a will meet canary above weight 0");
    assert.equal(says({ to: "stable", pathPrefix: "/a" }, 0), "users on /a meet stable");
  });
});

describe("what a rule asks of a gateway", () => {
  const query: Rule = { name: "trial", to: "canary", query: { beta: "1" } };

  it("is nothing for exact headers and paths", () => {
    assert.deepEqual(demandsOf({ to: "canary", headers: { a: "1" }, pathPrefix: "/a" }), []);
  });

  it("is refused where the GatewayClass says that it has not got it", () => {
    assert.throws(
      () => assertSupported("web", [query], "plain", ["HTTPRoute"]),
      new UserError(
        'web: rules.0 ("trial") needs query parameters (HTTPRouteQueryParamMatching), which GatewayClass plain does not support: match by header or path, or take another class.',
      ),
    );
  });

  it("is left to preview's word where the class says nothing of it", () => {
    assertSupported("web", [query], "silent");
    assertSupported("web", [query], "able", ["HTTPRouteQueryParamMatching"]);
    assertSupported("web", [{ to: "canary", cookie: { name: "a", value: "1" } }], "plain", ["HTTPRoute"]);
  });
});

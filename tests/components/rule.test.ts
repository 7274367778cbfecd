import assert from "node:assert/strict";
import * as v from "valibot";
import { assertSupported, demandsOf, describeRule, matchOf, type Rule, ruleLabel } from "../../components/rule.ts";
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
  ["without a condition", canary({}), "0: has no condition: give it headers, cookie, query, pathPrefix or bucket"],
  [
    "with empty lists of conditions",
    canary({ headers: {}, query: {} }),
    "0: has no condition: give it headers, cookie, query, pathPrefix or bucket",
  ],
  ["to an unknown track", [{ to: "beta", pathPrefix: "/a" }], "0.to: must be canary or stable"],
  ["without a track", [{ pathPrefix: "/a" }], "0.to: is missing"],
  ["with an empty name", canary({ name: "", pathPrefix: "/a" }), "0.name: must not be empty"],
  [
    "with the name of another rule",
    [...canary({ name: "a", pathPrefix: "/a" }), ...canary({ name: "a", pathPrefix: "/b" })],
    "1.name: is also the name of another rule: change one of them",
  ],
  ["with an empty value", canary({ headers: { a: "" } }), "0.headers.a: must be text of 1 to 4096 characters"],
  ["with a number for a value", canary({ headers: { a: 1 } }), '0.headers.a: must be text, or { "pattern": "..." }'],
  [
    "with a value that no header can have",
    canary({ headers: { a: "b\r\nc: d" } }),
    "0.headers.a: must be printable ASCII with single spaces, and none at either end",
  ],
  [
    "with a pattern that does not compile",
    canary({ headers: { a: { pattern: "(" } } }),
    "0.headers.a: is not a regular expression that gateways support: Unterminated group",
  ],
  [
    "with a pattern that gateways do not support",
    canary({ query: { a: { pattern: "(?!b)c" } } }),
    "0.query.a: is not a regular expression that gateways support: it has a lookahead or lookbehind, which RE2 does not support",
  ],
  [
    "with one header in two spellings",
    canary({ headers: { "X-Beta": "1", "x-beta": "2" } }),
    "0: has the header x-beta twice, since header names ignore case: keep one",
  ],
  [
    "with a condition and a bucket on the same header",
    canary({ headers: { "X-Bucket": "1" }, bucket: { header: "x-bucket", below: 5 } }),
    "0: has the header x-bucket twice, since header names ignore case: keep one",
  ],
  [
    "with two cookies",
    canary({ cookie: { name: "a", value: "1" }, bucket: { cookie: "b", below: 5 } }),
    "0: has two conditions on the header Cookie, and a rule can have one for each header: keep one",
  ],
  [
    "with an invalid cookie value",
    canary({ cookie: { name: "a", value: "1; b=2" } }),
    "0.cookie.value: must be text without spaces, quotes, commas and semicolons",
  ],
  [
    "with a path without a leading slash",
    canary({ pathPrefix: "api" }),
    "0.pathPrefix: must begin with a slash, like /api",
  ],
  ["with the path /", canary({ pathPrefix: "/" }), "0.pathPrefix: matches every path: remove it"],
  [
    "with a path that the API server rejects",
    canary({ pathPrefix: "/a/../b" }),
    "0.pathPrefix: must be a plain path without //, /./, /../ and %2F",
  ],
  ["with a bucket of 0", canary({ bucket: { header: "b", below: 0 } }), "0.bucket.below: must be 1 to 100"],
  [
    "with a bucket of more than 100",
    canary({ bucket: { header: "b", below: 101 } }),
    "0.bucket.below: must be 1 to 100",
  ],
  [
    "with a fractional bucket",
    canary({ bucket: { header: "b", below: 0.5 } }),
    "0.bucket.below: must be a whole number from 1 to 100",
  ],
  [
    "with a bucket without header and cookie",
    canary({ bucket: { below: 5 } }),
    "0.bucket: must have a header or a cookie",
  ],
  [
    "with a bucket of a header and a cookie",
    canary({ bucket: { header: "a", cookie: "b", below: 5 } }),
    "0.bucket: must have a header or a cookie",
  ],
  [
    "that can never apply after an earlier one",
    [
      ...canary({ name: "beta", headers: { "X-Beta": "1" } }),
      { to: "stable", headers: { "x-beta": "1" }, pathPrefix: "/a" },
    ],
    '1: can never apply, since rules.0 ("beta") matches all its requests first: move it above that rule, or remove it',
  ],
];

describe("user rules", () => {
  for (const [what, rules, sentence] of bad) {
    it(`are refused ${what}`, () => {
      assert.equal(fault(rules), sentence);
    });
  }

  it("are refused with an invalid header name, or with that of the token", () => {
    const invalid = (name: string) => firstIssue(canary({ headers: { [name]: "1" } }));
    for (const name of ["", "a b", ":path", "é"]) assert.equal(invalid(name)?.path?.at(-1)?.origin, "key", name);
    assert.match(invalid("X-Gray-Token")?.message ?? "", /x-gray-token is reserved for the secret token/);
  });

  it("are refused with an unknown argument", () => {
    assert.equal(fault(canary({ pathPrefx: "/a" })), "0.pathPrefx: is unknown");
  });

  it("are valid with every field", () => {
    const rules: Rule[] = [
      { name: "one", to: "stable", pathPrefix: "/export/" },
      { to: "canary", headers: { "x-beta": "1", "User-Agent": { pattern: "(?i).*curl.*" } }, query: { beta: "on" } },
      { to: "canary", cookie: { name: "beta", value: "1" }, bucket: { header: "x-bucket", below: 100 } },
      { to: "canary", bucket: { cookie: "bucket", below: 1 } },
    ];
    assert.equal(fault(rules), undefined);
  });
});

describe("the match of a rule", () => {
  const regular = (value: string) => ({ type: "RegularExpression", value });
  const exact = (value: string) => ({ type: "Exact", value });
  for (const [sentence, conditions, path, headers, query] of [
    ["has a path without its last slash", { pathPrefix: "/export/" }, "/export", {}, {}],
    ["has any path if the rule has none", { headers: { a: "1" } }, "", { a: exact("1") }, {}],
    [
      "has headers in lower case, by value or by pattern for the whole value",
      { headers: { "X-Beta": "1", "User-Agent": { pattern: "curl.*" } } },
      "",
      { "x-beta": exact("1"), "user-agent": regular("^(?:curl.*)$") },
      {},
    ],
    [
      "has query parameters as they are written",
      { query: { Beta: "on", v: { pattern: "[0-9]" } } },
      "",
      {},
      { Beta: exact("on"), v: regular("^(?:[0-9])$") },
    ],
    [
      "has the header cookie for a cookie",
      { cookie: { name: "a", value: "1.2" } },
      "",
      { cookie: regular("^(?:.*; *)?a=(?:1\\.2)(?: *;.*)?$") },
      {},
    ],
    [
      "has a bucket's header in lower case",
      { bucket: { header: "X-Bucket", below: 10 } },
      "",
      { "x-bucket": regular("^(?:[0-0]?[0-9])$") },
      {},
    ],
    [
      "has the header cookie for a bucket's cookie",
      { bucket: { cookie: "b", below: 10 } },
      "",
      { cookie: regular("^(?:.*; *)?b=(?:[0-0]?[0-9])(?: *;.*)?$") },
      {},
    ],
  ] as const) {
    it(sentence, () => {
      const match = matchOf({ to: "canary", ...conditions });
      const found = [match.path, Object.fromEntries(match.headers), Object.fromEntries(match.query)];
      assert.deepEqual(found, [path, headers, query]);
    });
  }
});

describe("the name of a rule in messages", () => {
  it("is its place, and its name if it has one", () => {
    const rules: Rule[] = [
      { to: "canary", pathPrefix: "/a" },
      { name: "beta", to: "canary", pathPrefix: "/b" },
    ];
    assert.deepEqual(
      [ruleLabel(rules, 0), ruleLabel(rules, 1), ruleLabel([], 3)],
      ["rules.0", 'rules.1 ("beta")', "rules.3"],
    );
  });
});

describe("the description of a rule in preview", () => {
  const description = (rule: Rule, weight = 10) => describeRule(rule, weight);

  it("names the users and the track", () => {
    assert.equal(
      description({ to: "canary", headers: { "x-beta": "1" } }),
      "users with header x-beta: 1 are routed to canary",
    );
    assert.equal(description({ to: "stable", pathPrefix: "/export" }), "users on /export are routed to stable");
    assert.equal(
      description({ to: "canary", headers: { a: "1", b: "2" }, pathPrefix: "/api" }),
      "users with header a: 1 and header b: 2 on /api are routed to canary",
    );
  });

  it("marks features that not every gateway supports", () => {
    assert.equal(
      description({ to: "canary", cookie: { name: "beta", value: "1" } }),
      "users with cookie beta=1 are routed to canary (not every gateway supports regular expressions)",
    );
    assert.equal(
      description({ to: "canary", query: { beta: { pattern: "1|on" } } }),
      "users with query parameter beta like 1|on are routed to canary (not every gateway supports query parameters and regular expressions)",
    );
    assert.equal(
      description({ to: "canary", bucket: { header: "x-bucket", below: 5 } }),
      "users with header x-bucket below 5 of 100 are routed to canary (not every gateway supports regular expressions)",
    );
  });

  it("names the value of a query parameter and the cookie of a bucket", () => {
    assert.match(
      description({ to: "canary", query: { beta: "on" } }),
      /^users with query parameter beta=on are routed/,
    );
    assert.match(
      description({ to: "canary", bucket: { cookie: "b", below: 5 } }),
      /^users with cookie b below 5 of 100 /,
    );
  });

  it("shows that rules to canary are off at weight 0", () => {
    assert.equal(
      description({ to: "canary", pathPrefix: "/a" }, 0),
      "users on /a will be routed to canary above weight 0",
    );
    assert.equal(description({ to: "stable", pathPrefix: "/a" }, 0), "users on /a are routed to stable");
  });
});

describe("the features that a rule needs from a gateway", () => {
  const query: Rule = { name: "trial", to: "canary", query: { beta: "1" } };

  it("are none for exact headers and paths", () => {
    assert.deepEqual(demandsOf({ to: "canary", headers: { a: "1" }, pathPrefix: "/a" }), []);
  });

  it("are refused if the GatewayClass does not report them as supported", () => {
    assert.throws(
      () => assertSupported("web", [query], "plain", ["HTTPRoute"]),
      new UserError(
        'web: rules.0 ("trial") needs query parameters (HTTPRouteQueryParamMatching), which GatewayClass plain does not support: match by header or path, or use another GatewayClass.',
      ),
    );
  });

  it("are only described in preview if the class reports no features", () => {
    assertSupported("web", [query], "silent");
    assertSupported("web", [query], "able", ["HTTPRouteQueryParamMatching"]);
    assertSupported("web", [{ to: "canary", cookie: { name: "a", value: "1" } }], "plain", ["HTTPRoute"]);
  });
});

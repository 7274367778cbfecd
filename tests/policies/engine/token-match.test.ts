import assert from "node:assert/strict";
import type { RouteMatch } from "../../../policies/engine/entrances.ts";
import { prevails, readRoute } from "../../../policies/engine/token-match.ts";
import { object } from "./declare.ts";

const route = (...rules: readonly (readonly RouteMatch[])[]) =>
  readRoute(object("HTTPRoute", { rules: rules.map((matches) => ({ matches })) }));
const token = { name: "X-Gray-Token", value: "t" };
const header = (name: string, value: string, type?: string) => ({ name, value, ...(type && { type }) });

describe("the matches of an HTTPRoute", () => {
  it("have their place, path, method, token and other conditions", () => {
    const conditions = [token, header("X-Beta", "1"), header("x-team", "q.*", "RegularExpression")];
    const found = route(
      [{}],
      [{ path: { value: "/a/" }, method: "GET", headers: conditions, queryParams: [header("Q", "1")] }],
    );
    assert.deepEqual(
      found?.rules.flatMap(({ matches }) => matches),
      [
        {
          rule: 0,
          at: "rules[0].matches[0]",
          path: "/",
          method: undefined,
          token: undefined,
          headers: [],
          exact: 0,
          query: [],
        },
        {
          rule: 1,
          at: "rules[1].matches[0]",
          path: "/a",
          method: "GET",
          token: "Exact",
          headers: [
            { name: "x-beta", type: "Exact", value: "1" },
            { name: "x-team", type: "RegularExpression", value: "q.*" },
          ],
          exact: 2,
          query: [{ name: "Q", type: "Exact", value: "1" }],
        },
      ],
    );
    assert.equal(found?.owner, "web");
  });

  it("are none without a spec, and not read of anything else", () => {
    assert.deepEqual(readRoute(object("HTTPRoute", undefined))?.rules, []);
    assert.equal(readRoute(object("Ingress", {})), undefined);
  });
});

describe("a match with the token takes precedence over another one", () => {
  const [a, b] = [header("x-a", "1"), header("x-b", "1")];
  const q = header("q", "1");
  const pattern = (value: string) => header("x-a", value, "RegularExpression");
  const rows: [sentence: string, first: RouteMatch, second: RouteMatch, expected: boolean][] = [
    ["if the other one has no more conditions", { headers: [token] }, {}, true],
    ["if it comes first and both have one header", { headers: [token] }, { headers: [a] }, true],
    ["not if the other one has more headers", { headers: [token] }, { headers: [a, b] }, false],
    [
      "not if the other one has more headers, though fewer exact ones",
      { headers: [token] },
      { headers: [pattern("1"), header("x-b", "1", "RegularExpression")] },
      false,
    ],
    ["if it has all conditions of the other one", { headers: [token, a] }, { headers: [a, b] }, true],
    ["not if it has a condition that the other one has not", { headers: [token, a] }, {}, false],
    ["not if it asks for another value", { headers: [token, header("x-a", "2")] }, { headers: [a] }, false],
    [
      "not if it asks for the value of another header",
      { headers: [token, header("x-b", "1")] },
      { headers: [a] },
      false,
    ],
    ["not over another match with the token", { headers: [token] }, { headers: [token] }, false],
    ["not on another path", { headers: [token], path: { value: "/a" } }, {}, false],
    ["not with another method", { headers: [token], method: "GET" }, { method: "POST" }, false],
    ["not if the other one has more query parameters", { headers: [token] }, { queryParams: [q] }, false],
    ["if both have the same query parameter", { headers: [token], queryParams: [q] }, { queryParams: [q] }, true],
    [
      "not if it asks for a query parameter that the other one has not",
      { headers: [token], queryParams: [q] },
      {},
      false,
    ],
    [
      "not if it asks for another value of a query parameter",
      { headers: [token], queryParams: [header("q", "2")] },
      { queryParams: [q] },
      false,
    ],
    ["if both have the same pattern", { headers: [token, pattern("1.*")] }, { headers: [pattern("1.*")] }, true],
    ["not if they have two patterns", { headers: [token, pattern("1|2")] }, { headers: [pattern("1")] }, false],
    [
      "not if it asks for a value and the other one for a pattern",
      { headers: [token, a] },
      { headers: [pattern("1")] },
      false,
    ],
    ["if its pattern matches the whole value", { headers: [token, pattern("1|2")] }, { headers: [a] }, true],
    [
      "not if its pattern matches a part of the value",
      { headers: [token, pattern("1")] },
      { headers: [header("x-a", "12")] },
      false,
    ],
    ["if its pattern ignores case", { headers: [token, pattern("(?i)q")] }, { headers: [header("x-a", "Q")] }, true],
    ["not if only its case differs", { headers: [token, pattern("q")] }, { headers: [header("x-a", "Q")] }, false],
    [
      "not if (?i) is inside its pattern",
      { headers: [token, pattern("q(?i)")] },
      { headers: [header("x-a", "q")] },
      false,
    ],
    ["if its pattern spans lines", { headers: [token, pattern("a\nb")] }, { headers: [header("x-a", "a\nb")] }, true],
    [
      "not if its pattern is in another dialect",
      { headers: [token, pattern("\\y")] },
      { headers: [header("x-a", "y")] },
      false,
    ],
    ["if it has as many exact headers", { headers: [token, pattern("1")] }, { headers: [a, pattern("1")] }, true],
    ["not if it has fewer exact headers", { headers: [token, pattern("1")] }, { headers: [a, b] }, false],
  ];
  for (const [sentence, first, second, expected] of rows) {
    it(sentence, () => {
      const [mine, other] = route([first], [second])?.rules.flatMap(({ matches }) => matches) ?? [];
      assert.ok(mine && other);
      assert.equal(prevails(mine, other), expected);
    });
  }

  it("not if it comes later and both are as specific, or they are of one rule", () => {
    const [other, mine] =
      route([{ headers: [a] }], [{ headers: [token] }])?.rules.flatMap(({ matches }) => matches) ?? [];
    assert.ok(mine && other && !prevails(mine, other));
    const [one, same] = route([{ headers: [token] }, { headers: [a] }])?.rules.flatMap(({ matches }) => matches) ?? [];
    assert.ok(one && same && !prevails(one, same));
  });

  it("also if it comes later and has more headers", () => {
    const [other, mine] = route([{}], [{ headers: [token] }])?.rules.flatMap(({ matches }) => matches) ?? [];
    assert.ok(mine && other && prevails(mine, other));
  });
});

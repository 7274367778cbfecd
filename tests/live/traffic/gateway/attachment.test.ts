import assert from "node:assert/strict";
import type { ParentRef, RouteCondition, RouteObject } from "../../../../kubernetes/objects/route.ts";
import { whyNotAccepted, whyNotApplied } from "../../../../live/traffic/gateway/attachment.ts";

const metadata = { name: "web", namespace: "dora-apps", generation: 2 };
const isTrue = (type: string, changes: Partial<RouteCondition> = {}): RouteCondition => ({
  type,
  status: "True",
  reason: type,
  observedGeneration: 2,
  ...changes,
});
const accepted = [isTrue("Accepted"), isTrue("ResolvedRefs")];
const refused = [
  isTrue("Accepted", { status: "False", reason: "NotAllowedByListeners", message: "no listener lets it in" }),
  isTrue("ResolvedRefs"),
];
const route = (
  parents: readonly (readonly [ParentRef, readonly RouteCondition[]])[],
  parentRefs = parents.map(([ref]) => ref),
): RouteObject => ({
  metadata,
  spec: { parentRefs },
  status: { parents: parents.map(([parentRef, conditions]) => ({ parentRef, conditions })) },
});
const edge = { name: "public", namespace: "infra" };

describe("why the Gateways of a route do not apply it", () => {
  for (const [what, found, expected] of [
    [
      "nothing, if all of them do",
      route([
        [edge, accepted],
        [{ name: "other" }, accepted],
      ]),
      undefined,
    ],
    ["nothing, if it has no Gateway", route([]), undefined],
    [
      "that a Gateway refuses it, in its own words",
      route([[edge, refused]]),
      "Gateway public: Accepted is False, NotAllowedByListeners, no listener lets it in",
    ],
    [
      "each Gateway that does not",
      route([
        [edge, accepted],
        [{ name: "other" }, refused],
      ]),
      "Gateway other: Accepted is False, NotAllowedByListeners, no listener lets it in",
    ],
    ["that a Gateway reports nothing", route([], [edge]), "Gateway public: it reports no status for the route"],
    [
      "that a Gateway reports about another listener only",
      route([[{ ...edge, sectionName: "https" }, accepted]], [edge]),
      "Gateway public: it reports no status for the route",
    ],
    [
      "that a Gateway has not read the last change",
      route([[edge, [isTrue("Accepted", { observedGeneration: 1 }), isTrue("ResolvedRefs")]]]),
      "Gateway public: it has not read the last change yet",
    ],
    [
      "that a Gateway does not report a condition",
      route([[edge, [isTrue("Accepted")]]]),
      "Gateway public: it does not report ResolvedRefs",
    ],
    [
      "that its backends are not found",
      route([[edge, [isTrue("Accepted"), isTrue("ResolvedRefs", { status: "False", reason: "BackendNotFound" })]]]),
      "Gateway public: ResolvedRefs is False, BackendNotFound",
    ],
    ["nothing of a parent that is no Gateway", route([], [{ name: "mesh", kind: "Service" }]), undefined],
  ] as const) {
    it(`is ${what}`, () => assert.equal(whyNotApplied(found), expected));
  }

  it("is one short line, whatever the Gateway reports", () => {
    const said = "\u001b[31mNo\n::error::\u2028Backend".repeat(1000);
    const conditions = [{ type: "Accepted", status: said, reason: said, message: said }];
    const why = whyNotAccepted(route([[edge, conditions]]), edge) ?? "";
    assert.match(why, /^Accepted is No ::error:: Backend/);
    assert.doesNotMatch(why, /[\p{Cc}\u2028]/u);
    assert.ok(why.length < 350, `${why.length}`);
  });
});

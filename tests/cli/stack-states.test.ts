import assert from "node:assert/strict";
import { knownServices } from "../../cli/stack-states.ts";
import { stashOf } from "../fake/gray.ts";

describe("the services in the state of a stack", () => {
  const older = (releases: object) => ({
    type: "pulumi:pulumi:Stack",
    urn: "urn:pulumi:canary::shop::pulumi:pulumi:Stack::shop-canary",
    outputs: { releases },
  });
  const web = { cluster: "uid", history: [{ id: "b" }, { id: "a" }] };

  it("are those with a stack state", () => {
    const state = { namespace: "eu", cluster: "uid", current: {}, history: [] };
    assert.deepEqual(knownServices([stashOf("web", state)]), [{ service: "web", namespace: "eu", cluster: "uid" }]);
  });

  it("are also those in the outputs of an older version, unless the same service has a stack state", () => {
    const found = [{ service: "web", namespace: "us", cluster: "uid", exported: ["b", "a"] }];
    assert.deepEqual(knownServices([older({ "us/web": web })]), found);
    const ofEu = stashOf("web", { namespace: "eu", cluster: "uid" });
    assert.deepEqual(knownServices([ofEu, older({ "eu/web": web, "us/web": web })]).slice(1), found);
  });

  it("leave out what cannot be understood", () => {
    assert.deepEqual(knownServices([stashOf("web", { namespace: 1 }), older({ "us/web": {} })]), []);
  });
});

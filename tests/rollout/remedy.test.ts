import assert from "node:assert/strict";
import { continueOrRollBack, describeHold, type Remedy, remedyCommand } from "../../rollout/remedy.ts";

const web = { service: "web", namespace: "shop", release: "b".repeat(12) };

describe("what a person can do about a hold", () => {
  it("is commands as they can be typed, with the release, the namespace and the service", () => {
    assert.equal(
      describeHold({ reason: "no decision within 15 min", remedies: ["approve", "keep observing", "roll back"] }, web),
      'no decision within 15 min; approve it with gray approve bbbbbbbbbbbb --reason "…" -n shop --service web, keep observing with gray resume -n shop --service web or roll back with gray abort --reason "…" -n shop --service web',
    );
    assert.equal(describeHold({ reason: "lunch" }, web), "lunch");
    assert.equal(
      continueOrRollBack(web),
      'continue with gray resume -n shop --service web, or roll back with gray abort --reason "…" -n shop --service web',
    );
  });

  it("names the context of the kubeconfig if you chose one", () => {
    assert.equal(
      remedyCommand("continue", { ...web, context: "eu" }),
      "gray resume -n shop --service web --context eu",
    );
  });

  it("has no placeholder that a shell would take for a redirection", () => {
    const all: Record<Remedy, true> = {
      ...{ approve: true, continue: true, "keep observing": true, "try again": true },
      ...{ "accept own rates": true, "approve own rates": true, "roll back": true },
    };
    for (const remedy of Object.keys(all) as Remedy[]) assert.doesNotMatch(remedyCommand(remedy, web), /[<>]|RELEASE/);
  });
});

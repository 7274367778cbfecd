import assert from "node:assert/strict";
import { abortCommand } from "../../cli/commands/abort.ts";
import { undoCommand } from "../../cli/commands/undo.ts";
import { drivenElsewhere } from "../fake/driven-elsewhere.ts";
import { type Shell, stashOf } from "../fake/gray.ts";
import { openRollout } from "../fake/open-rollout.ts";
import { withoutSleep } from "../fake/sleep.ts";
import type { World } from "../fake/world.ts";
import { trial } from "./trial.ts";

describe("the stacks of this folder", () => {
  let world: World;
  let shell: Shell;
  let a: string;
  let b: string;
  let end: () => Promise<void>;
  beforeEach(async () => {
    ({ world, shell, a, b, end } = await trial());
  });
  afterEach(() => end());

  const stackState = () => world.stackState("canary", "web");
  const refused = async (sentence: RegExp) => {
    const from = world.api.requests.length;
    await assert.rejects(shell.run(undoCommand(), "--reason", "too slow"), sentence);
    assert.deepEqual(
      world.api.requests.slice(from).filter(({ method }) => method !== "GET"),
      [],
    );
  };
  const unknown =
    /^UserError: Stack organization[-\d]*\/gray-release\/canary in the backend of this folder does not have web of namespace dora-apps: choose another service with -n/;

  it("are not run for a service of the same name in another environment of the project", async () => {
    shell.holds("canary", [stashOf("web", { ...stackState(), namespace: "staging" })]);
    await refused(unknown);
  });

  it("are not run before their first install", async () => {
    shell.holds("canary", []);
    await refused(unknown);
  });

  it("are not run on another cluster than their own", async () => {
    shell.holds("canary", [stashOf("web", { ...stackState(), cluster: "another" })]);
    await refused(
      / is deployed on the cluster with UID another, but this one is cluster-uid: choose the right one with /,
    );
  });

  it("are not run on another cluster than that in the outputs of an older version", async () => {
    const older = { "dora-apps/web": { ...stackState(), cluster: "another", history: [] } };
    shell.holds("canary", [{ type: "pulumi:pulumi:Stack", urn: "urn:root", outputs: { releases: older } }]);
    await refused(/ is deployed on the cluster with UID another, but this one is cluster-uid: /);
  });

  it("are not run if the backend does not have them", async () => {
    shell.failsToRead("canary", "error: no stack named 'canary' found");
    await refused(unknown);
  });

  describe("whose backend does not answer", () => {
    beforeEach(() => {
      shell.failsToRead("canary", "error: read checkpoint: dial tcp: i/o timeout");
    });

    it("are not run by an undo", async () => {
      await refused(/^UserError: pulumi stack export --stack \S+ failed: read checkpoint: dial tcp: i\/o timeout/);
    });

    it("do not keep an abort from rolling back", async () => {
      world.writeRecord({ open: openRollout(b, a) }, "web");
      const was = process.exitCode;
      await shell.run(abortCommand(), "--reason", "5xx");
      process.exitCode = was;
      const record = JSON.parse(world.api.objects.get(world.recordPath("web"))?.data.record);
      assert.deepEqual([record.open, record.ended[0].outcome], [undefined, "undone"]);
    });
  });

  it("are not read while a driver is alive", async () => {
    world.writeRecord({ open: openRollout(b, a) }, "web");
    drivenElsewhere(world);
    const sleepAgain = withoutSleep();
    await shell.run(abortCommand(), "--reason", "5xx").finally(sleepAgain);
    assert.deepEqual(shell.asked, []);
  });
});

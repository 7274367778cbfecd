import assert from "node:assert/strict";
import { undoCommand } from "../../cli/undo.ts";
import type { Shell } from "../fake/gray.ts";
import type { World } from "../fake/world.ts";
import { trial } from "./trial.ts";

describe("the stacks of this folder", () => {
  let world: World;
  let shell: Shell;
  let end: () => Promise<void>;
  beforeEach(async () => {
    ({ world, shell, end } = await trial());
  });
  afterEach(() => end());

  const memory = () => world.memory("canary", "web");
  const refused = async (sentence: RegExp) => {
    const from = world.api.requests.length;
    await assert.rejects(shell.run(undoCommand(), "--because", "too slow"), sentence);
    assert.deepEqual(
      world.api.requests.slice(from).filter(({ method }) => method !== "GET"),
      [],
    );
  };
  const unknown =
    /^Refusal: Stack organization[-\d]*\/gray-release\/canary, as this folder's backend has it, does not hold web of namespace dora-apps: name yours with -n/;

  it("are not run on a service of the same name in another environment of the project", async () => {
    shell.outputs("canary", { releases: { "staging/web": memory() } });
    await refused(unknown);
  });

  it("are not run before their first install", async () => {
    shell.outputs("canary", {});
    await refused(unknown);
  });

  it("are not run on another cluster than theirs", async () => {
    shell.outputs("canary", { releases: { "dora-apps/web": { ...memory(), cluster: "another" } } });
    await refused(/ lives on the cluster with UID another and this one is cluster-uid: choose the right one with /);
  });

  it("are not run where Pulumi does not know them, which says why", async () => {
    shell.stackUnknown("canary");
    await refused(
      /^Refusal: Stack \S+ of web in namespace dora-apps cannot be read here \(pulumi stack output .*\): log in to the backend/,
    );
  });
});

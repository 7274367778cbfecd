import assert from "node:assert/strict";
import { undoCommand } from "../../../cli/commands/undo.ts";
import { UserError } from "../../../components/user-error.ts";
import type { Shell } from "../../fake/gray.ts";
import { openRollout } from "../../fake/open-rollout.ts";
import type { World } from "../../fake/world.ts";
import { trial } from "../trial.ts";

describe("gray undo", () => {
  let world: World;
  let shell: Shell;
  let a: string;
  let b: string;
  let end: () => Promise<void>;
  beforeEach(async () => {
    ({ world, shell, a, b, end } = await trial());
  });
  afterEach(() => end());

  const refused = async (sentence: string | RegExp, ...args: string[]) => {
    const from = world.api.requests.length;
    await assert.rejects(
      shell.run(undoCommand(), "--reason", "too slow", ...args),
      typeof sentence === "string" ? new UserError(sentence) : sentence,
    );
    assert.deepEqual(
      world.api.requests.slice(from).filter(({ method }) => method !== "GET"),
      [],
    );
  };

  it("is refused for a release that is not stored", async () => {
    await refused(`Release 0123456789ab of web is not stored: choose one of ${b} with --to.`, "--to", "0123456789ab");
  });

  it("is refused for the release that stable already runs", async () => {
    await refused(`Stable of web already runs release ${a}: name another one with --to.`, "--to", a);
  });

  it("is refused if the record has no previous stable release", async () => {
    await refused(`The record of web has no previous stable release before ${a}: choose one of ${b} with --to.`);
  });

  it("is refused while a rollout is open", async () => {
    world.writeRecord({ open: openRollout(b, a) }, "web");
    await refused(
      `A rollout of ${b} of web is open, and gray undo rolls back finished ones: roll it back with gray abort --reason "…" -n dora-apps --service web.`,
    );
  });

  it("is refused if the record is corrupt", async () => {
    world.writeRecordText("{", "web");
    await refused(/^UserError: The record web-rollout .* cannot be read/);
  });

  it("is refused if there is no stable Deployment", async () => {
    world.api.objects.delete("/apis/apps/v1/namespaces/dora-apps/deployments/web");
    await refused(
      "web has no stable Deployment, so there is nothing to roll back: run pulumi up of the stack that owns stable first.",
    );
  });
});

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

  it("is refused to a release that is not kept", async () => {
    await refused(`Release 0123456789ab of web is not kept: choose one of ${b} with --to.`, "--to", "0123456789ab");
  });

  it("is refused to what stable runs already", async () => {
    await refused(`Stable of web runs release ${a} already: choose another.`, "--to", a);
  });

  it("is refused where the record does not say what stable ran before", async () => {
    await refused(`The record of web does not say what stable ran before ${a}: choose one of ${b} with --to.`);
  });

  it("is refused while a rollout is open", async () => {
    world.writeRecord({ open: openRollout(b, a) }, "web");
    await refused(`A rollout of ${b} of web is open: gray abort takes that back.`);
  });

  it("is refused where the record is corrupt", async () => {
    world.writeRecordText("{", "web");
    await refused(/^Refusal: The record web-rollout .* cannot be read/);
  });

  it("is refused where stable is not there", async () => {
    world.api.objects.delete("/apis/apps/v1/namespaces/dora-apps/deployments/web");
    await refused("web has no stable Deployment: there is nothing to undo.");
  });
});

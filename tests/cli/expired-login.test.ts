import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { planCommand } from "../../cli/commands/plan.ts";
import { policyCommand } from "../../cli/commands/policy.ts";
import { rolloutCommand } from "../../cli/commands/rollout.ts";
import { statusCommand } from "../../cli/commands/status.ts";
import { verifyCommand } from "../../cli/commands/verify.ts";
import type { Shell } from "../fake/gray.ts";
import { canary } from "../fake/web.ts";
import type { World } from "../fake/world.ts";
import { trial } from "./trial.ts";

const sentence = /^(Api|User)Error: The cluster at http\S+ \(context \S+\) refuses your login: log in again\.$/;

describe("an expired login", () => {
  let world: World;
  let shell: Shell;
  let end: () => Promise<void>;
  beforeEach(async () => {
    ({ world, shell, end } = await trial());
    shell.stacks({ canary: [], prod: [] });
    world.api.intercept = () => ({ status: 401, body: { kind: "Status", message: "Unauthorized" } });
  });
  afterEach(() => end());

  const commands: readonly (() => Command)[] = [statusCommand, verifyCommand, planCommand, rolloutCommand];
  for (const command of commands) {
    it(`is named by gray ${command().name()}, with what to do`, async () => {
      await assert.rejects(shell.run(command()), sentence);
    });
  }

  it("is named by an up and by its preview, with what to do", async () => {
    for (const preview of [false, true]) {
      await assert.rejects(world.up("canary", canary("c"), { preview }), sentence);
    }
  });

  it("is named by gray policy where Pulumi's provider meets it first", async () => {
    const urn = "urn:pulumi:canary::shop::kubernetes:apps/v1:Deployment::web";
    const diagnostic = (severity: string, message: string) =>
      JSON.stringify({ diagnosticEvent: { urn, severity, message } });
    const events = [
      diagnostic(
        "warning",
        "configured Kubernetes cluster is unreachable: unable to load schema information from the API server: the server has asked for the client to provide credentials",
      ),
      // The word in another event, by which the shell fails the preview.
      JSON.stringify({ policyEvent: { message: "x", policyName: "x", enforcementLevel: "mandatory" } }),
      diagnostic(
        "error",
        "Preview failed: failed to read resource state due to unreachable cluster. If the cluster was deleted, ...",
      ),
    ];
    writeFileSync(join(shell.folder, "policies-canary.jsonl"), `${events.join("\n")}\n`);
    await assert.rejects(
      shell.run(policyCommand(), "--stack", "canary"),
      /^UserError: The policies could not be run on stack canary: The cluster refuses your login \(in Pulumi's provider for Kubernetes\): log in again\.$/,
    );
  });
});

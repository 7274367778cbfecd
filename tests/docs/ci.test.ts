import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { load } from "js-yaml";

const folder = join(import.meta.dirname, "..", "..", "docs", "ci");

interface Workflow {
  readonly on: string | Readonly<Record<string, unknown>>;
  readonly permissions: Record<string, string>;
  readonly jobs: Record<
    string,
    {
      readonly if?: string;
      readonly permissions?: Record<string, string>;
      readonly steps: readonly { readonly if?: string; readonly uses?: string; readonly run?: string }[];
    }
  >;
}

describe("the example workflows", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".yml"));
  const workflows = files.map((name) => ({
    name,
    workflow: load(readFileSync(join(folder, name), "utf8")) as Workflow,
  }));
  const steps = workflows.flatMap(({ name, workflow }) =>
    Object.values(workflow.jobs).flatMap((job) => job.steps.map((step) => ({ name, ...step }))),
  );

  it("ask gray only for verbs and options that there are", async () => {
    const asked = steps.flatMap(({ run = "" }) => [...run.matchAll(/gray -- ([a-z]+)([^|;}&\n]*)/g)]);
    assert.ok(asked.length >= 5);
    for (const [, verb = "", rest = ""] of asked) {
      const command: Command = (await import(`../../cli/commands/${verb}.ts`))[`${verb}Command`]();
      const known = command.options.map(({ long }) => long);
      for (const [option] of rest.matchAll(/--[a-z-]+/g)) assert.ok(known.includes(option), `gray ${verb} ${option}`);
    }
  });

  it("name every action with its major version, and may read the repository and no more but to show findings", () => {
    for (const { name, uses } of steps) if (uses !== undefined) assert.match(uses, /^[\w-]+(\/[\w-]+)+@v\d+$/, name);
    for (const { workflow } of workflows) {
      assert.deepEqual(workflow.permissions, { contents: "read" });
      for (const { permissions: { "security-events": _, ...others } = {} } of Object.values(workflow.jobs)) {
        assert.ok(Object.entries(others).every(([what, may]) => what === "contents" && may === "read"));
      }
    }
  });

  it("let no pull request pass the check to require unjudged, as by a fork", () => {
    const { on, jobs } = workflows.find(({ name }) => name === "policies.yml")?.workflow ?? assert.fail();
    assert.equal(on, "pull_request");
    const { if: condition, steps: [first] = [] } = jobs.policies ?? assert.fail();
    assert.equal(condition, undefined, "a job that is skipped counts as passed");
    assert.equal(first?.if, "github.event.pull_request.head.repo.full_name != github.repository");
    assert.match(first?.run ?? "", /echo "::error::This pull request comes from a fork, .*\."\nexit 1\n$/);
  });

  it("stop no pull request for what is deployed, which it may be about to mend", () => {
    const judges = workflows.filter(({ workflow }) => JSON.stringify(workflow).includes("gray -- policy --deployed"));
    assert.deepEqual(
      judges.map(({ name, workflow: { on } }) => [name, Object.keys(on)]),
      [["deployed.yml", ["schedule", "workflow_dispatch"]]],
    );
  });

  it("are each described", () => {
    const text = readFileSync(join(folder, "../how-to/ci.md"), "utf8");
    for (const name of files) assert.ok(text.includes(`(../ci/${name})`), name);
  });
});

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { load } from "js-yaml";

const folder = join(import.meta.dirname, "..", "..", "docs", "ci");

interface Workflow {
  readonly permissions: Record<string, string>;
  readonly jobs: Record<
    string,
    {
      readonly permissions?: Record<string, string>;
      readonly steps: readonly { readonly uses?: string; readonly run?: string }[];
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
      const command: Command = (await import(`../../cli/${verb}.ts`))[`${verb}Command`]();
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

  it("are each described", () => {
    const text = readFileSync(join(folder, "README.md"), "utf8");
    for (const name of files) assert.ok(text.includes(`(./${name})`), name);
  });
});

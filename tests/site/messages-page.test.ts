import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { messagesIn, messagesPage, putTogetherIn, refusalsIn } from "../../site/messages-page.ts";

const root = join(import.meta.dirname, "../..");

describe("the messages in a source", () => {
  it("have an ellipsis for each value, also for one that has texts with values of its own", () => {
    const begin = "$" + "{";
    const template = `\`Release ${begin}id} of ${begin}names.map((name) => \`${begin}name}!\`).join()} is not stored: choose another.\``;
    const source = `throw new UserError(\n  ${template},\n);`;
    assert.deepEqual(messagesIn(source), ["Release … of … is not stored: choose another."]);
  });

  it("are those that stand there as a text", () => {
    assert.deepEqual(messagesIn('new UserError("It cannot be read \\"here\\": correct it.")'), [
      'It cannot be read "here": correct it.',
    ]);
    assert.deepEqual(messagesIn("new UserError(sentence)"), []);
  });

  it("are both of those between which it chooses, and none of the texts that values are joined with", () => {
    assert.deepEqual(
      messagesIn(
        'throw new UserError(a ? "It is not here: look there." : f(b.join(", "), "It is not here at all: go."));',
      ),
      ["It is not here: look there.", "It is not here at all: go."],
    );
  });

  it("may end with the words of another", () => {
    assert.deepEqual(messagesIn(`throw new UserError(\`The stack cannot be read: ${"$"}{error.message}\`);`), [
      "The stack cannot be read: …",
    ]);
  });

  it("are not those that were put together before, which are known by what raises them", () => {
    assert.deepEqual(
      putTogetherIn('throw new UserError(sentence(of));\nthrow new UserError("It is not in the cluster: look.");'),
      ["sentence(of)"],
    );
  });
});

describe("the page of messages", () => {
  const gate = readFileSync(join(root, "gate/gate.ts"), "utf8");

  it("has each refusal of the gate, by its code", () => {
    const [, union = ""] = /export type AdmissionCode =([^;]*);/.exec(gate) ?? [];
    const codes = [...union.matchAll(/"([\w-]+)"/g)].map(([, code = ""]) => code);
    const admitted = [...gate.matchAll(/\badmit\("([\w-]+)"|\badmit\(\s+"([\w-]+)"/g)].map(
      ([, one, other]) => one ?? other,
    );
    assert.ok(codes.length > 10);
    const page = messagesPage(root);
    for (const code of codes.filter((each) => !admitted.includes(each)))
      assert.ok(page.includes(`| \`${code}\` |`), code);
    assert.ok(refusalsIn(gate).every(({ message }) => / is refused/.test(message)));
  });

  it("leaves out no sentence of the sources but those that are put together in a place of their own", () => {
    const files = globSync(
      "{settings.ts,{components,gate,cli,describe,rollout,record,evaluation,analysis,probe,live,observability,kubernetes,pulumi,cutoff,border,package,policies}/**/*.ts}",
      { cwd: root },
    );
    const found = files.filter((file) => putTogetherIn(readFileSync(join(root, file), "utf8")).length > 0);
    assert.deepEqual(
      found.sort(),
      [
        // What Pulumi, a policy or the network said.
        "cli/commands/adopt.ts",
        "cli/commands/judge.ts",
        "cli/commands/plan.ts",
        "cli/commands/rollout.ts",
        "rollout/lease.ts",
        // Of another stack or cluster: `wrongCluster` and `ownersOf` have the sentences.
        "cli/owners.ts",
        "cli/stacks.ts",
        // Of an argument or a setting: the page on what up refuses has them.
        "components/service-args.ts",
        "components/traffic/modes.ts",
        "gate/destination.ts",
        "settings.ts",
        // Of the gate: in the part on it.
        "gate/hooks.ts",
        "gate/opening.ts",
      ].sort(),
    );
  });
});

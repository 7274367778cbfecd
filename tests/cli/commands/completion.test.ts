import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { grayProgram } from "../../../cli/main.ts";
import { completionScript, shells } from "../../../cli/output/completion-script.ts";

/** What bash offers for a line, the last word of which is being typed. */
function offered(...words: string[]): string[] {
  const line = ["gray", ...words].map((word) => `'${word}'`).join(" ");
  const script = `${completionScript("bash", grayProgram())}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length}; _gray; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout.trim().split("\n");
}

describe("gray completion", () => {
  it("offers every command, and the options of each, in bash", () => {
    const program = grayProgram();
    assert.deepEqual(offered("st"), ["status"]);
    for (const command of program.commands) {
      assert.ok(offered(command.name()).includes(command.name()));
      const flags = offered(command.name(), "--");
      assert.deepEqual(
        command.options.flatMap(({ long }) => (long === undefined || flags.includes(long) ? [] : [long])),
        [],
      );
    }
  });

  for (const shell of shells) {
    it(`is a script that ${shell} can parse, if it is on this machine`, function () {
      const input = completionScript(shell, grayProgram());
      assert.match(input, /rollout/);
      const { error, status, stderr } = spawnSync(shell, ["-n"], { input, encoding: "utf8" });
      if (error) this.skip();
      assert.equal(status, 0, stderr);
    });
  }
});

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { withoutCommands } from "../../cli/output.ts";

const module = JSON.stringify(join(import.meta.dirname, "../../cli/output.ts"));
/** Prints ten lines to both streams, with time between them, and then ends with 7. */
const program = `
  const { guardOutput } = await import(${module});
  guardOutput();
  for (let line = 0; line < 10; line++) {
    console.log("::warning::out");
    console.error("::warning::err");
    process.stdout.write("::set-env name=A::b\\n");
    await new Promise((later) => setTimeout(later, 10));
  }
  process.exitCode = 7;
`;

const outside = { CI: "", GITHUB_ACTIONS: "", GITLAB_CI: "", TF_BUILD: "", TEAMCITY_VERSION: "" };

/** Runs it. @param reads whether somebody reads to the end, or to the first line of each stream */
async function run(reads: boolean, env: NodeJS.ProcessEnv, stdio: "pipe" | number = "pipe") {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...process.env, ...outside, ...env },
    stdio: ["ignore", stdio, stdio],
  });
  const said = { out: "", err: "" };
  child.stdout?.setEncoding("utf8").on("data", (text) => {
    said.out += text;
    if (!reads) child.stdout?.destroy();
  });
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    said.err += text;
    if (!reads) child.stderr?.destroy();
  });
  const code = await new Promise((ended) => child.once("close", ended));
  return { code, ...said };
}

describe("the output of gray", () => {
  it("ends nothing when nobody reads it any more", async () => {
    assert.equal((await run(false, {})).code, 7);
  });

  it("ends nothing when the disk is full", async () => {
    const full = openSync("/dev/full", "w");
    try {
      assert.equal((await run(true, {}, full)).code, 7);
    } finally {
      closeSync(full);
    }
  });

  it("has no command of a CI system in it, on neither stream, but only in CI", async () => {
    for (const env of [{ GITHUB_ACTIONS: "true" }, { TF_BUILD: "True" }]) {
      const { out, err, code } = await run(true, env);
      assert.equal(code, 7);
      assert.deepEqual([...new Set(out.trim().split("\n"))], [": :warning::out", ": :set-env name=A::b"]);
      assert.deepEqual([...new Set(err.trim().split("\n"))], [": :warning::err"]);
    }
    assert.match((await run(true, {})).out, /^::warning::out$/m);
  });

  for (const entry of ["gray", "checkout"]) {
    it(`is guarded from the start of cli/${entry}.ts on`, () => {
      const path = JSON.stringify(join(import.meta.dirname, `../../cli/${entry}.ts`));
      const script = `
        process.on("exit", () => {
          const guarded = [process.stdout, process.stderr].every((stream) => stream.listenerCount("error") > 0);
          process.exitCode = guarded ? 42 : 43;
        });
        await import(${path});
      `;
      const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", script, "--", "gray", "--help"]);
      assert.equal(status, 42);
    });
  }

  it("parts what a CI system would take for a command, and nothing else", () => {
    for (const [text, safe] of [
      ["::add-mask::x", ": :add-mask::x"],
      [" \t\u00a0::error::x", " \t\u00a0: :error::x"],
      ["a\n::error::x\r::stop-commands::y", "a\n: :error::x\r: :stop-commands::y"],
      ["web ##[group]x ##vso[task.setvariable]y", "web ## [group]x ## vso[task.setvariable]y"],
      ["##VSO[a.b]c ##teamcity[x]", "## VSO[a.b]c ## teamcity[x]"],
      ["section_start:15:a section_end:16:a", "section_start :15:a section_end :16:a"],
    ] as const) {
      assert.equal(withoutCommands(text), safe);
      assert.equal(withoutCommands(safe), safe);
    }
    for (const text of [
      "a ::error::b",
      '{"a":"::b"}',
      "# one\n## two [x]",
      "fe80::1",
      ":",
      "section_start: see below",
    ]) {
      assert.equal(withoutCommands(text), text);
    }
  });

  it("is made safe in time that grows with its length only", () => {
    const began = process.cpuUsage().user;
    withoutCommands(`${" ".repeat(200_000)}\n`.repeat(5) + "\n".repeat(1_000_000));
    assert.ok(process.cpuUsage().user - began < 2e6);
  });
});

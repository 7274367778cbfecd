import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withoutCommands } from "../../../cli/output/output.ts";
import { Terminal } from "../terminal.ts";

const module = JSON.stringify(join(import.meta.dirname, "../../../cli/output/output.ts"));
/** Prints ten lines to both streams, with pauses, and then ends with 7. */
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

/** Runs the program. @param reads whether the test reads its output to the end, or only the first line of each stream */
async function run(reads: boolean, env: NodeJS.ProcessEnv, stdio: "pipe" | number = "pipe") {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...process.env, ...outside, ...env },
    stdio: ["ignore", stdio, stdio],
  });
  const output = { out: "", err: "" };
  child.stdout?.setEncoding("utf8").on("data", (text) => {
    output.out += text;
    if (!reads) child.stdout?.destroy();
  });
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    output.err += text;
    if (!reads) child.stderr?.destroy();
  });
  const code = await new Promise((ended) => child.once("close", ended));
  return { code, ...output };
}

describe("the output of gray", () => {
  it("does not end the process when its reader is gone", async () => {
    assert.equal((await run(false, {})).code, 7);
  });

  it("does not end the process when the disk is full", async () => {
    const full = openSync("/dev/full", "w");
    try {
      assert.equal((await run(true, {}, full)).code, 7);
    } finally {
      closeSync(full);
    }
  });

  describe("on a terminal", function () {
    this.timeout(60_000);
    let folder: string;
    let terminal: Terminal;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "gray-terminal-"));
    });
    afterEach(() => {
      terminal.close();
      rmSync(folder, { recursive: true });
    });
    /** Runs a program on the terminal with a timer that adds a byte to the file `beats`. */
    const start = (program: string) => {
      const common = `
        import { appendFileSync, existsSync, writeFileSync } from "node:fs";
        import { setTimeout as sleep } from "node:timers/promises";
        import { guardOutput } from ${module};
        guardOutput();
        setInterval(() => appendFileSync("beats", "."), 20);
        const line = "x".repeat(8191) + "\\n";
      `;
      terminal = Terminal.of(common + program, folder);
    };
    const read = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "");
    const until = async (holds: () => boolean) => {
      const began = Date.now();
      while (!holds()) {
        assert.ok(Date.now() - began < 20_000, `this has not become true: ${holds}`);
        await sleep(20);
      }
    };

    it("does not block timers while the terminal accepts nothing, and is printed completely afterwards", async () => {
      start(`
        console.log("begins");
        while (!existsSync("paused")) await sleep(20);
        for (let i = 0; i < 100; i++) process.stdout.write(line);
        console.log("ends");
        writeFileSync("printed", "yes");
      `);
      await until(() => terminal.shown.includes("begins"));
      terminal.pause();
      writeFileSync(join(folder, "paused"), "");
      await until(() => read("printed") !== "");
      const beats = read("beats").length;
      await until(() => read("beats").length > beats + 3);
      assert.ok(!terminal.shown.includes("ends"));
      terminal.resume();
      await until(() => terminal.shown.includes("ends"));
      assert.equal(terminal.shown.replaceAll(/[^x]/g, "").length, 100 * 8191);
    });

    it("stores some megabytes for a blocked terminal, drops the rest, and continues afterwards", async () => {
      start(`
        console.log("begins");
        while (!existsSync("paused")) await sleep(20);
        const isTaken = Array.from({ length: 2000 }, () => process.stdout.write(line)).at(-1);
        writeFileSync("kept", JSON.stringify({ isTaken, bytes: process.stdout.writableLength }));
        await new Promise((drained) => process.stdout.once("drain", drained));
        await new Promise((taken) => process.stdout.write("goes on\\n", taken));
        writeFileSync("printed", "yes");
      `);
      await until(() => terminal.shown.includes("begins"));
      terminal.pause();
      writeFileSync(join(folder, "paused"), "");
      await until(() => read("kept").endsWith("}"));
      const { isTaken, bytes } = JSON.parse(read("kept"));
      assert.equal(isTaken, false);
      assert.ok(bytes > 7 << 20 && bytes < 9 << 20, `${bytes} bytes`);
      terminal.resume();
      await until(() => terminal.shown.includes("goes on"));
      await until(() => read("printed") !== "");
    });
  });

  it("has no command to a CI system on either stream in CI, and is unchanged elsewhere", async () => {
    for (const env of [{ GITHUB_ACTIONS: "true" }, { TF_BUILD: "True" }]) {
      const { out, err, code } = await run(true, env);
      assert.equal(code, 7);
      assert.deepEqual([...new Set(out.trim().split("\n"))], [": :warning::out", ": :set-env name=A::b"]);
      assert.deepEqual([...new Set(err.trim().split("\n"))], [": :warning::err"]);
    }
    assert.match((await run(true, {})).out, /^::warning::out$/m);
  });

  for (const entry of ["gray", "checkout"]) {
    it(`is guarded from the start of cli/${entry}.ts`, () => {
      const path = JSON.stringify(join(import.meta.dirname, `../../../cli/${entry}.ts`));
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

  it("has a space in each command to a CI system, and nowhere else", () => {
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

  it("is disarmed in linear time", () => {
    const began = process.cpuUsage().user;
    withoutCommands(`${" ".repeat(200_000)}\n`.repeat(5) + "\n".repeat(1_000_000));
    assert.ok(process.cpuUsage().user - began < 2e6);
  });
});

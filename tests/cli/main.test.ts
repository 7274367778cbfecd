import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Command } from "commander";
import { UnsafePath } from "../../border/path.ts";
import { runGray } from "../../cli/main.ts";
import { UserError } from "../../components/user-error.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import { Superseded } from "../../record/epoch.ts";

describe("gray", () => {
  const { argv, exit, exitCode } = process;
  const { error } = console;
  afterEach(() => {
    Object.assign(process, { argv, exit, exitCode });
    console.error = error;
  });

  /** Runs it with a command of the test, and returns its exit code and its messages. */
  async function run(does: () => void, ...args: string[]) {
    const output: unknown[] = [];
    console.error = (what: unknown) => void output.push(what);
    process.argv = ["node", "gray", ...args, "try"];
    process.exitCode = undefined;
    await runGray(new Command("try").action(does));
    return { code: process.exitCode, output };
  }

  it("ends with 1 and one sentence if something was refused or failed", async () => {
    for (const known of [
      new UserError("No."),
      new ApiError(403, "No."),
      new Superseded("No."),
      new UnsafePath("No."),
    ]) {
      const { code, output } = await run(() => {
        throw known;
      });
      assert.equal(code, 1);
      assert.deepEqual(output, [`gray: ${known.message}`]);
    }
  });

  it("ends with 70 and the stack of a bug", async () => {
    const bug = new TypeError("undefined is not a function");
    const { code, output } = await run(() => {
      throw bug;
    });
    assert.equal(code, 70);
    assert.deepEqual(output, [bug]);
  });

  it("prints the stack of a refusal too with --debug", async () => {
    const refusal = new UserError("No.");
    const { code, output } = await run(() => {
      throw refusal;
    }, "--debug");
    assert.equal(code, 1);
    assert.deepEqual(output, [refusal]);
  });

  it("ends with the exit code of the command", async () => {
    const { code } = await run(() => {
      process.exitCode = 4;
    });
    assert.equal(code, 4);
  });

  it("ends with 2 after wrong usage", async () => {
    const ends: unknown[] = [];
    const write = process.stderr.write;
    process.exit = ((code: number) => {
      ends.push(code);
      throw new Error("ended");
    }) as typeof process.exit;
    process.stderr.write = () => true;
    try {
      await run(() => {}, "--no-such-option");
    } finally {
      process.stderr.write = write;
    }
    assert.deepEqual(ends, [2]);
  });

  it("has a help text of one screen, with all commands in four groups", async () => {
    const cli = join(import.meta.dirname, "../../cli");
    const { stdout } = await promisify(execFile)(process.execPath, [join(cli, "checkout.ts"), "--help"]);
    const lines = stdout.trimEnd().split("\n");
    assert.ok(lines.length <= 40, `${lines.length} lines`);
    assert.deepEqual(
      lines.filter((line) => line.length > 80),
      [],
    );
    const headings = lines.filter((line) => /^\w.*:$/.test(line));
    assert.deepEqual(headings, ["Options:", "Observe (changes nothing):", "Release:", "Operate:", "Develop:"]);
    const listed = lines.flatMap((line) => /^ {2}(\w+)/.exec(line)?.[1] ?? []);
    const files = readdirSync(join(cli, "commands")).map((file) => file.replace(/\.ts$/, ""));
    const commands = files.filter((file) =>
      readFileSync(join(cli, "commands", `${file}.ts`), "utf8").includes(`export function ${file}Command(`),
    );
    assert.deepEqual(listed.sort(), commands.sort());
  });

  it("prints the version of the package", async () => {
    const root = join(import.meta.dirname, "../..");
    const { stdout } = await promisify(execFile)(process.execPath, [join(root, "cli/gray.ts"), "--version"]);
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    assert.equal(stdout, `${version}\n`);
  });

  it("does not load Pulumi's SDK, which takes more time and memory than everything else", async () => {
    const main = join(import.meta.dirname, "../../cli/main.ts");
    const script = `import(${JSON.stringify(main)}).then(() => console.log(Object.keys(require.cache).join("\\n")))`;
    const { stdout } = await promisify(execFile)(process.execPath, ["-e", script]);
    const loaded = stdout.split("\n");
    assert.ok(loaded.some((path) => path.includes("/node_modules/cli-table3/")));
    assert.deepEqual(
      loaded.filter((path) => path.includes("/node_modules/@pulumi/")),
      [],
    );
  });
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { until } from "../../harness/kubectl.ts";
import { runChild } from "../../pulumi/child.ts";
import { setEnvironment } from "../fake/environment.ts";

describe("a child", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gray-child-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const shell = (script: string) => ({ command: "sh", args: ["-c", script], folder });
  const noted = (file: string) =>
    existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8").trim().split("\n") : [];
  const isAlive = (pid: string | undefined) => {
    try {
      return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
      return false;
    }
  };
  /** Writes down its process id and that of a process in a group of its own, like Pulumi's plugins; then does the rest. */
  const withPlugin = (rest: string) => ({
    ...shell(`set -m; sleep 60 & echo $! > plugin; set +m; ${rest}; echo $$ > command; while :; do sleep 0.05; done`),
    command: "bash",
  });
  const begun = () => until("the command runs", async () => noted("command").length > 0);
  const ended = () =>
    until("nothing is left", async () => ![...noted("command"), ...noted("plugin")].some((pid) => isAlive(pid)));

  it("has no standard input, runs in its folder with its variables, and reports its exit code", async () => {
    const script = 'cat; pwd; echo "$EPOCH"; echo trouble >&2; exit 3';
    const { code, stdout, stderr } = await runChild({ ...shell(script), env: { EPOCH: "7" } });
    assert.deepEqual([code, stdout, stderr], [3, `${folder}\n7\n`, "trouble\n"]);
  });

  it("gives its lines while it runs", async () => {
    const lines: string[] = [];
    const onLine = (line: string) => {
      lines.push(line);
      if (line === "öne") process.kill(Number(noted("command")[0]), "SIGUSR1");
    };
    const script = "trap 'echo two; exit' USR1; echo $$ > command; echo öne; while :; do sleep 0.05; done";
    assert.equal((await runChild({ ...shell(script), onLine })).code, 0);
    assert.deepEqual(lines, ["öne", "two"]);
  });

  describe("if TMPDIR", () => {
    let restore = () => {};
    afterEach(() => restore());
    for (const [is, path] of [
      ["names a folder that does not exist", () => join(folder, "gone")],
      ["names a file", () => join(folder, "file")],
    ] as const) {
      it(`${is}: it runs all the same, with a TMPDIR that it can use`, async () => {
        writeFileSync(join(folder, "file"), "");
        restore = setEnvironment({ TMPDIR: path() });
        const { code, stdout } = await runChild(shell('echo "$TMPDIR"; : > "$(mktemp)"'));
        assert.deepEqual([code, stdout], [0, "/tmp\n"]);
      });
    }

    it("can be used: the child gets the same TMPDIR", async () => {
      restore = setEnvironment({ TMPDIR: folder });
      assert.equal((await runChild(shell('echo "$TMPDIR"'))).stdout, `${folder}\n`);
    });
  });

  it("reports the shell's exit code if there is no such command, or a signal ended it", async () => {
    assert.equal((await runChild({ command: "gray-no-such-command", args: [] })).code, 127);
    assert.equal((await runChild(shell("kill -KILL $$"))).code, 137);
  });

  it("is ended by SIGINT, and has time to clean up", async () => {
    const stop = new AbortController();
    const child = runChild({
      ...withPlugin("trap 'sleep 0.2; echo saved > state; exit 1' INT"),
      signal: stop.signal,
    });
    await begun();
    stop.abort();
    assert.equal((await child).code, 1);
    assert.deepEqual(noted("state"), ["saved"]);
    assert.ok(![...noted("command"), ...noted("plugin")].some(isAlive));
  });

  it("gets SIGINT twice, because Pulumi waits for a running hook after the first, and the hook may never end", async () => {
    const stop = new AbortController();
    const trap = "trap 'echo INT >> signals; [ $(wc -l < signals) -lt 2 ] || exit 8' INT";
    const child = runChild({ ...withPlugin(trap), signal: stop.signal, patience: 1 });
    await begun();
    stop.abort();
    assert.equal((await child).code, 8);
    assert.deepEqual(noted("signals"), ["INT", "INT"]);
  });

  it("is killed with all that it started if it ignores SIGINT", async () => {
    const stop = new AbortController();
    const child = runChild({ ...withPlugin("trap 'echo INT >> signals' INT"), signal: stop.signal, patience: 0 });
    await begun();
    stop.abort();
    assert.equal((await child).code, 137);
    assert.ok(![...noted("command"), ...noted("plugin")].some(isAlive));
  });

  it("is not started if its signal is aborted already", async () => {
    const { code } = await runChild({ ...shell("echo $$ > command"), signal: AbortSignal.abort() });
    assert.deepEqual([code, noted("command")], [130, []]);
  });

  it("is killed together with the processes that it started", async () => {
    const child = runChild(withPlugin("true"));
    await begun();
    process.kill(Number(noted("command")[0]), "SIGKILL");
    assert.equal((await child).code, 137);
    assert.ok(!isAlive(noted("plugin")[0]));
  });

  describe("whose parent is killed", () => {
    /** A process that runs a child and does nothing else. */
    const parentOf = (child: object) => {
      const module = pathToFileURL(join(import.meta.dirname, "../../pulumi/child.ts")).href;
      const script = `const { runChild } = await import(${JSON.stringify(module)}); await runChild({ ...${JSON.stringify(child)}, onLine() {} });`;
      return spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
    };

    it("gets SIGINT, can still write and has time to clean up", async () => {
      const trap = "trap 'echo INT >> signals; echo cancelling; echo saved > state; exit 1' INT";
      const parent = parentOf(withPlugin(trap));
      await begun();
      parent.kill("SIGKILL");
      await ended();
      assert.deepEqual([noted("signals"), noted("state")], [["INT"], ["saved"]]);
    });

    it("is killed with all that it started if it ignores SIGINT", async () => {
      const parent = parentOf({ ...withPlugin("trap 'echo INT >> signals' INT"), patience: 0 });
      await begun();
      parent.kill("SIGKILL");
      await ended();
      assert.ok(noted("signals").length > 0);
    });
  });
});

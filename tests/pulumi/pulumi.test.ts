import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { UserError } from "../../components/user-error.ts";
import { until } from "../../harness/kubectl.ts";
import { PulumiFailure, type Run, resources, up } from "../../pulumi/pulumi.ts";
import { setEnvironment } from "../fake/environment.ts";

const deployment = "gray-release:index:CanaryService$kubernetes:apps/v1:Deployment";
const urn = (type = deployment, name = "web") => `urn:pulumi:prod::gray-release::${type}::${name}`;
const event = (kind: string, op: string) =>
  JSON.stringify({ [kind]: { metadata: { op, urn: urn(), new: { custom: true } } } });

/** A shell command that prints lines as they are. */
const print = (...lines: string[]) => `cat <<'END'\n${lines.join("\n")}\nEND\n`;
const fail = (said: string) => `cat >&2 <<'END'\n${said}\nEND\nexit 1\n`;

describe("pulumi", () => {
  let folder: string;
  let restore: () => void;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gray-pulumi-"));
    restore = setEnvironment({ PATH: `${folder}${delimiter}${process.env.PATH}`, GRAY_EPOCH: "6" });
  });
  afterEach(() => {
    restore();
    rmSync(folder, { recursive: true });
  });

  /** Puts a `pulumi` on PATH that runs one of these scripts in the project's folder, chosen by its first arguments. */
  const pulumiDoes = (does: Readonly<Record<string, string>>) => {
    const cases = Object.entries(does).map(([words, script]) => `"${words} "*)\n${script}\n;;`);
    const lines = ["#!/bin/sh", 'echo "$*" >> calls', 'case "$* " in', ...cases, "esac", ""];
    writeFileSync(join(folder, "pulumi"), lines.join("\n"));
    chmodSync(join(folder, "pulumi"), 0o755);
  };
  /** A folder with a `node` that prints this version. */
  const node = (version: string) => {
    const bin = mkdtempSync(join(folder, "node-"));
    writeFileSync(join(bin, "node"), `#!/bin/sh\necho '${version}'\n`);
    chmodSync(join(bin, "node"), 0o755);
    return bin;
  };
  const run = (more: Partial<Run> = {}): Run => ({ stack: "prod", folder, ...more });
  const text = (file: string) => readFileSync(join(folder, file), "utf8");
  const calls = () => text("calls").trim().split("\n");
  const verbs = () => calls().map((call) => call.split(" --")[0]);
  const failure = async (promise: Promise<unknown>) => {
    const error = await promise.then(
      () => assert.fail("it did not fail"),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof PulumiFailure, String(error));
    return [error.kind, error.message];
  };

  describe("up", () => {
    it("updates the stack after a refresh, and reports each change", async () => {
      const said: string[] = [];
      pulumiDoes({ up: `echo "$GRAY_EPOCH $PWD" > run\n${print(event("resourcePreEvent", "update"))}` });
      await up(run({ env: { GRAY_EPOCH: "7" }, report: (line) => said.push(line) }));
      assert.deepEqual(calls(), ["up --yes --skip-preview --refresh --json --non-interactive --stack prod"]);
      assert.equal(text("run"), `7 ${folder}\n`);
      assert.deepEqual(said, ["Deployment web updating"]);
    });

    it("goes on without the refresh if the state names a kubeconfig that is not here, and only then", async () => {
      const error = (message: string) =>
        JSON.stringify({ diagnosticEvent: { urn: urn(), message, severity: "error" } });
      const refreshFailure = error(
        "failed to read resource state due to unreachable cluster. If the cluster was deleted, ...",
      );
      pulumiDoes({ "up --yes --skip-preview --refresh": `${print(refreshFailure)}exit 1` });
      await up(run());
      assert.deepEqual(
        calls().map((call) => call.split(" --json")[0]),
        ["up --yes --skip-preview --refresh", "up --yes --skip-preview --refresh=false"],
      );
      rmSync(join(folder, "calls"));
      pulumiDoes({ up: `${print(error("configured Kubernetes cluster is unreachable: no route to host"))}exit 1` });
      const [, sentence] = await failure(up(run()));
      assert.match(String(sentence), /cannot reach the cluster \(no route to host\)/);
      assert.equal(calls().length, 1);
    });

    it("fails with the program's error", async () => {
      const refusal = JSON.stringify({ diagnosticEvent: { message: "web is refused.\n", severity: "error" } });
      pulumiDoes({ up: `${print(refusal)}exit 1` });
      assert.deepEqual(await failure(up(run())), ["failed", "web is refused."]);
    });

    it("fails with Pulumi's error if the program did not run", async () => {
      pulumiDoes({ up: fail("warning: old\nerror: no stack named 'prod' found\n  see above") });
      assert.deepEqual(await failure(up(run())), [
        "failed",
        "pulumi up --stack prod failed: no stack named 'prod' found",
      ]);
      pulumiDoes({ up: "exit 9" });
      const [, sentence] = await failure(up(run()));
      assert.equal(sentence, "pulumi up --stack prod failed: it ended with 9 and printed no error");
    });

    it("fails if pulumi is not on PATH", async () => {
      const back = setEnvironment({ PATH: [node(process.version), "/usr/bin", "/bin"].join(delimiter) });
      await assert
        .rejects(up(run()), /^UserError: The pulumi command is not on PATH: install Pulumi, or use/)
        .finally(back);
    });

    it("is refused before it starts if the first Node on PATH does not run TypeScript", async () => {
      pulumiDoes({ up: "exit 0" });
      const PATH = [node("v20.19.4"), process.env.PATH].join(delimiter);
      await assert.rejects(
        up(run({ env: { PATH } })),
        new UserError(
          "Pulumi runs the program with the first node on PATH, which is 20.19.4, and Node.js 22.18 or newer is needed: install Node.js 24, or put its folder first on PATH.",
        ),
      );
      assert.ok(!existsSync(join(folder, "calls")));
      await up(run({ env: { PATH: [node("v22.18.0"), process.env.PATH].join(delimiter) } }));
      // Another runtime called node, or a broken one.
      await up(run({ env: { PATH: [node("what?"), process.env.PATH].join(delimiter) } }));
    });

    it("is interrupted by its signal, not by a failure", async () => {
      const stop = new AbortController();
      pulumiDoes({ up: `trap '${fail("error: update canceled")}' INT\necho > begun\nwhile :; do sleep 0.05; done` });
      const interrupted = failure(up(run({ signal: stop.signal })));
      await until("it runs", async () => existsSync(join(folder, "begun")));
      stop.abort();
      assert.deepEqual(await interrupted, ["interrupted", "pulumi up --stack prod was interrupted."]);
    });
  });

  describe("a stack that is locked", () => {
    const gone = spawnSync("true").pid;
    /** A lock on this machine's disk. */
    const lock = (name: string) => `file://${folder}/${name}?no_tmp_dir=true`;
    const locked = (...lines: [url: string, host: string, pid: number][]) =>
      `error: the stack is currently locked by ${lines.length} lock(s). Either wait.${lines
        .map(([url, host, pid]) => `\n  ${url}: created by me@${host} (pid ${pid}) at 2026-11-23T13:57:15Z`)
        .join("")}`;
    const lay = (...names: string[]) => {
      for (const name of names) writeFileSync(join(folder, name), "{}");
    };
    const lies = (name: string) => existsSync(join(folder, name));

    it("by ended processes of this machine is unlocked, and no other lock is removed", async () => {
      lay("one.json", "two.json", "other.json");
      const complaint = locked([lock("one.json"), hostname(), gone], [lock("two.json"), hostname(), gone]);
      pulumiDoes({ up: `[ -e one.json ] || [ -e two.json ] && { ${fail(complaint)} }; true` });
      await up(run());
      assert.deepEqual(verbs(), ["up", "up"]);
      assert.deepEqual([lies("one.json"), lies("two.json"), lies("other.json")], [false, false, true]);
    });

    it("by a process that may be alive stays locked, and the error names the process and how to check it", async () => {
      const others: [string, string, number][] = [
        [lock("two.json"), hostname(), process.pid],
        [lock("two.json"), "elsewhere", gone],
        ["s3://states/.pulumi/locks/prod/1.json", hostname(), gone],
      ];
      for (const [url, host, pid] of others) {
        lay("one.json", "two.json");
        pulumiDoes({ up: fail(locked([lock("one.json"), hostname(), gone], [url, host, pid])) });
        const holders = [`me@${hostname()} (pid ${gone})`, `me@${host} (pid ${pid})`];
        const since = " since 2026-11-23T13:57:15Z";
        assert.deepEqual(await failure(up(run())), [
          "locked",
          `Stack prod is locked by ${holders.join(`${since} and `)}${since}: wait for it to end, or, if ps -p <pid> there shows that it has ended, run pulumi cancel --stack prod, which removes the lock and does not end the process.`,
        ]);
        assert.deepEqual([lies("one.json"), lies("two.json")], [true, true]);
      }
      assert.ok(!verbs().includes("cancel"));
    });

    it("is given up if it is locked again at once", async () => {
      pulumiDoes({ up: fail(locked([lock("one.json"), hostname(), gone])) });
      assert.equal((await failure(up(run())))[0], "locked");
      assert.deepEqual(verbs(), ["up", "up"]);
    });

    it("by another update at Pulumi Cloud stays locked", async () => {
      pulumiDoes({ up: fail("error: [409] Conflict: Another update is currently in progress.\nTo learn more, visit") });
      assert.deepEqual(await failure(up(run())), [
        "locked",
        "Another update of stack prod is in progress: wait for it to end, or, if you have checked that it has ended, run pulumi cancel --stack prod, which removes the lock and does not end the process.",
      ]);
      assert.deepEqual(verbs(), ["up"]);
    });
  });

  it("resources are those that the stack holds", async () => {
    pulumiDoes({ "stack export": `echo '{"version":3,"deployment":{"resources":[{"type":"a","urn":"b"}]}}'` });
    assert.deepEqual(await resources(run()), [{ type: "a", urn: "b" }]);
    assert.deepEqual(calls(), ["stack export --non-interactive --stack prod"]);
  });

  it("resources are none in a stack that was never up", async () => {
    pulumiDoes({ "stack export": 'echo \'{"version":3,"deployment":{}}\'' });
    assert.deepEqual(await resources(run()), []);
  });
});

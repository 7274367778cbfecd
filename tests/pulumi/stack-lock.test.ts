import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../harness/kubectl.ts";
import { isDead, locksIn } from "../../pulumi/stack-lock.ts";

const line = (url: string, who: string, pid: number) =>
  `  ${url}: created by ${who} (pid ${pid}) at 2026-11-23T13:57:15Z`;
const complaint = (...lines: string[]) =>
  `error: the stack is currently locked by ${lines.length} lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.\n${lines.join("\n")}\n`;
const url = "file:///home/me/.state/.pulumi/locks/organization/gray-release/prod/4f4a.json?no_tmp_dir=true";

describe("the locks in an error of Pulumi", () => {
  it("have a holder, a host and a time each", () => {
    const bucket = "s3://states/.pulumi/locks/organization/gray-release/prod/77.json";
    const said = complaint(line(url, "root@vm", 5696), line(bucket, "ci@build@build-1", 17));
    const since = "2026-11-23T13:57:15Z";
    assert.deepEqual(locksIn(said), [
      { url, holder: "root@vm", host: "vm", pid: 5696, since },
      { url: bucket, holder: "ci@build@build-1", host: "build-1", pid: 17, since },
    ]);
  });

  it("are none if it is another error", () => {
    assert.deepEqual(locksIn("error: no stack named 'prod' found\n"), []);
    assert.deepEqual(locksIn(""), []);
  });
});

describe("a lock", () => {
  const lock = (pid: number, host = hostname(), at = url) => locksIn(complaint(line(at, `me@${host}`, pid)))[0];
  const dead = (...of: Parameters<typeof lock>) => {
    const found = lock(...of);
    assert.ok(found);
    return isDead(found);
  };
  let gone: number;
  before(async () => {
    const child = spawn("true");
    await once(child, "exit");
    gone = child.pid ?? 0;
  });

  it("is dead if no process on this machine has its process id", () => {
    assert.ok(dead(gone));
  });

  it("is dead if its process is a zombie, which may never be reaped", async () => {
    const careless = spawn("sh", ["-c", "true & echo $!; exec sleep 60"]);
    try {
      const [pid] = await once(careless.stdout, "data");
      await until("the process is a zombie", async () => dead(Number(pid)));
    } finally {
      careless.kill();
    }
  });

  it("may be alive if there is such a process, another user's too", () => {
    assert.ok(!dead(process.pid));
    assert.ok(!dead(1));
  });

  describe("of a machine with containers", () => {
    let proc: string;
    beforeEach(() => {
      proc = mkdtempSync(join(tmpdir(), "gray-proc-"));
      mkdirSync(join(proc, "self/ns"), { recursive: true });
      ours("4026531836", "4026531838");
    });
    afterEach(() => rmSync(proc, { recursive: true }));
    /** The namespaces of this process. */
    const ours = (pid: string, uts: string) => {
      for (const name of ["pid", "uts"]) rmSync(join(proc, "self/ns", name), { force: true });
      symlinkSync(`pid:[${pid}]`, join(proc, "self/ns/pid"));
      symlinkSync(`uts:[${uts}]`, join(proc, "self/ns/uts"));
    };
    const process = (numbers: string, state = "S (sleeping)") => {
      mkdirSync(join(proc, "4711"), { recursive: true });
      writeFileSync(join(proc, "4711/status"), `Name:\tpulumi\nState:\t${state}\nNSpid:\t${numbers}\nThreads:\t9\n`);
    };
    const deadHere = () => {
      const found = lock(gone);
      return found !== undefined && isDead(found, proc);
    };

    it("may be alive if a process in a container has its process id", () => {
      assert.ok(deadHere());
      process(`4711\t${gone}`);
      assert.ok(!deadHere());
      process(`4711\t${gone}0`);
      assert.ok(deadHere());
      process(`4711\t${gone}`, "Z (zombie)");
      assert.ok(deadHere());
    });

    it("may be alive if this process runs in a container with the machine's name and without its processes", () => {
      ours("4026532001", "4026531838");
      assert.ok(!deadHere());
      ours("4026532001", "4026532002");
      assert.ok(deadHere());
    });
  });

  it("may be alive if it was acquired on another machine, or is stored where other machines of that name see it", () => {
    assert.ok(!dead(gone, "elsewhere"));
    assert.ok(!dead(gone, hostname(), "s3://states/.pulumi/locks/organization/gray-release/prod/77.json"));
  });
});

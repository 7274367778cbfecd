import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { until } from "../../../rehearsal/kubectl.ts";
import { isDead, locksIn } from "../../../rollout/pulumi/stack-lock.ts";

const line = (url: string, who: string, pid: number) =>
  `  ${url}: created by ${who} (pid ${pid}) at 2026-11-23T13:57:15Z`;
const complaint = (...lines: string[]) =>
  `error: the stack is currently locked by ${lines.length} lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.\n${lines.join("\n")}\n`;
const url = "file:///home/me/.state/.pulumi/locks/organization/gray-release/prod/4f4a.json?no_tmp_dir=true";

describe("the locks of which Pulumi complains", () => {
  it("are each who, where and since when", () => {
    const bucket = "s3://states/.pulumi/locks/organization/gray-release/prod/77.json";
    const said = complaint(line(url, "root@vm", 5696), line(bucket, "ci@build@build-1", 17));
    const since = "2026-11-23T13:57:15Z";
    assert.deepEqual(locksIn(said), [
      { url, holder: "root@vm", host: "vm", pid: 5696, since },
      { url: bucket, holder: "ci@build@build-1", host: "build-1", pid: 17, since },
    ]);
  });

  it("are none where it complains of something else", () => {
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

  it("is dead when nobody on this machine has its number", () => {
    assert.ok(dead(gone));
  });

  it("is dead when its process is a zombie, which nobody may ever reap", async () => {
    const careless = spawn("sh", ["-c", "true & echo $!; exec sleep 60"]);
    try {
      const [pid] = await once(careless.stdout, "data");
      await until("the process is a zombie", async () => dead(Number(pid)));
    } finally {
      careless.kill();
    }
  });

  it("may be alive when there is such a process, somebody else's too", () => {
    assert.ok(!dead(process.pid));
    assert.ok(!dead(1));
  });

  it("may be alive when it was taken on another machine, or lies where other machines of that name may see it", () => {
    assert.ok(!dead(gone, "elsewhere"));
    assert.ok(!dead(gone, hostname(), "s3://states/.pulumi/locks/organization/gray-release/prod/77.json"));
  });
});

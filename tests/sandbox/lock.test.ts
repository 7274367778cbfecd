import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLock } from "../../sandbox/lock.ts";
import { type Identity, identify, lives, parseStat } from "../../sandbox/process.ts";

describe("the lock", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gray-lock-"));
    path = join(folder, "lock");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const me = (): Identity => identify(process.pid) ?? assert.fail();

  it("is there while the work lasts, and gone after it, also after a failure", async () => {
    await withLock(path, async () => assert.ok(existsSync(path)));
    await assert.rejects(
      withLock(path, async () => {
        throw new Error("broken");
      }),
      /broken/,
    );
    assert.deepEqual(readdirSync(folder), []);
  });

  it("lets one in at a time", async () => {
    let inside = 0;
    const work = async () => {
      inside++;
      assert.equal(inside, 1);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => withLock(path, work)));
  });

  it("is taken over from a holder that is dead", async () => {
    const child = spawn("true");
    await new Promise((resolve) => child.on("exit", resolve));
    writeFileSync(path, JSON.stringify({ ...me(), pid: child.pid }));
    assert.equal(await withLock(path, async () => "done", { waitSeconds: 0 }), "done");
  });

  it("is taken over from a holder whose pid another process has now, or that ran before the last boot", async () => {
    writeFileSync(path, JSON.stringify({ ...me(), start: "1" }));
    assert.equal(await withLock(path, async () => "done", { waitSeconds: 0 }), "done");
    writeFileSync(path, JSON.stringify({ ...me(), boot: "another" }));
    assert.equal(await withLock(path, async () => "done", { waitSeconds: 0 }), "done");
  });

  it("is taken over when what is in it makes no sense", async () => {
    writeFileSync(path, "{");
    assert.equal(await withLock(path, async () => "done", { waitSeconds: 0 }), "done");
  });

  it("says who holds it when waiting is in vain", async () => {
    writeFileSync(path, JSON.stringify(me()));
    await assert.rejects(
      withLock(path, async () => {}, { waitSeconds: 0 }),
      new RegExp(
        `is held by process ${process.pid} .*: wait until it has ended, or end it with .kill ${process.pid}., then try again$`,
      ),
    );
    assert.ok(existsSync(path));
  });
});

describe("a process", () => {
  it("lives while its pid, start time and boot are the same", () => {
    const me = identify(process.pid) ?? assert.fail();
    assert.ok(lives(me));
    assert.ok(!lives({ ...me, start: "0" }));
    assert.ok(!lives({ ...me, boot: "0" }));
  });

  it("is read from /proc whatever its name, and a zombie does not live", () => {
    const fields = `S ${Array.from({ length: 18 }, (_, at) => at + 4).join(" ")} 777 x`;
    assert.deepEqual(parseStat(5, `5 (a) b (c) ${fields}`, "boot"), { pid: 5, start: "777", boot: "boot" });
    assert.equal(parseStat(5, `5 (a) ${fields.replace("S", "Z")}`, "boot"), undefined);
  });
});

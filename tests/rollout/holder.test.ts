import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { createInterface } from "node:readline";
import { setImmediate } from "node:timers/promises";
import { isGone, showHolder, thisProcess } from "../../rollout/holder.ts";

describe("the process of a driver", () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });
  const run = (script: string) => {
    const child = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    return child;
  };
  const startOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19] ?? "";

  it("is named by its machine and its pid", () => {
    assert.equal(showHolder(thisProcess()), `Process ${process.pid} on ${hostname()}`);
    assert.equal(thisProcess().started, startOf(process.pid));
    assert.deepEqual(thisProcess(), thisProcess());
  });

  it("is alive while it runs, also when it is stopped, and gone afterwards", async () => {
    const child = run("exec sleep 100");
    const pid = child.pid ?? 0;
    const holder = { ...thisProcess(), pid, started: startOf(pid) };
    assert.equal(isGone(thisProcess()), false);
    assert.equal(isGone(holder), false);
    child.kill("SIGSTOP");
    assert.equal(isGone(holder), false);
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(isGone(holder), true);
  });

  it("is gone if another process has its pid", () => {
    assert.equal(isGone({ ...thisProcess(), started: "1" }), true);
  });

  it("is gone if it is a zombie", async () => {
    const child = run("sleep 100 & echo $!; exec sleep 100");
    const [line] = await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), "line");
    const pid = Number(line);
    const holder = { ...thisProcess(), pid, started: startOf(pid) };
    while (readFileSync(`/proc/${child.pid}/comm`, "utf8") !== "sleep\n") await setImmediate();
    process.kill(pid, "SIGKILL");
    while (!readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ")) await setImmediate();
    assert.equal(isGone(holder), true);
  });

  it("may be alive if it is on another machine, or in another container of this one", () => {
    const { machine } = thisProcess();
    const [boot] = machine.split(".");
    for (const other of [`${boot}.1`, `another.${machine.split(".")[1]}`]) {
      assert.equal(isGone({ ...thisProcess(), started: "1", machine: other }), false);
    }
  });
});

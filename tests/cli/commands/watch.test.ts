import assert from "node:assert/strict";
import { watchCommand } from "../../../cli/commands/watch.ts";
import { UserError } from "../../../components/user-error.ts";
import { thisProcess } from "../../../rollout/holder.ts";
import { identityOf } from "../../../rollout/lease-acquisition.ts";
import type { Rollout } from "../../../rollout/rollout.ts";
import { drivenElsewhere } from "../../fake/driven-elsewhere.ts";
import type { Shell } from "../../fake/gray.ts";
import { openRollout } from "../../fake/open-rollout.ts";
import { passingTime, withoutSleep } from "../../fake/sleep.ts";
import type { World } from "../../fake/world.ts";
import { trial } from "../trial.ts";

const at = "2026-01-01T00:01:00.000Z";
const leasePath = "/apis/coordination.k8s.io/v1/namespaces/dora-apps/leases/web-rollout";
const recordPath = "/api/v1/namespaces/dora-apps/configmaps/web-rollout";

describe("gray watch", () => {
  let world: World;
  let shell: Shell;
  let a: string;
  let b: string;
  let end: () => Promise<void>;
  let sleepAgain: () => void;
  const was = process.exitCode;
  beforeEach(async () => {
    ({ world, shell, a, b, end } = await trial());
    sleepAgain = withoutSleep();
  });
  afterEach(() => {
    process.exitCode = was;
    sleepAgain();
    return end();
  });

  const open = (more: Partial<Rollout> = {}) => world.writeRecord({ open: openRollout(b, a, more) }, "web");
  const close = (outcome: "promoted" | "undone" | "superseded", reason: string) => {
    const { began, by } = openRollout(b, a);
    const ended = [{ release: b, from: a, began, by, ended: at, outcome, reason }];
    world.writeRecord({ ended }, "web");
    const { open: _, ...record } = JSON.parse(world.api.objects.get(recordPath)?.data.record);
    world.writeRecordText(JSON.stringify(record), "web");
  };
  const drive = (host = "elsewhere") =>
    world.api.put(leasePath, {
      metadata: { name: "web-rollout" },
      spec: { holderIdentity: identityOf({ ...thisProcess(), host }), renewTime: new Date().toISOString() },
    });
  /** Changes of the cluster between two reads, one after the other. */
  const between = (...changes: (() => void)[]) => {
    world.api.intercept = ({ method, path }) => {
      if (method === "GET" && path === leasePath) {
        if (reads++ > 0) changes.shift()?.();
      }
      return undefined;
    };
    let reads = 0;
  };
  const watch = async (...args: string[]) => {
    process.exitCode = undefined;
    const output = await shell.run(watchCommand(), ...args);
    return { lines: output.split("\n"), code: process.exitCode };
  };

  it("prints the state of the rollout, its changes, and that it was promoted", async () => {
    drive();
    open();
    between(
      () => open({ step: 1, stepStartedAt: at }),
      () => close("promoted", "every step was passed"),
    );
    const { lines, code } = await watch();
    assert.equal(code, 0);
    assert.match(
      lines[0] ?? "",
      new RegExp(`Rollout of ${b} over ${a}, started by bob .* ago: step 1 of 3, dark, not in`),
    );
    assert.match(lines[1] ?? "", /Process \d+ on elsewhere is driving it, or has died: that is not known yet\.$/);
    assert.deepEqual(
      lines.slice(2).map((line) => line.replace(/^ *\d+:\d\d {2}/, "")),
      [
        "step 2 of 3, canary at 10 % comes next",
        "step 2 of 3, canary at 10 % is in force",
        "promoted: stable runs the release",
      ],
    );
  });

  it("prints JSON lines, and ends with 3 if the rollout was rolled back", async () => {
    drive();
    open();
    between(() => close("undone", "5xx"));
    const { lines, code } = await watch("--json");
    assert.equal(code, 3);
    const [first, last] = lines.map((line) => JSON.parse(line));
    assert.deepEqual([first.kind, first.release, first.step, first.driver.alive], ["open", b, 1, undefined]);
    assert.deepEqual([last.kind, last.end, last.reason, last.service], ["end", "undone", "rolled back: 5xx", "web"]);
  });

  it("ends with 4 without a driver, as a rollout that holds does", async () => {
    open();
    const { lines, code } = await watch();
    assert.equal(code, 4);
    assert.match(lines.at(-1) ?? "", /no driver is alive, and the traffic stays as it is: continue with gray resume/);
  });

  it("keeps watching with --stay, and prints who takes the rollout over", async () => {
    open({ effect: { name: "dark", at } });
    between(drive, () => close("superseded", "alice began that of cccccccccccc"));
    const { lines, code } = await watch("--stay");
    assert.equal(code, 4);
    assert.match(lines[1] ?? "", /No driver is alive, and "dark" may be half done: continue with gray resume/);
    assert.match(lines[2] ?? "", /Process \d+ on elsewhere is driving it$/);
    assert.match(lines[3] ?? "", /superseded: alice began that of cccccccccccc$/);
  });

  it("detects a dead driver by its own clock, and ends with 4", async () => {
    const timeAgain = passingTime();
    try {
      drivenElsewhere(world, { dies: true, skew: 3_600_000 });
      open();
      const { lines, code } = await watch();
      assert.equal(code, 4);
      assert.match(lines.at(-1) ?? "", /no driver is alive, and the traffic stays as it is: continue with gray resume/);
    } finally {
      timeAgain();
    }
  });

  it("prints with --stay that no driver is alive any more", async () => {
    drive();
    open();
    between(
      () => world.api.objects.delete(leasePath),
      () => close("undone", "5xx"),
    );
    const { lines } = await watch("--stay");
    assert.match(lines[2] ?? "", /no driver is alive, and the traffic stays as it is: continue with gray resume/);
    assert.match(lines[3] ?? "", /rolled back: 5xx$/);
  });

  it("waits while the cluster does not answer", async () => {
    drive();
    open();
    let reads = 0;
    world.api.intercept = ({ path }) => {
      if (path !== recordPath) return undefined;
      reads++;
      if (reads === 3) close("promoted", "every step was passed");
      return reads === 2 ? { status: 503, body: { message: "etcd is away" } } : undefined;
    };
    const { lines, code } = await watch();
    assert.equal(code, 0);
    assert.match(lines.join("\n"), /Trying again until it answers\.\n.*The cluster answers again\.\n/);
  });

  it("is refused if no rollout is open", async () => {
    await assert.rejects(
      watch(),
      new UserError(
        "No rollout of web is open: start one with gray rollout -n dora-apps --service web, or list those that ended with gray history -n dora-apps --service web.",
      ),
    );
  });

  it("writes nothing", async () => {
    drive();
    open();
    between(() => close("promoted", "every step was passed"));
    const from = world.api.requests.length;
    await watch();
    assert.deepEqual([...new Set(world.api.requests.slice(from).map(({ method }) => method))], ["GET"]);
  });
});

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
  /** What happens in the cluster between two looks, one after the other. */
  const between = (...changes: (() => void)[]) => {
    world.api.intercept = ({ method, path }) => {
      if (method === "GET" && path === leasePath) {
        if (looks++ > 0) changes.shift()?.();
      }
      return undefined;
    };
    let looks = 0;
  };
  const watch = async (...args: string[]) => {
    process.exitCode = undefined;
    const said = await shell.run(watchCommand(), ...args);
    return { lines: said.split("\n"), code: process.exitCode };
  };

  it("tells where the rollout stands, what changes, and that it was promoted", async () => {
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
      new RegExp(`Rollout of ${b} over ${a}, begun by bob .* ago: step 1 of 3, dark, not in`),
    );
    assert.match(lines[1] ?? "", /Process \d+ on elsewhere drives it, unless it has died, which is to be seen\.$/);
    assert.deepEqual(
      lines.slice(2).map((line) => line.replace(/^ *\d+:\d\d {2}/, "")),
      [
        "step 2 of 3, canary at 10 % comes next",
        "step 2 of 3, canary at 10 % is in force",
        "everybody has it: the rollout is done",
      ],
    );
  });

  it("says so in JSON lines, and ends with 3 where it was undone", async () => {
    drive();
    open();
    between(() => close("undone", "5xx"));
    const { lines, code } = await watch("--json");
    assert.equal(code, 3);
    const [first, last] = lines.map((line) => JSON.parse(line));
    assert.deepEqual([first.kind, first.release, first.step, first.driver.alive], ["open", b, 1, undefined]);
    assert.deepEqual([last.kind, last.end, last.reason, last.service], ["end", "undone", "undone: 5xx", "web"]);
  });

  it("ends with 4 where nobody drives it, as a rollout ends that holds", async () => {
    open();
    const { lines, code } = await watch();
    assert.equal(code, 4);
    assert.match(lines.at(-1) ?? "", /nobody drives it, and the traffic stays as it is: gray resume goes on/);
  });

  it("goes on watching where it is told to stay, and says who takes it over", async () => {
    open({ effect: { name: "dark", at } });
    between(drive, () => close("superseded", "alice began that of cccccccccccc"));
    const { lines, code } = await watch("--stay");
    assert.equal(code, 4);
    assert.match(lines[1] ?? "", /Nobody drives it, and "dark" may be half done: gray resume/);
    assert.match(lines[2] ?? "", /Process \d+ on elsewhere drives it$/);
    assert.match(lines[3] ?? "", /superseded: alice began that of cccccccccccc$/);
  });

  it("sees by its own clock that the driver shows no sign of life any more, and ends with 4", async () => {
    const timeAgain = passingTime();
    try {
      drivenElsewhere(world, { dies: true, skew: 3_600_000 });
      open();
      const { lines, code } = await watch();
      assert.equal(code, 4);
      assert.match(lines.at(-1) ?? "", /nobody drives it, and the traffic stays as it is: gray resume goes on/);
    } finally {
      timeAgain();
    }
  });

  it("says where it stays that nobody drives it any more", async () => {
    drive();
    open();
    between(
      () => world.api.objects.delete(leasePath),
      () => close("undone", "5xx"),
    );
    const { lines } = await watch("--stay");
    assert.match(lines[2] ?? "", /nobody drives it, and the traffic stays as it is: gray resume goes on/);
    assert.match(lines[3] ?? "", /undone: 5xx$/);
  });

  it("waits for a cluster that does not answer", async () => {
    drive();
    open();
    let looks = 0;
    world.api.intercept = ({ path }) => {
      if (path !== recordPath) return undefined;
      looks++;
      if (looks === 3) close("promoted", "every step was passed");
      return looks === 2 ? { status: 503, body: { message: "etcd is away" } } : undefined;
    };
    const { lines, code } = await watch();
    assert.equal(code, 0);
    assert.match(lines.join("\n"), /It is asked again until it answers\.\n.*The cluster answers again\.\n/);
  });

  it("is refused where nothing is open", async () => {
    await assert.rejects(
      watch(),
      new UserError("No rollout of web is open: gray rollout begins one, gray history lists those that ended."),
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

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describeRates } from "../../../cli/output/release-rates.ts";
import { viewOf } from "../../../cli/output/rollout-view.ts";
import { Terminal } from "../terminal.ts";
import { a, b, evaluation, screens } from "./screens.ts";

const web = { service: "web", namespace: "shop", context: undefined };

describe("the progress of a rollout", () => {
  const { log } = console;
  afterEach(() => {
    console.log = log;
  });
  /** What a view prints without a terminal. */
  const printed = (does: (view: ReturnType<typeof viewOf>) => void, json = false) => {
    const lines: string[] = [];
    console.log = (line: string) => void lines.push(line);
    does(viewOf(web, json));
    return lines;
  };

  it("without a terminal is plain lines, which name releases where they compare them", () => {
    const { rollout, move } = screens.promoted;
    const lines = printed((view) => {
      view.seen(evaluation({ [b]: 60 }));
      view.now(rollout, move);
      view.end({ kind: "promoted" });
    });
    assert.deepEqual(lines, [
      `  0:00  full: watching for another 3 min; ${b} 60.0 TPS2XX 0.20 TPS5XX, ${a} (no pod runs it)`,
      `  0:00  promoted: stable runs ${b}`,
    ]);
  });

  it("says once what to type while it holds, and when its driver ends", () => {
    const { rollout, move } = screens.holding;
    assert.ok(move.kind === "hold");
    const lines = printed((view) => {
      view.now(rollout, move);
      view.now(rollout, move);
      view.end({ kind: "held", reason: move.reason });
      view.end({ kind: "stopped" });
    });
    const commands = `approve it with gray approve ${b} --reason "…" -n shop --service web, keep observing with gray resume -n shop --service web or roll back with gray abort --reason "…" -n shop --service web`;
    assert.equal(lines.length, 3);
    assert.ok(lines[0]?.endsWith(commands), lines[0]);
    assert.ok(lines[1]?.endsWith(commands), lines[1]);
    assert.match(lines[2] ?? "", /continue with gray resume -n shop --service web, or roll back with gray abort/);
  });

  it("names a release whose pods were not read", () => {
    const { poll, ...rest } = evaluation({ [b]: 60 });
    const pods = [{ pod: "web-1", release: a, track: "stable", restarts: 0, ready: true } as never];
    const tick = poll.tick && { ...poll.tick, pods };
    assert.equal(
      describeRates({ release: b, from: a }, { ...rest, poll: { ...poll, ...(tick && { tick }) } }),
      `${b} 60.0 TPS2XX 0.20 TPS5XX, ${a} (not read in the last poll)`,
    );
  });

  it("on a terminal is a live view, above which changes stay, and it ends with one line", async function () {
    this.timeout(60_000);
    const folder = mkdtempSync(join(tmpdir(), "gray-live-"));
    const here = (file: string) => JSON.stringify(join(import.meta.dirname, file));
    const terminal = Terminal.of(
      `
      const { viewOf } = await import(${here("../../../cli/output/rollout-view.ts")});
      const { screens } = await import(${here("screens.ts")});
      const view = viewOf({ service: "web", namespace: "shop", context: undefined }, false);
      view.now(screens.applying.rollout, screens.applying.move);
      view.progress("  pod 1 of 2");
      view.seen(screens.observing.evaluation);
      view.now(screens.observing.rollout, screens.observing.move);
      view.now(screens.holding.rollout, screens.holding.move);
      view.note("Something else.");
      view.end({ kind: "promoted" });
      console.log("THE END");
      `,
      folder,
    );
    try {
      const began = Date.now();
      while (!terminal.shown.includes("THE END")) {
        assert.ok(Date.now() - began < 30_000, terminal.shown);
        await sleep(20);
      }
      const shown = Buffer.from(terminal.shown, "latin1").toString("utf8");
      for (const part of [
        "  0:00  dark: applying it to bbbbbbbbbbbb, then canary at 10 %",
        "  pod 1 of 2",
        "in force for",
        "canary at 10 %: holding: no decision within 15 min",
        "You can type, in another terminal:",
        "  0:00  Something else.",
        "promoted: stable runs bbbbbbbbbbbb",
      ])
        assert.ok(shown.includes(part), `${part} is missing in ${shown}`);
    } finally {
      terminal.close();
      rmSync(folder, { recursive: true, maxRetries: 5 });
    }
  });
});

import assert from "node:assert/strict";
import { screenLines } from "../../../cli/output/rollout-screen.ts";
import { a, b, evaluation, now, screen, screens } from "./screens.ts";

const textOf = (of: Parameters<typeof screenLines>[0], width: number) =>
  screenLines(of, now, width).map(({ text }) => text);

describe("the live view of a rollout", () => {
  for (const width of [80, 120]) {
    for (const [name, state] of Object.entries(screens)) {
      it(`while ${name} fits ${width} columns, and breaks no word`, () => {
        const lines = textOf(state, width);
        assert.deepEqual(
          lines.filter((line) => line.length > width),
          [],
        );
        const wide = new Set(textOf(state, 1000).join(" ").split(/ +/));
        const words = lines.join(" ").split(/ +/);
        assert.deepEqual(
          // A bar has the width that is left, and a line of Pulumi is cut.
          words.filter((word) => !wide.has(word) && !/[█░…]/.test(word)),
          [],
        );
      });
    }
  }

  it("shows the steps that are done, the present one with its time, and those to come", () => {
    assert.deepEqual(textOf(screens.observing, 80).slice(0, 7), [
      `web in shop: release ${b} replaces ${a}`,
      "",
      "  passed   dark",
      "  now      canary at 10 %   in force for 2 min",
      "           █████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 13 min until it holds and asks you",
      "  next     full             passed when stable runs it completely, and 5 min",
      "                            later",
    ]);
  });

  it("shows the answers of both releases by name, and the verdict", () => {
    assert.deepEqual(textOf(screens.observing, 80).slice(7, 13), [
      "",
      `  ${b}     6.1 TPS2XX    0.20 TPS5XX   ████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░`,
      `  ${a}    54.0 TPS2XX    0.20 TPS5XX   █████████████████████████████████`,
      "",
      "  verdict  undecided, no trouble seen; about 28 s more at this pace (9 measures",
      "           still open, slowest: answers over 10 ms)",
    ]);
  });

  it("does not look like an outage once stable runs the release", () => {
    const lines = textOf(screens.promoted, 80);
    assert.ok(lines.some((line) => line.startsWith(`  ${b}    60.0 TPS2XX`)));
    assert.ok(lines.includes(`  ${a}   no pod runs it`));
  });

  it("says why it holds and, one a line, what you can type", () => {
    assert.deepEqual(textOf(screens.holding, 80).slice(-7), [
      "You can type, in another terminal:",
      "  to approve it:",
      `    gray approve ${b} --reason "…" -n shop --service web`,
      "  to keep observing:",
      "    gray resume -n shop --service web",
      "  to roll back:",
      '    gray abort --reason "…" -n shop --service web',
    ]);
  });

  it("says since when a step is being applied, with the last lines of Pulumi cut at the width", () => {
    const lines = textOf(screens.applying, 60);
    assert.ok(lines.includes("  now      dark             being applied for 12 s"));
    assert.ok(lines.some((line) => line.startsWith("  kubernetes:apps/v1:Deployment") && line.endsWith("…")));
  });

  it("offers no command while it rolls back, and says so", () => {
    const lines = textOf(screens.rollingBack, 80);
    assert.equal(lines[0], `web in shop: release ${b} gives way to ${a}`);
    assert.ok(!lines.some((line) => line.includes("gray ")));
  });

  it("has no numbers before the first poll, and leaves out bars where there is no room", () => {
    const move = { kind: "observe", reason: "" } as const;
    const first = evaluation({});
    const { tick: _, ...poll } = first.poll;
    const before = screen(move, { step: 1 }, { evaluation: { ...first, poll } });
    assert.ok(textOf(before, 80).includes("  No numbers of the pods yet."));
    const narrow = screen(move, { step: 1 }, { evaluation: evaluation({ [b]: 1, [a]: 9 }) });
    assert.ok(!textOf(narrow, 46).some((line) => line.includes("█")));
  });
});

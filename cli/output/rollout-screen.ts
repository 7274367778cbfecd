/** The live view of a rollout on a terminal: its steps, both releases, the verdict, and what you can type. Pure. */
import { span } from "../../analysis/format.ts";
import { unitOf } from "../../analysis/unit.ts";
import type { Evaluation } from "../../evaluation/assess.ts";
import type { Move } from "../../rollout/move.ts";
import { type Named, purposeOf, type Remedy, remedyCommand } from "../../rollout/remedy.ts";
import type { Rollout } from "../../rollout/rollout.ts";
import { behaviourOf } from "../../rollout/stage.ts";
import { releaseRates } from "./release-rates.ts";
import { bar, cut, wrapped } from "./wrap.ts";

/** What the live view shows. */
export interface RolloutScreen {
  readonly of: Omit<Named, "release">;
  readonly rollout: Rollout;
  readonly move: Move;
  /** When the move began, in milliseconds since the epoch. */
  readonly since: number;
  /** The latest poll of the tracks; absent before the first one. */
  readonly evaluation?: Evaluation | undefined;
  /** The latest lines of Pulumi; only those of the current move. */
  readonly progress: readonly string[];
}

/** A line, and its style on a terminal with colours. */
export interface ScreenLine {
  readonly text: string;
  readonly style?: "bold" | "dim" | "green" | "red" | "yellow";
}

/** Columns of the word before each part: `passed`, `now`, `next`, or a verdict. */
const margin = 11;
/** Most columns of a bar. */
const widestBar = 40;
/** Lines of Pulumi that are shown. */
const shownProgress = 3;
const verdictStyles = { good: "green", bad: "red", undecided: "yellow" } as const;

/**
 * The lines of the live view, at most as wide as the terminal.
 *
 * @param now in milliseconds since the epoch
 * @param width columns of the terminal
 */
export function screenLines(screen: RolloutScreen, now: number, width: number): ScreenLine[] {
  const { of, rollout, move } = screen;
  const { release, from } = rollout;
  const isBack = move.kind === "rollback";
  return [
    ...styled(
      "bold",
      wrapped(
        `${of.service} in ${of.namespace}: release ${release} ${isBack ? "gives way to" : "replaces"} ${from}`,
        width,
      ),
    ),
    blank,
    ...stepLines(screen, now, width),
    ...(screen.evaluation ? [blank, ...rateLines(rollout, screen.evaluation, width)] : []),
    ...verdictLines(screen, width),
    ...styled(
      "dim",
      screen.progress.slice(-shownProgress).map((line) => cut(`  ${line.trim()}`, width)),
    ),
    blank,
    ...adviceLines(screen, width),
  ];
}

const blank: ScreenLine = { text: "" };

function stepLines({ rollout, move, since }: RolloutScreen, now: number, width: number): ScreenLine[] {
  const { steps, step: at } = rollout;
  const names = steps.map((step) => behaviourOf(step).name);
  const column = Math.max(...names.map((name) => name.length)) + 3;
  const row = (state: string, name: string, text: string) =>
    wrapped(`  ${state.padEnd(margin - 2)}${name.padEnd(column)}${text}`.trimEnd(), width, margin + column);
  return steps.flatMap((step, index) => {
    const { condition } = behaviourOf(step);
    const name = names[index] ?? "";
    if (index < at) return styled("green", row("passed", name, ""));
    if (index > at) return styled("dim", row("next", name, condition === undefined ? "" : `passed when ${condition}`));
    return [
      ...styled("bold", row("now", name, stateOf(rollout, move, since, now))),
      ...styled(undefined, timeBar(rollout, move, now, width)),
    ];
  });
}

/** What goes on in the current step. */
function stateOf({ stepStartedAt, from }: Rollout, move: Move, since: number, now: number): string {
  const lasted = span(Math.max(0, now - since) / 1000);
  const inForce = stepStartedAt === undefined ? "" : `in force for ${span(secondsSince(stepStartedAt, now))}`;
  switch (move.kind) {
    case "enter":
      return `being applied for ${lasted}`;
    case "check":
      return `running the checks ${move.names.join(", ")}`;
    case "observe":
      return inForce;
    case "hold":
      return `holds${inForce === "" ? "" : `, ${inForce}`}`;
    case "rollback":
      return `rolling back to ${from} for ${lasted}`;
    case "advance":
    case "finish":
      return "passed";
  }
}

/** The time of the step that is over, as a bar with its limit. Nothing where no time limits the step. */
function timeBar({ steps, step: at, stepStartedAt }: Rollout, move: Move, now: number, width: number): string[] {
  const step = steps[at];
  if (step === undefined || stepStartedAt === undefined || (move.kind !== "observe" && move.kind !== "check"))
    return [];
  const lasted = secondsSince(stepStartedAt, now);
  const [whole, what] =
    step.stage === "full" ? [step.watch, "until it is over"] : [step.atMost, "until it holds and asks you"];
  if (!(whole > 0)) return [];
  const words = `${span(Math.max(0, whole - lasted))} ${what}`;
  const columns = Math.min(widestBar, width - margin - words.length - 1);
  return wrapped(`${" ".repeat(margin)}${bar(lasted / whole, columns)} ${words}`, width, margin);
}

function secondsSince(time: string, now: number): number {
  return Math.max(0, (now - Date.parse(time)) / 1000);
}

/** The answers of each release per second, as bars on one scale. */
function rateLines(rollout: Rollout, evaluation: Evaluation, width: number): ScreenLine[] {
  const all = releaseRates(rollout, evaluation);
  if (all === undefined) return styled("dim", ["  No numbers of the pods yet."]);
  const [done, failed] = unitOf(evaluation.items === undefined ? {} : { items: evaluation.items }).rates;
  const widest = Math.max(...all.map(({ rates }) => (rates ? rates.tps2xx + rates.tps5xx : 0)));
  return all.map(({ release, rates, why }) => {
    if (rates === undefined) return { text: `  ${release}   ${why}` };
    const numbers = `${rates.tps2xx.toFixed(1).padStart(8)} ${done} ${rates.tps5xx.toFixed(2).padStart(7)} ${failed}`;
    const before = `  ${release}${numbers}   `;
    const columns = Math.min(widestBar, width - before.length);
    const share = widest > 0 ? (rates.tps2xx + rates.tps5xx) / widest : 0;
    return { text: columns < 4 ? before.trimEnd() : before + bar(share, columns) };
  });
}

/** The verdict of the evidence, unless the move says why the rollout holds. */
function verdictLines({ move, evaluation }: RolloutScreen, width: number): ScreenLine[] {
  if (move.kind === "hold" || move.kind === "rollback") {
    return [blank, ...styled(move.kind === "hold" ? "yellow" : "red", labelled("why", move.reason, width))];
  }
  if (!evaluation) return [];
  const { verdict, reason } = evaluation.assessment;
  const sentence = reason.startsWith(verdict) ? reason : `${verdict}: ${reason}`;
  return [blank, ...styled(verdictStyles[verdict], labelled("verdict", sentence, width))];
}

/** The commands that fit, one a line. */
function adviceLines({ of, rollout: { release }, move }: RolloutScreen, width: number): ScreenLine[] {
  const remedies: readonly Remedy[] = move.kind === "hold" ? (move.remedies ?? []) : ["roll back"];
  if (move.kind === "rollback") return [];
  const title = move.kind === "hold" ? "You can type, in another terminal:" : "To roll back at any time:";
  return styled(move.kind === "hold" ? undefined : "dim", [
    ...(remedies.length > 0 ? [title] : []),
    ...remedies.flatMap((remedy) => {
      const command = remedyCommand(remedy, { ...of, release });
      const purpose = move.kind === "hold" ? wrapped(`  to ${purposeOf(remedy)}:`, width, 2) : [];
      return [...purpose, ...wrapped(`    ${command}`, width, 6)];
    }),
  ]);
}

function labelled(word: string, text: string, width: number): string[] {
  return wrapped(`  ${word.padEnd(margin - 2)}${text}`, width, margin);
}

function styled(style: ScreenLine["style"], lines: readonly string[]): ScreenLine[] {
  return lines.map((text) => ({ text, ...(style && { style }) }));
}

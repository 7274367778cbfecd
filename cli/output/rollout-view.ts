/** Prints the progress of a rollout while a command drives it. */
import { styleText } from "node:util";
import { createLogUpdate } from "log-update";
import type { Evaluation } from "../../evaluation/assess.ts";
import type { Reporter } from "../../rollout/drive-context.ts";
import type { End } from "../../rollout/end.ts";
import type { Move } from "../../rollout/move.ts";
import { continueOrRollBack, describeHold, type Named } from "../../rollout/remedy.ts";
import type { Rollout } from "../../rollout/rollout.ts";
import { behaviourOf } from "../../rollout/stage.ts";
import { describeRates } from "./release-rates.ts";
import { type RolloutScreen, screenLines } from "./rollout-screen.ts";
import { printer, timed } from "./timeline-lines.ts";
import { wrapped } from "./wrap.ts";

/** Prints the progress of a rollout: a live view on a terminal, lines elsewhere, JSON lines for machines. */
export interface RolloutView extends Reporter {
  /** Receives each poll of the tracks. */
  seen(evaluation: Evaluation): void;
  /** Receives the progress of Pulumi, line by line. */
  progress(line: string): void;
  /** Prints how the rollout ended, or why this driver stopped. */
  end(end: End): void;
}

/** The service, as the printed commands name it. */
export type ViewedService = Omit<Named, "release">;

/** Milliseconds between two lines while only numbers change. */
const lineMilliseconds = 30_000;
/** Milliseconds after which the live view shows the time anew. */
const redrawMilliseconds = 1000;

/** A view that prints to standard output. @param json whether it prints JSON lines */
export function viewOf(of: ViewedService, json: boolean): RolloutView {
  // A terminal of unknown size has no room that could be drawn in.
  return !json && process.stdout.isTTY && process.stdout.columns > 0 ? liveView(of) : lineView(of, json);
}

function lineView(of: ViewedService, json: boolean): RolloutView {
  const print = printer(of, json);
  let last = "";
  let printedAt = Number.NEGATIVE_INFINITY;
  let evaluation: Evaluation | undefined;
  let holding: Holding | undefined;
  return {
    now(rollout, move) {
      holding = { rollout, move };
      const words = describeMove(of, rollout, move);
      const counts = move.kind === "observe" && evaluation ? `; ${describeRates(rollout, evaluation)}` : "";
      const key = keyOf(rollout, move);
      const due = move.kind === "observe" && Date.now() - printedAt >= lineMilliseconds;
      if (key === last && !due) return;
      last = key;
      printedAt = Date.now();
      print(move.kind, `${words}${counts}`, {
        release: rollout.release,
        step: rollout.step + 1,
        weight: rollout.weight,
      });
    },
    note: (sentence) => print("note", sentence),
    seen(each) {
      evaluation = each;
    },
    progress: (line) => print("progress", `  ${line}`),
    end(end) {
      const words = describeEnd(of, end, holding);
      print("end", json ? words : styleText(endStyles[end.kind], words, { stream: process.stdout }), { end: end.kind });
    },
  };
}

/** Changes stay on the screen as lines with their time; below them the current state is drawn anew. */
function liveView(of: ViewedService): RolloutView {
  const began = Date.now();
  const screen = createLogUpdate(process.stdout);
  const columns = () => process.stdout.columns;
  let last = "";
  let shown: RolloutScreen | undefined;
  let evaluation: Evaluation | undefined;
  const draw = () => {
    if (shown === undefined) return;
    const lines = screenLines({ ...shown, evaluation }, Date.now(), columns());
    const painted = lines.map(({ text, style }) => (style ? styleText(style, text, { stream: process.stdout }) : text));
    screen(["", ...painted].join("\n"));
  };
  const keep = (words: string) => {
    screen.persist(wrapped(timed(Date.now() - began, words), columns(), 8).join("\n"));
    draw();
  };
  const timer = setInterval(draw, redrawMilliseconds);
  timer.unref();
  return {
    now(rollout, move) {
      const key = keyOf(rollout, move);
      const isSame = key === last;
      shown = {
        of,
        rollout,
        move,
        since: isSame && shown ? shown.since : Date.now(),
        progress: isSame && shown ? shown.progress : [],
      };
      last = key;
      // The screen itself shows what can be typed during a hold.
      if (isSame || move.kind === "observe") draw();
      else keep(move.kind === "hold" ? `${nameOf(rollout)}: holding: ${move.reason}` : describeMove(of, rollout, move));
    },
    note: keep,
    seen(each) {
      evaluation = each;
      draw();
    },
    progress(line) {
      if (shown === undefined) return keep(line);
      shown = { ...shown, progress: [...shown.progress, line] };
      draw();
    },
    end(end) {
      clearInterval(timer);
      screen.clear();
      screen.done();
      const lines = wrapped(timed(Date.now() - began, describeEnd(of, end, shown)), columns(), 8);
      for (const line of lines) console.log(styleText(endStyles[end.kind], line, { stream: process.stdout }));
    },
  };
}

/** The latest move. */
type Holding = Pick<RolloutScreen, "rollout" | "move">;

const endStyles = { promoted: "green", undone: "red", held: "yellow", stopped: "yellow" } as const;

/** What identifies a move: while only numbers change, it stays the same. */
function keyOf({ step }: Rollout, move: Move): string {
  const {
    reason = "",
    names = [],
    failing = "",
  } = {
    ...(move.kind === "hold" && { reason: move.reason, failing: move.failing ?? "" }),
    ...(move.kind === "rollback" && { reason: move.reason }),
    ...(move.kind === "check" && { names: move.names }),
  };
  return [step, move.kind, reason, failing, ...names].join(" ");
}

function describeEnd(of: ViewedService, end: End, last: Holding | undefined): string {
  const { rollout, move } = last ?? {};
  switch (end.kind) {
    case "promoted":
      return rollout ? `promoted: stable runs ${rollout.release}` : "promoted: stable runs the release";
    case "undone":
      return `rolled back: ${end.reason}`;
    case "held": {
      const hold = move?.kind === "hold" && move.reason === end.reason ? move : end;
      const words = rollout ? describeHold(hold, { ...of, release: rollout.release }) : end.reason;
      return `holds, and the traffic stays as it is: ${words}`;
    }
    case "stopped": {
      const advice = rollout ? `: ${continueOrRollBack({ ...of, release: rollout.release })}` : "";
      return `stopped driving, and the traffic stays as it is${advice}`;
    }
  }
}

function nameOf({ steps, step: at }: Rollout): string {
  const step = steps[at];
  return step ? behaviourOf(step).name : "the end";
}

function describeMove(of: ViewedService, rollout: Rollout, move: Move): string {
  const { steps, step: at, release, from } = rollout;
  const name = nameOf(rollout);
  const after = steps[at + 1];
  const then = after ? `, then ${behaviourOf(after).name}` : "";
  switch (move.kind) {
    case "enter":
      return `${name}: applying it to ${release}${then}`;
    case "check":
      return `${name}: running the checks ${move.names.join(", ")}`;
    case "observe":
      return `${name}: ${move.reason}`;
    case "advance":
      return `${name}: passed${then}`;
    case "hold":
      return `${name}: holding: ${describeHold(move, { ...of, release })}`;
    case "rollback":
      return `rolling back to ${from}: ${move.reason}`;
    case "finish":
      return "every step is passed";
  }
}

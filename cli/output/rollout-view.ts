/** Prints the progress of a rollout while a command drives it. */
import { styleText } from "node:util";
import { ratesOf } from "../../analysis/rates.ts";
import { unitOf } from "../../analysis/unit.ts";
import type { Evaluation } from "../../evaluation/assess.ts";
import type { DeployedService } from "../../live/live.ts";
import type { Reporter } from "../../rollout/drive-context.ts";
import type { End } from "../../rollout/end.ts";
import { describeHold, type Move } from "../../rollout/move.ts";
import type { Rollout } from "../../rollout/rollout.ts";
import { behaviourOf } from "../../rollout/stage.ts";
import { printer } from "./timeline-lines.ts";

/** Prints the progress of a rollout: lines for people, JSON lines for machines. */
export interface RolloutView extends Reporter {
  /** Receives each poll of the tracks. */
  seen(evaluation: Evaluation): void;
  /** Receives the progress of Pulumi, line by line. */
  progress(line: string): void;
  /** Prints how the rollout ended, or why this driver stopped. */
  end(end: End): void;
}

/** Seconds between two lines while only numbers change: on a terminal, and in a log. */
const lineSeconds = { terminal: 10, log: 30 } as const;

/** A view that prints to standard output. @param json whether it prints JSON lines */
export function viewOf(found: DeployedService, json: boolean): RolloutView {
  const print = printer(found, json);
  const quiet = 1000 * (process.stdout.isTTY ? lineSeconds.terminal : lineSeconds.log);
  let last = "";
  let printedAt = Number.NEGATIVE_INFINITY;
  let evaluation: Evaluation | undefined;
  let hold: Extract<Move, { kind: "hold" }> | undefined;
  return {
    now(rollout, move) {
      hold = move.kind === "hold" ? move : undefined;
      const words = describeMove(rollout, move);
      const counts = move.kind === "observe" && evaluation ? `; ${numbers(rollout, evaluation)}` : "";
      const key = `${rollout.step} ${move.kind} ${move.kind === "observe" ? "" : words}`;
      const due = move.kind === "observe" && Date.now() - printedAt >= quiet;
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
      const words = {
        promoted: "promoted: stable runs the release",
        undone: `rolled back: ${"reason" in end ? end.reason : ""}`,
        held: `holds, and the traffic stays as it is: ${end.kind === "held" ? describeHold(end.reason === hold?.reason ? hold : end) : ""}`,
        stopped:
          "stopped driving, and the traffic stays as it is: continue with gray resume, or roll back with gray abort",
      }[end.kind];
      const colour = { promoted: "green", undone: "red", held: "yellow", stopped: "yellow" } as const;
      print("end", json ? words : styleText(colour[end.kind], words, { stream: process.stdout }), { end: end.kind });
    },
  };
}

function describeMove({ steps, step: at, release, from }: Rollout, move: Move): string {
  const step = steps[at];
  const name = step ? behaviourOf(step).name : "the end";
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
      return `${name}: holding: ${describeHold(move)}`;
    case "rollback":
      return `rolling back to ${from}: ${move.reason}`;
    case "finish":
      return "every step is passed";
  }
}

/** The rates of both tracks in the latest poll. */
function numbers({ release, from }: Rollout, { poll: { tick }, items }: Evaluation): string {
  if (!tick) return "no numbers yet";
  const [done, failed] = unitOf(items === undefined ? {} : { items }).rates;
  const rates = (name: string, id: string) => {
    const { tps2xx, tps5xx } = ratesOf([tick], [id], items);
    return `${name} ${tps2xx.toFixed(1)} ${done} ${tps5xx.toFixed(2)} ${failed}`;
  };
  return `${rates("canary", release)}, ${rates("stable", from)}`;
}

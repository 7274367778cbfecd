/** Shows a list of stages as they run: live on a terminal, one plain line at a time elsewhere. */
import { Listr } from "listr2";

export interface Stage {
  readonly title: string;
  /** Expected time; from 5 s on it is shown. */
  readonly expectSeconds?: number;
  run(say: (text: string) => void): Promise<void> | void;
}

export async function runStages(stages: readonly Stage[], output: NodeJS.WriteStream = process.stderr): Promise<void> {
  if (output.isTTY && process.stdout.isTTY) await runLive(stages);
  else await runPlain(stages, (line) => output.write(`${line}\n`));
}

async function runLive(stages: readonly Stage[]): Promise<void> {
  const tasks = stages.map((stage, index) => ({
    title: headline(stage, index, stages.length),
    task: async (_: unknown, task: { title: string; output: string }) => {
      const started = Date.now();
      const timer = setInterval(() => {
        if (long(stage)) task.output = `${duration(since(started))} so far`;
      }, 1000);
      try {
        await stage.run((text) => {
          task.output = text;
        });
      } finally {
        clearInterval(timer);
      }
      task.title = `${stage.title} (${duration(since(started))})`;
    },
  }));
  await new Listr(tasks, { concurrent: false, exitOnError: true, registerSignalListeners: false }).run();
}

/** A stage that says nothing for long gets a line every half minute. */
const REMINDER_SECONDS = 30;

async function runPlain(stages: readonly Stage[], line: (text: string) => void): Promise<void> {
  for (const [index, stage] of stages.entries()) {
    const started = Date.now();
    const place = `[${index + 1}/${stages.length}]`;
    if (long(stage)) line(headline(stage, index, stages.length));
    const timer = setInterval(
      () => line(`${place} ${stage.title}: ${duration(since(started))} so far`),
      REMINDER_SECONDS * 1000,
    );
    try {
      await stage.run((text) => line(`${place} ${stage.title}: ${text}`));
    } finally {
      clearInterval(timer);
    }
    line(`${place} ${stage.title}: done in ${duration(since(started))}`);
  }
}

function headline(stage: Stage, index: number, count: number): string {
  const expected = long(stage) ? `, about ${duration(stage.expectSeconds ?? 0)}` : "";
  return `[${index + 1}/${count}] ${stage.title}${expected}`;
}

function long(stage: Stage): boolean {
  return (stage.expectSeconds ?? 0) >= 5;
}

function since(started: number): number {
  return (Date.now() - started) / 1000;
}

export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

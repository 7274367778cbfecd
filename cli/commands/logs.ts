/** `gray logs`: follows the logs of the pods of both tracks. */
import { styleText } from "node:util";
import { Command, Option } from "commander";
import { logLine } from "../../border/foreign-text.ts";
import { type Track, tracks } from "../../components/traffic.ts";
import { followLogs, type LogLine } from "../../live/logs.ts";
import { seconds } from "../output/time.ts";
import { findService, type ServiceOptions, withServiceOptions } from "../services.ts";

/** Characters of a line that are printed. Fewer than are read, so that a truncated line ends with an ellipsis. */
const lineLimit = 16_000;

interface Options extends ServiceOptions {
  readonly track?: Track;
  readonly container?: string;
  readonly since?: number;
  readonly raw?: boolean;
  readonly json?: boolean;
}

/** `gray logs`: follows the logs of the pods of both tracks until it is interrupted. */
export function logsCommand(): Command {
  return withServiceOptions(new Command("logs"))
    .summary("follow the logs of both tracks")
    .description(
      "Follows the logs of the pods of both tracks, including pods that start later, until you interrupt it.",
    )
    .addOption(new Option("--track <track>", "only the pods of this track").choices(tracks))
    .option("--container <name>", "a container of the pods, such as a sidecar (default: the first one)")
    .option("--since <time>", "start this long ago, as in 10m (default: the last 10 lines of each pod)", seconds)
    .option("--raw", "print lines as the pod wrote them, with colours and other control characters")
    .option("--json", "print one JSON object per line")
    .action(logs);
}

async function logs({ track, container, since, raw, json, ...options }: Options): Promise<void> {
  const found = await findService(options);
  const show = json ? (line: LogLine) => JSON.stringify(line) : prefixed();
  const ended = new AbortController();
  const end = () => ended.abort();
  process.once("SIGINT", end);
  // The reader may close the pipe first, as in `gray logs | head`.
  process.stdout.once("error", end);
  try {
    await followLogs({
      ...found,
      ...(track !== undefined && { track }),
      ...(container !== undefined && { container }),
      ...(since !== undefined && { sinceSeconds: since }),
      signal: ended.signal,
      take: (line) => console.log(show(raw ? line : { ...line, text: logLine(line.text, lineLimit) })),
      note: (sentence) => console.error(`gray: ${sentence}`),
    });
  } finally {
    process.off("SIGINT", end);
    process.stdout.off("error", end);
  }
}

const colours = { stable: "green", canary: "yellow" } as const;

/** Formats log lines for people: with track and pod in front, coloured on a terminal, aligned with the lines before. */
export function prefixed(): (line: LogLine) => string {
  let width = 0;
  return ({ track, pod, text }) => {
    width = Math.max(width, pod.length);
    return `${styleText(colours[track as Track] ?? "none", `${track.padEnd(6)} ${pod.padEnd(width)}`)}  ${text}`;
  };
}

import { styleText } from "node:util";
import { Command, Option } from "commander";
import { logLine } from "../../border/foreign-text.ts";
import { type Track, tracks } from "../../components/traffic.ts";
import { followLogs, type LogLine } from "../../live/logs.ts";
import { seconds } from "../output/time.ts";
import { findService, type ServiceOptions, withServiceOptions } from "../services.ts";

/** Characters of a line that are shown; fewer than are read, so that a line that was cut off ends with an ellipsis. */
const lineLimit = 16_000;

interface Options extends ServiceOptions {
  readonly track?: Track;
  readonly container?: string;
  readonly since?: number;
  readonly raw?: boolean;
  readonly json?: boolean;
}

/** `gray logs`: what both tracks' pods write, side by side, until one has seen enough. */
export function logsCommand(): Command {
  return withServiceOptions(new Command("logs"))
    .description("follow the logs of both tracks' pods, those that come later too, until interrupted")
    .addOption(new Option("--track <track>", "only the pods of one track").choices(tracks))
    .option("--container <name>", "another container than the pod's first one, a sidecar for example")
    .option("--since <time>", "begin so far back, as in 10m (default: the last 10 lines of each pod)", seconds)
    .option("--raw", "each line as the pod wrote it, with its colours and other control characters")
    .option("--json", "one JSON object a line")
    .action(logs);
}

async function logs({ track, container, since, raw, json, ...options }: Options): Promise<void> {
  const { api, namespace, service } = await findService(options);
  const show = json ? (line: LogLine) => JSON.stringify(line) : prefixed();
  const ended = new AbortController();
  const end = () => ended.abort();
  process.once("SIGINT", end);
  // Whoever reads may have enough first, as in `gray logs | head`.
  process.stdout.once("error", end);
  try {
    await followLogs({
      api,
      namespace,
      service,
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

/** A line as a person reads it: track and pod before it, coloured on a terminal, aligned with the lines so far. */
export function prefixed(): (line: LogLine) => string {
  let width = 0;
  return ({ track, pod, text }) => {
    width = Math.max(width, pod.length);
    return `${styleText(colours[track as Track] ?? "none", `${track.padEnd(6)} ${pod.padEnd(width)}`)}  ${text}`;
  };
}

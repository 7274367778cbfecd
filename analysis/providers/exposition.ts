/** Parses a /metrics endpoint's answer, and refuses one that is incomplete or malformed. */
import { oneLine } from "../../border/foreign-text.ts";
import { pollingDefaults } from "../defaults.ts";
import { count } from "../format.ts";
import { timeSlice } from "./time-slice.ts";

/**
 * The content of a /metrics endpoint: Prometheus's text format 0.0.4, and OpenMetrics 1.0 as far as counters and histograms
 * need it (https://prometheus.io/docs/instrumenting/exposition_formats, https://prometheus.io/docs/specs/om/open_metrics_spec).
 *
 * It is parsed here, because the common library, parse-prometheus-text-format 1.1.1 (unchanged since 2019), is not strict: it
 * accepts an HTML page as a metric, drops a truncated last line without an error, and merges the buckets of different labels
 * into one histogram. Evidence needs complete and well-formed answers.
 */
export interface Exposition {
  readonly series: readonly Series[];
  /** Names that have a TYPE or a HELP, with or without series. */
  readonly declared: ReadonlySet<string>;
}

/** One time series at one moment. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** May be NaN or infinite, as in the answer. */
  readonly value: number;
  /** Time of the value, in milliseconds since the epoch, if the answer gives it. */
  readonly at?: number;
  /** Interval between its samples in milliseconds, if known. */
  readonly every?: number;
  /** The target's process that counts it, if known. */
  readonly process?: string;
}

/** The metrics of an answer that are stored; all other lines only have to be well-formed. */
export interface Wanted {
  /** Names of series. */
  readonly series: ReadonlySet<string>;
  /** Names whose TYPE or HELP counts. */
  readonly declared: ReadonlySet<string>;
}

/** Maximum length of a line in characters. It stops an endless answer; real lines are far shorter. */
const longestLine = 1 << 16;
/** Characters that are parsed before the event loop may run other work. */
const sliceCharacters = 1 << 16;

/**
 * Parses an answer of /metrics while it arrives, and stops at the first malformed line. Only wanted metrics are stored, and
 * long answers are parsed in slices (analysis/providers/time-slice.ts).
 *
 * @param wanted the metrics to store. @default all
 * @param type the answer's content type: OpenMetrics marks its end, so a truncated answer is detected
 * @returns the series, or the error as the rest of a sentence, as in "is cut off in the middle of a line"
 * @throws any error of `text`
 *
 * @example await readExposition(["http_requests_total 5\n"]) // { series: [{ name: "http_requests_total", labels: {}, value: 5 }], ... }
 */
export async function readExposition(
  text: AsyncIterable<string> | Iterable<string>,
  wanted?: Wanted,
  type = "",
): Promise<Exposition | { readonly wrong: string }> {
  const reader = new Reader(wanted);
  for await (const part of text) {
    for (let at = 0; at < part.length; at += sliceCharacters) {
      await timeSlice();
      const end = reader.add(part.slice(at, at + sliceCharacters));
      if (end === "whole") return reader.end(type);
      if (end !== undefined) return end;
    }
  }
  return reader.end(type);
}

/** The state of parsing one answer. */
class Reader {
  private readonly wanted: Wanted | undefined;
  private readonly isWanted: (line: string) => boolean;
  private readonly series: Series[] = [];
  private readonly declared = new Set<string>();
  /** Number of wanted series, including those beyond the limit. */
  private found = 0;
  private lines = 0;
  private blank = true;
  /** Whether the last line of OpenMetrics, `# EOF`, has been read. */
  private whole = false;
  /** The beginning of a line whose end has not arrived yet. */
  private rest = "";

  constructor(wanted: Wanted | undefined) {
    this.wanted = wanted;
    this.isWanted = wanted === undefined ? () => true : beginsWith(wanted.series);
  }

  /** @returns "whole" at the last line of OpenMetrics; an error for a malformed line */
  add(part: string): "whole" | { readonly wrong: string } | undefined {
    const text = this.rest + part;
    let from = 0;
    for (let to = text.indexOf("\n"); to >= 0; to = text.indexOf("\n", from)) {
      const wrong = this.line(text.slice(from, to));
      if (wrong !== undefined) return { wrong };
      if (this.whole) return "whole";
      from = to + 1;
    }
    this.rest = text.slice(from);
    return this.rest.length > longestLine ? { wrong: this.tooLong() } : undefined;
  }

  end(type: string): Exposition | { readonly wrong: string } {
    if (!this.whole && isLast(this.rest)) this.whole = true;
    else if (!this.whole && this.blank && this.rest.trim() === "") return { wrong: "is empty" };
    else if (!this.whole && this.rest !== "") return { wrong: "is cut off in the middle of a line" };
    if (type.startsWith("application/openmetrics-text") && !this.whole) return { wrong: "is cut off before its # EOF" };
    if (this.found > pollingDefaults.seriesAtMost) {
      const names = [...(this.wanted?.series ?? [])].join(", ");
      return {
        wrong: oneLine(
          `has ${count(this.found)} series to store, more than the limit of ${count(pollingDefaults.seriesAtMost)}: use fewer labels${names && ` on ${names}`}`,
        ),
      };
    }
    // OpenMetrics gives times in seconds, the older format in milliseconds.
    const series = this.whole ? this.series.map(inMilliseconds) : this.series;
    return { series, declared: this.declared };
  }

  /** Parses the next line. @returns the error, if any */
  private line(line: string): string | undefined {
    this.lines++;
    if (line.length > longestLine) return this.tooLong();
    if (line.startsWith("#")) return this.comment(line);
    if (sample.test(line)) {
      this.blank = false;
      return this.isWanted(line) ? this.hold(line) : undefined;
    }
    if (/^\s*$/.test(line)) return undefined;
    return /^\s*#/.test(line) ? this.comment(line) : this.noMetric(line);
  }

  private hold(line: string): string | undefined {
    if (++this.found > pollingDefaults.seriesAtMost) return undefined;
    const series = seriesIn(line);
    if (series === undefined) return this.noMetric(line);
    this.series.push(series);
    return undefined;
  }

  private comment(line: string): undefined {
    this.blank = false;
    if (isLast(line)) this.whole = true;
    const name = /^#[ \t]+(?:TYPE|HELP)[ \t]+(\S+)/.exec(line)?.[1];
    if (name !== undefined && (this.wanted?.declared.has(name) ?? true)) this.declared.add(ownCopy(name));
  }

  private noMetric(line: string): string {
    return `has no metric in line ${this.lines}: ${oneLine(JSON.stringify(line.trim().slice(0, 80)))}`;
  }

  private tooLong(): string {
    return `has a line of more than ${count(longestLine)} characters`;
  }
}

const isLast = (line: string) => line === "# EOF" || line === "# EOF\r";

const inMilliseconds = (series: Series): Series =>
  series.at === undefined ? series : { ...series, at: series.at * 1000 };

/** Whether a line belongs to one of these metrics. This is faster than parsing the name of each line. */
function beginsWith(names: ReadonlySet<string>): (line: string) => boolean {
  const known = [...names].filter((name) => /^[a-zA-Z_:][\w:]*$/.test(name));
  if (known.length === 0) return () => false;
  const beginning = new RegExp(`^[ \\t]*(?:${known.join("|")})(?![\\w:])`);
  return (line) => beginning.test(line);
}

/** A line with a sample: name, labels, value, time. Of the labels it matches only the quotes and the end. */
const sample =
  /^[ \t]*([a-zA-Z_:][\w:]*)(?:[ \t]*(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})[ \t]*|[ \t]+)([+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)|[nN][aA][nN])(?:[ \t]+([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?))?[ \t]*(?:#[ \t][^\n]*)?\r?$/s;
const label = /[ \t]*([a-zA-Z_]\w*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(?:,|$)/sy;

/** The series of a line; undefined if its labels are malformed. */
function seriesIn(line: string): Series | undefined {
  const [, name = "", braces, value = "", time] = sample.exec(ownCopy(line)) ?? [];
  const labels = labelsOf(braces?.slice(1, -1).trim() ?? "");
  const at = time === undefined ? undefined : Number(time);
  if (labels === undefined || at === Infinity || at === -Infinity) return undefined;
  return { name, labels, value: toNumber(value), ...(at !== undefined && { at }) };
}

/** A copy of a text: V8 keeps the whole answer in memory for as long as any slice of it exists. */
function ownCopy(text: string): string {
  return Buffer.from(text).toString();
}

function labelsOf(text: string): Record<string, string> | undefined {
  const labels: [string, string][] = [];
  label.lastIndex = 0;
  while (label.lastIndex < text.length) {
    const [, name, escaped] = label.exec(text) ?? [];
    if (name === undefined || escaped === undefined) return undefined;
    labels.push([name, escaped.replace(/\\(.)/gs, (_, char) => (char === "n" ? "\n" : char))]);
  }
  const found = Object.fromEntries(labels);
  return Object.keys(found).length === labels.length ? found : undefined;
}

function toNumber(text: string): number {
  return /inf/i.test(text) ? (text.startsWith("-") ? -Infinity : Infinity) : Number(text);
}

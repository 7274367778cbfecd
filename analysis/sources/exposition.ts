/**
 * What a /metrics endpoint says: the text format 0.0.4 of Prometheus, and OpenMetrics 1.0 as far as counters and histograms
 * need it (https://prometheus.io/docs/instrumenting/exposition_formats, https://prometheus.io/docs/specs/om/open_metrics_spec).
 *
 * Not a library's work: the common one, parse-prometheus-text-format 1.1.1 (untouched since 2019), takes an HTML page for a
 * metric, drops a last line that was cut off without a word, and merges the buckets of different labels into one histogram.
 * Evidence needs the opposite: an answer that is not whole and well-formed is no answer.
 */
export interface Exposition {
  readonly series: readonly Series[];
  /** Names that have a TYPE or a HELP, with series or yet without. */
  readonly declared: ReadonlySet<string>;
}

/** One time series at one moment. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** NaN and infinite where the answer says so. */
  readonly value: number;
  /** When the value was taken, in milliseconds since the epoch, where the answer says that. */
  readonly at?: number;
  /** Milliseconds from one of its samples to the next, where that is known. */
  readonly every?: number;
  /** Which of the unit's processes counts it, where that is known. */
  readonly process?: string;
}

/**
 * Reads an answer of /metrics.
 *
 * @param wanted which series are returned; the other lines only have to be well-formed. @default all
 * @param type the answer's content type: OpenMetrics says with its last line that nothing is missing
 * @returns the series, or what is wrong with the answer as the rest of a sentence, as in "is cut off in the middle of a line"
 */
export function parseExposition(
  text: string,
  wanted: (name: string) => boolean = () => true,
  type = "",
): Exposition | { readonly wrong: string } {
  if (text.trim() === "") return { wrong: "is empty" };
  if (!text.endsWith("\n") && !text.endsWith("\n# EOF")) return { wrong: "is cut off in the middle of a line" };
  const whole = /^# EOF$/m.test(text);
  if (type.startsWith("application/openmetrics-text") && !whole) return { wrong: "is cut off before its # EOF" };
  const series: Series[] = [];
  const declared = new Set<string>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "# EOF") break;
    const name = /^#[ \t]+(?:TYPE|HELP)[ \t]+(\S+)/.exec(line)?.[1];
    if (name !== undefined) declared.add(name);
    if (/^\s*(#|$)/.test(line)) continue;
    // OpenMetrics gives times in seconds, the older format in milliseconds.
    const found = read(line, wanted, whole ? 1000 : 1);
    if (found === "no sample") {
      return { wrong: `has no metric in line ${index + 1}: ${JSON.stringify(line.trim().slice(0, 80))}` };
    }
    if (found !== undefined) series.push(found);
  }
  return { series, declared };
}

const sample =
  /^[ \t]*([a-zA-Z_:][\w:]*)(?:[ \t]*(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})[ \t]*|[ \t]+)([^\s{}#]+)(?:[ \t]+([^\s{}#]+))?[ \t]*(?:#[ \t].*)?\r?$/;
const number = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?)$|^nan$/i;
const label = /[ \t]*([a-zA-Z_]\w*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(?:,|$)/y;

/** The series of a line, undefined where nobody wants it. @param unit milliseconds in one of the format's time stamps */
function read(line: string, wanted: (name: string) => boolean, unit: number): Series | "no sample" | undefined {
  const [, name = "", braces, value = "", time] = sample.exec(line) ?? [];
  if (!number.test(value) || (time !== undefined && !Number.isFinite(Number(time)))) return "no sample";
  if (!wanted(name)) return undefined;
  const labels = labelsOf(braces?.slice(1, -1).trim() ?? "");
  if (labels === undefined) return "no sample";
  return { name, labels, value: toNumber(value), ...(time !== undefined && { at: Number(time) * unit }) };
}

function labelsOf(text: string): Record<string, string> | undefined {
  const labels: [string, string][] = [];
  label.lastIndex = 0;
  while (label.lastIndex < text.length) {
    const [, name, escaped] = label.exec(text) ?? [];
    if (name === undefined || escaped === undefined) return undefined;
    labels.push([name, escaped.replace(/\\(.)/g, (_, char) => (char === "n" ? "\n" : char))]);
  }
  const found = Object.fromEntries(labels);
  return Object.keys(found).length === labels.length ? found : undefined;
}

function toNumber(text: string): number {
  return /inf/i.test(text) ? (text.startsWith("-") ? -Infinity : Infinity) : Number(text);
}

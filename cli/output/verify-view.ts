/** Prints an observation of both tracks: as a live table, as lines, or as JSON. */
import { styleText } from "node:util";
import { createLogUpdate } from "log-update";
import type { Evidence } from "../../analysis/evidence.ts";
import type { Finding } from "../../analysis/finding.ts";
import { count, span, times } from "../../analysis/format.ts";
import { type Rates, ratesOf } from "../../analysis/rates.ts";
import type { Tick } from "../../analysis/tick.ts";
import type { Assessment } from "../../analysis/verdict.ts";
import type { Poll } from "../../evaluation/observe.ts";
import type { FinalVerdict } from "../../record/verdict-merge.ts";
import { plainTable } from "./table.ts";
import { cut, wrapped } from "./wrap.ts";

/** Prints an observation while it runs. */
export interface View {
  /** Prints a poll of the tracks and the assessment after it. */
  show(poll: Poll, assessment: Assessment): void;
  /** Prints a sentence beside the numbers. */
  note(sentence: string): void;
  /** Prints the result. @param final the final verdict: that of the record may differ from that of the evidence */
  end(assessment: Assessment, final: FinalVerdict): void;
}

/** What is observed, and where it is exposed. */
export interface Subject {
  readonly service: string;
  readonly namespace: string;
  readonly evidence: Evidence;
  /** Describes the source of the evidence. */
  readonly source: string;
  /** URL at which the evidence is served to Prometheus; undefined without `--metrics-port`. */
  readonly metrics: string | undefined;
}

/** Seconds over which the printed rates are computed. */
const recentSeconds = 15;
/** Seconds between two lines without a terminal. */
const lineSeconds = 10;
/** Number of streams in the table: those with the strongest evidence of a regression. */
const shownStreams = 6;
/** Most columns of the name of a measure, so that the table fits 80 columns. */
const measureColumns = 22;
/** Number of notes that stay on the screen. */
const shownNotes = 3;

/** A live table on a terminal, lines elsewhere, JSON for machines. */
export function viewOf(json: boolean, subject: Subject): View {
  return json
    ? jsonView(subject)
    : process.stdout.isTTY && process.stdout.columns > 0
      ? liveView(subject)
      : lineView(subject);
}

/** The rates of both arms over the last ticks. */
class Recent {
  private ticks: Tick[] = [];
  private readonly question: Evidence["question"];

  constructor({ question }: Evidence) {
    this.question = question;
  }

  add(tick: Tick | undefined): void {
    if (!tick) return;
    this.ticks.push(tick);
    this.ticks = this.ticks.filter(({ at }) => at > tick.at - recentSeconds * 1000);
  }

  get rates(): { canary: Rates; stable: Rates } {
    const { canary, stable, items } = this.question;
    return { canary: ratesOf(this.ticks, [canary], items), stable: ratesOf(this.ticks, stable, items) };
  }
}

function jsonView({ service, namespace, evidence }: Subject): View {
  const recent = new Recent(evidence);
  const { canary: release, stable: comparedWith } = evidence.question;
  const print = (more: object) => console.log(JSON.stringify({ service, namespace, release, comparedWith, ...more }));
  return {
    show({ at, tick, trouble }, { findings, ...verdict }) {
      recent.add(tick);
      print({
        at: new Date(at).toISOString(),
        ...verdict,
        ...recent.rates,
        ...(trouble !== undefined && { trouble }),
        streams: findings,
      });
    },
    note: (sentence) => console.error(sentence),
    end: ({ findings, verdict, reason, guard, ...numbers }, outcome) =>
      print({
        final: true,
        ...outcome,
        ...(outcome.verdict === verdict ? { guard } : { observed: { verdict, reason, guard } }),
        ...numbers,
        answers: evidence.answers,
        seconds: evidence.seconds,
        settings: evidence.settings,
        streams: findings,
      }),
  };
}

function lineView(subject: Subject): View {
  const { evidence } = subject;
  const recent = new Recent(evidence);
  let last = { at: Number.NEGATIVE_INFINITY, verdict: "" };
  let began: number | undefined;
  console.log(headline(subject));
  return {
    show({ at, tick }, { verdict, guard, reason }) {
      recent.add(tick);
      began ??= at;
      const state = `${verdict} ${guard}`;
      if (at - last.at < lineSeconds * 1000 && state === last.verdict) return;
      last = { at, verdict: state };
      const { canary, stable } = recent.rates;
      const [done, failed] = evidence.unit.rates;
      const tps = (releases: string, { tps2xx, tps5xx }: Rates) =>
        `${releases} ${rate(tps2xx)} ${done} ${rate(tps5xx)} ${failed}`;
      const arms = evidence.question;
      console.log(
        `${span((at - began) / 1000).padStart(6)}  ${tps(arms.canary, canary)}  ${arms.stable.length > 0 ? `${tps(arms.stable.join(", "), stable)}  ` : ""}${sentenceOf(verdict, reason)}`,
      );
    },
    note: (sentence) => console.log(sentence),
    end: (assessment, outcome) => console.log(conclusion(assessment, outcome, evidence)),
  };
}

function liveView(subject: Subject): View {
  const { evidence } = subject;
  const recent = new Recent(evidence);
  const screen = createLogUpdate(process.stdout);
  const notes: string[] = [];
  let numbers: string[] = [];
  const inWidth = (text: string) => wrapped(text, process.stdout.columns, 2).join("\n");
  const draw = () => screen([...numbers, ...notes.slice(-shownNotes).map(inWidth)].join("\n\n"));
  return {
    show({ tick }, assessment) {
      recent.add(tick);
      const { canary, stable } = evidence.question;
      numbers = [
        inWidth(headline(subject)),
        armsTable(evidence, recent, canary, stable),
        streamsTable(assessment.findings),
        inWidth(`${span(evidence.seconds)}: ${sentenceOf(assessment.verdict, assessment.reason)}`),
      ];
      draw();
    },
    note(sentence) {
      notes.push(sentence);
      draw();
    },
    end(assessment, outcome) {
      screen.done();
      console.log(`\n${inWidth(conclusion(assessment, outcome, evidence))}`);
    },
  };
}

function headline({ service, namespace, evidence, source, metrics }: Subject): string {
  const { canary, stable } = evidence.question;
  const comparison = stable.length > 0 ? `compared with ${stable.join(", ")}` : "without a release to compare with";
  return `${service} in ${namespace}: release ${canary} ${comparison}, ${source}${metrics ? `, served to Prometheus at ${metrics}` : ""}`;
}

function armsTable({ answers, unit }: Evidence, recent: Recent, canary: string, stable: readonly string[]): string {
  const { rates } = recent;
  const rows = [
    ["canary", canary],
    ["stable", stable.join(", ")],
  ] as const;
  return plainTable(
    ["", "RELEASE", ...unit.rates, "P50", "P99", `${unit.noun.toUpperCase()}S`, unit.failed],
    rows.map(([arm, release]) => {
      const { tps2xx, tps5xx, p50, p99 } = rates[arm];
      const { requests, failed } = answers[arm];
      return [arm, release, rate(tps2xx), rate(tps5xx), time(p50), time(p99), count(requests), count(failed)];
    }),
  );
}

function streamsTable(findings: readonly Finding[]): string {
  const worst = findings.toSorted((a, b) => b.logWorse - a.logWorse).slice(0, shownStreams);
  return plainTable(
    ["MEASURE", "CANARY", "STABLE", "RATIO", "AT LEAST", "AT MOST", "E WORSE", "E FINE"],
    worst.map((one) => [
      cut(one.stream, measureColumns),
      count(one.canary.events),
      count(one.stable.events),
      one.ratio === undefined ? "-" : ratioText(one.ratio),
      ratioText(one.lower),
      ratioText(one.upper),
      eValue(one.logWorse),
      eValue(one.logFine),
    ]),
  );
}

function conclusion(
  { pValue }: Assessment,
  { verdict, reason }: FinalVerdict,
  { settings, question, unit }: Evidence,
): string {
  const { alpha, margin, limit, beta, tolerance } = settings;
  const p = pValue < 0.0001 ? pValue.toExponential(1) : Number(pValue.toPrecision(2));
  return [
    `Release ${question.canary} is ${coloured(verdict)}: ${reason}.`,
    `Statistics: p is ${p}, and bad needs at most ${alpha}. Bad is surely more than ${margin} times as often as stable. Good is less than ${limit} times, or less than ${100 * tolerance} % of the ${unit.noun}s, with an error of ${100 * beta} %.`,
  ].join("\n");
}

/** Colours the verdict on a terminal, unless NO_COLOR is set. */
function coloured(verdict: Assessment["verdict"]): string {
  const colour = { good: "green", bad: "red", undecided: "yellow" } as const;
  return styleText(colour[verdict], verdict, { stream: process.stdout });
}

/** The verdict and its reason. A reason may begin with the verdict itself. */
function sentenceOf(verdict: Assessment["verdict"], reason: string): string {
  return reason.startsWith(verdict) ? reason : `${verdict}: ${reason}`;
}

function rate(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1);
}

function time(seconds: number | undefined): string {
  if (seconds === undefined) return "-";
  return seconds === Infinity ? "beyond" : `${Number((1000 * seconds).toPrecision(2))} ms`;
}

function ratioText(ratio: number): string {
  return ratio === Infinity ? "-" : times(ratio);
}

/** Formats an e-value from its logarithm, with an exponent if it is large. */
function eValue(log: number): string {
  const value = Math.exp(log);
  return log < -9 ? "0" : value < 1000 ? String(Number(value.toPrecision(2))) : `1e${Math.floor(log / Math.LN10)}`;
}

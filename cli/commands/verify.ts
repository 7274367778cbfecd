import { Command } from "commander";
import { pollingDefaults } from "../../analysis/defaults.ts";
import { judge } from "../../analysis/verdict.ts";
import { assess, evidenceOn } from "../../evaluation/assess.ts";
import { Recorder } from "../../evaluation/recorder.ts";
import { whoAmI } from "../../kubernetes/who.ts";
import { exporter } from "../../observability/exporter.ts";
import { readRecord } from "../../record/record-store.ts";
import { finalVerdict } from "../../record/verdict-merge.ts";
import { type MetricsOptions, withMetricsOptions } from "../options/metrics-port.ts";
import { countsOf, type SourceOptions, sourceOf, withSourceOptions } from "../options/sources.ts";
import { type BrokenOptions, brokenOption } from "../options/stable-is-broken.ts";
import { seconds, written } from "../output/time.ts";
import { viewOf } from "../output/verify-view.ts";
import { findService, type ServiceOptions, withServiceOptions } from "../services.ts";
import { onInterrupt } from "../signals.ts";

interface Options extends ServiceOptions, SourceOptions, MetricsOptions, BrokenOptions {
  readonly for?: number;
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** Exit codes of a verdict, beside 1 and 2, which every command has. */
const exitCodes = { good: 0, bad: 3, undecided: 4 } as const;

/** What the columns of the live table mean. */
const columnsHelp = `
Columns on a terminal:
  TPS2XX, TPS5XX     answers a second with a 2xx and a 5xx, over the last 15 s
  P50, P99           the time within which half and 99 % of the answers came
  REQUESTS, 5XX      all answers so far, and those with a 5xx
  MEASURE            one kind of failure, such as 5xx or slower than 0.25 s
  CANARY, STABLE     how often it happened on each track
  RATIO              the likeliest ratio of the rates, canary to stable
  AT LEAST, AT MOST  where the true ratio surely is (99 %, at all polls together)
  E WORSE            evidence that canary is worse: 100 is as improbable as
                     1 in 100 if it is not; bad needs it of all together
  E FINE             evidence that canary is fine: good needs 20 of each measure
For a worker the columns count items in place of answers.`;

/** `gray verify`: polls both tracks until the evidence decides, and writes the verdict into the record. */
export function verifyCommand(): Command {
  return withMetricsOptions(withSourceOptions(withServiceOptions(new Command("verify"))))
    .summary("observe both tracks until there is a verdict")
    .description(
      "Observes both tracks until the evidence decides, and writes the verdict into the record. Exit code 0 good, 3 bad, 4 undecided.",
    )
    .option(
      "--for <time>",
      `longest observation, as in 5m (default: ${written(pollingDefaults.patienceSeconds)}; with --watch, until you interrupt it)`,
      seconds,
    )
    .addOption(brokenOption())
    .option("--watch", "continue after a verdict")
    .option("--json", "print one JSON object per poll, and the final verdict last")
    .addHelpText("after", columnsHelp)
    .action(verify);
}

async function verify(options: Options): Promise<void> {
  const found = await findService(options);
  const { namespace, service } = found;
  const source = sourceOf(options, found);
  const evidence = await evidenceOn(found, countsOf(options));
  const reading = await readRecord(found);
  const decisions = options.stableIsBroken ? { stableIsBroken: await whoAmI(found.api) } : {};
  const { epoch = 0 } = reading.kind === "read" ? reading.record : {};
  const exposed =
    options.metricsPort === undefined ? undefined : await exporter(service, namespace, options.metricsPort);
  const end = stopSignal(options);
  try {
    const metrics = exposed?.url;
    const view = viewOf(options.json === true, { service, namespace, evidence, source: source.describe(), metrics });
    const recorder = new Recorder(found, view.note);
    let assessment = judge(evidence, Date.now(), decisions);
    let cutoff: string | undefined;
    for await (const evaluation of assess({
      of: found,
      source,
      evidence,
      epoch,
      signal: end.signal,
      note: view.note,
      decisions: () => decisions,
    })) {
      const { poll, share } = evaluation;
      cutoff = evaluation.cutoff;
      assessment = cutoff === undefined ? evaluation.assessment : { ...evaluation.assessment, reason: cutoff };
      view.show(poll, assessment);
      exposed?.show(evidence, assessment, share === undefined ? undefined : 100 * share);
      if (assessment.verdict !== "undecided") await recorder.write(assessment, evidence);
      const decided = assessment.verdict !== "undecided" && (recorder.trouble === undefined || recorder.overdue);
      if (!options.watch && (decided || cutoff !== undefined || assessment.needsDecision)) break;
    }
    // From here on an interrupt ends the process at once.
    end.clear();
    await recorder.finish(assessment, evidence);
    const recorded = finalVerdict(assessment, recorder.standing, recorder.trouble);
    // After a traffic cutoff the verdict is not good, even if that of the record is.
    const result =
      cutoff !== undefined && recorded.verdict === "good"
        ? ({ verdict: "undecided", reason: cutoff } as const)
        : assessment.needsDecision && recorded.verdict === "undecided"
          ? { ...recorded, reason: `${recorded.reason}; let them decide with gray verify --stable-is-broken` }
          : recorded;
    view.end(assessment, result);
    process.exitCode = exitCodes[result.verdict];
  } finally {
    end.clear();
    await exposed?.end();
  }
}

/** Aborts the observation after its time, or when the user interrupts it. */
function stopSignal({ for: limit, watch }: Options): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  const stop = () => controller.abort();
  const time = limit ?? (watch ? undefined : pollingDefaults.patienceSeconds);
  const timer = time === undefined ? undefined : setTimeout(stop, time * 1000);
  const stopListening = onInterrupt(stop);
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      stopListening();
    },
  };
}

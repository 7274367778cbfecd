import { Command, InvalidArgumentError } from "commander";
import { lookDefaults } from "../analysis/defaults.ts";
import { Evidence } from "../analysis/evidence.ts";
import { type Assessment, judge } from "../analysis/verdict.ts";
import { comparisonOf } from "../rollout/arms.ts";
import { exporter, type Listening } from "../rollout/exporter.ts";
import { byEvidence, outcome } from "../rollout/judgement.ts";
import { Keeper, keptEvidence } from "../rollout/kept-evidence.ts";
import { readService } from "../rollout/live.ts";
import { type Look, observe, unlessEnded } from "../rollout/observe.ts";
import { listPods } from "../rollout/pods.ts";
import { completedReleases, readRecord, unreadable } from "../rollout/record.ts";
import { Recorder } from "../rollout/recorder.ts";
import { shareOf } from "../rollout/share.ts";
import { aboutService, type FoundService, findService, type ServiceOptions } from "./services.ts";
import { aboutSource, pairsOf, type SourceOptions, sourceOf } from "./sources.ts";
import { seconds, written } from "./time.ts";
import { viewOf } from "./verify-view.ts";

interface Options extends ServiceOptions, SourceOptions {
  readonly for?: number;
  readonly watch?: boolean;
  readonly json?: boolean;
  readonly metricsPort?: Listening;
}

/** Exit codes of a verdict; 1 and 2 are what they are for every verb. */
const exitCodes = { good: 0, bad: 3, undecided: 4 } as const;

/** `gray verify`: looks at both tracks until the evidence decides, and writes the verdict into the record. */
export function verifyCommand(): Command {
  return aboutSource(aboutService(new Command("verify")))
    .description("observe both tracks until the evidence decides; exit code 0 good, 3 bad, 4 undecided")
    .option(
      "--for <time>",
      `how long at most, as in 5m (default: ${written(lookDefaults.patienceSeconds)}, or with --watch until interrupted)`,
      seconds,
    )
    .option("--watch", "go on after a verdict")
    .option(
      "--metrics-port <port>",
      "expose the evidence to Prometheus on this port of loopback, or of an address as in 0.0.0.0:9464",
      listening,
    )
    .option("--json", "one JSON object a look, the last one with the final verdict")
    .action(verify);
}

async function verify(options: Options): Promise<void> {
  const found = await findService(options);
  const { api, namespace, service } = found;
  const source = sourceOf(options, found);
  const evidence = await evidenceOn(found, Object.keys(pairsOf(options.pair)));
  const exposed =
    options.metricsPort === undefined ? undefined : await exporter(service, namespace, options.metricsPort);
  const end = endOf(options);
  try {
    const metrics = exposed?.url;
    const view = viewOf(options.json === true, { service, namespace, evidence, source: source.describe(), metrics });
    const recorder = new Recorder(found, view.note);
    const keeper = new Keeper(found, view.note);
    let assessment = judge(evidence, Date.now());
    for await (const look of observe({ api, namespace, service, source, signal: end.signal })) {
      assessment = take(evidence, look);
      view.show(look, assessment);
      if (exposed) exposed.show(evidence, assessment, await weightOf(found, look, end.signal));
      await keeper.keep(evidence, look.at);
      if (assessment.verdict === "undecided") continue;
      await recorder.write(assessment, evidence);
      if (!options.watch && (recorder.trouble === undefined || recorder.overdue)) break;
    }
    // From here on an interrupt ends the process at once.
    end.clear();
    await recorder.finish(assessment, evidence);
    await keeper.keep(evidence, Infinity);
    const came = outcome(assessment, recorder.standing, recorder.trouble);
    view.end(assessment, came);
    process.exitCode = exitCodes[came.verdict];
  } finally {
    end.clear();
    await exposed?.end();
  }
}

/**
 * The evidence to go on with: what the cluster keeps on these releases, unless a person has judged since.
 *
 * @throws Refusal if there is nothing to observe, or the record does not say whether there ever was
 */
async function evidenceOn(found: FoundService, pairs: readonly string[]): Promise<Evidence> {
  const { api, cluster, namespace, service, deployments } = found;
  const [pods, record] = await Promise.all([
    listPods(api, namespace, service),
    readRecord(api, namespace, service, cluster),
  ]);
  if (record.kind === "unreadable") throw unreadable(namespace, service, record.why);
  const question = { ...comparisonOf(service, deployments, pods, completedReleases(record).length > 0), pairs };
  const judge = record.kind === "read" ? record.record.verdicts[question.canary]?.by : undefined;
  const kept =
    judge === undefined || judge === byEvidence ? await keptEvidence(api, namespace, service, question) : undefined;
  return kept ?? new Evidence(question);
}

function take(evidence: Evidence, { at, tick, trouble }: Look): Assessment {
  if (tick) evidence.observe(tick);
  if (trouble !== undefined) evidence.missed(trouble);
  return judge(evidence, at);
}

/** Percent of user traffic that canary gets; undefined where that cannot be told. */
async function weightOf(found: FoundService, { pods }: Look, signal: AbortSignal): Promise<number | undefined> {
  if (!pods) return undefined;
  try {
    const front = await unlessEnded(readService(found.api, found.namespace, found.service), signal);
    const share = shareOf(front, pods);
    return share === undefined ? undefined : 100 * share;
  } catch {
    return undefined;
  }
}

/** When the observation ends: after its time, or when a person interrupts it. */
function endOf({ for: limit, watch }: Options): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  const stop = () => controller.abort();
  const time = limit ?? (watch ? undefined : lookDefaults.patienceSeconds);
  const timer = time === undefined ? undefined : setTimeout(stop, time * 1000);
  process.once("SIGINT", stop).once("SIGTERM", stop);
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      process.off("SIGINT", stop).off("SIGTERM", stop);
    },
  };
}

/** @throws InvalidArgumentError, which commander shows beside the option */
function listening(text: string): Listening {
  const [, host = "127.0.0.1", digits] = /^(?:(.+):)?(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (!(port <= 65535)) throw new InvalidArgumentError("Write a port from 0 to 65535, or address:port.");
  return { host, port };
}

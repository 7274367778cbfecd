import { Command, InvalidArgumentError } from "commander";
import { Evidence } from "../analysis/evidence.ts";
import { type Assessment, judge } from "../analysis/verdict.ts";
import { Refusal } from "../components/refusal.ts";
import { comparisonOf } from "../rollout/arms.ts";
import { writeEvent } from "../rollout/event.ts";
import { type Exporter, exporter, type Listening } from "../rollout/exporter.ts";
import { judgement } from "../rollout/judgement.ts";
import { type Look, observe } from "../rollout/observe.ts";
import { listPods } from "../rollout/pods.ts";
import { changeRecord, completedReleases, readRecord } from "../rollout/record.ts";
import { reachedShare } from "../rollout/share.ts";
import { aboutService, type FoundService, findService, type ServiceOptions } from "./services.ts";
import { aboutSource, pairsOf, type SourceOptions, sourceOf } from "./sources.ts";
import { seconds } from "./time.ts";
import { type View, viewOf } from "./verify-view.ts";

interface Options extends ServiceOptions, SourceOptions {
  readonly for?: number;
  readonly watch?: boolean;
  readonly json?: boolean;
  readonly metricsPort?: Listening;
}

/** Seconds after which an undecided verdict is one, unless told otherwise. */
const patience = 900;

/** Exit codes of a verdict; 1 and 2 are what they are for every verb. */
const exitCodes = { good: 0, bad: 3, undecided: 4 } as const;

/** `gray verify`: looks at both tracks until the evidence decides, and writes the verdict into the record. */
export function verifyCommand(): Command {
  return aboutSource(aboutService(new Command("verify")))
    .description("observe both tracks until the evidence decides; exit code 0 good, 3 bad, 4 undecided")
    .option("--for <time>", "how long at most, as in 5m (default: 15m, or with --watch until interrupted)", seconds)
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
  const evidence = new Evidence(await questionOf(found, Object.keys(pairsOf(options.pair))));
  const end = endOf(options);
  const exposed =
    options.metricsPort === undefined ? undefined : await exporter(service, namespace, options.metricsPort);
  const view = viewOf(options.json === true, {
    service,
    namespace,
    evidence,
    source: source.describe(),
    metrics: exposed?.url,
  });
  let assessment = judge(evidence, Date.now());
  let written: Assessment["verdict"] = "undecided";
  try {
    for await (const look of observe({ api, namespace, service, source, signal: end.signal })) {
      assessment = take(evidence, look);
      view.show(look, assessment);
      if (exposed) await expose(exposed, found, evidence, assessment);
      if (assessment.verdict !== "undecided" && assessment.verdict !== written) {
        await write(found, evidence, assessment, view);
        written = assessment.verdict;
      }
      if (assessment.verdict !== "undecided" && !options.watch) break;
    }
    if (assessment.verdict === "undecided") await write(found, evidence, assessment, view);
    view.end(assessment);
  } finally {
    end.clear();
    await exposed?.end();
  }
  process.exitCode = exitCodes[assessment.verdict];
}

/** @throws Refusal if there is nothing to observe */
async function questionOf(found: FoundService, pairs: readonly string[]) {
  const { api, cluster, namespace, service, deployments } = found;
  const [pods, record] = await Promise.all([
    listPods(api, namespace, service),
    readRecord(api, namespace, service, cluster),
  ]);
  const comparison = comparisonOf(service, deployments, pods, completedReleases(record).length > 0);
  if (comparison.stable.length === 0 && !comparison.first) {
    throw new Refusal(
      `Both tracks of ${service} run release ${comparison.canary}, so there is nothing to compare: pulumi up --stack canary brings a new one.`,
    );
  }
  return { ...comparison, pairs };
}

function take(evidence: Evidence, { at, tick, trouble }: Look): Assessment {
  if (tick) evidence.observe(tick);
  if (trouble !== undefined) evidence.missed(trouble);
  return judge(evidence, at);
}

/** The verdict goes into the record, and the Deployments' Events tell it; a verdict that stands already stays. */
async function write(found: FoundService, evidence: Evidence, assessment: Assessment, view: View): Promise<void> {
  const { api, cluster, namespace, service, deployments } = found;
  const release = evidence.question.canary;
  let kept = false;
  await changeRecord(api, namespace, service, cluster, (before) => {
    const former = before.verdicts[release];
    const now = judgement(former, assessment, evidence, new Date());
    kept = now === undefined;
    if (!now) {
      if (former?.verdict !== assessment.verdict && former)
        view.note(`The record keeps "${former.verdict}" (${former.by}: ${former.because}).`);
      return before;
    }
    return { ...before, verdicts: { ...before.verdicts, [release]: now } };
  });
  if (kept || assessment.verdict === "undecided") return;
  const [type, reason] =
    assessment.verdict === "bad"
      ? (["Warning", "ReleaseJudgedBad"] as const)
      : (["Normal", "ReleaseJudgedGood"] as const);
  for (const deployment of Object.values(deployments)) {
    await writeEvent(
      api,
      deployment,
      type,
      reason,
      `release ${release} was judged ${assessment.verdict} by evidence: ${assessment.because}`,
    );
  }
}

async function expose(to: Exporter, found: FoundService, evidence: Evidence, assessment: Assessment): Promise<void> {
  const share = await reachedShare(found.api, found.namespace, found.service).catch(() => undefined);
  to.show(evidence, assessment, share === undefined ? undefined : 100 * share);
}

/** When the observation ends: after its time, or when a person interrupts it. */
function endOf({ for: limit, watch }: Options): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  const stop = () => controller.abort();
  const time = limit ?? (watch ? undefined : patience);
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

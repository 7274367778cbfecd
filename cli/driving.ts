import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { UserError } from "../components/user-error.ts";
import type { Evaluation } from "../evaluation/assess.ts";
import { isRetryable } from "../kubernetes/answer.ts";
import { type Exporter, exporter } from "../observability/exporter.ts";
import { up } from "../pulumi/pulumi.ts";
import { actuatorOf } from "../rollout/actuator.ts";
import { Announcer } from "../rollout/announce.ts";
import type { End } from "../rollout/driver.ts";
import { EvidenceMonitor } from "../rollout/evidence-monitor.ts";
import { Driven, Lease } from "../rollout/lease.ts";
import { findWebhook, Notifier } from "../rollout/notify.ts";
import { looks } from "../rollout/observation.ts";
import type { Rollout } from "../rollout/rollout.ts";
import { RolloutStore } from "../rollout/rollout-store.ts";
import { driveWithLease } from "../rollout/with-lease.ts";
import { type EndpointOptions, withEndpointOptions } from "./options/endpoint.ts";
import { type MetricsOptions, withMetricsOptions } from "./options/metrics-port.ts";
import { countsAtGateway, type SourceOptions, sourceOf, withSourceOptions } from "./options/sources.ts";
import { type RolloutView, viewOf } from "./output/rollout-view.ts";
import { assertRunsHere, type Elsewhere, type Owners, ownersOf } from "./owners.ts";
import { type FoundService, findService, type ServiceOptions, withServiceOptions } from "./services.ts";
import { onInterrupt } from "./signals.ts";

/** Exit codes of a rollout; 1 and 2 are what they are for every verb. */
export const exitCodes: Readonly<Record<End["kind"], number>> = { promoted: 0, undone: 3, held: 4, stopped: 4 };

export interface DrivingOptions extends ServiceOptions, SourceOptions, MetricsOptions, EndpointOptions {
  readonly stay?: boolean;
  readonly webhookFile?: string;
  readonly json?: boolean;
}

/** A verb that drives, with its options. */
export function withDrivingOptions(command: Command): Command {
  return withEndpointOptions(withMetricsOptions(withSourceOptions(withServiceOptions(command))))
    .option("--stay", "wait where it holds, instead of ending; so it does on a terminal anyway")
    .option(
      "--webhook-file <path>",
      "file with the URL that notices go to, as Slack takes them (default: GRAY_WEBHOOK)",
    )
    .option("--json", "one JSON object a line for each thing that happens");
}

/** What whoever drives has at hand. */
export interface DriverSetup {
  readonly found: FoundService;
  /** The stacks that it is driven by; asked for once, and only where somebody has to drive from here. */
  readonly owners: () => Promise<Owners | Elsewhere>;
  readonly notifier: Notifier;
  /** Where Prometheus reads the evidence, if it is to. */
  readonly exposed: Exporter | undefined;
}

/**
 * Gets it, before anything is changed.
 *
 * @param verb as people type it
 * @throws Refusal for whatever is missing
 */
export async function setUpDriver(options: DrivingOptions, command: string): Promise<DriverSetup> {
  // First of all: it takes the URL out of the environment that child processes inherit.
  const webhook = findWebhook(options.webhookFile);
  const found = await findService(options);
  let asked: Promise<Owners | Elsewhere> | undefined;
  const owners = () => {
    asked ??= ownersOf(found, command);
    return asked;
  };
  const { namespace, service } = found;
  const exposed = options.metricsPort && (await exporter(service, namespace, options.metricsPort));
  return { found, owners, notifier: new Notifier(webhook, (sentence) => console.error(sentence)), exposed };
}

/**
 * Drives a rollout that is open in the record, shows how it goes, and sets the exit code by what it came to.
 *
 * @param codes exit codes that are others for this verb
 */
export async function drive(
  { found, owners, notifier, exposed }: DriverSetup,
  { store, lease }: { readonly store: RolloutStore; readonly lease: Lease },
  options: DrivingOptions,
  codes: Partial<typeof exitCodes> = {},
): Promise<void> {
  const { api, cluster, namespace, service } = found;
  const { folder, stacks } = assertRunsHere(await owners());
  const { canary, stable } = stacks;
  if (canary === undefined || stable === undefined) {
    throw new UserError(
      `${service} has no two tracks yet: run pulumi up of both stacks first, then there is one to compare with.`,
    );
  }
  const stopping = new AbortController();
  const stopListening = onInterrupt(() => {
    if (stopping.signal.aborted)
      console.error("gray ends as soon as it may: a cut that has begun is brought to its end first.");
    stopping.abort();
  });
  const view = viewOf(found, options.json === true);
  const announcer = new Announcer({ ...found, notifier });
  const reporter = combineReporters(view, announcer, exposed);
  const observer = new EvidenceMonitor({
    api,
    cluster,
    namespace,
    service,
    source: sourceOf(options, found),
    counts: { pairs: options.pair.map(({ name }) => name), atGateway: countsAtGateway(options) },
    note: view.note,
    seen(evaluation) {
      reporter.seen(evaluation);
      const { assessment, share } = evaluation;
      if (observer.evidence)
        exposed?.show(observer.evidence, assessment, share === undefined ? undefined : 100 * share);
    },
    signal: stopping.signal,
  });
  const held = { lease };
  const actuator = actuatorOf({
    assertHeld: () => held.lease.assertHeld(),
    api,
    cluster,
    namespace,
    service,
    stacks: { canary, stable },
    up: (stack, epoch, signal) =>
      up({ stack, folder, env: { GRAY_EPOCH: String(epoch) }, signal, report: view.progress }),
    evidence: () => observer.evidence,
    endpoint: { ...(options.via && { via: options.via }), ...(options.url && { url: options.url }) },
    folder: join(folder, ".gray"),
    note: view.note,
    progress: view.progress,
  });
  let end: End | undefined;
  try {
    const leavesHolding = options.stay !== true && process.stdout.isTTY !== true;
    const context = { store, actuator, observer, reporter, leavesHolding, signal: stopping.signal };
    end = await driveWithLease(context, held);
  } finally {
    stopping.abort();
    stopListening();
    await observer.end();
    await held.lease.release();
    await announcer.end(end ?? { kind: "stopped" });
    await exposed?.end();
  }
  view.end(end);
  process.exitCode = { ...exitCodes, ...codes }[end.kind];
}

/** Everybody who is told what happens: those who look on, and those who do not. */
function combineReporters(
  view: RolloutView,
  announcer: Announcer,
  exposed: Exporter | undefined,
): Pick<RolloutView, "now" | "note" | "seen"> {
  return {
    now(rollout, move) {
      view.now(rollout, move);
      announcer.now(rollout, move);
      exposed?.showRollout(rollout, move.kind === "hold");
    },
    note: view.note,
    seen(evaluation: Evaluation) {
      view.seen(evaluation);
      announcer.seen(evaluation);
    },
  };
}

/** Milliseconds for which a driver may show itself before it is asked whether the rollout can be driven from here. */
const signOfLifeMilliseconds = 1000;

/**
 * Whether a person's word on a rollout comes to anything: a driver is alive, or it can be driven from here.
 *
 * @throws Refusal if neither is so
 */
export async function assertTakesEffect({ found, owners }: DriverSetup): Promise<void> {
  let isDrivable = false;
  for await (const { sign, waited } of looks(found, (sentence) => console.error(sentence))) {
    if (sign === "alive") return;
    if (sign === "dead" || isDrivable) break;
    if (waited < signOfLifeMilliseconds) continue;
    // Both take seconds, and one is enough. What it fails by is said below, where no driver is alive.
    owners().then(
      (asked) => {
        isDrivable = !("elsewhere" in asked);
      },
      () => {},
    );
  }
  assertRunsHere(await owners());
}

/** Drives the rollout that is open from here on, or leaves that to whoever drives it. */
export async function takeOver(
  setup: DriverSetup,
  options: DrivingOptions,
  codes: Partial<typeof exitCodes> = {},
): Promise<void> {
  const { found } = setup;
  let lease: Lease;
  try {
    lease = await withRetries(() => Lease.take(found, (sentence) => console.error(sentence)));
  } catch (error) {
    if (!(error instanceof Driven)) throw error;
    const { service, namespace } = found;
    const reason = `${error.who} drives the rollout of ${service} and goes by your word: gray watch shows how.`;
    console.log(options.json ? JSON.stringify({ service, namespace, kind: "driven", reason }) : reason);
    await setup.exposed?.end();
    return;
  }
  try {
    const store = await withRetries(() =>
      RolloutStore.takeOver(found, (rollout) => assertOpen(found.service, rollout)),
    );
    await drive(setup, { store, lease }, options, codes);
  } finally {
    await lease.release();
  }
}

/** Tries again what may pass: the decision is in the record already, and users may wait for it. */
export async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let reported = false; ; reported = true) {
    try {
      return await work();
    } catch (error) {
      if (!isRetryable(error)) throw error;
      if (!reported) console.error(`${(error as Error).message} Trying again.`);
      await sleep(1000);
    }
  }
}

/** The rollout that is open. @throws Refusal if there is none */
export function assertOpen(service: string, rollout: Rollout | undefined): Rollout {
  if (rollout) return rollout;
  throw new UserError(
    `No rollout of ${service} is open: gray rollout begins one, gray history lists those that ended.`,
  );
}

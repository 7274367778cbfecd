/** What the commands that may drive a rollout have in common: their options, their setup, and driving itself. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { UserError } from "../components/user-error.ts";
import type { Evaluation } from "../evaluation/assess.ts";
import { isRetryable } from "../kubernetes/answer.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import type { DeployedService } from "../live/live.ts";
import { type Exporter, exporter } from "../observability/exporter.ts";
import { up } from "../pulumi/pulumi.ts";
import { readRecord } from "../record/record-store.ts";
import { actuatorOf } from "../rollout/actuator.ts";
import { Driven } from "../rollout/driven.ts";
import { describeEnded, type End, endOf } from "../rollout/end.ts";
import { EvidenceMonitor } from "../rollout/evidence-monitor.ts";
import { Lease } from "../rollout/lease.ts";
import { pollLease } from "../rollout/lease-watch.ts";
import { Announcer } from "../rollout/notifications/announcer.ts";
import { channelsOf } from "../rollout/notifications/channels.ts";
import { findWebhook } from "../rollout/notifications/webhook.ts";
import type { Rollout } from "../rollout/rollout.ts";
import { RolloutStore } from "../rollout/rollout-store.ts";
import { driveWithLease } from "../rollout/with-lease.ts";
import { type EndpointOptions, withEndpointOptions } from "./options/endpoint.ts";
import { type MetricsOptions, withMetricsOptions } from "./options/metrics-port.ts";
import { countsOf, type SourceOptions, sourceOf, withSourceOptions } from "./options/sources.ts";
import { type RolloutView, viewOf } from "./output/rollout-view.ts";
import { assertRunsHere, type Elsewhere, type Owners, ownersOf } from "./owners.ts";
import { findService, type ServiceOptions, withServiceOptions } from "./services.ts";
import { onInterrupt } from "./signals.ts";

/** Exit codes of a rollout, beside 1 and 2, which every command has. */
export const exitCodes: Readonly<Record<End["kind"], number>> = { promoted: 0, undone: 3, held: 4, stopped: 4 };

/** Options of a command that may drive a rollout. */
export interface DrivingOptions extends ServiceOptions, SourceOptions, MetricsOptions, EndpointOptions {
  readonly stay?: boolean;
  readonly webhookFile?: string;
  readonly json?: boolean;
}

/** Adds the options of a command that may drive a rollout. */
export function withDrivingOptions(command: Command): Command {
  return withEndpointOptions(withMetricsOptions(withSourceOptions(withServiceOptions(command))))
    .option("--stay", "wait while the rollout holds, instead of ending (always so on a terminal)")
    .option(
      "--webhook-file <path>",
      "file with the URL of a Slack-compatible webhook for notifications (default: the URL in GRAY_WEBHOOK)",
    )
    .option("--json", "print one JSON object per event and line");
}

/** What a command needs to drive a rollout. */
export interface DriverSetup {
  readonly found: DeployedService;
  /** The stacks that own the service. Read once, and only if this process may have to drive. */
  readonly owners: () => Promise<Owners | Elsewhere>;
  /** Announces the rollout, by Events and by the webhook. */
  readonly announcer: Announcer;
  /** Serves the evidence to Prometheus; undefined without `--metrics-port`. */
  readonly exposed: Exporter | undefined;
}

/**
 * Finds the service, opens the metrics port and reads the webhook, before anything is changed.
 *
 * @param command as the user types it, e.g. `gray resume`
 * @throws UserError if one of them fails
 */
export async function setUpDriver(options: DrivingOptions, command: string): Promise<DriverSetup> {
  // First of all, because it removes the URL from the environment that child processes inherit.
  const url = findWebhook(options.webhookFile);
  const found = await findService(options);
  let asked: Promise<Owners | Elsewhere> | undefined;
  const owners = () => {
    asked ??= ownersOf(found, command);
    return asked;
  };
  const { namespace, service } = found;
  const exposed = options.metricsPort && (await exporter(service, namespace, options.metricsPort));
  const notifiers = channelsOf(found, url, (sentence) => console.error(sentence));
  const announcer = new Announcer({ service, namespace, notifiers });
  return { found, owners, announcer, exposed };
}

/**
 * Drives the open rollout, prints its progress, and sets the exit code by how it ended.
 *
 * @param codes exit codes of this command that differ from {@link exitCodes}
 * @throws UserError if this is not the folder of the project, or the service lacks a track
 */
export async function drive(
  { found, owners, announcer, exposed }: DriverSetup,
  { store, lease }: { readonly store: RolloutStore; readonly lease: Lease },
  options: DrivingOptions,
  codes: Partial<typeof exitCodes> = {},
): Promise<void> {
  const { service } = found;
  const { folder, stacks } = assertRunsHere(await owners());
  const { canary, stable } = stacks;
  if (canary === undefined || stable === undefined) {
    throw new UserError(
      `${service} has only one track so far, and a rollout needs both: run pulumi up of each stack first.`,
    );
  }
  const stopping = new AbortController();
  const stopListening = onInterrupt(() => {
    if (stopping.signal.aborted)
      console.error("gray ends as soon as possible: it first completes a traffic cutoff that has begun.");
    stopping.abort();
  });
  const view = viewOf({ ...found, context: options.context }, options.json === true);
  const reporter = combineReporters(view, announcer, exposed);
  const observer = new EvidenceMonitor({
    ...found,
    source: sourceOf(options, found),
    counts: countsOf(options),
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
    ...found,
    assertHeld: () => held.lease.assertHeld(),
    stacks: { canary, stable },
    up: (stack, epoch, signal, progressed) =>
      up({ stack, folder, env: { GRAY_EPOCH: String(epoch) }, signal, report: view.progress, progressed }),
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

/** One reporter for the view, the notifications and the metrics. */
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

/** Milliseconds to wait for a sign of life of the driver before checking whether this process can drive the rollout. */
const signOfLifeMilliseconds = 1000;

/**
 * Whether the command can take effect: a driver is alive, or this process can drive.
 *
 * @throws UserError if neither holds
 */
export async function assertTakesEffect({ found, owners }: DriverSetup): Promise<void> {
  let isDrivable = false;
  for await (const { sign, waited } of pollLease(found, (sentence) => console.error(sentence))) {
    if (sign === "alive") return;
    if (sign === "dead" || isDrivable) break;
    if (waited < signOfLifeMilliseconds) continue;
    // Both checks take seconds and one success is enough. If no driver is alive, a failure here is thrown below.
    owners().then(
      (asked) => {
        isDrivable = !("elsewhere" in asked);
      },
      () => {},
    );
  }
  assertRunsHere(await owners());
}

/** The rollout ended before this command could take it over. */
class Over extends Error {}

/**
 * Becomes the driver of the open rollout, or leaves it to the driver that is alive. If that one has ended the rollout in the meantime, it says how.
 *
 * @param decided the rollout that the command has decided about
 */
export async function takeOver(
  setup: DriverSetup,
  options: DrivingOptions,
  decided: Pick<Rollout, "release" | "began">,
  codes: Partial<typeof exitCodes> = {},
): Promise<void> {
  const { found } = setup;
  let lease: Lease;
  try {
    lease = await withRetries(() => Lease.take(found, (sentence) => console.error(sentence)));
  } catch (error) {
    if (!(error instanceof Driven)) throw error;
    const { service, namespace } = found;
    const reason = `${error.who} is driving the rollout of ${service} and will apply your command: follow it with gray watch -n ${namespace} --service ${service}.`;
    console.log(options.json ? JSON.stringify({ service, namespace, kind: "driven", reason }) : reason);
    await setup.exposed?.end();
    return;
  }
  try {
    const store = await withRetries(() =>
      RolloutStore.takeOver(found, (rollout) => {
        if (rollout?.began !== decided.began) throw new Over();
        return rollout;
      }),
    );
    await drive(setup, { store, lease }, options, codes);
  } catch (error) {
    if (!(error instanceof Over)) throw error;
    await reportEnd(setup, options, decided, codes);
  } finally {
    await lease.release();
  }
}

/** Reports how a rollout ended that another driver has ended, with its exit code. */
async function reportEnd(
  { found, exposed }: DriverSetup,
  { json }: DrivingOptions,
  decided: Pick<Rollout, "release" | "began">,
  codes: Partial<typeof exitCodes>,
): Promise<void> {
  await exposed?.end();
  const reading = await withRetries(() => readRecord(found));
  const ended = reading.kind === "read" ? endOf(decided, reading.record) : undefined;
  if (!ended) return void assertOpen(found, undefined);
  const { service, namespace } = found;
  const reason = describeEnded(ended);
  const { release, outcome: end } = ended;
  console.log(json ? JSON.stringify({ service, namespace, kind: "end", release, end, reason }) : reason);
  process.exitCode = { ...exitCodes, ...codes }[end === "superseded" ? "held" : end];
}

/** Retries while the API server is unavailable, because the decision must reach the record, and users may wait for it. */
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

/** The open rollout. @throws UserError if there is none */
export function assertOpen({ service, namespace }: ServiceHandle, rollout: Rollout | undefined): Rollout {
  if (rollout) return rollout;
  throw new UserError(
    `No rollout of ${service} is open: start one with gray rollout -n ${namespace} --service ${service}, or list those that ended with gray history -n ${namespace} --service ${service}.`,
  );
}

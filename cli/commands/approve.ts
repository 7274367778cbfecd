import { Command } from "commander";
import { stackAnnotation } from "../../components/names.ts";
import { UserError } from "../../components/user-error.ts";
import { writeEvents } from "../../kubernetes/event.ts";
import type { ServiceHandle } from "../../kubernetes/service-handle.ts";
import { type DeployedService, runs } from "../../live/live.ts";
import type { RolloutRecord, Verdict } from "../../record/record.ts";
import { changeRecord, readRecord } from "../../record/record-store.ts";
import { asksToBegin, type Decision, rolloutIn } from "../../rollout/rollout.ts";
import { recordDecision } from "../../rollout/rollout-store.ts";
import { stepOf } from "../../rollout/timeline.ts";
import { decisionFor } from "../decision.ts";
import { assertOpen } from "../driving.ts";
import { reasonOption } from "../options/reason.ts";
import { type BrokenOptions, brokenOption } from "../options/stable-is-broken.ts";
import { shortName } from "../output/changes.ts";
import { findService, releasesSeen, type ServiceOptions, withServiceOptions } from "../services.ts";

interface Options extends ServiceOptions, BrokenOptions {
  readonly reason: string;
  readonly json?: boolean;
}

/**
 * `gray approve <release>`: writes the user's good verdict, with name and reason, into the record. If the rollout waits for
 * approval of a step before `full`, it approves that step only, and the evidence still decides about the release.
 */
export function approveCommand(): Command {
  return withServiceOptions(new Command("approve"))
    .summary("judge a release good, or approve its next step")
    .description(
      "Prints the evidence on a release and judges the release good, so that stable may run it. If its rollout waits for approval of a step before the last one, only that step is approved. With --stable-is-broken the release is not judged: its own rates decide in its rollout.",
    )
    .argument("<release>", "id of the release, as in gray status")
    .addOption(reasonOption())
    .addOption(brokenOption())
    .option("--json", "print the verdict as JSON")
    .action(approve);
}

async function approve(release: string, options: Options): Promise<void> {
  const found = await findService(options);
  const { api, namespace, service } = found;
  const [decision, record, seenReleases] = await Promise.all([
    decisionFor(api, options.reason),
    readRecord(found),
    releasesSeen(found),
  ]);
  // The first step of a rollout may wait for approval before any pod runs the release.
  const openRelease = record.kind === "read" ? record.record.open?.release : undefined;
  const seen = [...new Set([...seenReleases, ...(openRelease === undefined ? [] : [openRelease])])];
  if (!seen.includes(release)) {
    throw new UserError(
      `${service} has never run release ${release}: approve one of ${seen.join(", ") || "those that canary has run"}.`,
    );
  }
  assertNoOtherRollout(found, record.kind === "read" ? record.record : {}, release);
  if (options.stableIsBroken) return decideBroken(found, release, decision, options.json === true);
  if (!options.json)
    console.log(evidenceSentence(release, record.kind === "read" ? record.record.verdicts[release] : undefined));
  const { by } = decision;
  const verdict: Verdict = { verdict: "good", ...decision };
  let former: Verdict | undefined;
  let step: string | undefined;
  await changeRecord(found, (before) => {
    assertNoOtherRollout(found, before, release);
    const rollout = before.open?.release === release ? rolloutIn(service, before) : undefined;
    step = rollout && asksToBegin(rollout) ? stepOf(rollout) : undefined;
    if (before.open && step !== undefined) return { ...before, open: { ...before.open, approved: decision } };
    former = before.verdicts[release];
    const approved = { ...verdict, ...(former?.evidence && { evidence: former.evidence }) };
    // Approving an undone release means to run it again, so that no other release may replace it.
    const { [release]: _, ...replacedBy } = before.replacedBy ?? {};
    const verdicts = { ...before.verdicts, [release]: approved };
    const open = before.open?.release === release ? { ...before.open, approved: decision } : undefined;
    return { ...before, verdicts, ...(before.replacedBy && { replacedBy }), ...(open && { open }) };
  });
  if (step !== undefined) {
    const message = `${step} of release ${release} was approved (${by}: ${options.reason})`;
    await writeEvents(found, { type: "Normal", reason: "StepApproved", message });
    if (options.json) console.log(JSON.stringify({ service, namespace, release, step, ...decision }));
    else
      console.log(
        `${service} in ${namespace}: ${step}, is approved by ${by}. Next: gray resume -n ${namespace} --service ${service}, unless a driver is waiting for the approval`,
      );
    return;
  }
  const overruled = former?.verdict === "bad" ? `${former.by}: ${former.reason}` : undefined;
  const message = `release ${release} was judged good (${by}: ${options.reason})`;
  await writeEvents(found, { type: "Normal", reason: "ReleaseApproved", message });
  if (options.json) {
    console.log(JSON.stringify({ service, namespace, release, ...verdict, ...(overruled && { overruled }) }));
    return;
  }
  if (overruled) console.log(`This overrules an earlier bad verdict (${overruled}).`);
  console.log(
    `${service} in ${namespace}: release ${release} is judged good by ${by}. ${nextStep(found, release, openRelease)}`,
  );
}

/** Writes into the open rollout that stable is broken, so that canary's own rates decide. */
async function decideBroken(found: DeployedService, release: string, decision: Decision, json: boolean): Promise<void> {
  const { service, namespace } = found;
  await recordDecision(found, (rollout) => {
    const open = assertOpen(found, rollout);
    if (open.release !== release) assertNoOtherRollout(found, { open }, release);
    return { open: { ...open, stableIsBroken: decision } };
  });
  const message = `stable is broken, so release ${release} goes on by its own rates (${decision.by}: ${decision.reason})`;
  await writeEvents(found, { type: "Normal", reason: "StableDecidedBroken", message });
  console.log(
    json
      ? JSON.stringify({ service, namespace, release, stableIsBroken: decision })
      : `${service} in ${namespace}: ${message}. Next: gray resume -n ${namespace} --service ${service}, unless a driver is waiting for the approval`,
  );
}

/** What the user can do after a good verdict. @param openRelease the release whose rollout is open */
function nextStep(
  { service, namespace, deployments: { stable } }: DeployedService,
  release: string,
  openRelease: string | undefined,
): string {
  if (openRelease === release)
    return `Next: gray resume -n ${namespace} --service ${service}, unless a driver is waiting for the approval`;
  if (stable && runs(stable, release)) return "Stable already runs it";
  const stack = stable?.metadata.annotations?.[stackAnnotation];
  return `Next: ${stack ? `pulumi up --stack ${shortName(stack)}` : "pulumi up of the stack that owns stable"}`;
}

/** @throws UserError if a rollout of another release is open: stable takes only the release of the open rollout */
function assertNoOtherRollout(
  { service, namespace }: ServiceHandle,
  { open }: Pick<RolloutRecord, "open">,
  release: string,
): void {
  if (open === undefined || open.release === release) return;
  throw new UserError(
    `A rollout of ${open.release} of ${service} is open, so release ${release} cannot be approved: approve ${open.release}, or end its rollout first with gray abort --reason "…" -n ${namespace} --service ${service}.`,
  );
}

/** The stored evidence on a release, for the user who is about to judge it. */
function evidenceSentence(release: string, { evidence }: Partial<Verdict> = {}): string {
  if (!evidence) return `There is no evidence on release ${release}; gray verify gathers some.`;
  return `Evidence on release ${release}: ${evidence.verdict}, ${evidence.reason}.`;
}

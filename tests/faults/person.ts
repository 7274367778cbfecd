import { UserError } from "../../components/user-error.ts";
import { cutOffNow } from "../../cutoff/cutoff.ts";
import { whoAmI } from "../../kubernetes/who.ts";
import { readDeployment, releaseOf } from "../../live/live.ts";
import type { RolloutRecord, Verdict } from "../../record/record.ts";
import { changeRecord, readRecord } from "../../record/record-store.ts";
import { asksToBegin, atLastStep, type Rollout, resumed, rolloutIn } from "../../rollout/rollout.ts";
import { recordDecision } from "../../rollout/rollout-store.ts";
import { untilCutOff } from "../../rollout/user-cutoff.ts";
import { begin, type Process, takeOver } from "./driver.ts";
import { type Decision, type History, releases } from "./history.ts";
import { service, webOf } from "./site.ts";

/** A person's command, from its beginning to the end of what it drives. Never rejects. */
export async function decide(process: Process, decision: Decision, by: string): Promise<void> {
  const { actor, tell: told, now } = process;
  const reason = `${by} says so at ${Math.round(now())} ms`;
  const say = (is: "asked" | "acknowledged" | "refused", why = reason) =>
    told({ kind: "decision", by: actor.name, decision, is, reason: why });
  say("asked");
  try {
    if (decision === "supersede") return await supersede(process, by);
    await whoAmI(process.api);
    await verbs[decision](process, { by, reason, at: new Date().toISOString() });
    say("acknowledged");
    const note = (sentence: string) => told({ kind: "note", by: actor.name, sentence });
    if (decision === "abort") await untilCutOff(() => cutOffNow(of(process), note), note);
  } catch (error) {
    return say("refused", (error as Error).message);
  }
  if (decision !== "pause" && decision !== "approve") await takeOver(process, assertOpen);
}

type Said = { readonly by: string; readonly reason: string; readonly at: string };
type Verb = (process: Process, word: Said) => Promise<void>;

const of = ({ api }: Process) => webOf(api);

/** What each verb of `gray` writes. */
const verbs: Record<Exclude<Decision, "supersede">, Verb> = {
  pause: (process, paused) => recordDecision(of(process), (rollout) => ({ open: { ...assertOpen(rollout), paused } })),
  resume: (process) => recordDecision(of(process), (rollout) => ({ open: resumed(assertOpen(rollout), Date.now()) })),
  abort: (process, rollbackRequested) =>
    recordDecision(of(process), (rollout) => {
      const open = assertOpen(rollout);
      return { open: { ...open, rollbackRequested: open.rollbackRequested ?? rollbackRequested } };
    }),
  promote: (process, word) =>
    recordDecision(of(process), (rollout, { verdicts }) => {
      const open = assertOpen(rollout);
      if (open.rollbackRequested) throw new UserError("It rolls back already.");
      const verdict: Verdict = { ...verdicts[open.release], verdict: "good", ...word };
      return { open: atLastStep(open, word), verdicts: { ...verdicts, [open.release]: verdict } };
    }),
  async approve(process, word) {
    await changeRecord(of(process), (before) => {
      const rollout = assertOpen(rolloutIn(service, before));
      const open = { ...rollout, approved: word };
      if (asksToBegin(rollout)) return { ...before, open };
      const verdict: Verdict = { verdict: "good", ...word };
      return { ...before, open, verdicts: { ...before.verdicts, [rollout.release]: verdict } };
    });
  },
};

export function assertOpen(rollout: Rollout | undefined): Rollout {
  if (rollout === undefined) throw new UserError("No rollout is open.");
  return rollout;
}

/** `gray rollout --supersede` of release c. */
async function supersede(process: Process, by: string): Promise<void> {
  const { api, history } = process;
  const [stable, reading] = await Promise.all([readDeployment(webOf(api), "stable"), readRecord(webOf(api))]);
  const from = releaseOf(stable) ?? releases.a;
  const record = reading.kind === "read" ? reading.record : undefined;
  if (record?.open === undefined || record.open.release === releases.c) throw new UserError("Nothing is to supersede.");
  await begin(process, rolloutOf(history, releases.c, from, by), true);
}

/** What `gray rollout` writes as the beginning of a rollout. */
export function rolloutOf({ steps }: History, release: string, from: string, by: string) {
  return (epoch: number, _: RolloutRecord): Rollout => ({
    ...{ epoch, release, from, by, steps: [...steps], step: 0, weight: 0 },
    began: new Date().toISOString(),
    runs: { canary: from, stable: from },
  });
}

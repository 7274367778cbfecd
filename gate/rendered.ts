import { existsSync, readFileSync, writeFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { Release } from "../components/release.ts";
import { mapOf, understand } from "../components/schema.ts";
import { UserError } from "../components/user-error.ts";
import type { RecordReading } from "../record/record.ts";
import { supposedBy } from "../record/verdict-age.ts";
import { keptRelease, type StackStates } from "./stack-state.ts";

/**
 * Where canary's preview leaves what it would run, so that stable's preview is about the same: the path in GRAY_RENDERED; undefined
 * where nobody asks for that.
 *
 * @throws Refusal in `up`, which takes what canary runs and nothing else
 */
export function renderedFile(): string | undefined {
  const path = process.env.GRAY_RENDERED;
  if (path !== undefined && !pulumi.runtime.isDryRun()) {
    throw new UserError(
      `GRAY_RENDERED is for previews, and stable runs only what canary has run: unset it, then run pulumi up.`,
    );
  }
  return path;
}

/** @param key of the service, as of its memory */
export function leaveRelease(path: string, key: string, release: Release): void {
  writeFileSync(path, JSON.stringify({ ...readAll(path), [key]: release }), { mode: 0o600 });
}

/** The release that canary's preview left; undefined where it left none. @throws Refusal if it cannot be understood */
export function leftRelease(path: string, key: string): Release | undefined {
  return readAll(path)[key];
}

/**
 * What a stack would find when the release is about to come, for a preview of that.
 *
 * 1. No rollout is open: what is previewed comes after it, or ends it.
 * 2. Where canary's preview left a release, canary has run it.
 * 3. It is good, because nobody has tried it yet; one that is judged already stays so.
 */
export function supposed(
  coming: Release | undefined,
  stackStates: StackStates,
  reading: RecordReading,
): { stackStates: StackStates; record: RecordReading } {
  const history = coming && [coming, ...stackStates.history.filter(({ id }) => id !== coming.id)];
  const ahead = history ? { ...stackStates, canaryRuns: coming.id, history } : stackStates;
  if (reading.kind !== "read") return { stackStates: ahead, record: reading };
  const { open: _, ...record } = reading.record;
  const judged = coming === undefined || ["good", "bad"].includes(record.verdicts[coming.id]?.verdict ?? "");
  const good = { verdict: "good", by: supposedBy, reason: "supposed", at: new Date(0).toISOString() } as const;
  const verdicts = judged ? record.verdicts : { ...record.verdicts, [coming.id]: good };
  return { stackStates: ahead, record: { ...reading, record: { ...record, verdicts } } };
}

function readAll(path: string): Record<string, Release> {
  if (!existsSync(path)) return {};
  try {
    return understand(mapOf(keptRelease), JSON.parse(readFileSync(path, "utf8"))) as Record<string, Release>;
  } catch (error) {
    throw new UserError(
      `The file ${path} of GRAY_RENDERED cannot be understood (${(error as Error).message}): remove it.`,
    );
  }
}

/** Passes the release of canary's preview to stable's preview, so that `gray plan` can show a whole rollout. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { Release } from "../components/release.ts";
import { mapOf, understand } from "../components/schema.ts";
import { UserError } from "../components/user-error.ts";
import type { RecordReading } from "../record/record.ts";
import { assumedBy } from "../record/verdict-age.ts";
import { type StackStates, wholeRelease } from "./stack-state.ts";

/**
 * The file for the release of canary's preview: the path in GRAY_RENDERED.
 *
 * @returns undefined if the variable is not set
 * @throws UserError in `up`, because stable runs only a release that canary has run
 */
export function renderedFile(): string | undefined {
  const path = process.env.GRAY_RENDERED;
  if (path !== undefined && !pulumi.runtime.isDryRun()) {
    throw new UserError(
      `GRAY_RENDERED is set in the environment, and gray sets it only for its own previews: unset it, then run pulumi up.`,
    );
  }
  return path;
}

/** Writes the release that canary would run. @param key the key of the service */
export function writeRendered(path: string, key: string, release: Release): void {
  writeFileSync(path, JSON.stringify({ ...readAll(path), [key]: release }), { mode: 0o600 });
}

/** Reads the release that canary would run; undefined if there is none. @throws UserError if the file cannot be understood */
export function readRendered(path: string, key: string): Release | undefined {
  return readAll(path)[key];
}

/**
 * The state that a stack will find when the release reaches it, for a preview of that moment.
 *
 * 1. No rollout is open, because the previewed change follows the open rollout or ends it.
 * 2. If canary's preview wrote a release, canary has run it.
 * 3. That release is assumed good if it has no verdict yet; a verdict that exists stays.
 */
export function assumeReleased(
  coming: Release | undefined,
  stackStates: StackStates,
  reading: RecordReading,
): { stackStates: StackStates; record: RecordReading } {
  const history = coming && [coming, ...stackStates.history.filter(({ id }) => id !== coming.id)];
  const ahead = history ? { ...stackStates, canaryRuns: coming.id, history } : stackStates;
  if (reading.kind !== "read") return { stackStates: ahead, record: reading };
  const { open: _, ...record } = reading.record;
  const judged = coming === undefined || ["good", "bad"].includes(record.verdicts[coming.id]?.verdict ?? "");
  const good = { verdict: "good", by: assumedBy, reason: "assumed", at: new Date(0).toISOString() } as const;
  const verdicts = judged ? record.verdicts : { ...record.verdicts, [coming.id]: good };
  return { stackStates: ahead, record: { ...reading, record: { ...record, verdicts } } };
}

function readAll(path: string): Record<string, Release> {
  if (!existsSync(path)) return {};
  try {
    return understand(mapOf(wholeRelease), JSON.parse(readFileSync(path, "utf8"))) as Record<string, Release>;
  } catch (error) {
    throw new UserError(
      `The file ${path} of GRAY_RENDERED cannot be understood (${(error as Error).message}): remove the file, and unset GRAY_RENDERED, which gray sets itself where it needs it.`,
    );
  }
}

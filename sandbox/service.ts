/**
 * Keeps one component running: started when it does not live, restarted when what it would run has changed since it was
 * started, left alone otherwise.
 */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { componentMembers, joining } from "./cgroup.ts";
import { componentPath } from "./components/all.ts";
import type { Component, ComponentName } from "./components/component.ts";
import { readIfThere, readJson, writeFile } from "./file.ts";
import { inNamespaces } from "./namespaces.ts";
import type { Places } from "./places.ts";
import { answers } from "./probe.ts";
import { Problem } from "./problem.ts";
import { type Identity, identify, isIdentity, lives, startDetached, stop } from "./process.ts";
import type { Site } from "./site.ts";
import { until } from "./wait.ts";

export interface Running extends Identity {
  readonly fingerprint: string;
}

function recordPath(at: Places, name: ComponentName): string {
  return join(at.run, "processes", `${name}.json`);
}

export function logPath(at: Places, name: ComponentName): string {
  return join(at.state, "logs", `${name}.log`);
}

/** The component's process, if it lives. */
export function running(at: Places, name: ComponentName): Running | undefined {
  const record = readJson(recordPath(at, name));
  if (!isIdentity(record) || !lives(record)) return undefined;
  const fingerprint = "fingerprint" in record ? String(record.fingerprint) : "";
  return { ...record, fingerprint };
}

/** Equal fingerprints: a restart would change nothing. */
export function fingerprint(component: Component): string {
  const { command, files, environment } = component;
  const content = JSON.stringify([command, files, ...(environment ? [environment] : [])]);
  return createHash("sha256").update(content).digest("hex").slice(0, 12);
}

/** Says whether it had to start it. */
export async function ensureRunning(component: Component, site: Site): Promise<boolean> {
  const at = site.places;
  const wanted = fingerprint(component);
  for (const [path, content] of Object.entries(component.files)) writeFile(path, content);
  const now = running(at, component.name);
  if (now?.fingerprint === wanted) return false;
  if (now) await stop(now);
  await endStrays(component);
  rmSync(recordPath(at, component.name), { force: true });
  const [command, ...args] = [...joining(component.name), ...inNamespaces(at, component.command)];
  const environment = { PATH: componentPath(site), HOME: at.state, ...component.environment };
  const identity = startDetached(command ?? "/bin/sh", args, logPath(at, component.name), environment);
  writeFile(recordPath(at, component.name), JSON.stringify({ ...identity, fingerprint: wanted }));
  return true;
}

/** An `up` that was killed between starting a process and recording it leaves a process that is in no record. */
async function endStrays(component: Component): Promise<void> {
  for (const pid of readIfThere(componentMembers(component.name))?.split("\n").filter(Boolean).map(Number) ?? []) {
    const command = readIfThere(`/proc/${pid}/cmdline`)?.split("\0")[0];
    const stray = command === component.command[0] ? identify(pid) : undefined;
    if (stray) await stop(stray);
  }
}

const PATIENCE_SECONDS = 60;

/** Gives up at once when the component, or one that it needs, has ended. */
export async function awaitReady(
  component: Component,
  at: Places,
  needs: readonly ComponentName[] = [],
): Promise<void> {
  await until(() => answers(component.ready()), {
    what: `${component.name} to become ready`,
    seconds: PATIENCE_SECONDS,
    check: () => {
      for (const name of [...needs, component.name]) requireLiving(at, name);
    },
    onTimeout: () => diagnostics(at, component.name),
  });
}

export function requireLiving(at: Places, name: ComponentName): void {
  if (!running(at, name)) throw new Problem(`${name} ended right after its start: ${diagnostics(at, name)}`);
}

/** The end of a component's log, and where the rest is. */
export function diagnostics(at: Places, name: ComponentName): string {
  const log = logPath(at, name);
  const lines = (readIfThere(log) ?? "").trimEnd().split("\n").slice(-8);
  return `the last lines of ${log} are\n  ${lines.join("\n  ")}`;
}

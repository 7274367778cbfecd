/** Whose sandbox this is: there is one a machine, and the checkout that brought it up owns it until `down`. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readJson, writeFile } from "./file.ts";
import type { Link } from "./link.ts";
import type { Places } from "./places.ts";
import { Problem } from "./problem.ts";

export interface Owner {
  readonly checkout: string;
  readonly state: string;
  readonly link: Link;
  readonly since: string;
}

export const OWNER_NOTE = "owner.json";

/** In the state, to outlive a reboot; in the run folder, to be found whatever GRAY_SANDBOX_DIR says. */
function ownerFiles(at: Places): [string, string] {
  return [join(at.run, OWNER_NOTE), join(at.state, OWNER_NOTE)];
}

export function readOwner(at: Places): Owner | undefined {
  return ownerFiles(at).map(readJson).find(isOwner);
}

export function writeOwner(at: Places, owner: Owner): void {
  for (const file of ownerFiles(at)) writeFile(file, `${JSON.stringify(owner, null, 2)}\n`);
}

function isOwner(value: unknown): value is Owner {
  if (typeof value !== "object" || value === null) return false;
  const { checkout, state, link } = value as Partial<Record<keyof Owner, unknown>>;
  return typeof checkout === "string" && typeof state === "string" && typeof link === "object" && link !== null;
}

/** The places of the sandbox that is there, whichever checkout and GRAY_SANDBOX_DIR made it. */
export function standingPlaces(at: Places): Places {
  const owner = readOwner(at);
  if (owner === undefined) throw new Problem("there is no sandbox here: start one with `npm run sandbox -- up`");
  return { ...at, state: owner.state };
}

/**
 * Why this checkout may not bring the sandbox up, or undefined.
 *
 * 1. No checkout owns it, or this one does, in the same folder: it may.
 * 2. The owner's checkout is gone from the disk: it may, and becomes the owner.
 * 3. Otherwise it may not, and the sentence says how to use or end what is there.
 */
export function claimRefusal(
  owner: Owner | undefined,
  at: Places,
  exists: (path: string) => boolean,
): string | undefined {
  if (owner === undefined || !exists(owner.checkout)) return undefined;
  const sandbox = `a sandbox that ${owner.checkout} brought up is there, in ${owner.state}`;
  if (owner.checkout !== at.checkout) {
    return `${sandbox}: use it as it is with \`eval "$(npm run --silent sandbox env)"\`, or end it with \`npm run sandbox -- down\``;
  }
  if (owner.state !== at.state)
    return `${sandbox}: unset GRAY_SANDBOX_DIR to use it, or end it with \`npm run sandbox -- down\``;
  return undefined;
}

/** `down` deletes the state folder, so `up` takes none that holds something of somebody else's. */
export function requireClaim(at: Places): Owner | undefined {
  const owner = readOwner(at);
  const refusal = claimRefusal(owner, at, existsSync);
  if (refusal !== undefined) throw new Problem(refusal);
  if (owner?.state !== at.state && existsSync(at.state) && readdirSync(at.state).length > 0) {
    throw new Problem(
      `${at.state} is not empty and no sandbox: set GRAY_SANDBOX_DIR to a folder of its own, or empty this one`,
    );
  }
  return owner;
}

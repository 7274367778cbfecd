/** What stands in the way of an `up` on account of Secrets, and what it warns of. Pure. */

import type { Release } from "../components/release.ts";
import { otherId } from "../components/secret-args.ts";
import { type SecretSpec, secretReferences, secretsRequired } from "../components/secret-references.ts";
import { type Track, tracks } from "../components/traffic.ts";
import type { Live } from "../live/live.ts";
import type { Observation } from "./observation.ts";
import type { LiveSecrets } from "./secrets.ts";

/**
 * Why the Secrets refuse an `up`: one that a release needs is gone, if a track changes to it, or a shared one would lose a key that pods of a track
 * need.
 *
 * @param releases the releases of the tracks that this stack owns
 * @param running the ids of the releases that the tracks run
 * @returns a sentence for the user; undefined if nothing is refused
 */
export function secretRefusal(
  { service, secrets, live }: Pick<Observation, "service" | "secrets" | "live">,
  releases: Tracks<Release>,
  running: Tracks<string>,
): string | undefined {
  return (
    goneRefusal(service, secrets.gone, releases, running) ?? lostKeyRefusal(service, secrets.sharedKeys, releases, live)
  );
}

/**
 * What is to be told of the Secrets of releases in the history and of the key of their names.
 *
 * @param running the ids of the releases that the tracks run, or change to
 */
export function secretWarnings(
  { service, secrets, stack, isPreview }: Pick<Observation, "service" | "secrets" | "stack" | "isPreview">,
  history: readonly Release[],
  running: Tracks<string>,
): string[] {
  return [
    ...(secrets.isKeyLost ? [keyLostWarning(service, stack.fullName)] : []),
    ...(secrets.isKeyNew && isPreview ? [newKeyWarning(service)] : []),
    ...goneWarnings(service, secrets.gone, history, running),
    ...lostKeyWarnings(service, secrets.sharedKeys, history),
  ];
}

/**
 * Why a track cannot change to its release: a Secret that its pods need is gone.
 *
 * @param running the ids of the releases that the tracks run
 * @returns a sentence for the user; undefined if all tracks can
 */
function goneRefusal(
  service: string,
  gone: readonly string[],
  releases: Tracks<Release>,
  running: Tracks<string>,
): string | undefined {
  for (const track of tracks) {
    const release = releases[track];
    const name = release && goneOf(release, gone);
    if (name === undefined || running[track] === release?.id) continue;
    return `${service} ${track}: release ${release?.id} is refused, because its pods need Secret ${name}, which is gone, and no release holds its values: ${remedy}`;
  }
  return undefined;
}

/**
 * Why a shared Secret cannot lose a key: pods of a track need it after this run, and it changes for them at once.
 *
 * @param keys the keys of the shared Secrets
 * @param releases the releases of the tracks that this stack owns
 * @returns a sentence for the user; undefined if all keys stay
 */
function lostKeyRefusal(
  service: string,
  keys: LiveSecrets["sharedKeys"],
  releases: Tracks<Release>,
  live: Live,
): string | undefined {
  for (const track of tracks) {
    const { template } = releases[track] ?? live.deployments[track]?.spec ?? {};
    const lost = template && lostKeyOf(keys, template.spec);
    if (!lost) continue;
    return `${service}: Secret ${lost.name} would lose its key ${lost.key}, and the pods of ${track} need it: keep the key in secrets with its value, at least until no track runs a release that needs it.`;
  }
  return undefined;
}

/** The warnings of releases in the history that need a key which a shared Secret does not have any more. */
function lostKeyWarnings(service: string, keys: LiveSecrets["sharedKeys"], history: readonly Release[]): string[] {
  return history.flatMap(({ id, template }) => {
    const lost = lostKeyOf(keys, template.spec);
    return lost
      ? [
          `${service}: Secret ${lost.name} has no key ${lost.key}, which release ${id} needs: add it again before a track returns to that release.`,
        ]
      : [];
  });
}

/** The first key of a shared Secret that pods with this spec need and that it will not have. */
function lostKeyOf(keys: LiveSecrets["sharedKeys"], spec: SecretSpec) {
  for (const reference of secretReferences(spec)) {
    const known = keys[reference.name];
    const key = reference.isOptional ? undefined : reference.keys.find((each) => known?.includes(each) === false);
    if (key !== undefined) return { name: reference.name, key };
  }
  return undefined;
}

/** The warnings of releases whose Secret is gone: those that tracks run, and those in the history. */
function goneWarnings(
  service: string,
  gone: readonly string[],
  history: readonly Release[],
  running: Tracks<string>,
): string[] {
  return history.flatMap((release) => {
    const name = goneOf(release, gone);
    if (name === undefined) return [];
    const isRunning = Object.values(running).includes(release.id);
    const effect = isRunning ? "no new pod of it can start" : "no track can return to it";
    return [`${service}: Secret ${name} of release ${release.id} is gone, so ${effect}: ${remedy}`];
  });
}

/** The warning if the key of the names is lost. */
function keyLostWarning(service: string, stack: string): string {
  return `${service}: the state of stack ${stack} has lost the key of the versioned Secrets, so they get new names, and the release a new id, even with the same values: restore the state with pulumi stack import to keep the names.`;
}

/** The warning of a preview whose key is not the one that `up` will make. */
function newKeyWarning(service: string): string {
  return `${service}: pulumi up makes the key of the versioned Secrets, so it gives the release ${otherId}.`;
}

type Tracks<T> = Partial<Record<Track, T>>;

const remedy = "restore the Secret, or describe the release again with the same values.";

function goneOf({ template }: Release, gone: readonly string[]): string | undefined {
  return secretsRequired([template.spec]).find((name) => gone.includes(name));
}

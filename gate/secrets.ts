/** The Secrets of a service: which the program describes, which stay, and which are gone. */

import type * as pulumi from "@pulumi/pulumi";
import { ownerAnnotation, serviceLabel } from "../components/names.ts";
import type { Release } from "../components/release.ts";
import { isVersionedName, otherId, type SecretArgs } from "../components/secret-args.ts";
import { readSecrets, type SecretContents, secretNames } from "../components/secret-content.ts";
import { type SecretSpec, secretReferences } from "../components/secret-references.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import { type Track, tracks } from "../components/traffic.ts";
import { UserError } from "../components/user-error.ts";
import type { PartialObject } from "../kubernetes/objects/metadata.ts";
import { listPath, objectPath } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { unlessForbidden } from "../kubernetes/unless-forbidden.ts";
import type { Live, PodSpecsInUse } from "../live/live.ts";
import { secretKeyOf } from "./secret-key.ts";
import { ownSecretNames } from "./stack-state.ts";

/** The Secrets of a service, by their names in the cluster. No value of one is here. */
export interface LiveSecrets {
  /** Those of the arguments, by their names there. */
  readonly described: Readonly<Record<string, string>>;
  /** The keys of the shared ones of the arguments, by their names in the cluster, as far as their values are known. Empty if this stack does not own canary. */
  readonly sharedKeys: Readonly<Record<string, readonly string[]>>;
  /** The live ones of this service. Empty if this stack does not own canary. */
  readonly live: readonly string[];
  /** Those of `live` that must not be deleted, whatever the history needs. */
  readonly inUse: readonly string[];
  /** Those that releases need and that do not exist, without those that the program describes. */
  readonly gone: readonly string[];
  /** Whether the key of the names is lost: there are versioned ones, and this run made a key. */
  readonly isKeyLost: boolean;
  /** Whether this run made the key, and a name of the arguments needs it. */
  readonly isKeyNew: boolean;
}

/** The Secrets, and the resource that holds the key of their names. Absent if no name needs one, and under mocks. */
interface WithKey<T> {
  readonly secrets: T;
  readonly secretKeyStash?: pulumi.Resource;
}

/** What the Secrets are read for. */
interface Reading {
  readonly of: ServiceHandle;
  readonly args: ServiceArgs;
  /** The name of the component in the program, and its former names. */
  readonly resource: string;
  readonly aliases: pulumi.ComponentResourceOptions["aliases"];
  /** The values, as far as they are known. */
  readonly contents: SecretContents;
  /** The stored releases. */
  readonly history: readonly Release[];
  /** The release that canary runs, from which a stack without canary takes the names. */
  readonly ofCanary: Release | undefined;
  /** A release whose Secrets this preview does not expect to exist yet. */
  readonly coming: Release | undefined;
  readonly live: Live;
  /** The specs of the pods in use. Not read in a stack without canary. */
  readonly specs: PodSpecsInUse;
  /** The owner id of this stack. */
  readonly owner: string;
  /** Whether a stored release is damaged, so that it is not known what it needs. */
  readonly isDamaged: boolean;
}

/**
 * Reads which Secrets of a service exist; of a Secret only its metadata is read. A service that has none, and whose releases name none of this
 * form, needs no permission to read them.
 *
 * @throws UserError if they may not be listed and it has or had one; ApiError or Unreachable if the cluster cannot be read
 */
export async function readSecretsOf(reading: Reading): Promise<WithKey<LiveSecrets>> {
  const { of, args, resource, aliases, contents, history, ofCanary, coming, live, specs, owner, isDamaged } = reading;
  const { service } = of;
  const { secrets = {} } = args;
  const ofReleases = [
    ...history.map(({ template }) => template.spec),
    ...Object.values(live.deployments).map(({ spec }) => spec.template.spec),
  ];
  if (!tracksOf(args).includes("canary")) {
    const described = namesOfCanary(service, secrets, ofCanary);
    const gone = await goneAmong(of, ofReleases, coming ? namedIn([coming.template.spec]) : []);
    return { secrets: { described, sharedKeys: {}, live: [], inUse: [], gone, isKeyLost: false, isKeyNew: false } };
  }
  const hasSecrets = Object.keys(secrets).length > 0;
  const mayNeed =
    isDamaged || specs === undefined || namedIn([...ofReleases, ...specs]).some((name) => isOfService(service, name));
  const found = hasSecrets || mayNeed ? await listSecrets(of, secrets, [...ofReleases, ...(specs ?? [])]) : [];
  const names = found.map(({ metadata }) => metadata.name);
  const hadVersioned = names.some((name) => isVersionedName(service, name));
  // The key stays while a versioned Secret does, so that the program can return to its values.
  const key = hasVersioned(secrets) || hadVersioned ? await secretKeyOf(resource, aliases) : undefined;
  const isKeyNew = key?.isNew === true && hasVersioned(secrets);
  const described = secretNames(service, secrets, contents, key?.key);
  const isOwn = ({ metadata }: PartialObject) => metadata.annotations?.[ownerAnnotation] === owner;
  const used = specs && namedIn(specs);
  const isUsed = ({ metadata }: PartialObject) => used?.includes(metadata.name) ?? true;
  const seen = {
    described,
    sharedKeys: sharedKeysOf(secrets, described, contents),
    live: names,
    inUse: found.filter(isDamaged ? isOwn : isUsed).map(({ metadata }) => metadata.name),
    gone: await goneAmong(of, ofReleases, [...names, ...Object.values(described)]),
    isKeyLost: isKeyNew && hadVersioned,
    isKeyNew,
  };
  return { secrets: seen, ...(key?.stash && { secretKeyStash: key.stash }) };
}

/**
 * The Secrets with the label of a service. None if they may not be listed and nothing shows that it has or had any: this program cannot have
 * created one then.
 *
 * @param secrets those of the arguments
 * @param specs those of releases and pods
 * @throws UserError if they may not be listed otherwise, because those that releases need would be deleted
 */
async function listSecrets(
  { api, namespace, service }: ServiceHandle,
  secrets: Readonly<Record<string, SecretArgs>>,
  specs: readonly SecretSpec[],
): Promise<readonly PartialObject[]> {
  const listed = api.list<PartialObject>(listPath("Secret", namespace), `${serviceLabel}=${service}`);
  const found = await unlessForbidden<readonly PartialObject[] | undefined>(listed, undefined);
  if (found !== undefined) return found;
  const [described] = Object.keys(secrets);
  const [own] = await ownSecretNames(namespace, service);
  const named = namedIn(specs).find((name) => isVersionedName(service, name));
  const sign =
    (described && `the program describes secrets.${described}`) ??
    (own && `the state of this stack has Secret ${own}`) ??
    (named && `a release or a pod names Secret ${named}`);
  if (sign === undefined) return [];
  throw new UserError(
    `${service}: the Secrets in namespace ${namespace} may not be listed, and ${sign}, so it is not known which of them must stay: grant get and list on secrets in ${namespace}, as docs/reference/rbac.md of gray-release says.`,
  );
}

/**
 * The Secrets of this service, by the form of their names, that pods with these specs need and that do not exist.
 *
 * @param expected names that need not be looked for
 */
async function goneAmong(
  { api, namespace, service }: ServiceHandle,
  specs: readonly SecretSpec[],
  expected: readonly string[],
): Promise<string[]> {
  const doubtful = requiredBy(specs).filter((name) => isOfService(service, name) && !expected.includes(name));
  const gone = await Promise.all(
    doubtful.map(async (name) => {
      const isThere = api.get(objectPath("Secret", namespace, name)).then((found) => found !== undefined);
      // Without the permission it is not known, and the pods show it.
      return (await unlessForbidden(isThere, true)) ? [] : [name];
    }),
  );
  return gone.flat();
}

/**
 * The Secrets without a cluster: those that the arguments describe, by their names there.
 *
 * @param contents the values, as far as they are known
 */
export async function secretsWithoutCluster(
  service: string,
  args: ServiceArgs,
  resource: string,
  aliases: pulumi.ComponentResourceOptions["aliases"],
  contents: SecretContents,
): Promise<WithKey<Record<string, string>>> {
  const { secrets = {} } = args;
  const needsKey = tracksOf(args).includes("canary") && hasVersioned(secrets);
  const key = needsKey ? await secretKeyOf(resource, aliases) : undefined;
  return {
    secrets: secretNames(service, secrets, contents, key?.key),
    ...(key?.stash && { secretKeyStash: key.stash }),
  };
}

/** The values of the Secrets, as far as they are known. A stack without canary reads none. */
export function contentsOf(service: string, args: ServiceArgs): Promise<SecretContents> {
  return readSecrets(service, tracksOf(args).includes("canary") ? (args.secrets ?? {}) : {});
}

/**
 * The Secrets that this run writes: those of the arguments, a versioned one only if a release in the history or a pod needs it, and those that
 * stay because one of them does. Pure.
 */
export function secretsToKeep(
  args: ServiceArgs,
  { described, live, inUse }: LiveSecrets,
  history: readonly Release[],
): { readonly described: Record<string, string>; readonly retained: readonly string[] } {
  const needed = new Set([...namedIn(history.map(({ template }) => template.spec)), ...inUse]);
  const written = Object.entries(described).filter(
    ([secret, name]) => args.secrets?.[secret]?.mode === "shared" || needed.has(name),
  );
  const own = new Set(written.map(([, name]) => name));
  return {
    described: Object.fromEntries(written),
    retained: live.filter((name) => needed.has(name) && !own.has(name)),
  };
}

/**
 * Why a track cannot change to its release: a Secret that its pods need is gone. Pure.
 *
 * @param running the ids of the releases that the tracks run
 * @returns a sentence for the user; undefined if all tracks can
 */
export function goneRefusal(
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
 * Why a shared Secret cannot lose a key: pods of a track need it after this run, and it changes for them at once. Pure.
 *
 * @param keys the keys of the shared Secrets
 * @param releases the releases of the tracks that this stack owns
 * @returns a sentence for the user; undefined if all keys stay
 */
export function lostKeyRefusal(
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

/** The warnings of releases in the history that need a key which a shared Secret has no more. Pure. */
export function lostKeyWarnings(
  service: string,
  keys: LiveSecrets["sharedKeys"],
  history: readonly Release[],
): string[] {
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

function sharedKeysOf(
  secrets: Readonly<Record<string, SecretArgs>>,
  described: Readonly<Record<string, string>>,
  contents: SecretContents,
): LiveSecrets["sharedKeys"] {
  const shared = Object.entries(described).filter(([secret]) => secrets[secret]?.mode === "shared");
  return Object.fromEntries(
    shared.flatMap(([secret, name]) => (contents[secret] ? [[name, Object.keys(contents[secret])]] : [])),
  );
}

/** The warnings of releases whose Secret is gone: those that tracks run, and those in the history. Pure. */
export function goneWarnings(
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

/** The warning if the key of the names is lost. Pure. */
export function keyLostWarning(service: string, stack: string): string {
  return `${service}: the state of stack ${stack} has lost the key of the versioned Secrets, so they get new names, and the release a new id, even with the same values: restore the state with pulumi stack import to keep the names.`;
}

/** The warning of a preview whose key is not the one that `up` will make. Pure. */
export function newKeyWarning(service: string): string {
  return `${service}: pulumi up makes the key of the versioned Secrets, so it gives the release ${otherId}.`;
}

type Tracks<T> = Partial<Record<Track, T>>;

const remedy = "restore the Secret, or describe the release again with the same values.";

function goneOf({ template }: Release, gone: readonly string[]): string | undefined {
  return requiredBy([template.spec]).find((name) => gone.includes(name));
}

/** Whether a Secret of this name may be one of the service. */
function isOfService(service: string, name: string): boolean {
  return name.startsWith(`${service}-`);
}

function hasVersioned(secrets: Readonly<Record<string, SecretArgs>>): boolean {
  return Object.values(secrets).some(({ mode }) => mode === "versioned");
}

/** The names of the Secrets to which pods with these specs refer. */
function namedIn(specs: readonly SecretSpec[]): string[] {
  return [...new Set(specs.flatMap(secretReferences).map(({ name }) => name))];
}

/** The same without those that the pods can start without. */
function requiredBy(specs: readonly SecretSpec[]): string[] {
  const references = specs.flatMap(secretReferences).filter(({ isOptional }) => !isOptional);
  return [...new Set(references.map(({ name }) => name))];
}

/** The names of Secrets of the arguments as canary's release has them, because the stack of canary alone knows the values. */
function namesOfCanary(
  service: string,
  secrets: Readonly<Record<string, SecretArgs>>,
  ofCanary: Release | undefined,
): Record<string, string> {
  const names = ofCanary ? namedIn([ofCanary.template.spec]) : [];
  const unknown = secretNames(service, secrets, {}, undefined);
  return Object.fromEntries(
    Object.entries(unknown).map(([secret, name]) => [
      secret,
      secrets[secret]?.mode === "shared"
        ? name
        : (names.find((each) => isVersionedName(service, each, secret)) ?? name),
    ]),
  );
}

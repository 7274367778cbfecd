/** The Secrets of a service: which the program describes, which stay, and which are gone. */

import type * as pulumi from "@pulumi/pulumi";
import { ownerAnnotation, serviceLabel } from "../components/names.ts";
import type { Release } from "../components/release.ts";
import { isVersionedName, type SecretArgs } from "../components/secret-args.ts";
import { readSecrets, type SecretContents, secretNames } from "../components/secret-content.ts";
import { type SecretSpec, secretsNamed, secretsRequired } from "../components/secret-references.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
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
    const gone = await goneAmong(of, ofReleases, coming ? secretsNamed([coming.template.spec]) : []);
    return { secrets: { described, sharedKeys: {}, live: [], inUse: [], gone, isKeyLost: false, isKeyNew: false } };
  }
  const hasSecrets = Object.keys(secrets).length > 0;
  const mayNeed =
    isDamaged ||
    specs === undefined ||
    secretsNamed([...ofReleases, ...specs]).some((name) => isOfService(service, name));
  const found = hasSecrets || mayNeed ? await listSecrets(of, secrets, [...ofReleases, ...(specs ?? [])]) : [];
  const names = found.map(({ metadata }) => metadata.name);
  const hadVersioned = names.some((name) => isVersionedName(service, name));
  // The key stays while a versioned Secret does, so that the program can return to its values.
  const key = hasVersioned(secrets) || hadVersioned ? await secretKeyOf(resource, aliases) : undefined;
  const isKeyNew = key?.isNew === true && hasVersioned(secrets);
  const described = secretNames(service, secrets, contents, key?.key);
  const isOwn = ({ metadata }: PartialObject) => metadata.annotations?.[ownerAnnotation] === owner;
  const used = specs && secretsNamed(specs);
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
  const named = secretsNamed(specs).find((name) => isVersionedName(service, name));
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
  const doubtful = secretsRequired(specs).filter((name) => isOfService(service, name) && !expected.includes(name));
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
  const needed = new Set([...secretsNamed(history.map(({ template }) => template.spec)), ...inUse]);
  const written = Object.entries(described).filter(
    ([secret, name]) => args.secrets?.[secret]?.mode === "shared" || needed.has(name),
  );
  const own = new Set(written.map(([, name]) => name));
  return {
    described: Object.fromEntries(written),
    retained: live.filter((name) => needed.has(name) && !own.has(name)),
  };
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

/** Whether a Secret of this name may be one of the service. */
function isOfService(service: string, name: string): boolean {
  return name.startsWith(`${service}-`);
}

function hasVersioned(secrets: Readonly<Record<string, SecretArgs>>): boolean {
  return Object.values(secrets).some(({ mode }) => mode === "versioned");
}

/** The names of Secrets of the arguments as canary's release has them, because the stack of canary alone knows the values. */
function namesOfCanary(
  service: string,
  secrets: Readonly<Record<string, SecretArgs>>,
  ofCanary: Release | undefined,
): Record<string, string> {
  const names = ofCanary ? secretsNamed([ofCanary.template.spec]) : [];
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

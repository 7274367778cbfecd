/** Compares a live pod template with its release, field by field, and describes the differences. */

import { isDeepStrictEqual } from "node:util";
import { oneLine } from "../border/foreign-text.ts";
import type { Track } from "../components/traffic.ts";

/** A field of a live pod template that differs from its release. */
export interface Difference {
  /** Its place in the pod template. */
  readonly path: Path;
  /** The live value; undefined if the field is absent. */
  readonly live: unknown;
  /** The release's value, including the API server's defaults; undefined if the field is absent. */
  readonly described: unknown;
  /** Whether the release itself names the field. */
  readonly isNamed: boolean;
}

/** A place in a pod template: field names, and items of lists that have keys. */
export type Path = readonly (string | Item)[];

/** An item of a list, identified by its key fields. */
export interface Item {
  readonly key: Readonly<Record<string, string | number>>;
}

/** Three versions of a pod template. */
export interface Accounts {
  /** As the release describes it. */
  readonly release: unknown;
  /** The release's template as the API server would store it: with defaults, and with the changes of admission webhooks. */
  readonly described: unknown;
  /** As the live Deployment has it. */
  readonly live: unknown;
}

/** The lists of a pod template that the API server merges item by item, and their keys (`x-kubernetes-list-map-keys`). */
const listKeys: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  initContainers: ["name"],
  ephemeralContainers: ["name"],
  volumes: ["name"],
  env: ["name"],
  imagePullSecrets: ["name"],
  resourceClaims: ["name"],
  schedulingGates: ["name"],
  claims: ["name"],
  ports: ["containerPort", "protocol"],
  volumeMounts: ["mountPath"],
  volumeDevices: ["devicePath"],
  hostAliases: ["ip"],
  topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
};
/** The value of a key field that an item leaves out. */
const keyDefaults: Readonly<Record<string, string>> = { protocol: "TCP" };

/** The maps of a pod template to which several writers add entries of their own. */
const sharedMaps = new Set(["labels", "annotations"]);

/** Prefix of a hash that replaces a text. */
export const hashMark = "hmac:";

/** Objects that have a meaning even if they are empty. Any other empty object equals an absent one. */
const meaningfulWhenEmpty = new Set(["emptyDir", "labelSelector", "namespaceSelector"]);

/** Annotations by which users and tools restart pods. A new value is a restart, not a change of the release. */
const restartAnnotations = new Set([
  "kubectl.kubernetes.io/restartedAt",
  "cattle.io/timestamp",
  "reloader.stakater.com/last-reloaded-from",
  "keel.sh/update-time",
]);

/**
 * The fields of a live pod template that differ from the release. There is no difference if
 *
 * 1. a field that the release names has its value, or the value that the API server makes of it;
 * 2. a field that the release leaves out is absent or has its default;
 * 3. only `described` has a field: the default of a newer API server, or an addition of a newer admission webhook. So neither of them
 *    rolls pods;
 * 4. an annotation restarts pods.
 */
export function differences(accounts: Accounts): Difference[] {
  return [...walk([], accounts)];
}

function* walk(path: Path, { release, described, live }: Accounts): Generator<Difference> {
  if (isDeepStrictEqual(live, described) || isDeepStrictEqual(live, release)) return;
  const name = path.at(-1);
  if ([live, described].every((value) => isEmptyValue(name, value)) || isRestart(path)) return;
  const [fields, wanted, is] = [release, described, live].map((value) => fieldsOf(name, value));
  if (wanted && is) {
    for (const [id, step] of new Map([...wanted.steps, ...is.steps])) {
      const of = (found: Fields | undefined) => found?.values.get(id);
      yield* walk([...path, step], { release: of(fields), described: of(wanted), live: of(is) });
    }
    return;
  }
  const isNamed = !isEmptyValue(name, release);
  if (isEmptyValue(name, live) && !isNamed) return;
  yield { path, live, described, isNamed };
}

interface Fields {
  readonly steps: ReadonlyMap<string, string | Item>;
  readonly values: ReadonlyMap<string, unknown>;
}

/**
 * The fields of an object, or the items of a list that has keys; undefined for any other value. A missing list or map with several
 * writers counts as empty, so that each added item is a difference of its own.
 */
function fieldsOf(name: Path[number] | undefined, value: unknown): Fields | undefined {
  const keys = typeof name === "string" ? listKeys[name] : undefined;
  const isShared = keys !== undefined || (typeof name === "string" && sharedMaps.has(name));
  if (value === undefined || value === null) return isShared ? { steps: new Map(), values: new Map() } : undefined;
  if (!Array.isArray(value)) return typeof value === "object" ? fieldsOfObject(value) : undefined;
  return keys && value.every((item) => typeof item === "object" && item !== null) ? itemsOf(value, keys) : undefined;
}

function fieldsOfObject(value: object): Fields {
  const entries = Object.entries(value);
  return { steps: new Map(entries.map(([field]) => [field, field])), values: new Map(entries) };
}

function itemsOf(items: readonly Record<string, string | number>[], keys: readonly string[]): Fields {
  const steps = new Map<string, Item>();
  const values = new Map<string, unknown>();
  for (const item of items) {
    const key = keyOf(item, keys);
    // A list may name a variable twice: the first is compared with the first, the second with the second.
    const id = JSON.stringify(key);
    let place = id;
    for (let nth = 2; values.has(place); nth++) place = `${id} ${nth}`;
    steps.set(place, { key });
    values.set(place, item);
  }
  return { steps, values };
}

function keyOf(item: Readonly<Record<string, string | number>>, keys: readonly string[]): Item["key"] {
  return Object.fromEntries(keys.map((each) => [each, item[each] ?? keyDefaults[each] ?? ""]));
}

/** The key of an item in the list of this name; undefined if such lists have no keys. */
export function itemOf(list: Path[number] | undefined, item: unknown): Item | undefined {
  const keys = typeof list === "string" ? listKeys[list] : undefined;
  if (keys === undefined || typeof item !== "object" || item === null) return undefined;
  return { key: keyOf(item as Record<string, string | number>, keys) };
}

function isEmptyValue(name: Path[number] | undefined, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof name === "string" && meaningfulWhenEmpty.has(name)) return false;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function isRestart([first, second, third]: Path): boolean {
  return first === "metadata" && second === "annotations" && typeof third === "string" && restartAnnotations.has(third);
}

/** A difference in words. */
export interface Drift {
  /** The field of the Deployment, such as `spec.template.spec.containers[web].image`. */
  readonly field: string;
  /** The live value and the expected one, in one line: `is "web:2" and the release has "web:1"`. */
  readonly how: string;
}

/** The differences in words. Values of environment variables are not shown, because they may hold passwords. */
export function driftsOf(found: readonly Difference[]): Drift[] {
  // `serviceAccount` is the API server's copy of `serviceAccountName`.
  const own = found.filter(({ path }) => path.at(-1) !== "serviceAccount" || found.length === 1);
  return own.map((difference) => ({ field: fieldOf(difference.path), how: describeDifference(difference) }));
}

/** The first few differences as a part of a sentence. */
export function describeDrift(drifts: readonly Drift[]): string {
  const named = drifts.slice(0, mostNamed).map(({ field, how }) => `${field} ${how}`);
  const rest = drifts.length - named.length;
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join("; ");
}

/** A sentence for the user about a track whose pods differ from its release. */
export function driftSentence(track: Track, release: string, drifts: readonly Drift[]): string {
  return `${track} differs from release ${release}: ${describeDrift(drifts)}. The next pulumi up of its stack repairs it.`;
}

/** Number of differences that one sentence names. */
const mostNamed = 3;

function fieldOf(path: Path): string {
  const steps = path.map((step) => (typeof step === "string" ? `.${step}` : `[${Object.values(step.key).join("/")}]`));
  return oneLine(`spec.template${steps.join("")}`);
}

function describeDifference({ path, live, described, isNamed }: Difference): string {
  const isOfVariable = path.includes("env");
  const [is, wanted] = [live, described].map((value) => (isOfVariable ? undefined : shown(value)));
  if (live === undefined) return `is missing${wanted ? ` and the release has ${wanted}` : ""}`;
  if (!isNamed && described === undefined) return `is ${is ?? "set"} and not in the release`;
  const other = isNamed ? "the release has" : "its default is";
  return is && wanted ? `is ${is} and ${other} ${wanted}` : "differs from the release";
}

/** A value as text; undefined if it is hashed, or no simple value. */
function shown(value: unknown): string | undefined {
  if (typeof value === "string" && value.startsWith(hashMark)) return undefined;
  if (typeof value === "object" || value === undefined) return undefined;
  return oneLine(JSON.stringify(value), 120);
}

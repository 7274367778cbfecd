import { isDeepStrictEqual } from "node:util";
import { oneLine } from "../border/foreign-text.ts";
import type { Track } from "../components/traffic.ts";

/** A field of a live pod template that is not as its release says. */
export interface Difference {
  /** Where it is in the pod template. */
  readonly path: Path;
  /** What the live template has there; undefined where it has nothing. */
  readonly live: unknown;
  /** What the release comes to there, the API server's defaults included; undefined where it comes to nothing. */
  readonly described: unknown;
  /** Whether the release itself names the field. */
  readonly isNamed: boolean;
}

/** Names of fields, and of the items of lists that have a key. */
export type Path = readonly (string | Item)[];

/** An item of a list, by the fields that tell it from the others. */
export interface Item {
  readonly key: Readonly<Record<string, string | number>>;
}

/** A pod template by three accounts. */
export interface Accounts {
  /** What the release says. */
  readonly release: unknown;
  /** The same as the API server would keep it: with its defaults, and what admission adds. */
  readonly described: unknown;
  /** What the live Deployment has. */
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
/** What a key is where an item leaves it out. */
const keyDefaults: Readonly<Record<string, string>> = { protocol: "TCP" };

/** The maps of a pod template that many write to, each an entry of their own. */
const sharedMaps = new Set(["labels", "annotations"]);

/** How a hash begins that stands in the place of a text. */
export const sealMark = "hmac:";

/** Objects that say something though nothing is in them; any other empty one is as good as none. */
const sayMuchEmpty = new Set(["emptyDir", "labelSelector", "namespaceSelector"]);

/** Annotations by which people and tools restart pods; another value is another restart, not another release. */
const restarts = new Set([
  "kubectl.kubernetes.io/restartedAt",
  "cattle.io/timestamp",
  "reloader.stakater.com/last-reloaded-from",
  "keel.sh/update-time",
]);

/**
 * The fields of a live pod template that are not as the release says.
 *
 * 1. A field that the release names has its value, or what the API server makes of it.
 * 2. A field that the release leaves out has its default, or is not there.
 * 3. What only the description has is no difference: a default that is newer than the Deployment, or what admission would add
 *    by now. So nothing of that kind rolls pods.
 * 4. Annotations by which pods are restarted are no difference.
 */
export function differences(accounts: Accounts): Difference[] {
  return [...walk([], accounts)];
}

function* walk(path: Path, { release, described, live }: Accounts): Generator<Difference> {
  if (isDeepStrictEqual(live, described) || isDeepStrictEqual(live, release)) return;
  const name = path.at(-1);
  if ([live, described].every((value) => saysNothing(name, value)) || isRestart(path)) return;
  const [fields, wanted, is] = [release, described, live].map((value) => fieldsOf(name, value));
  if (wanted && is) {
    for (const [id, step] of new Map([...wanted.steps, ...is.steps])) {
      const of = (found: Fields | undefined) => found?.values.get(id);
      yield* walk([...path, step], { release: of(fields), described: of(wanted), live: of(is) });
    }
    return;
  }
  const isNamed = !saysNothing(name, release);
  if (saysNothing(name, live) && !isNamed) return;
  yield { path, live, described, isNamed };
}

interface Fields {
  readonly steps: ReadonlyMap<string, string | Item>;
  readonly values: ReadonlyMap<string, unknown>;
}

/**
 * The fields of an object, or the items of a list that has keys; undefined of anything else. A list or map that many write to
 * is an empty one where it is missing: what is added to it is told item by item.
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
    // A list may name a variable twice: each is compared with the one of the same place.
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

/** An item of a list of this name, by its key; undefined where such lists have none. */
export function itemOf(list: Path[number] | undefined, item: unknown): Item | undefined {
  const keys = typeof list === "string" ? listKeys[list] : undefined;
  if (keys === undefined || typeof item !== "object" || item === null) return undefined;
  return { key: keyOf(item as Record<string, string | number>, keys) };
}

function saysNothing(name: Path[number] | undefined, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof name === "string" && sayMuchEmpty.has(name)) return false;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function isRestart([first, second, third]: Path): boolean {
  return first === "metadata" && second === "annotations" && typeof third === "string" && restarts.has(third);
}

/** A difference for people and machines. */
export interface Drift {
  /** The field of the Deployment, as `spec.template.spec.containers[web].image`. */
  readonly field: string;
  /** What is there and what should be, one line: `is "web:2" and the release says "web:1"`. */
  readonly how: string;
}

/** The differences in words. Values of variables are kept back: somebody may have put a password into one. */
export function driftsOf(found: readonly Difference[]): Drift[] {
  // `serviceAccount` is the API server's copy of `serviceAccountName`.
  const own = found.filter(({ path }) => path.at(-1) !== "serviceAccount" || found.length === 1);
  return own.map((difference) => ({ field: fieldOf(difference.path), how: howOf(difference) }));
}

/** The differences as part of a sentence; the first few of them. */
export function describeDrift(drifts: readonly Drift[]): string {
  const said = drifts.slice(0, mostSaid).map(({ field, how }) => `${field} ${how}`);
  const rest = drifts.length - said.length;
  return [...said, ...(rest > 0 ? [`${rest} more`] : [])].join("; ");
}

/** What people should know of a track whose pods are not what its release says. */
export function driftSentence(track: Track, release: string, drifts: readonly Drift[]): string {
  return `${track} is not as release ${release} says: ${describeDrift(drifts)}. The next pulumi up of its stack repairs it.`;
}

/** Differences that one sentence names. */
const mostSaid = 3;

function fieldOf(path: Path): string {
  const steps = path.map((step) => (typeof step === "string" ? `.${step}` : `[${Object.values(step.key).join("/")}]`));
  return oneLine(`spec.template${steps.join("")}`);
}

function howOf({ path, live, described, isNamed }: Difference): string {
  const isOfVariable = path.includes("env");
  const [is, wanted] = [live, described].map((value) => (isOfVariable ? undefined : shown(value)));
  if (live === undefined) return `is missing${wanted ? ` and the release says ${wanted}` : ""}`;
  if (!isNamed && described === undefined) return `is ${is ?? "set"} and the release leaves it out`;
  const other = isNamed ? "the release says" : "its default is";
  return is && wanted ? `is ${is} and ${other} ${wanted}` : "is not what the release says";
}

/** A value, where it is short enough for a sentence and not kept back. */
function shown(value: unknown): string | undefined {
  if (typeof value === "string" && value.startsWith(sealMark)) return undefined;
  if (value === null || typeof value === "object" || value === undefined) return undefined;
  return oneLine(JSON.stringify(value), 120);
}

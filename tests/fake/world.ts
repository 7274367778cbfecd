import { randomUUID } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson } from "../../components/canonical.ts";
import type { StackState } from "../../components/history.ts";
import { previousAnnotation, stashType, stateName } from "../../components/names.ts";
import type { Release } from "../../components/release.ts";
import { storedReleaseId } from "../../components/stored-release.ts";
import type { ConfigMapObject } from "../../kubernetes/objects/config-map.ts";
import type { RolloutRecord } from "../../record/record.ts";
import { recordName } from "../../record/record-store.ts";
import { releasesIn } from "../../record/release-store.ts";
import { type ApiObject, ApiServer, type Held } from "./api-server.ts";
import { type ResourceOutputs, type Run, run, type Step } from "./engine.ts";

/** What a program exports. */
export interface Exports {
  // biome-ignore lint/suspicious/noExplicitAny: Outputs of anything
  readonly [name: string]: any;
}

/** The key of a secret in the protocol of the SDK (runtime/rpc.ts). */
const specialSigKey = "4dabf18193072939515e22adb298388d";

const secretType = "kubernetes:core/v1:Secret";

/** The inputs of an object that was imported. */
const asItIs = "as it is";

type Program = () => Promise<Exports>;

/** A stash keeps its first value in `output`. */
export interface Stashed {
  readonly input: unknown;
  readonly output: unknown;
}

/** A moment of a world. */
interface Moment {
  readonly held: Held;
  readonly outputs: ReadonlyMap<string, Record<string, unknown>>;
  readonly made: ReadonlyMap<string, Set<string>>;
  readonly inputs: ReadonlyMap<string, string>;
  readonly stashes: ReadonlyMap<string, Stashed>;
}

interface UpOptions {
  readonly preview?: boolean;
  readonly config?: Record<string, string>;
  readonly environment?: Record<string, string>;
  /** UID of the cluster that a provider reaches, by its name; undefined where only `up` will know. @default this cluster's */
  readonly clusterOf?: (provider: string) => string | undefined;
  /** Fields of the status that a rolled Deployment gets in place of a complete roll, by its name. */
  readonly status?: Record<string, object>;
}

/**
 * A cluster and a backend in memory: `up` runs a program, writes its objects into the cluster, whose Deployments roll
 * completely at once, and keeps its outputs for the stack's next run and for other stacks.
 */
export class World {
  readonly api: ApiServer;
  readonly outputs = new Map<string, Record<string, unknown>>();
  #made = new Map<string, Set<string>>();
  /** What each object was last written with, by its path. */
  #inputs = new Map<string, string>();
  /** What the stashes of the stacks hold, by `<stack> <name>`. */
  readonly stashes = new Map<string, Stashed>();
  readonly namespace: string;
  /** Path of a kubeconfig of the cluster. */
  readonly kubeconfig: string;

  private constructor(api: ApiServer, namespace: string) {
    this.api = api;
    api.admit = (object) => {
      if (object.spec?.template) copyServiceAccount(undefined, object);
      return object;
    };
    this.namespace = namespace;
    this.kubeconfig = join(tmpdir(), `gray-world-${randomUUID()}`);
    writeFileSync(this.kubeconfig, api.kubeconfig);
  }

  static async start(namespace = "dora-apps", cluster = "cluster-uid"): Promise<World> {
    return new World(await ApiServer.start({ namespace, cluster }), namespace);
  }

  async stop(): Promise<void> {
    rmSync(this.kubeconfig);
    await this.api.stop();
  }

  /** Runs a program as a stack; what it makes and exports is kept unless it is a preview or it throws. */
  async up(
    stack: string,
    program: Program,
    { preview = false, config = {}, environment = {}, status = {}, clusterOf = () => this.cluster }: UpOptions = {},
  ): Promise<Run> {
    const made = new Set<string>();
    let exports: Exports = {};
    const result = await run(
      async () => {
        exports = await program();
      },
      {
        stack,
        preview,
        config,
        environment: { KUBECONFIG: this.kubeconfig, ...environment },
        clusterOf,
        resourcesOf: (name) => {
          const [, , of = ""] = name.split("/");
          return this.#resourcesOf(of) ?? (of === stack ? {} : undefined);
        },
        stash: (name, input) => {
          const key = `${stack} ${name}`;
          const output = this.stashes.has(key) ? this.stashes.get(key)?.output : input;
          if (!preview) this.stashes.set(key, { input: structuredClone(input), output });
          return output;
        },
        step: (type, inputs, imports) => this.#step(type, inputs as ApiObject, imports),
        made: (type, given, imports, ignoreChanges) => {
          const path = pathOf(type, given as ApiObject);
          if (path === undefined) return;
          const inputs = this.#withOld(path, withoutSecrets(given) as ApiObject, ignoreChanges);
          made.add(path);
          const step = this.#step(type, inputs, imports);
          if (step === "Import") this.#inputs.set(path, asItIs);
          if (step === "Same" || step === "Import") return;
          this.#inputs.set(path, canonicalJson(inputs));
          this.#roll(path, inputs, status);
        },
      },
    );
    if (preview) return result;
    for (const path of this.#made.get(stack) ?? []) if (!made.has(path)) this.api.objects.delete(path);
    this.#made.set(stack, made);
    this.outputs.set(stack, await settled(exports));
    return result;
  }

  /**
   * Installs the Gateway API, and a Gateway `public` in namespace `infra` with the listeners `http` and `https`.
   *
   * @param features what its class says that it supports. @default it says nothing
   */
  installGateway(features?: readonly string[]): void {
    const group = "/apis/gateway.networking.k8s.io/v1";
    const supportedFeatures = features?.map((name) => ({ name }));
    this.api.put(group, { metadata: { name: "v1" } });
    this.api.put(`${group}/gatewayclasses/edge`, {
      metadata: { name: "edge" },
      status: { ...(supportedFeatures && { supportedFeatures }) },
    });
    this.api.put(`${group}/namespaces/infra/gateways/public`, {
      metadata: { name: "public", namespace: "infra" },
      spec: { gatewayClassName: "edge", listeners: [{ name: "http" }, { name: "https" }] },
    });
  }

  /** Its UID. */
  get cluster(): string | undefined {
    return this.api.objects.get("/api/v1/namespaces/kube-system")?.metadata.uid;
  }

  routePath(name: string): string {
    return `/apis/gateway.networking.k8s.io/v1/namespaces/${this.namespace}/httproutes/${name}`;
  }

  route(name: string): ApiObject {
    const found = this.api.objects.get(this.routePath(name));
    if (found === undefined) throw new Error(`no HTTPRoute ${name}`);
    return found;
  }

  /** Every object that stacks have made: `Service web`. */
  made(): string[] {
    return [...this.#made.values()]
      .flatMap((paths) => [...paths])
      .map((path) => path.split("/").slice(-2).join(" "))
      .sort();
  }

  /** What a stack remembers of a service. */
  stackState(stack: string, service = "fop-gate"): StackState {
    const found = this.stashes.get(`${stack} ${stateName(service)}`)?.input;
    if (!found) throw new Error(`stack ${stack} remembers nothing of ${service}`);
    return found as StackState;
  }

  /** Stores a service as a version did that exported the releases in the outputs of its stacks, and stored none in the cluster. */
  becomeOlder(service = "fop-gate"): void {
    const stacks = [...this.#made.keys()].filter((stack) => this.stashes.get(`${stack} ${stateName(service)}`)?.input);
    const releases = new Map(stacks.map((stack) => [stack, this.releases(service, stack)]));
    for (const stack of stacks) {
      const { namespace, copies: _, ...state } = this.stackState(stack, service);
      const older = { [`${namespace}/${service}`]: { ...state, history: releases.get(stack) ?? [] } };
      this.outputs.set(stack, { releases: { ...(this.outputs.get(stack)?.releases as object), ...older } });
      this.stashes.delete(`${stack} ${stateName(service)}`);
    }
    for (const [path, object] of [...this.api.objects]) {
      if (storedReleaseId(service, object.metadata.name ?? "") !== undefined) this.api.objects.delete(path);
      delete object.metadata.annotations?.[previousAnnotation];
    }
  }

  /** Loses the copies of the releases that the state of a stack has. */
  forgetCopies(stack: string, service = "fop-gate"): void {
    const { copies: _, ...input } = this.stackState(stack, service);
    this.stashes.set(`${stack} ${stateName(service)}`, { input, output: null });
  }

  /** Loses the state of a stack. */
  forget(stack: string): void {
    this.outputs.delete(stack);
    for (const key of [...this.stashes.keys()]) if (key.startsWith(`${stack} `)) this.stashes.delete(key);
  }

  /** The stored releases of a service, in the order of canary's stack. */
  releases(service = "fop-gate", stack = "canary"): Release[] {
    const prefix = `/api/v1/namespaces/${this.namespace}/configmaps/`;
    const maps = [...this.api.objects].filter(([path]) => path.startsWith(prefix)).map(([, object]) => object);
    const { releases } = releasesIn(service, maps as unknown as ConfigMapObject[]);
    return this.stackState(stack, service).history.flatMap((id) => releases.filter((release) => release.id === id));
  }

  /** What is in the state of a stack; undefined if there is no such stack. */
  #resourcesOf(stack: string): ResourceOutputs | undefined {
    const outputs = this.outputs.get(stack);
    const stashes = [...this.stashes].filter(([key]) => key.startsWith(`${stack} `));
    if (outputs === undefined && stashes.length === 0) return undefined;
    const urn = (type: string, name: string) => `urn:pulumi:${stack}::gray-release::${type}::${name}`;
    const secrets = [...(this.#made.get(stack) ?? [])].filter((path) => path.includes("/secrets/"));
    return {
      ...Object.fromEntries(
        secrets.map((path) => [
          urn(secretType, path.split("/").at(-1) ?? ""),
          { type: secretType, outputs: JSON.parse(this.#inputs.get(path) ?? "{}") },
        ]),
      ),
      [urn("pulumi:pulumi:Stack", stack)]: { type: "pulumi:pulumi:Stack", outputs: outputs ?? {} },
      ...Object.fromEntries(
        stashes.map(([key, held]) => [
          urn(stashType, key.slice(stack.length + 1)),
          { type: stashType, outputs: structuredClone(held) },
        ]),
      ),
    };
  }

  deployment(name: string): ApiObject {
    const found = this.api.objects.get(`/apis/apps/v1/namespaces/${this.namespace}/deployments/${name}`);
    if (found === undefined) throw new Error(`no Deployment ${name}`);
    return found;
  }

  /** The release that a live Deployment's pods are of. */
  runs(name: string): string {
    return this.deployment(name).spec.template.metadata.labels.release;
  }

  /** Gives a service a record, or changes the one it has. */
  writeRecord(change: Partial<RolloutRecord>, service = "fop-gate"): void {
    const before = this.api.objects.get(this.recordPath(service))?.data.record;
    const empty: RolloutRecord = { version: 2, cluster: "cluster-uid", sequence: 0, verdicts: {}, stableHistory: [] };
    this.writeRecordText(JSON.stringify({ ...(before ? JSON.parse(before) : empty), ...change }), service);
  }

  writeRecordText(record: string, service = "fop-gate"): void {
    this.api.put(this.recordPath(service), { metadata: { name: recordName(service) }, data: { record } });
  }

  recordPath(service = "fop-gate"): string {
    return `/api/v1/namespaces/${this.namespace}/configmaps/${recordName(service)}`;
  }

  get moment(): Moment {
    const { outputs } = structuredClone({ outputs: this.outputs });
    return {
      held: this.api.held,
      outputs,
      made: new Map(this.#made),
      inputs: new Map(this.#inputs),
      stashes: new Map(this.stashes),
    };
  }

  /** Goes to a moment, which may be another world's. */
  goTo({ held, outputs, made, inputs, stashes }: Moment): void {
    this.api.hold(held);
    this.outputs.clear();
    for (const [stack, its] of structuredClone(outputs)) this.outputs.set(stack, its);
    this.#made = new Map(made);
    this.#inputs = new Map(inputs);
    this.stashes.clear();
    for (const [name, value] of stashes) this.stashes.set(name, value);
  }

  /** As Pulumi decides, which looks whether an object is there (`refresh: always`) and not what is in it. */
  #step(type: string, inputs: ApiObject, imports: string): Step {
    const path = pathOf(type, inputs);
    if (path !== undefined && imports !== "" && !this.#inputs.has(path)) return "Import";
    if (path === undefined || !this.api.objects.has(path)) return "Create";
    return this.#inputs.get(path) === canonicalJson(inputs) ? "Same" : "Update";
  }

  /** The inputs with the former value of each field whose changes are ignored. */
  #withOld(path: string, inputs: ApiObject, ignoreChanges: readonly string[]): ApiObject {
    const text = this.#inputs.get(path);
    if (text === undefined || text === asItIs || ignoreChanges.length === 0) return inputs;
    const former = JSON.parse(text);
    return { ...inputs, ...Object.fromEntries(ignoreChanges.map((field) => [field, former[field]])) };
  }

  #roll(path: string, { metadata, ...fields }: ApiObject, status: Record<string, object>): void {
    const { uid: _, resourceVersion: __, ...given } = metadata;
    const before = this.api.objects.get(path);
    const stored = this.api.put(path, { metadata: given, ...fields });
    if (!path.includes("/deployments/")) return;
    copyServiceAccount(before, stored);
    stored.metadata.managedFields = [{ manager: "pulumi-kubernetes-1", operation: "Apply", fieldsV1: {} }];
    stored.spec.replicas ??= 1;
    const all = stored.spec.replicas;
    stored.status = {
      observedGeneration: stored.metadata.generation,
      replicas: all,
      updatedReplicas: all,
      availableReplicas: all,
      ...status[metadata.name],
    };
  }
}

/** The value with its secrets as the provider gets them: plain. The SDK gives them to mocks in the form of its protocol. */
function withoutSecrets(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutSecrets);
  const isSecret = specialSigKey in value && "value" in value;
  if (isSecret) return withoutSecrets(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, inside]) => [key, withoutSecrets(inside)]));
}

/**
 * The API server's copy of a pod's ServiceAccount. It has no owner, so an apply that leaves the account out leaves the copy, and
 * that brings the account back (seen with Kubernetes 1.36), unless the copy was left to this apply.
 */
function copyServiceAccount(before: ApiObject | undefined, { spec }: ApiObject): void {
  const pod = spec.template.spec;
  const wasLeft = JSON.stringify(before?.metadata.managedFields ?? []).includes('"f:serviceAccount":');
  const account = pod.serviceAccountName ?? (wasLeft ? undefined : before?.spec.template.spec.serviceAccount);
  if (account !== undefined) Object.assign(pod, { serviceAccountName: account, serviceAccount: account });
}

/**
 * What many tests begin with, e.g. some runs of programs: it happens in the first world that is as it is, and later ones that
 * are so too go to where that one came to. It happens for real where the server is intercepted.
 */
export function once<T extends readonly unknown[]>(
  happens: (world: World, ...args: T) => Promise<unknown>,
): (world: World, ...args: T) => Promise<void> {
  const ends = new Map<string, Moment>();
  return async (world, ...args) => {
    if (world.api.isIntercepted) return void (await happens(world, ...args));
    const { held, outputs, inputs, stashes } = world.moment;
    const beginning = JSON.stringify([
      args,
      held.version,
      ...[held.objects, outputs, inputs, stashes].map((map) => [...map]),
    ]);
    const end = ends.get(beginning);
    if (end) return world.goTo(end);
    await happens(world, ...args);
    ends.set(beginning, world.moment);
  };
}

function pathOf(type: string, { metadata }: ApiObject): string | undefined {
  const [, group = "", version, kind] = /^kubernetes:(?:([^/:]+)\/)?([^/:]+):(\w+)$/.exec(type) ?? [];
  if (kind === undefined || version === undefined) return undefined;
  const api = group === "" || group === "core" ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${api}/namespaces/${metadata.namespace}/${plural(kind)}/${metadata.name}`;
}

/** A verdict for a record. */
export function verdict(decision: "good" | "bad" | "undecided", by = "alice", reason = "looked at it") {
  return { verdict: decision, by, reason, at: "2026-01-01T00:00:00Z" } as const;
}

function plural(kind: string): string {
  return kind.endsWith("s") ? `${kind.toLowerCase()}es` : `${kind.toLowerCase()}s`;
}

async function settled(exports: Exports): Promise<Record<string, unknown>> {
  const { output } = await import("@pulumi/pulumi");
  return new Promise((resolve) => {
    output({ ...exports }).apply((values) => resolve(JSON.parse(JSON.stringify(values))));
  });
}

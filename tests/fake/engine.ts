import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import { setEnvironment } from "./environment.ts";
import { Hooks } from "./hooks.ts";
import "./quick-structs.ts";

/** One resource as a program registered it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly parent: string;
  /** Name of the provider that makes it; empty where the program gives none. */
  readonly provider: string;
  // biome-ignore lint/suspicious/noExplicitAny: the fields of any kind of resource
  readonly inputs: any;
  readonly protect: boolean;
  /** Id of what is there already and taken in as it is; empty where nothing is. */
  readonly imports: string;
  /** Names of the resources that it waits for. */
  readonly dependsOn: readonly string[];
  /** The fields whose changes are ignored. */
  readonly ignoreChanges: readonly string[];
  readonly timeouts: { readonly create: string; readonly update: string };
  /** Moments at which a hook of it runs, e.g. `beforeUpdate`. */
  readonly hooks: readonly string[];
}

/** A run of a program, and what came of it. */
export interface Run {
  readonly resources: readonly Registered[];
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

interface Options {
  readonly stack?: string;
  readonly config?: Record<string, string>;
  readonly preview?: boolean;
  /** Variables of the environment while the program runs. */
  readonly environment?: Record<string, string>;
  /** The outputs of a stack's resources, by its full name; undefined if there is no such stack. @default no resources */
  readonly resourcesOf?: (stack: string) => ResourceOutputs | undefined;
  /** The value that a stash holds, of that name, once it is given this one. @default that one */
  readonly stash?: (name: string, input: unknown) => unknown;
  /** What a resource's step is; at `Same` no hook runs. @default Create */
  readonly step?: (type: string, inputs: Record<string, unknown>, imports: string) => Step;
  /** UID of the cluster that a provider reaches, by the provider's name; undefined where only `up` will know. @default cluster-uid */
  readonly clusterOf?: (provider: string) => string | undefined;
  /** What a resource's outputs are; undefined where it is left out, as by a refresh that would have to make it. @default its inputs */
  readonly outcomeOf?: (type: string, inputs: Record<string, unknown>) => object | undefined;
  /** Called with each resource of a provider as it is made; a throw fails it. */
  readonly made?: (
    type: string,
    inputs: Record<string, unknown>,
    imports: string,
    ignoreChanges: readonly string[],
  ) => void;
}

/** The outputs of resources, by URN. */
export type ResourceOutputs = Readonly<Record<string, { readonly type: string; readonly outputs: object }>>;

/** What the engine does for a resource. */
export type Step = "Create" | "Update" | "Same" | "Import";

const project = "gray-release";
const { unknown } = pulumi as unknown as { unknown: unknown };
const log = pulumi.log as { warn: unknown; info: unknown };

// The SDK notes where each resource and each promise was made, a quarter of the time of a run. No test reads it.
Object.assign(pulumi.Resource, { callsites: () => [] });
Object.assign(createRequire(import.meta.url)("@pulumi/pulumi/runtime/debuggable.js"), {
  debuggablePromise: <T>(promise: Promise<T>) => promise,
});

/** The components that a program has begun to make, each until it is made. */
let begun: Promise<unknown>[] = [];
const component = pulumi.ComponentResource.prototype as unknown as {
  initializeAndRegisterOutputs(...args: unknown[]): Promise<unknown>;
};
const { initializeAndRegisterOutputs } = component;
component.initializeAndRegisterOutputs = function (...args) {
  const made = initializeAndRegisterOutputs.apply(this, args);
  begun.push(made);
  return made;
};

/** Waits until all components of the program are made. @throws what fails one */
export async function componentsMade(): Promise<void> {
  await Promise.all(begun);
}

let runs = 0;

/**
 * Runs a program under Pulumi's mocks and waits until all that it registered is made. Each run is in an organization of
 * its own, so that nothing which a module holds between runs is taken for this one's.
 *
 * @throws what the program throws, or the first hook that fails; nothing is made after that
 */
export async function run(program: () => unknown, options: Options = {}): Promise<Run> {
  const {
    stack = "test",
    preview = false,
    environment = {},
    resourcesOf = () => ({}),
    stash = (_, input) => input,
    made = () => {},
    step = () => "Create",
    clusterOf = () => "cluster-uid",
    outcomeOf = (_, inputs) => inputs,
  } = options;
  const resources: Registered[] = [];
  let current: Registered | undefined;
  await pulumi.runtime.setMocks(
    {
      newResource(args) {
        if (args.type === "kubernetes:core/v1:Namespace" && args.id === "kube-system") {
          const uid = clusterOf(providerIn(args.provider ?? "")) ?? unknown;
          return { id: args.id, state: { metadata: { name: args.id, uid } } };
        }
        if (args.type === "pulumi:index:Stash") {
          return {
            id: args.name,
            state: { ...args.inputs, output: outcome.failure ? undefined : stash(args.name, args.inputs.input) },
          };
        }
        if (args.custom && !preview && !outcome.failure)
          made(args.type, args.inputs, args.id ?? "", current?.ignoreChanges ?? []);
        Object.assign(current ?? {}, { inputs: args.inputs });
        const isPassword = args.type.endsWith("RandomPassword");
        const state = isPassword ? { ...args.inputs, result: "s3cret" } : (outcomeOf(args.type, args.inputs) ?? {});
        return { id: `${args.name}-id`, state };
      },
      call({ token, inputs }) {
        if (token !== "pulumi:pulumi:readStackResourceOutputs") return inputs;
        const outputs = resourcesOf(inputs.stackName);
        // As a gRPC error, which has details.
        if (outputs === undefined) throw Object.assign(new Error(), { details: `unknown stack "${inputs.stackName}"` });
        return { outputs };
      },
    },
    project,
    stack,
    preview,
    `organization-${++runs}`,
  );
  pulumi.runtime.setAllConfig(options.config ?? {});
  const isLeftOut = ({ type, inputs }: Registered) => outcomeOf(type, inputs) === undefined;
  const outcome = record(resources, { step, isLeftOut }, (one) => {
    current = one;
  });
  const warnings: string[] = [];
  const infos: string[] = [];
  const { warn, info } = log;
  log.warn = async (message: string) => void warnings.push(message);
  log.info = async (message: string) => void infos.push(message);
  const restore = setEnvironment(environment);
  begun = [];
  try {
    await program();
    await componentsMade();
  } finally {
    await pulumi.runtime.disconnect();
    Object.assign(log, { warn, info });
    restore();
  }
  if (outcome.failure) throw outcome.failure;
  return { resources, warnings, infos };
}

/**
 * Notes what the mocks do not hand on (they add the inputs), and runs the hooks, which they do not know: those before a
 * resource is made, and, unless one of these fails, those after.
 */
function record(
  resources: Registered[],
  { step, isLeftOut }: { step: NonNullable<Options["step"]>; isLeftOut: (one: Registered) => boolean },
  begin: (one: Registered) => void,
) {
  const hooks = new Hooks();
  const outcome: { failure?: Error } = {};
  // biome-ignore lint/suspicious/noExplicitAny: the SDK gives its requests no types
  const monitor = pulumi.runtime.getMonitor() as any;
  const register = monitor.registerResource.bind(monitor);
  const attempt = async (names: readonly string[], request: unknown) => {
    for (const name of pulumi.runtime.isDryRun() || outcome.failure ? [] : names) {
      const error = await hooks.run(name, request);
      if (error) outcome.failure ??= new Error(error);
    }
  };
  // biome-ignore lint/suspicious/noExplicitAny: as above
  monitor.registerResource = async (request: any, callback: (...answer: unknown[]) => void) => {
    const timeouts = request.getCustomtimeouts();
    const bound = new Map<string, string[]>(
      Object.entries<string[]>(request.getHooks()?.toObject() ?? {})
        .filter(([, names]) => names.length > 0)
        .map(([moment, names]) => [moment.replace(/List$/, ""), names]),
    );
    const one: Registered = {
      type: request.getType(),
      name: request.getName(),
      urn: `urn:pulumi:${request.getType()}::${request.getName()}`,
      parent: nameIn(request.getParent()),
      provider: providerIn(request.getProvider()),
      protect: request.getProtect(),
      imports: request.getImportid(),
      dependsOn: request.getDependenciesList().map(nameIn),
      ignoreChanges: request.getIgnorechangesList(),
      timeouts: { create: timeouts?.getCreate() ?? "", update: timeouts?.getUpdate() ?? "" },
      hooks: [...bound.keys()],
      inputs: {},
    };
    resources.push(one);
    const moment = step(one.type, request.getObject()?.toJavaScript() ?? {}, one.imports);
    await attempt(bound.get(`before${moment}`) ?? [], request);
    begin(outcome.failure ? { ...one } : one);
    // biome-ignore lint/suspicious/noExplicitAny: as above
    register(request, async (error: unknown, answer: any) => {
      await attempt(bound.get(`after${moment}`) ?? [], request);
      if (isLeftOut(one)) {
        answer?.setId("");
        answer?.setUnknown(true);
      }
      // The SDK writes each answer into a debug message that no test reads, a tenth of the time of a run.
      if (answer) answer.toString = () => `answer for ${one.name}`;
      callback(error, answer);
    });
  };
  // biome-ignore lint/suspicious/noExplicitAny: as above
  monitor.registerResourceHook = (request: any, callback: (error: null, answer: object) => void) => {
    hooks.add(request);
    callback(null, {});
  };
  return outcome;
}

/** The name in a reference to a provider: its URN, and its id. */
function providerIn(reference: string): string {
  return reference.split("::").at(-2) ?? "";
}

function nameIn(urn: string): string {
  return urn.split("::").at(-1) ?? "";
}

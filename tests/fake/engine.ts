import * as pulumi from "@pulumi/pulumi";

/** One resource as a program registered it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly parent: string;
  // biome-ignore lint/suspicious/noExplicitAny: the fields of any kind of resource
  readonly inputs: any;
  readonly protect: boolean;
  /** Names of the resources that it waits for. */
  readonly dependsOn: readonly string[];
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
  /** Outputs of a stack by its full name; undefined if there is no such stack. */
  readonly outputsOf?: (stack: string) => Record<string, unknown> | undefined;
  /** Called with each resource of a provider as it is made; a throw fails it. */
  readonly made?: (type: string, inputs: Record<string, unknown>) => void;
}

const project = "gray-release";
const log = pulumi.log as { warn: unknown; info: unknown };

let runs = 0;

/**
 * Runs a program under Pulumi's mocks and waits until all that it registered is made. Each run is in an organization of
 * its own, so that nothing which a module holds between runs is taken for this one's.
 *
 * @throws what the program throws
 */
export async function run(program: () => unknown, options: Options = {}): Promise<Run> {
  const { stack = "test", preview = false, environment = {}, outputsOf = () => ({}), made = () => {} } = options;
  const resources: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource(args) {
        if (args.type === "pulumi:pulumi:StackReference") {
          const outputs = outputsOf(String(args.inputs.name));
          if (outputs === undefined) throw new Error(`unknown stack ${args.inputs.name}`);
          return { id: args.name, state: { name: args.inputs.name, outputs, secretOutputNames: [] } };
        }
        if (args.custom && !preview) made(args.type, args.inputs);
        Object.assign(resources.at(-1) ?? {}, { inputs: args.inputs });
        const state = args.type.endsWith("RandomPassword") ? { ...args.inputs, result: "s3cret" } : args.inputs;
        return { id: `${args.name}-id`, state };
      },
      call: ({ inputs }) => inputs,
    },
    project,
    stack,
    preview,
    `organization-${++runs}`,
  );
  pulumi.runtime.setAllConfig(options.config ?? {});
  record(resources);
  const warnings: string[] = [];
  const infos: string[] = [];
  const { warn, info } = log;
  log.warn = async (message: string) => void warnings.push(message);
  log.info = async (message: string) => void infos.push(message);
  const before = { ...process.env };
  Object.assign(process.env, environment);
  try {
    await program();
  } finally {
    await pulumi.runtime.disconnect();
    Object.assign(log, { warn, info });
    process.env = before;
  }
  return { resources, warnings, infos };
}

/** Notes what the mocks do not hand on (they add the inputs), and gives the mock monitor the call that resources with hooks wait for. */
function record(registered: Registered[]): void {
  // biome-ignore lint/suspicious/noExplicitAny: the SDK gives its requests no types
  const monitor = pulumi.runtime.getMonitor() as any;
  const register = monitor.registerResource.bind(monitor);
  // biome-ignore lint/suspicious/noExplicitAny: as above
  monitor.registerResource = (request: any, callback: unknown) => {
    const timeouts = request.getCustomtimeouts();
    const hooks = request.getHooks()?.toObject() ?? {};
    registered.push({
      type: request.getType(),
      name: request.getName(),
      urn: `urn:pulumi:${request.getType()}::${request.getName()}`,
      parent: nameIn(request.getParent()),
      protect: request.getProtect(),
      dependsOn: request.getDependenciesList().map(nameIn),
      timeouts: { create: timeouts?.getCreate() ?? "", update: timeouts?.getUpdate() ?? "" },
      hooks: Object.keys(hooks)
        .filter((moment) => hooks[moment].length > 0)
        .map((moment) => moment.replace(/List$/, "")),
      inputs: {},
    });
    return register(request, callback);
  };
  monitor.registerResourceHook = (_: unknown, callback: (error: null, answer: object) => void) => callback(null, {});
}

function nameIn(urn: string): string {
  return urn.split("::").at(-1) ?? "";
}

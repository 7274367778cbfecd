/** Runs programs with CanaryService under Pulumi's mocks, for unit tests without a cluster: the entry `gray-release/testing`. */

import * as pulumi from "@pulumi/pulumi";

/** The mock monitors under which no cluster is read. */
const withoutCluster = new WeakSet<object>();

/** Whether the program runs under mocks that {@link setMocks} has set. */
export function isMocked(): boolean {
  const monitor = pulumi.runtime.getMonitor();
  return monitor !== undefined && withoutCluster.has(monitor);
}

/**
 * Sets Pulumi's mocks, as `pulumi.runtime.setMocks` does, for a program with CanaryService. No cluster is read and the gate is not asked: both
 * tracks get the release that the program describes, as in a first install. Arguments are checked as in an `up`.
 *
 * @param mocks what the mocks answer; what they leave out of a resource's state is taken from its inputs. @default nothing but the inputs
 * @param project name of the project. @default "project"
 * @param stack name of the stack. @default "stack"
 * @param preview whether the program runs as in a preview. @default false
 * @example
 * ```ts
 * import { setMocks } from "gray-release/testing";
 *
 * const seen: string[] = [];
 * await setMocks({ newResource: ({ type, name }) => (seen.push(`${type} ${name}`), { id: name, state: {} }) });
 * const { web } = await import("./index.ts");
 * ```
 */
export async function setMocks(
  mocks: Partial<pulumi.runtime.Mocks> = {},
  project = "project",
  stack = "stack",
  preview = false,
): Promise<void> {
  await pulumi.runtime.setMocks(
    {
      async newResource(args) {
        const { id = args.id || `${args.name}-id`, state } = (await mocks.newResource?.(args)) ?? {};
        // A stash and a generated password have an output that no input has.
        const made = { output: args.inputs.input, result: args.name };
        return { id, state: { ...made, ...args.inputs, ...state } };
      },
      call: (args) => mocks.call?.(args) ?? args.inputs,
    },
    project,
    stack,
    preview,
    "organization",
  );
  // The mock monitor of the SDK lacks this method, so every resource with a hook would fail (SDK 3.270).
  const monitor = pulumi.runtime.getMonitor() as object;
  Object.assign(monitor, {
    registerResourceHook: (_: unknown, done: (error: null, answer: object) => void) => done(null, {}),
  });
  withoutCluster.add(monitor);
}

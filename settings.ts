/** The settings of the example program, read from the Pulumi configuration of its stacks and checked. */
import { existsSync, readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { loadAll } from "js-yaml";
import * as v from "valibot";
import { mustBe } from "./components/schema.ts";
import { type Percent, percentage, percentOf } from "./components/units.ts";
import { UserError } from "./components/user-error.ts";

/** A number. The Pulumi CLI passes every value to the program as text. */
const number = (form: RegExp, allowed: string) =>
  v.pipe(v.string(allowed), v.regex(form, allowed), v.transform(Number.parseFloat));

/** A percentage, with or without the sign. */
const percent = v.pipe(
  v.string(),
  v.transform((text): unknown => (text.endsWith("%") ? text : `${text}%`)),
  v.custom<Percent>((text) => v.is(percentage, text), "must be 0 to 100"),
  v.transform(percentOf),
);

/** The keys of Pulumi.yaml (for both stacks) and Pulumi.<stack>.yaml. */
const schema = v.strictObject({
  /** Image of the service, with a tag or digest. */
  image: v.string(),
  /** Number of stable pods, at least 1. */
  replicas: number(/^0*[1-9]\d*$/, "must be a whole number of at least 1"),
  /** Namespace of the service. It must exist. */
  namespace: v.string(),
  /** Seconds that a new pod must stay ready before it counts as available. Use less than 30 for demos only. */
  minReadySeconds: number(/^\d+$/, "must be a whole number of seconds"),
  /** The track that this stack owns. */
  track: v.picklist(["stable", "canary"], "must be stable or canary"),
  /** Percent of user traffic for canary, 0 to 100, with or without the sign. Stack canary only. @default 10 */
  weight: v.optional(percent),
  /** `next`, `current` or the id of a release in the history. @default next */
  release: v.optional(v.string()),
});

/** The settings of one stack, with numbers as numbers. */
export type Settings = v.InferOutput<typeof schema>;

/** Both stacks render the same release from these keys, so they belong in Pulumi.yaml. */
const shared = ["image", "replicas", "namespace", "minReadySeconds"] as const;
const stacks = ["canary", "prod"];

/**
 * Reads the settings of the current stack.
 *
 * @throws UserError that names the key, its value, the allowed values and the file to change
 * @example
 * ```ts
 * const { image, replicas, namespace } = readSettings();
 * ```
 */
export function readSettings(): Settings {
  const project = pulumi.getProject();
  const given = Object.fromEntries(
    Object.entries(pulumi.runtime.allConfig())
      .filter(([key]) => key.startsWith(`${project}:`))
      .map(([key, value]) => [key.slice(project.length + 1), value]),
  );
  const parsed = v.safeParse(schema, given, { message: mustBe });
  if (!parsed.success) throw new UserError(sentence(parsed.issues[0], given));
  assertSharedAlike(project);
  if (parsed.output.track === "stable" && parsed.output.weight !== undefined) {
    throw new UserError(
      `Configuration key "weight" is set for the stack of stable, and canary's stack owns the front: set it in Pulumi.canary.yaml and remove it from Pulumi.${pulumi.getStack()}.yaml.`,
    );
  }
  return parsed.output;
}

function sentence(issue: v.BaseIssue<unknown>, given: Record<string, unknown>): string {
  const key = v.getDotPath(issue) ?? "";
  const stackFile = `Pulumi.${pulumi.getStack()}.yaml`;
  const known = Object.keys(schema.entries).join(", ");
  if (issue.expected === "never") {
    const inStack = stackConfig(pulumi.getStack(), pulumi.getProject())[key] !== undefined;
    return `Configuration key "${key}" is unknown: use one of ${known} in ${inStack ? stackFile : "Pulumi.yaml"}.`;
  }
  const file = (shared as readonly string[]).includes(key) ? "Pulumi.yaml" : stackFile;
  if (given[key] === undefined) return `Configuration key "${key}" is missing: set it in ${file}.`;
  return `Configuration key "${key}" is ${JSON.stringify(given[key])}: it ${issue.message}; change it in ${file}.`;
}

function assertSharedAlike(project: string): void {
  const [canary = {}, prod = {}] = stacks.map((stack) => stackConfig(stack, project));
  for (const key of shared) {
    if (canary[key] === prod[key]) continue;
    const where =
      canary[key] === undefined
        ? "Pulumi.prod.yaml"
        : prod[key] === undefined
          ? "Pulumi.canary.yaml"
          : "both stack files, differently";
    throw new UserError(
      `Configuration key "${key}" is set in ${where}, and both tracks run the same release: set it in Pulumi.yaml, for both.`,
    );
  }
}

/** The project's config in the file of one stack. A key may have the project's name as prefix, as Pulumi reads it; it is returned without it. */
function stackConfig(stack: string, project: string): Record<string, unknown> {
  const path = `Pulumi.${stack}.yaml`;
  if (!existsSync(path)) return {};
  const { config = {} } = read(path);
  return Object.fromEntries(
    Object.entries(config)
      .map(([key, value]) => [key.startsWith(`${project}:`) ? key.slice(project.length + 1) : key, value] as const)
      .filter(([key]) => !key.includes(":")),
  );
}

function read(path: string): { config?: Record<string, unknown> } {
  try {
    // loadAll accepts an empty file, which contains no document. A stack without settings may have an empty file.
    return (loadAll(readFileSync(path, "utf8"))[0] ?? {}) as { config?: Record<string, unknown> };
  } catch (error) {
    throw new UserError(`${path} cannot be read (${(error as Error).message.split("\n")[0]}): correct it.`);
  }
}

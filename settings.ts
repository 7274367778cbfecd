import { existsSync, readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { loadAll } from "js-yaml";
import * as v from "valibot";
import { mustBe } from "./components/schema.ts";
import { UserError } from "./components/user-error.ts";

/** A number: the CLI hands every value to the program as text. */
const number = (form: RegExp, allowed: string) =>
  v.pipe(v.string(allowed), v.regex(form, allowed), v.transform(Number));

/** What Pulumi.yaml (for both stacks) and Pulumi.<stack>.yaml say. */
const schema = v.strictObject({
  /** Image of the service, with its tag. */
  image: v.string(),
  /** Pods of stable. */
  replicas: number(/^0*[1-9]\d*$/, "must be a whole number of at least 1"),
  /** Namespace of the service, which has to exist. */
  namespace: v.string(),
  /** Seconds a new pod must stay ready before it counts; less than 30 is for rehearsal. */
  minReadySeconds: number(/^\d+$/, "must be a whole number of seconds"),
  /** Which track this stack owns. */
  track: v.picklist(["stable", "canary"], "must be stable or canary"),
  /** Percent of user traffic meant for canary. */
  weight: v.optional(v.pipe(number(/^\d+(\.\d+)?$/, "must be 0 to 100"), v.maxValue(100, "must be 0 to 100"))),
  /** next, current or the id of a kept release. */
  release: v.optional(v.string()),
});

export type Settings = v.InferOutput<typeof schema>;

/** Both stacks render the same release from these, so they belong into Pulumi.yaml. */
const shared = ["image", "replicas", "namespace", "minReadySeconds"] as const;
const stacks = ["canary", "prod"];

/**
 * The settings of this stack.
 *
 * @throws Refusal naming the key, its value, what is allowed and the file to change
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
      `Configuration key "weight" is set for the stack of stable, and canary's stack owns the front: set it in Pulumi.canary.yaml and take it out of Pulumi.${pulumi.getStack()}.yaml.`,
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
    return `Configuration key "${key}" is not known: use one of ${known} in ${inStack ? stackFile : "Pulumi.yaml"}.`;
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

/** The config that a stack's own file holds, without the project's name before the keys. */
function stackConfig(stack: string, project: string): Record<string, unknown> {
  const path = `Pulumi.${stack}.yaml`;
  if (!existsSync(path)) return {};
  const { config = {} } = read(path);
  return Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith(`${project}:`))
      .map(([key, value]) => [key.slice(project.length + 1), value]),
  );
}

function read(path: string): { config?: Record<string, unknown> } {
  try {
    // loadAll, because an empty file holds no document, and a stack without settings may have one.
    return (loadAll(readFileSync(path, "utf8"))[0] ?? {}) as { config?: Record<string, unknown> };
  } catch (error) {
    throw new UserError(`${path} cannot be read (${(error as Error).message.split("\n")[0]}): correct it.`);
  }
}

/** Previews of `pulumi up`: runs and parses `pulumi preview --json`, and prints the changes. */

import * as v from "valibot";
import { count } from "../../analysis/format.ts";
import { namesOf, type ServiceNames, stashType } from "../../components/names.ts";
import { keyed, mapOf, plainObject } from "../../components/schema.ts";
import { lastError, pulumi } from "../../pulumi/pulumi.ts";
import { reasonIn, unreachableSentence } from "../../pulumi/unreachable.ts";
import { plainTable } from "./table.ts";

/** What an `up` would do to one resource. Holds names only, because a value may be a secret. */
export interface Change {
  readonly operation: string;
  readonly kind: string;
  readonly name: string;
  /** Paths of the properties that change; empty if the whole resource is created or deleted. */
  readonly properties: readonly string[];
}

/** A service of the program, with the inputs of its component as the program gives and resolves them. */
export interface DescribedService extends ServiceNames {
  readonly namespace?: string;
  readonly inputs: object;
  readonly changes: boolean;
}

/** What an `up` of one stack would do. */
export interface StackPreview {
  readonly stack: string;
  readonly changes: readonly Change[];
  /** Number of resources that do not change. */
  readonly unchanged: number;
  readonly warnings: readonly string[];
  /**
   * The services that it would change, or all of them, with the inputs of their components as the program gives and resolves them.
   * Never print these: a value may be a secret.
   */
  readonly services: readonly DescribedService[];
  /** Why the preview failed; then it is missing or incomplete. */
  readonly error?: string;
}

const state = v.object({ custom: v.optional(v.boolean()), type: v.string(), inputs: v.nullish(plainObject()) });
const step = v.object({
  op: v.string(),
  urn: v.string(),
  oldState: v.nullish(state),
  newState: v.nullish(state),
  detailedDiff: v.nullish(plainObject()),
  diffReasons: v.nullish(v.array(v.string())),
  replaceReasons: v.nullish(v.array(v.string())),
});
const digest = keyed(
  v.object({
    steps: v.nullish(v.array(step)),
    /** Number of resources by operation. Steps that change nothing appear here only. */
    changeSummary: v.nullish(mapOf(v.number())),
    diagnostics: v.nullish(v.array(v.object({ severity: v.string(), message: v.string() }))),
  }),
);

/** Steps that add no information: reads, and the halves of a replacement. */
const ignoredOperations = new Set([
  ...["refresh", "read", "read-replacement", "read-discard"],
  ...["create-replacement", "import-replacement", "delete-replaced", "discard-replaced", "remove-pending-replace"],
]);

/**
 * Previews an `up` of a stack with the `pulumi` command of the project, which is logged in to its backend.
 *
 * @param env further environment variables
 * @param showing `all` to include services that do not change. @default those that change
 */
export async function previewStack(
  stack: string,
  folder: string,
  env: Readonly<Record<string, string>> = {},
  showing?: "all",
): Promise<StackPreview> {
  const showSames = showing === "all" ? ["--show-sames"] : [];
  const { code, stdout, stderr } = await pulumi(
    ["preview", "--json", ...showSames, "--non-interactive", "--stack", stack],
    {
      folder,
      env: { ...env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "false" },
    },
  ).catch(({ message }: Error) => ({ code: 127, stdout: "", stderr: message }));
  if (code === 0) return previewOf(stack, stdout);
  const found = stdout.trim() === "" ? emptyPreview(stack) : previewOf(stack, stdout);
  return { ...found, error: found.error ?? lastError(stderr) ?? "pulumi printed no error" };
}

/** Parses a preview as Pulumi prints it with `--json`. */
export function previewOf(stack: string, json: string): StackPreview {
  const parsed = v.safeParse(digest, parse(json));
  if (!parsed.success)
    return {
      ...emptyPreview(stack),
      error: "its output is no JSON preview; run it yourself with --json to see what it prints",
    };
  const { steps, changeSummary, diagnostics } = parsed.output;
  const objectSteps = (steps ?? []).filter(({ oldState, newState }) => {
    const found = newState ?? oldState;
    // The stack state is no object of the service, and follows from the changes of these.
    return found?.custom && found.type !== stashType;
  });
  const diagnosticsOf = (severity: string) => [
    ...new Set(
      (diagnostics ?? []).filter((each) => each.severity === severity).map(({ message }) => withoutPrefix(message)),
    ),
  ];
  const [error] = diagnosticsOf("error");
  return {
    stack,
    changes: objectSteps
      .filter(({ op }) => op !== "same" && !ignoredOperations.has(op))
      .map(({ op, urn, detailedDiff, diffReasons, replaceReasons }) => ({
        operation: op,
        kind: urn.split("::").at(-2)?.split(":").at(-1) ?? "",
        name: nameIn(urn),
        properties: op === "create" || op === "delete" ? [] : pathsOf(detailedDiff, replaceReasons, diffReasons),
      })),
    unchanged: changeSummary?.same ?? 0,
    warnings: diagnosticsOf("warning"),
    services: (steps ?? []).flatMap(({ op, urn, newState }) =>
      newState?.type === "gray-release:index:CanaryService" && newState.inputs && !ignoredOperations.has(op)
        ? [describedService(nameIn(urn), newState.inputs, op !== "same")]
        : [],
    ),
    ...(error !== undefined && {
      error: unreachableSentence(error, diagnosticsOf("warning").map(reasonIn).find(Boolean)) ?? error,
    }),
  };
}

const emptyPreview = (stack: string): StackPreview => ({
  stack,
  changes: [],
  unchanged: 0,
  warnings: [],
  services: [],
});

/**
 * The service as the previewed program describes it; undefined if it does not. Services in two namespaces may have the same name.
 */
export function describedIn(
  previews: readonly StackPreview[],
  { service, namespace }: { readonly service: string; readonly namespace: string },
): DescribedService | undefined {
  const isIt = (each: DescribedService) => each.service === service && [undefined, namespace].includes(each.namespace);
  return previews.flatMap(({ services }) => services).find(isIt);
}

const identity = v.object({ name: v.optional(v.string()), namespace: v.optional(v.string()) });

function describedService(resource: string, inputs: object, changes: boolean): DescribedService {
  const { success, output } = v.safeParse(identity, inputs);
  const { namespace, ...named } = success ? output : {};
  return { ...namesOf(resource, named), ...(namespace !== undefined && { namespace }), inputs, changes };
}

function nameIn(urn: string): string {
  return urn.split("::").at(-1) ?? "";
}

function pathsOf(detailed: object | null | undefined, ...reasons: (readonly string[] | null | undefined)[]): string[] {
  const paths = Object.keys(detailed ?? {});
  return paths.length > 0 ? paths : [...new Set(reasons.flatMap((each) => each ?? []))];
}

/** The changes of all stacks as a table, followed by the number of changes of each stack and the warnings of the program. */
export function changeLines(previews: readonly StackPreview[]): string {
  const rows = previews.flatMap(({ stack, changes }) =>
    changes.map(({ operation, kind, name, properties }) => [
      shortName(stack),
      operation,
      kind,
      name,
      properties.join(", "),
    ]),
  );
  const counts = previews
    .filter(({ error }) => error === undefined)
    .map(({ stack, changes, unchanged }) => {
      const changed = changes.length === 0 ? "nothing changes" : count(changes.length, "change");
      return `${shortName(stack)}: ${changed}, ${unchanged} unchanged.`;
    });
  const all = previews.flatMap(({ stack, warnings }) => warnings.map((warning) => ({ stack, warning })));
  const warnings = [...Map.groupBy(all, ({ warning }) => warning)].map(
    ([warning, by]) => `${by.map(({ stack }) => shortName(stack)).join(", ")}: warning: ${warning}`,
  );
  return [
    rows.length > 0 ? plainTable(["STACK", "OPERATION", "KIND", "NAME", "CHANGES"], rows) : "",
    [...counts, ...warnings].join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** The name of a stack within its project. */
export function shortName(stack: string): string {
  return stack.split("/").at(-1) ?? stack;
}

/** A diagnostic without its prefix `warning:` or `error:`. */
function withoutPrefix(message: string): string {
  return message.replace(/^(warning|error): /, "").trim();
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Reads Pulumi's engine events: the progress of a run, and why it failed. */

import * as v from "valibot";
import { oneLine } from "../border/foreign-text.ts";
import { jsonIn } from "../border/json.ts";
import { keyed } from "../components/schema.ts";
import { reasonIn, refreshFailed, unreachableSentence } from "./unreachable.ts";

/** The engine events that are used here, with the fields that are used. */
const metadata = v.object({
  op: v.string(),
  urn: v.string(),
  new: v.nullish(v.object({ custom: v.optional(v.boolean()) })),
  old: v.nullish(v.object({ custom: v.optional(v.boolean()) })),
});
const event = keyed(
  v.object({
    resourcePreEvent: v.optional(v.object({ metadata })),
    diagnosticEvent: v.optional(v.object({ urn: v.optional(v.string()), message: v.string(), severity: v.string() })),
    policyEvent: v.optional(v.object({ message: v.string(), enforcementLevel: v.string() })),
  }),
);
type Metadata = v.InferOutput<typeof metadata>;

/** Steps that change an object, and the verb that is printed for each. The `replace` step is left out, as its two halves are printed. */
const verbs: Readonly<Record<string, string>> = {
  create: "creating",
  "create-replacement": "creating",
  update: "updating",
  delete: "deleting",
  "delete-replaced": "deleting",
  import: "importing",
};

/** Errors that the engine adds after another error. */
const followUps = /^(update|preview|refresh) (failed|cancell?ed)$/;

/** gRPC's error if the program, which answers for its hooks, has ended. */
const unanswered = /^rpc error: code = (Unavailable|Canceled) /;

/** The progress of a run of Pulumi, read from its events. With `--json` Pulumi prints one event per line. */
export class Progress {
  readonly #errors: { readonly urn?: string | undefined; readonly message: string }[] = [];
  /** Why the cluster cannot be reached; Pulumi reports it in a warning before the error. */
  #unreachable: string | undefined;
  readonly #violations: string[] = [];

  /** Reads one event. @returns a line for the user if an object begins to change, such as `Deployment web updating` */
  read(line: string): string | undefined {
    const parsed = v.safeParse(event, jsonIn(line));
    if (!parsed.success) return undefined;
    const { resourcePreEvent, diagnosticEvent, policyEvent } = parsed.output;
    const message = diagnosticEvent?.message.slice(0, searchLimit) ?? "";
    if (diagnosticEvent?.severity === "error") this.#errors.push({ urn: diagnosticEvent.urn, message });
    if (diagnosticEvent) this.#unreachable ??= reasonIn(message);
    if (policyEvent?.enforcementLevel === "mandatory") this.#violations.push(policyEvent.message.slice(0, searchLimit));
    return resourcePreEvent && this.#begin(resourcePreEvent.metadata);
  }

  /** Whether the refresh could not reach the cluster, so that the program has not run. */
  get refreshFailed(): boolean {
    return this.#errors.some(({ message }) => refreshFailed(message));
  }

  /** Why the run failed, in one line: the program's error, else that of the first failed resource, else the violated policy. */
  get failure(): string | undefined {
    const real = this.#errors.filter(({ message }) => !followUps.test(message.trim()));
    const [resource] = real;
    const program = real.find(({ urn }) => !urn);
    if (program) return programError(program.message);
    const unreachable = resource && unreachableSentence(resource.message, this.#unreachable);
    if (unreachable) return unreachable;
    if (resource) return resourceError(resource.urn ?? "", resource.message);
    return this.#violations[0] && joined(this.#violations[0]);
  }

  #begin({ op, urn, new: coming, old }: Metadata): string | undefined {
    const verb = verbs[op];
    const type = typeOf(urn);
    if (verb === undefined || !(coming ?? old)?.custom || type.startsWith("pulumi:")) return undefined;
    return `${nameOf(urn)} ${verb}`;
  }
}

/** The error of a program: the sentence of a UserError as it is, any other error without its stack trace. */
function programError(message: string): string {
  if (!message.startsWith("Running program ")) return joined(message);
  const lines = message.split("\n").slice(1);
  return joined(lines.find((line) => /^\w*Error\b.*: /.test(line)) ?? lines[0] ?? message);
}

/** The error of a resource. If a hook refused the change, its own sentence. */
function resourceError(urn: string, message: string): string {
  const [, moment, sentence] = /^(before|after|error) hook "[^"]*" failed: (.*)$/s.exec(message) ?? [];
  if (sentence !== undefined && unanswered.test(sentence)) {
    return moment === "before"
      ? `The program ended before ${nameOf(urn)} was changed: run pulumi up again.`
      : `The program ended while it waited for ${nameOf(urn)}, so it is not known whether the change completed: the next pulumi up reads the cluster and records the result.`;
  }
  if (sentence !== undefined) return joined(sentence);
  const bare = message
    .replace(/^\d+ errors? occurred:/, "")
    .replace(/(?:\w+ of )?resource "[^"]*" (?:failed|was (?:not )?successfully [^:]*): /g, "");
  return `${nameOf(urn)}: ${joined(bare)}`;
}

/**
 * Longest error from Pulumi, in characters. It has to be long, because Pulumi puts the cause last. The record cuts it to the length of
 * a reason.
 */
const errorLimit = 1000;

/** Characters of an error that are searched: searching megabytes would take minutes. */
const searchLimit = 8 * errorLimit;

/** The lines of a text in one line. */
function joined(text: string): string {
  const parts = text.split("\n").map((line) => line.replace(/^\s*\*\s*/, "").trim());
  return oneLine(parts.filter((part) => part !== "").join("; "), errorLimit);
}

/** Kind and name of a resource, such as `Deployment web`. */
function nameOf(urn: string): string {
  return oneLine(`${typeOf(urn).split(":").at(-1)} ${urn.split("::").at(-1)}`);
}

function typeOf(urn: string): string {
  return urn.split("::").at(-2)?.split("$").at(-1) ?? "";
}

import * as v from "valibot";
import { oneLine } from "../border/foreign-text.ts";
import { keyed } from "../components/schema.ts";
import { isUnread, reasonIn, unreachableSentence } from "./unreachable.ts";

/** The engine's events that say how a run goes; the fields that are used. */
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

/** Steps that change something, as people say it. The middle of a replacement tells nothing new. */
const doings: Readonly<Record<string, string>> = {
  create: "creating",
  "create-replacement": "creating",
  update: "updating",
  delete: "deleting",
  "delete-replaced": "deleting",
  import: "importing",
};

/** What the engine says when something else has failed. */
const echoes = /^(update|preview|refresh) (failed|cancell?ed)$/;

/** What gRPC says where the program, which has to answer for its hooks, is no longer there. */
const unanswered = /^rpc error: code = (Unavailable|Canceled) /;

/** How a run of Pulumi goes, by its events, of which it prints one a line with `--json`. */
export class Progress {
  readonly #errors: { readonly urn?: string | undefined; readonly message: string }[] = [];
  /** Why no cluster is reached; a warning says it, before the error. */
  #unreachable: string | undefined;
  readonly #violations: string[] = [];

  /** Takes in a line. @returns what it says to people: one line for each change of an object, `Deployment web updating` */
  read(line: string): string | undefined {
    const parsed = v.safeParse(event, parse(line));
    if (!parsed.success) return undefined;
    const { resourcePreEvent, diagnosticEvent, policyEvent } = parsed.output;
    const message = diagnosticEvent?.message.slice(0, lookedAt) ?? "";
    if (diagnosticEvent?.severity === "error") this.#errors.push({ urn: diagnosticEvent.urn, message });
    if (diagnosticEvent) this.#unreachable ??= reasonIn(message);
    if (policyEvent?.enforcementLevel === "mandatory") this.#violations.push(policyEvent.message.slice(0, lookedAt));
    return resourcePreEvent && this.#begin(resourcePreEvent.metadata);
  }

  /** Whether the refresh came to no cluster, so that the program has not run. */
  get isUnread(): boolean {
    return this.#errors.some(({ message }) => isUnread(message));
  }

  /** Why it failed, in one line: in the program's own words, else what the first failed resource says, else the policy. */
  get failure(): string | undefined {
    const real = this.#errors.filter(({ message }) => !echoes.test(message.trim()));
    const [resource] = real;
    const program = real.find(({ urn }) => !urn);
    if (program) return programs(program.message);
    const unreachable = resource && unreachableSentence(resource.message, this.#unreachable);
    if (unreachable) return unreachable;
    if (resource) return resources(resource.urn ?? "", resource.message);
    return this.#violations[0] && joined(this.#violations[0]);
  }

  #begin({ op, urn, new: coming, old }: Metadata): string | undefined {
    const doing = doings[op];
    const type = typeOf(urn);
    if (doing === undefined || !(coming ?? old)?.custom || type.startsWith("pulumi:")) return undefined;
    return `${nameOf(urn)} ${doing}`;
  }
}

/** What a program says in an error: a Refusal as it is, anything else without its stack. */
function programs(message: string): string {
  if (!message.startsWith("Running program ")) return joined(message);
  const lines = message.split("\n").slice(1);
  return joined(lines.find((line) => /^\w*Error\b.*: /.test(line)) ?? lines[0] ?? message);
}

/** What went wrong with a resource; a hook's refusal is the program's own sentence. */
function resources(urn: string, message: string): string {
  const [, moment, sentence] = /^(before|after|error) hook "[^"]*" failed: (.*)$/s.exec(message) ?? [];
  if (sentence !== undefined && unanswered.test(sentence)) {
    return moment === "before"
      ? `The program ended before ${nameOf(urn)} was changed: run pulumi up again.`
      : `The program ended while ${nameOf(urn)} was waited for, so what the cluster did with it is not known here: the next pulumi up looks at the cluster and records what has come of it.`;
  }
  if (sentence !== undefined) return joined(sentence);
  const bare = message
    .replace(/^\d+ errors? occurred:/, "")
    .replace(/(?:\w+ of )?resource "[^"]*" (?:failed|was (?:not )?successfully [^:]*): /g, "");
  return `${nameOf(urn)}: ${joined(bare)}`;
}

/**
 * Characters of what Pulumi says: it tells the cause last, after the names of what it was doing. In the record it is cut to
 * the bounds of a reason.
 */
const sayingLimit = 1000;

/** Characters of it that are looked at: a text of megabytes would be searched for minutes. */
const lookedAt = 8 * sayingLimit;

/** The lines of a text as one. */
function joined(text: string): string {
  const parts = text.split("\n").map((line) => line.replace(/^\s*\*\s*/, "").trim());
  return oneLine(parts.filter((part) => part !== "").join("; "), sayingLimit);
}

/** `Deployment web` */
function nameOf(urn: string): string {
  return oneLine(`${typeOf(urn).split(":").at(-1)} ${urn.split("::").at(-1)}`);
}

function typeOf(urn: string): string {
  return urn.split("::").at(-2)?.split("$").at(-1) ?? "";
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

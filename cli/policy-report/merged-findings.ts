/** Merges findings that say the same of several stacks or of both tracks. Pure. */
import { shortName } from "../output/changes.ts";
import type { Finding } from "./findings.ts";

/** A finding, wherever it holds. */
export interface MergedFinding extends Pick<Finding, "rule" | "level" | "severity"> {
  /** The short names of the stacks that it holds in. */
  readonly stacks: readonly string[];
  /** What was found and what is wanted, of each object that it holds for, without the file to change. */
  readonly sentence: string;
  /** The object, whichever track it belongs to, or the URN of a resource that the sentence does not name. */
  readonly object: string;
  /** The place to change, if the message names one. */
  readonly place?: string;
}

/** The object that a sentence begins with: kind, namespace and name (policies/engine/declared.ts, `called`). */
const named = /^([A-Z]\w*) ([a-z0-9.-]+)\/([a-z0-9.-]+)(?=[ ,:])/;
const placed = / File to change: (.+)\.$/;

/**
 * The findings, each once: one of a rule in other stacks, or on the same object of the other track, is the same finding if the rest of
 * its sentence is.
 *
 * @example mergedFindings([inCanary, inProd]) // [{ stacks: ["canary", "prod"], sentence: "Deployment shop/web and web-canary, container …" }]
 */
export function mergedFindings(findings: readonly Finding[]): MergedFinding[] {
  const read = findings.map(readFinding);
  const alike = Map.groupBy(read, ({ rule, level, object, rest, place }) =>
    JSON.stringify([rule, level, object, rest, place]),
  );
  return [...alike.values()].map(merged);
}

function merged(alike: readonly Read[]): MergedFinding {
  const { rule, level, severity, object, kind, rest, place } = alike[0] as Read;
  const stacks = unique(alike.map(({ stack }) => stack));
  const names = unique(alike.flatMap(({ name }) => name ?? [])).toSorted();
  const files = stacks.map((stack) => `Pulumi.${stack}.yaml`).join(", ");
  return {
    rule,
    level,
    ...(severity !== undefined && { severity }),
    stacks,
    object,
    sentence: kind === undefined ? rest : `${kind}${listed(names)}${rest}`,
    ...(place !== undefined && { place: place.replace(ofStack, files) }),
  };
}

/** Several names as in a sentence. @example listed(["canary", "prod"]) // "canary and prod" */
export function listed(names: readonly string[]): string {
  return [names.slice(0, -1).join(", "), ...names.slice(-1)].filter((part) => part !== "").join(" and ");
}

/** Stands for the file of a stack's configuration. */
const ofStack = "Pulumi.<stack>.yaml";

/** A finding with its sentence in parts: the object that it names (`kind` with the namespace, and `name`), and the rest. */
interface Read extends Pick<Finding, "stack" | "rule" | "level" | "severity"> {
  readonly object: string;
  readonly kind?: string;
  readonly name?: string;
  readonly rest: string;
  readonly place?: string;
}

function readFinding({ stack: full, rule, level, severity, urn, message }: Finding): Read {
  const stack = shortName(full);
  const place = placed.exec(message)?.[1]?.replace(`Pulumi.${stack}.yaml`, ofStack);
  const sentence = message.replace(placed, "");
  const [start, kind, namespace, name = ""] = named.exec(sentence) ?? [];
  const read = {
    stack,
    rule,
    level,
    ...(severity !== undefined && { severity }),
    ...(place !== undefined && { place }),
  };
  if (start === undefined) return { ...read, object: urn.split("::").slice(2).join("::"), rest: sentence };
  const where = `${kind} ${namespace}/`;
  const object = `${where}${name.replace(/-canary$/, "")}`;
  return { ...read, object, kind: where, name, rest: sentence.slice(start.length) };
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}

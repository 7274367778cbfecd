/** What a written program says less, or otherwise, than the live objects, so that nothing is left out silently. */

import { oneLine } from "../border/foreign-text.ts";

/** One such thing, with its reason. */
export interface Remark {
  /** `not-described`: the program does not have it. `differs`: the program has another value, or one more. */
  readonly kind: "not-described" | "differs";
  /** The object and the field, such as `Service web: spec.publishNotReadyAddresses`. */
  readonly what: string;
  /** The reason and what becomes of it, without a full stop. */
  readonly why: string;
}

/** A thing that the program does not have. */
export function notDescribed(what: string, why: string): Remark {
  return { kind: "not-described", what, why };
}

/** A thing that the program has with another value. */
export function differs(what: string, why: string): Remark {
  return { kind: "differs", what, why };
}

const headings = { "not-described": "Not described:", differs: "Other than in the cluster:" } as const;

/** The remarks as lines of text, by kind; names from the cluster are cleaned. */
export function remarkLines(remarks: readonly Remark[]): string[] {
  return (["not-described", "differs"] as const).flatMap((kind) => {
    const found = remarks.filter((remark) => remark.kind === kind);
    if (found.length === 0) return [];
    return [headings[kind], ...found.map(({ what, why }) => `- ${oneLine(`${what}: ${why}.`, 600)}`)];
  });
}

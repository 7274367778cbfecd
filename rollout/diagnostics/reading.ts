/** Reads diagnostics within a time limit. */
import { oneLine } from "../../border/foreign-text.ts";

/** Reads within a time limit, and collects what could not be read. */
export class Reading {
  readonly signal: AbortSignal;
  readonly missing: { readonly what: string; readonly why: string }[] = [];

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  /** The result; undefined, and noted as missing, if it fails. */
  async of<T>(what: string, pending: Promise<T>): Promise<T | undefined> {
    try {
      const result = await pending;
      // Reading lines ends without an error when the signal aborts.
      this.signal.throwIfAborted();
      return result;
    } catch (error) {
      this.addMissing(what, shortReason(error));
      return undefined;
    }
  }

  addMissing(what: string, why: string): void {
    this.missing.push({ what, why });
  }

  /** A sentence about what is missing; empty if nothing is. */
  inWords(): string[] {
    const [first, second] = this.missing;
    if (first === undefined) return [];
    const more = this.missing.length - 1;
    const others = more === 0 || second === undefined ? "" : more === 1 ? `, ${second.what}` : `, and ${more} more`;
    return [`Missing: ${first.what} (${first.why})${others}.`];
  }
}

/** Why something failed, in a few words. */
export function shortReason(error: unknown): string {
  const { name, message } = error as Error;
  if (name === "TimeoutError") return "the time limit was reached";
  if (name === "AbortError") return "it was stopped";
  return oneLine(message).replace(/\.$/, "");
}

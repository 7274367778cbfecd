import { oneLine } from "../../border/foreign-text.ts";

/** A person's reason as it is kept and told: one line of at most 300 characters. For an option of commander. */
export function reasonIn(text: string): string {
  return oneLine(text);
}

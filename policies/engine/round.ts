/**
 * The pass of one resource through all rules of a pack. The SDK converts all fields of the resource again for each policy that
 * runs on it, which is nearly the whole cost of a pack. So the first policy finds the rules that may report something, and only
 * their policies run.
 *
 * This relies on the order in which the SDK calls the policies (policy 1.21, server.js: one policy after the other, one resource
 * at a time). If the order differs, every policy runs on every resource, which is slower but still correct.
 *
 * @example
 * ```ts
 * const round = new Round<Rule>();
 * round.begin(() => new Set([rule]));
 * round.mustRun(rule) // true
 * round.end();
 * ```
 */
export class Round<Rule> {
  #reporting: ReadonlySet<Rule> | undefined;
  #open = false;
  #interleaved = false;

  /** Begins the pass of a resource, at the first policy. @param reporting finds the rules that may report something on it */
  begin(reporting: () => ReadonlySet<Rule>): void {
    // With two resources at a time, later calls cannot be assigned to one of them.
    if (this.#open) this.#interleaved = true;
    this.#open = true;
    this.#reporting = this.#interleaved ? undefined : reporting();
  }

  /** Whether the policy of a rule must run on the resource. */
  mustRun(rule: Rule): boolean {
    return this.#reporting?.has(rule) ?? true;
  }

  /** Ends the pass, at the last policy. */
  end(): void {
    this.#open = false;
  }
}

/**
 * One resource on its way through all rules of a pack. The SDK reads all fields of the resource anew for each policy that looks at it, which is
 * nearly all of what a pack costs; so the first one finds out which of the others have something to say, and only these look.
 *
 * It goes by the order in which the SDK asks (policy 1.21, server.js: one policy after the other, one resource at a time). Where that does
 * not hold, every policy looks at every resource: slower, and never wrong.
 */
export class Round<Rule> {
  #talks: ReadonlySet<Rule> | undefined;
  #open = false;
  #broken = false;

  /** The first policy has a resource before it. @param talks the rules that have something to say of it */
  begin(talks: () => ReadonlySet<Rule>): void {
    // Two resources at a time: whose the answers are is not known from here on.
    if (this.#open) this.#broken = true;
    this.#open = true;
    this.#talks = this.#broken ? undefined : talks();
  }

  /** Whether the policy of a rule has to look at the resource. */
  looks(rule: Rule): boolean {
    return this.#talks?.has(rule) ?? true;
  }

  /** The last policy is asked. */
  end(): void {
    this.#open = false;
  }
}

import type { Change, Stack } from "../../harness/project.ts";

/** What happened before: a change, an object put into the cluster, an `up` that succeeds. In this order. */
export interface Step {
  readonly change?: Change;
  readonly apply?: object;
  readonly up?: Stack;
  /** What the release that canary runs after this step is called further on. */
  readonly release?: string;
}

/**
 * Bad input, and the one sentence that `pulumi up` ends with. In settings, manifests and the sentence `{namespace}` is
 * the namespace that the case runs in, `{B}` the id of the release that a step called B, and in the sentence `{any}`
 * whatever stands there.
 *
 * A case is a file of this folder whose default export is this. `tests/expected-failures.test.ts` runs all of them on a
 * cluster in memory, and the end-to-end tests those that need a cluster on a real one, both with {@link provoke}.
 */
export interface ExpectedFailure {
  readonly title: string;
  /**
   * That what is tested is something in the cluster, or that it has the Gateway API or has not. A sandbox keeps its gateway, so the
   * end-to-end tests pass over the last kind where one was there before. @default it never comes to the cluster
   */
  readonly needs?: "cluster" | "Gateway API" | "no Gateway API";
  readonly before?: readonly Step[];
  readonly change?: Change;
  readonly environment?: Readonly<Record<string, string>>;
  /** The stack whose `up` fails. */
  readonly up: Stack;
  readonly sentence: string;
}

/** Where a case is played through: a checkout, and a cluster. */
export interface Stage {
  readonly namespace: string;
  change(change: Change): void;
  apply(object: object): Promise<void>;
  up(stack: Stack, environment: Readonly<Record<string, string>>): Promise<{ failed: boolean; output: string }>;
  /** The id of the release that canary runs, by its stack. */
  release(): Promise<string>;
}

/** Plays a case through, and gives the sentence to expect and what was said. */
export async function provoke(failure: ExpectedFailure, stage: Stage) {
  const names: Record<string, string> = { namespace: stage.namespace };
  const filled = <T>(value: T): T => fill(value, names);
  for (const { change, apply, up, release } of failure.before ?? []) {
    if (change) stage.change(filled(change));
    if (apply) await stage.apply(filled(apply));
    if (up) {
      const { failed, output } = await stage.up(up, {});
      if (failed)
        throw new Error(`${failure.title}: pulumi up --stack ${up}, which is to succeed before, failed:\n${output}`);
    }
    if (release) names[release] = await stage.release();
  }
  if (failure.change) stage.change(filled(failure.change));
  const { failed, output } = await stage.up(failure.up, failure.environment ?? {});
  return { failed, output, sentence: sentencePattern(filled(failure.sentence)) };
}

/** The value with the names in all its texts filled in; functions are kept. */
function fill<T>(value: T, names: Record<string, string>): T {
  if (typeof value === "string") return value.replace(/\{(\w+)\}/g, (whole, name) => names[name] ?? whole) as T;
  if (Array.isArray(value)) return value.map((item) => fill(item, names)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, fill(field, names)])) as T;
}

/** The whole sentence: nothing but space, a line's beginning or a label such as `error:` stands before it. */
function sentencePattern(sentence: string): RegExp {
  const parts = sentence.split("{any}").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`(?:^|error: |Refusal: |\\n)\\s*${parts.join(".+")}\\s*(?:\\n|$)`);
}

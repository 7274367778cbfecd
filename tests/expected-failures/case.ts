import type { Change, Stack } from "../../harness/project.ts";

/** A step before the failure, in this order: a change, an object to create in the cluster, an `up` that must succeed. */
export interface Step {
  readonly change?: Change;
  readonly apply?: object;
  readonly up?: Stack;
  /** A name for the release that canary runs after this step, for use in later steps. */
  readonly release?: string;
}

/**
 * Bad input, and the error message of `pulumi up`. In settings, manifests and the message, `{namespace}` stands for the
 * namespace of the case and `{B}` for the id of the release that a step named B. In the message, `{any}` stands for any text.
 *
 * A case is the default export of a file in this folder. `tests/expected-failures.test.ts` runs all cases on a cluster in
 * memory. The end-to-end tests run the cases that need a cluster on a real one. Both use {@link provoke}.
 */
export interface ExpectedFailure {
  readonly title: string;
  /**
   * The state of the cluster that the case needs. A sandbox keeps its gateway, so the end-to-end tests skip `no Gateway API` if
   * a gateway exists. @default the case does not reach the cluster
   */
  readonly needs?: "cluster" | "Gateway API" | "no Gateway API";
  readonly before?: readonly Step[];
  readonly change?: Change;
  readonly environment?: Readonly<Record<string, string>>;
  /** The stack whose `up` fails. */
  readonly up: Stack;
  readonly sentence: string;
}

/** The environment of a case: a checkout and a cluster. */
export interface Stage {
  readonly namespace: string;
  change(change: Change): void;
  apply(object: object): Promise<void>;
  up(stack: Stack, environment: Readonly<Record<string, string>>): Promise<{ failed: boolean; output: string }>;
  /** The id of the release that canary runs, by its stack. */
  release(): Promise<string>;
}

/** Runs a case. Returns its output and the expected message. */
export async function provoke(failure: ExpectedFailure, stage: Stage) {
  const names: Record<string, string> = { namespace: stage.namespace };
  const filled = <T>(value: T): T => fill(value, names);
  for (const { change, apply, up, release } of failure.before ?? []) {
    if (change) stage.change(filled(change));
    if (apply) await stage.apply(filled(apply));
    if (up) {
      const { failed, output } = await stage.up(up, {});
      if (failed)
        throw new Error(`${failure.title}: pulumi up --stack ${up}, which must succeed first, failed:\n${output}`);
    }
    if (release) names[release] = await stage.release();
  }
  if (failure.change) stage.change(filled(failure.change));
  const { failed, output } = await stage.up(failure.up, failure.environment ?? {});
  return { failed, output, sentence: sentencePattern(filled(failure.sentence)) };
}

/** The value with the names in all its texts replaced. Functions stay unchanged. */
function fill<T>(value: T, names: Record<string, string>): T {
  if (typeof value === "string") return value.replace(/\{(\w+)\}/g, (whole, name) => names[name] ?? whole) as T;
  if (Array.isArray(value)) return value.map((item) => fill(item, names)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, fill(field, names)])) as T;
}

/** Matches the whole message. Before it, only spaces, the start of a line or a label such as `error:` are allowed. */
function sentencePattern(sentence: string): RegExp {
  const parts = sentence.split("{any}").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`(?:^|error: |UserError: |\\n)\\s*${parts.join(".+")}\\s*(?:\\n|$)`);
}

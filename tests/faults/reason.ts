import type { Event } from "./events.ts";
import type { History } from "./history.ts";

/**
 * Whether the reason for which a rollout holds, or was undone, is a fact of its history.
 *
 * 1. A person said so, in these words.
 * 2. Evidence, or the lack of it, or an approval that nobody gave.
 * 3. Checks that failed, a release that does not start.
 * 4. A run of Pulumi that failed, or an API server that did not do what it was asked to.
 */
export function isTrue(reason: string, history: History, events: readonly Event[]): boolean {
  const facts = new Facts(history, events);
  const rule = rules.find(([pattern]) => pattern.test(reason));
  if (rule === undefined) return false;
  return rule[1](facts, rule[0].exec(reason)?.slice(1) ?? [], reason);
}

type Rule = readonly [RegExp, (facts: Facts, parts: readonly string[], reason: string) => boolean];

const rules: readonly Rule[] = [
  [
    /^[^:]+ failed: (.*?)(?:; stable serves|; stable may still run the release)?; fix the cause(?:, then run gray resume|: gray tries again until it succeeds)$/,
    ({ history, events }, [reason = ""]) => isTrue(reason, history, events),
  ],
  [/^gray paused it: (.*)$/, ({ history, events }, [reason = ""]) => isTrue(reason, history, events)],
  [/^\w+ paused it: (.*)$/, (facts, [reason = ""]) => facts.said("pause", reason)],
  [/^\w+ aborted it: (.*)$/, (facts, [reason = ""]) => facts.said("abort", reason)],
  [/needs a person's approval$/, (facts) => facts.history.steps.some(({ approval }) => approval)],
  [/^it has not been judged good yet: /, (facts) => facts.verdict !== "good"],
  [/^no decision within /, (facts) => facts.verdict !== "good"],
  [
    /^stable could not be brought to the release and is rolled back: (.*)$/,
    ({ history, events }, [reason = ""]) => isTrue(reason, history, events),
  ],
  [/canary answers 5xx/, (facts) => facts.events.some((event) => event.kind === "evidence" && event.verdict === "bad")],
  [
    /does not start: CrashLoopBackOff$|did not (come to run|complete its roll to) /,
    (facts) => facts.history.never !== undefined,
  ],
  [/of \d+ checks failed: |^none of the checks /, (facts) => facts.checksFailed],
  [/^Canary of web in namespace \S+ has /, (facts) => facts.history.never === "canary" || facts.troubled],
  [/the provider had a bad moment/, (facts) => facts.events.some(({ kind }) => kind === "failed up")],
  [
    /bad moment|does not answer|no answer|not by the Kubernetes API server|socket hang up|aborted|locked|interrupted|Unauthorized|the patch's test/,
    (facts) => facts.troubled,
  ],
  [/is driven by another driver|roll it back with gray abort|wait until it has ended/, (facts) => facts.drivers > 1],
  [/^release \S+ of web|: release \S+ /, (facts) => facts.verdict !== "good"],
];

class Facts {
  readonly history: History;
  readonly events: readonly Event[];

  constructor(history: History, events: readonly Event[]) {
    this.history = history;
    this.events = events;
  }

  said(decision: string, reason: string): boolean {
    return this.events.some(
      (event) => event.kind === "decision" && event.decision === decision && event.reason === reason,
    );
  }

  /** What the record says of the release that is rolled out, or was last. */
  get verdict(): string | undefined {
    const last = this.events.findLast((event) => event.kind === "record");
    const record = last?.kind === "record" ? last.after : undefined;
    const release = record?.open?.release ?? record?.ended?.[0]?.release;
    return release === undefined ? undefined : record?.verdicts[release]?.verdict;
  }

  get checksFailed(): boolean {
    return this.events.some(({ kind }) => kind === "failed check") || this.troubled;
  }

  /** Whether a request was befallen by anything. */
  get troubled(): boolean {
    return this.events.some(({ kind }) => kind === "fault");
  }

  get drivers(): number {
    return this.events.filter((event) => event.kind === "driver" && event.is === "driving").length;
  }
}

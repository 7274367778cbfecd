/** What a person can do about a rollout that holds: the commands, as they can be typed. */

/** What a person can do about a hold. */
export type Remedy =
  | "approve"
  | "continue"
  | "keep observing"
  | "try again"
  | "accept own rates"
  | "approve own rates"
  | "roll back";

/** What each remedy is for, as it continues "… with", and its command. `RELEASE` in it stands for the id of the release. */
const remedies: Readonly<Record<Remedy, readonly [what: string, command: string]>> = {
  approve: ["approve it", 'approve RELEASE --reason "…"'],
  continue: ["continue", "resume"],
  "keep observing": ["keep observing", "resume"],
  "try again": ["try again", "resume"],
  "accept own rates": ["let canary's own rates decide", "resume --stable-is-broken"],
  "approve own rates": ["let them decide while a driver waits", 'approve RELEASE --stable-is-broken --reason "…"'],
  "roll back": ["roll back", 'abort --reason "…"'],
};

/** What a command names. */
export interface Named {
  readonly service: string;
  readonly namespace: string;
  readonly release: string;
  /** Context of the kubeconfig. @default the current one */
  readonly context?: string | undefined;
}

/**
 * The command of a remedy. It can be typed from any folder as it stands.
 *
 * @example remedyCommand("roll back", { service: "web", namespace: "shop", release }) // 'gray abort --reason "…" -n shop --service web'
 */
export function remedyCommand(remedy: Remedy, { service, namespace, release, context }: Named): string {
  const where = context === undefined ? "" : ` --context ${context}`;
  return `gray ${remedies[remedy][1].replace("RELEASE", release)} -n ${namespace} --service ${service}${where}`;
}

/** What a remedy is for, as an infinitive. @example purposeOf("continue") // "continue" */
export function purposeOf(remedy: Remedy): string {
  return remedies[remedy][0];
}

/** What a person can do while no driver is alive, as the end of a sentence. */
export function continueOrRollBack(of: Named): string {
  return `continue with ${remedyCommand("continue", of)}, or roll back with ${remedyCommand("roll back", of)}`;
}

/** Why a rollout holds. */
interface HoldReason {
  readonly reason: string;
  readonly remedies?: readonly Remedy[];
}

/** A hold in one sentence: its reason, and the commands that a person can type. */
export function describeHold({ reason, remedies: all }: HoldReason, of: Named): string {
  if (all === undefined) return reason;
  const commands = all.map((remedy) => `${remedies[remedy][0]} with ${remedyCommand(remedy, of)}`);
  return `${reason}; ${new Intl.ListFormat("en-GB", { type: "disjunction" }).format(commands)}`;
}

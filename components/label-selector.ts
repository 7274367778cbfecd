/** A selector by labels (metav1.LabelSelector), and what it selects. */

type Labels = Readonly<Record<string, string>>;

/** An expression of a selector (metav1.LabelSelectorRequirement). */
interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** A selector of the API. @example const selector: LabelSelector = { matchLabels: { app: "web" } }; */
export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly Requirement[];
}

/**
 * Whether a selector selects an object with these labels. An empty one selects all, none at all selects none, as in policy/v1.
 *
 * @example selects({ matchLabels: { app: "web" } }, { app: "web", track: "stable" }) // true
 */
export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return hasLabels(labels, matchLabels) && matchExpressions.every((each) => meets(labels, each));
}

/** Whether all of some labels are among others. @example hasLabels({ app: "web", tier: "front" }, { app: "web" }) // true */
export function hasLabels(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

function meets(labels: Labels, { key, operator, values = [] }: Requirement): boolean {
  const value = labels[key];
  const isAmong = value !== undefined && values.includes(value);
  if (operator === "Exists" || operator === "DoesNotExist") return (value !== undefined) === (operator === "Exists");
  return isAmong === (operator === "In");
}

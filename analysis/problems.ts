/** What could not be read in a poll, by release. */

/** A problem with the release of its target, which is empty if that is unknown. @example const problem: Problem = ["2.0", "web-1 does not answer."]; */
export type Problem = readonly [release: string, text: string];

/** The texts of all problems, each once. @example textsOf([["2.0", "web-1 does not answer."]]) // ["web-1 does not answer."] */
export function textsOf(problems: readonly Problem[]): string[] {
  return [...new Set(problems.map(([, text]) => text))];
}

/** The texts by release. @example byRelease([["2.0", "web-1 does not answer."]]) // { "2.0": ["web-1 does not answer."] } */
export function byRelease(problems: readonly Problem[]): Record<string, readonly string[]> {
  const releases = new Set(problems.map(([release]) => release));
  return Object.fromEntries(
    [...releases].map((release) => [release, textsOf(problems.filter(([of]) => of === release))]),
  );
}

/** The problems of a release, and those whose release is unknown. @example problemsOf({ "": ["a"], "2.0": ["b"] }, "2.0") // ["b", "a"] */
export function problemsOf(all: Readonly<Record<string, readonly string[]>>, release: string): string[] {
  return [release, ""].flatMap((each) => all[each] ?? []);
}

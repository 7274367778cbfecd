/**
 * Regular expressions as gateways read them. The Gateway API leaves the dialect to the implementation, so a pattern has
 * to be one that RE2 (Envoy, Traefik) and PCRE (nginx) read alike. Whether a gateway looks for a part of the value
 * (Traefik) or compares all of it (Envoy) differs too: every pattern that goes out is anchored.
 */

/** What RE2 lacks (lookaround, backreferences) or writes in another way than JavaScript (\u, \c, \p, empty classes). */
const notForGateways: readonly [found: RegExp, what: string][] = [
  [/^\(\?<?[=!]/, "it looks ahead or behind, which gateways cannot (RE2)"],
  [/^\\[1-9k]/, "it refers back to a group, which gateways cannot (RE2)"],
  [/^\\[cu0pP]/, "it has an escape that not every gateway knows (RE2)"],
  [/^\[\^?\]/, "it has an empty class, which gateways do not know (RE2)"],
];
/** RE2 takes no longer repetition. */
const longestRepetition = 1000;

/**
 * Why gateways would not take this pattern; undefined if they do. A `(?i)` may stand at its beginning.
 *
 * @param pattern what the whole value has to match
 */
export function patternFault(pattern: string): string | undefined {
  if (pattern === "") return "it is empty";
  if (!/^[ -~]+$/.test(pattern)) return "it has a character that is not printable ASCII";
  const { body } = split(pattern);
  // An escape is taken as a pair, so that the `\\` of `\\1` does not count as the start of `\1`.
  for (const [piece] of body.matchAll(/\\.|\(\?<?[=!]|\[\^?\]/g)) {
    const fault = notForGateways.find(([found]) => found.test(piece));
    if (fault) return fault[1];
  }
  if (/(?<!\\)\[(?:\\.|[^\]\\])*?\\b/.test(body)) return "it has \\b inside a class, which gateways do not know (RE2)";
  for (const [, from, to] of body.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    if (Math.max(Number(from), Number(to ?? 0)) > longestRepetition)
      return `it repeats more than ${longestRepetition} times`;
  }
  try {
    compile(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^Invalid regular expression: .*: /, "");
  }
}

/** The pattern for a whole value, with the same meaning in every gateway. */
export function wholeValue(pattern: string): string {
  const { flag, body } = split(pattern);
  return `${flag}^(?:${body})$`;
}

/** What the header Cookie looks like with this cookie in it (RFC 6265, 4.2.1). @param value a pattern */
export function cookiePattern(name: string, value: string): string {
  return `^(?:.*; *)?${literal(name)}=(?:${value})(?: *;.*)?$`;
}

/** A pattern for exactly this text. */
export function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** A pattern for the whole numbers from 0 to below, with or without a leading zero. @param below 1 to 100 */
export function bucketPattern(below: number): string {
  const [tens, ones] = [Math.floor(below / 10), below % 10];
  const full = tens > 0 ? [`[0-${tens - 1}]?[0-9]`] : [];
  const rest = ones > 0 ? [`${tens || "0?"}[0-${ones - 1}]`] : [];
  return [...full, ...rest].join("|");
}

/** Whether the pattern finds something in the text. @param pattern one without a fault */
export function accepts(pattern: string, text: string): boolean {
  return compile(pattern).test(text);
}

function compile(pattern: string): RegExp {
  const { flag, body } = split(pattern);
  return new RegExp(body, flag === "" ? "u" : "iu");
}

/** A flag for the whole pattern, which JavaScript does not write into it, and the rest. */
function split(pattern: string): { flag: "" | "(?i)"; body: string } {
  return pattern.startsWith("(?i)") ? { flag: "(?i)", body: pattern.slice(4) } : { flag: "", body: pattern };
}

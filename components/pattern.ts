/**
 * Regular expressions for gateways. The Gateway API does not define the dialect. So a pattern must have the same meaning in
 * RE2 (Envoy, Traefik) and PCRE (nginx). Some gateways search in the value (Traefik), others match all of it (Envoy).
 * So every pattern in an HTTPRoute is anchored.
 */

/** Syntax that RE2 does not support (lookaround, backreferences) or that differs in JavaScript (\u, \c, \p, empty classes). */
const unsupportedSyntax: readonly [found: RegExp, what: string][] = [
  [/\(\?<?[=!]/, "it has a lookahead or lookbehind, which RE2 does not support"],
  [/\\[1-9k]/, "it has a backreference, which RE2 does not support"],
  [/\\[cu0pP]/, "it has an escape that not every gateway supports"],
  [/\[\^?\]/, "it has an empty class, which RE2 does not support"],
];
/** The maximum repetition count of RE2. */
const longestRepetition = 1000;

/**
 * The reason why gateways do not support a pattern. Undefined if they support it. The pattern may begin with `(?i)`.
 *
 * @param pattern a regular expression for the whole value
 * @example patternFault("a(?=b)") // "it has a lookahead or lookbehind, which RE2 does not support"
 */
export function patternFault(pattern: string): string | undefined {
  if (pattern === "") return "it is empty";
  if (!/^[ -~]+$/.test(pattern)) return "it has a character that is not printable ASCII";
  const { body } = split(pattern);
  // An escape is matched as a pair, so that the second backslash of `\\1` is not read as the start of `\1`.
  for (const [piece] of body.matchAll(/\\.|\(\?<?[=!]|\[\^?\]/g)) {
    const fault = unsupportedSyntax.find(([found]) => found.test(piece));
    if (fault) return fault[1];
  }
  if (/(?<!\\)\[(?:\\.|[^\]\\])*?\\b/.test(body)) return "it has \\b inside a class, which RE2 does not support";
  for (const [, from, to] of body.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    if (Math.max(Number(from), Number(to ?? 0)) > longestRepetition)
      return `it repeats more than ${longestRepetition} times`;
  }
  try {
    compile(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/Invalid regular expression: .*: /, "");
  }
}

/** The pattern anchored to the whole value, so that it has the same meaning in every gateway. @example wholeValue("a|b") // "^(?:a|b)$" */
export function wholeValue(pattern: string): string {
  const { flag, body } = split(pattern);
  return `${flag}^(?:${body})$`;
}

/**
 * A pattern for a header Cookie that contains this cookie (RFC 6265, 4.2.1).
 *
 * @param value a pattern for the cookie's value
 * @example accepts(cookiePattern("user", "a|b"), "theme=dark; user=b") // true
 */
export function cookiePattern(name: string, value: string): string {
  return `^(?:.*; *)?${literal(name)}=(?:${value})(?: *;.*)?$`;
}

/** A pattern that matches exactly this text. @example literal("a.b") // "a\\.b" */
export function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/**
 * A pattern for the whole numbers from 0 to `below` - 1, with or without a leading zero.
 *
 * @param below 1 to 100
 * @example bucketPattern(25) // "[0-1]?[0-9]|2[0-4]"
 */
export function bucketPattern(below: number): string {
  const [tens, ones] = [Math.floor(below / 10), below % 10];
  const full = tens > 0 ? [`[0-${tens - 1}]?[0-9]`] : [];
  const rest = ones > 0 ? [`${tens || "0?"}[0-${ones - 1}]`] : [];
  return [...full, ...rest].join("|");
}

/**
 * Whether the pattern matches somewhere in the text.
 *
 * @param pattern a pattern for which {@link patternFault} is undefined
 * @example accepts("(?i)^beta$", "BETA") // true
 */
export function accepts(pattern: string, text: string): boolean {
  return compile(pattern).test(text);
}

function compile(pattern: string): RegExp {
  const { flag, body } = split(pattern);
  return new RegExp(body, flag === "" ? "u" : "iu");
}

/** Separates `(?i)` from a pattern, because JavaScript has no inline flag for the whole pattern. */
function split(pattern: string): { flag: "" | "(?i)"; body: string } {
  return pattern.startsWith("(?i)") ? { flag: "(?i)", body: pattern.slice(4) } : { flag: "", body: pattern };
}

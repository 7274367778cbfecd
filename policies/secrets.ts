/** What a secret looks like where it stands in the open. Nothing here ever says one. */

/** Values that nothing but a secret looks like, by what they are. */
const forms: Readonly<Record<string, RegExp>> = {
  "a private key": /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  "an access key of AWS": /\bA(?:KI|SI)A[0-9A-Z]{16}\b/,
  "a token of GitHub": /\b(?:gh[opsur]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{22,})/,
  "a token of GitLab": /\bglpat-[0-9A-Za-z_-]{20}/,
  "a token of Slack": /\bxox[abeoprs]-[0-9A-Za-z-]{10,}/,
  "a key of Google": /\bAIza[0-9A-Za-z_-]{35}/,
  "a key of Stripe": /\b[rs]k_live_[0-9A-Za-z]{16,}/,
  "a token of npm": /\bnpm_[0-9A-Za-z]{36}/,
  "a signed token (JWT)": /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/,
  "an address with a password": /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:[^\s/:@${<]+@/i,
};

/** What a secret is called. */
const names =
  /(?:^|[_.-]|[a-z](?=[A-Z]))(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)$/i;
/** A line of a config file that gives something a value: `key = value`, `key: value`, `"key": "value"`. */
const assignment = /^\s*(?:export\s+)?["']?([\w.-]+)["']?\s*[:=]\s*["']?([^"',\s]+)/;
/** What stands in for a secret: a variable, a path, a switch, nothing. */
const standIn = /^(?:|true|false|null|none|\d{1,4}|[$%<{*].*|[./~].*|file:.*|env:.*|vault:.*)$/i;

/** What a value looks like; undefined if it looks like no secret. */
export function secretIn(value: string): string | undefined {
  return Object.entries(forms).find(([, form]) => form.test(value))?.[0];
}

/** What a value under this name looks like, e.g. `a password`; undefined if it looks like no secret. */
export function secretAs(name: string, value: string): string | undefined {
  const byForm = secretIn(value);
  if (byForm !== undefined) return byForm;
  return names.test(name) && !standIn.test(value.trim()) ? `the value of ${name}` : undefined;
}

/** What a text of several lines, such as a config file, has in it. */
export function secretInText(text: string, allowed: readonly string[] = []): string | undefined {
  const byForm = secretIn(text);
  if (byForm !== undefined) return byForm;
  for (const line of text.split("\n")) {
    const [, name, value] = assignment.exec(line) ?? [];
    if (name === undefined || value === undefined || allowed.includes(name)) continue;
    const found = secretAs(name, value);
    if (found !== undefined) return found;
  }
  return undefined;
}

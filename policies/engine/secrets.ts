/** Finds secrets in plain text by their format or their name. Results never contain the secret itself. */
import { FAILSAFE_SCHEMA, loadAll } from "js-yaml";

/** Formats of known credentials, by a description. */
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

/** Names of secrets, as normalized by {@link wordsOf}, with an optional number or environment at the end. */
const names =
  /(?:password|passwd|passphrase|secret|token|(?:api|access|secret|private)_?key|credentials?|(?:^|_)(?:pass|pwd))(?:_?\d+|_(?:prod|production|staging|stage|qa|test|dev|development|canary|stable|old|new|previous))?$/;
/** An assignment in a config file: `key = value`, `- key: value`, `"key": "value"`. */
const assignment = /^\s*(?:-\s+|export\s+)?["']?([\w.-]+)["']?\s*[:=]\s*["']?([^"',\s]+)/;
/** Values that are not secrets: a variable, a path, a boolean, a number, an empty text. */
const standIn = /^(?:|true|false|null|none|[+-]?\d+(?:\.\d+)?|[$%<{*].*|[./~].*|file:.*|env:.*|vault:.*)$/i;

/**
 * Finds a secret in a text, such as a config file, or in a parsed value, by formats and by names.
 *
 * @param allowed names whose values are not secrets
 * @param name name of the value itself. @default none
 * @returns a description of the first secret, as in "the value of password"; undefined if there is none
 * @example secretAmong({ dbPassword: "hunter2" }, []) // "the value of dbPassword"
 */
export function secretAmong(
  value: unknown,
  allowed: readonly string[],
  name?: string,
  seen = new Set<object>(),
): string | undefined {
  if (typeof value === "string") return secretAs(name, value) ?? secretInText(value, allowed);
  // YAML values can refer to themselves.
  if (typeof value !== "object" || value === null || seen.has(value)) return undefined;
  seen.add(value);
  for (const [key, inside] of Object.entries(value)) {
    const found = allowed.includes(key)
      ? undefined
      : secretAmong(inside, allowed, Array.isArray(value) ? name : key, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

function secretAs(name: string | undefined, value: string): string | undefined {
  const byForm = Object.entries(forms).find(([, form]) => form.test(value))?.[0];
  if (byForm !== undefined) return byForm;
  const byName = name !== undefined && names.test(wordsOf(name)) && !standIn.test(value.trim());
  return byName ? `the value of ${name}` : undefined;
}

function secretInText(text: string, allowed: readonly string[]): string | undefined {
  const structure = structureOf(text);
  if (structure !== undefined) return secretAmong(structure, allowed);
  for (const line of text.split("\n")) {
    const [, name, value = ""] = assignment.exec(line) ?? [];
    const found = name === undefined || allowed.includes(name) ? undefined : secretAs(name, value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The value of a text in JSON or YAML; undefined of any other text, which YAML rejects or reads as a scalar. */
function structureOf(text: string): unknown {
  try {
    // All values stay texts, and a duplicate key is no error, as in JSON.
    const documents = loadAll(text, { schema: FAILSAFE_SCHEMA, json: true });
    return documents.some((each) => typeof each === "object") ? documents : undefined;
  } catch {
    return undefined;
  }
}

/** A name in lower case with words separated by `_`: `dbPassword`, `DB-PASSWORD` and `db.password` become `db_password`. */
function wordsOf(name: string): string {
  return name
    .replaceAll(/([a-z\d])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$3_$2")
    .replaceAll(/[^A-Za-z\d]+/g, "_")
    .toLowerCase();
}

/** Masks secrets in texts and streams. */

import { Transform } from "node:stream";

/** The text with each secret replaced by as many asterisks. */
export function masked(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, "*".repeat(secret.length)), text);
}

/**
 * Masks secrets in a stream, also a secret that is split between two chunks. It delays nothing but the possible beginning of a secret.
 * It compares bytes, so a secret in a compressed or encoded body (base64) is not masked.
 *
 * @param secrets in ASCII
 */
export function masking(secrets: readonly string[]): Transform {
  let held = "";
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const shown = masked(held + chunk.toString("latin1"), secrets);
      const whole = shown.length - beginningAtEnd(shown, secrets);
      held = shown.slice(whole);
      done(null, Buffer.from(shown.slice(0, whole), "latin1"));
    },
    flush(done) {
      done(null, Buffer.from(held, "latin1"));
    },
  });
}

/** How many characters at the end of a text without secrets may be the beginning of one. */
function beginningAtEnd(text: string, secrets: readonly string[]): number {
  const longest = Math.max(0, ...secrets.map(({ length }) => length));
  for (let length = Math.min(longest, text.length); length > 0; length--) {
    const end = text.slice(-length);
    if (secrets.some((secret) => secret.startsWith(end))) return length;
  }
  return 0;
}

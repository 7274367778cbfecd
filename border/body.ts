/** Reads response bodies up to a byte limit, so that no response can exhaust the process's memory. */

/** A body is longer than its limit. */
export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
  /** The limit in bytes. */
  readonly limit: number;
  constructor(limit: number) {
    super(`the answer is larger than ${Math.round(limit / (1 << 20))} MiB`);
    this.limit = limit;
  }
}

/**
 * Streams a body as text, decoded as UTF-8.
 *
 * @param limit bytes
 * @throws BodyTooLarge as soon as the body exceeds the limit; any error of the body itself
 */
export async function* textIn(body: AsyncIterable<Buffer>, limit: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limit) throw new BodyTooLarge(limit);
    const text = decoder.decode(chunk, { stream: true });
    if (text !== "") yield text;
  }
  const rest = decoder.decode();
  if (rest !== "") yield rest;
}

/**
 * Reads a whole body as text.
 *
 * @param limit bytes
 * @throws BodyTooLarge if the body exceeds the limit; any error of the body itself
 */
export async function textOf(body: AsyncIterable<Buffer>, limit: number): Promise<string> {
  const parts: string[] = [];
  for await (const part of textIn(body, limit)) parts.push(part);
  return parts.join("");
}

/**
 * Reads the beginning of a text and discards the rest.
 *
 * @param limit characters (UTF-16 code units)
 */
export async function beginningOf(text: AsyncIterable<string>, limit: number): Promise<string> {
  let beginning = "";
  for await (const part of text) {
    beginning += part.slice(0, limit - beginning.length);
    if (beginning.length >= limit) break;
  }
  return beginning;
}

/**
 * Streams the lines of a body that may be endless. A longer line is cut at the limit, and its rest uses no memory.
 *
 * @param limit characters of a line (UTF-16 code units)
 */
export async function* linesIn(body: AsyncIterable<Buffer>, limit: number): AsyncGenerator<string> {
  let rest = "";
  for await (const text of textIn(body, Number.POSITIVE_INFINITY)) {
    const lines = text.split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) {
      yield (rest + line.slice(0, limit)).slice(0, limit);
      rest = "";
    }
    if (rest.length < limit) rest = (rest + last).slice(0, limit);
  }
  if (rest !== "") yield rest;
}

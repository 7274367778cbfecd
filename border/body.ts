/** Bodies that others send, read up to a limit of bytes, so that no answer can fill the memory. */

/** A body is longer than its reader allows. */
export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
  /** The bytes that were allowed. */
  readonly limit: number;
  constructor(limit: number) {
    super(`the answer is larger than ${Math.round(limit / (1 << 20))} MiB`);
    this.limit = limit;
  }
}

/**
 * A body as text, decoded as UTF-8, as it comes.
 *
 * @param limit bytes
 * @throws BodyTooLarge once it is longer; what the body throws
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

/** A whole body as text. @throws as `textIn` does */
export async function textOf(body: AsyncIterable<Buffer>, limit: number): Promise<string> {
  const parts: string[] = [];
  for await (const part of textIn(body, limit)) parts.push(part);
  return parts.join("");
}

/**
 * The beginning of a text that may be long; what follows it is let go.
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
 * The lines of a body that may go on for ever, as they come. What follows the limit in a line is left out, however long it
 * goes on.
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

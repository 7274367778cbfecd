/** An id that a release could have, another one for each number. */
export function idOf(number: number): string {
  return number.toString(16).padStart(12, "0");
}

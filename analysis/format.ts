/** Formats numbers for people. */

/**
 * A rounded number with its noun, as in `1 240 requests`, `1 tick` and `500`.
 *
 * @example count(1240, "request") // "1 240 requests"
 */
export function count(value: number, noun?: string): string {
  const digits = Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, " ");
  return noun === undefined ? digits : `${digits} ${noun}${Math.round(value) === 1 ? "" : "s"}`;
}

/**
 * A share from 0 to 1 as a percentage, as in `0.12 %`, `5 %` and `99.5 %`: two significant digits, three above 99 %.
 *
 * @example percent(0.00123) // "0.12 %"
 */
export function percent(share: number): string {
  const value = share * 100;
  if (!(value > 0)) return "0 %";
  return `${Number(value > 99 ? value.toPrecision(3) : value.toPrecision(2))} %`;
}

/** A ratio with two significant digits, as in `2.1` and `12`. @example times(2.14) // "2.1" */
export function times(ratio: number): string {
  return String(Number(ratio.toPrecision(2)));
}

/** A duration in seconds, as in `64 s`, `12 min` and `3.5 h`. @example span(720) // "12 min" */
export function span(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Number((seconds / 3600).toPrecision(2))} h`;
}

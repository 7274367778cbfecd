import Table from "cli-table3";
import { median, type Sample, show } from "./sample.ts";

/** One line of the table. */
export interface Figure {
  readonly what: string;
  readonly ours: string;
  readonly other: string;
  readonly ratio: string;
  readonly asked: string;
}

/** Ours beside another's, as a ratio of medians. @param most the ratio asked for, if one is */
export function compared(
  what: string,
  ours: Sample,
  other: Sample,
  form: { unit: string; most?: number; digits?: number },
): Figure {
  const ratio = median(ours) / median(other);
  return {
    what,
    ours: show(ours, form.unit, form.digits),
    other: show(other, form.unit, form.digits),
    ratio: ratio.toFixed(2),
    asked: form.most === undefined ? "" : asked(`at most ${form.most} x`, ratio <= form.most),
  };
}

/** Something of ours alone, with its limit. */
export function limited(what: string, ours: Sample, form: { unit: string; most: number; digits?: number }): Figure {
  const reached = median(ours) <= form.most;
  return {
    what,
    ours: show(ours, form.unit, form.digits),
    other: "",
    ratio: "",
    asked: asked(`${form.most} ${form.unit}`, reached),
  };
}

function asked(limit: string, reached: boolean): string {
  return `${limit}: ${reached ? "reached" : "MISSED"}`;
}

export function table(figures: readonly Figure[]): string {
  const rows = new Table({ head: ["what", "ours", "the other", "ratio", "asked"], style: { head: [], border: [] } });
  for (const { what, ours, other, ratio, asked } of figures) rows.push([what, ours, other, ratio, asked]);
  return rows.toString();
}

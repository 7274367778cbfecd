import Table from "cli-table3";

/** A table as kubectl prints it: aligned columns without borders. */
export function plainTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const style = { "padding-left": 0, "padding-right": 3, head: [], border: [] };
  const table = new Table({ head: [...head], chars: noBorders, style });
  table.push(...rows.map((row) => [...row]));
  return table.toString().replace(/ +$/gm, "");
}

const noBorders = Object.fromEntries(
  ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"]
    .concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"])
    .map((part) => [part, ""]),
);

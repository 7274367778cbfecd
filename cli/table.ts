import Table from "cli-table3";

/** A table as kubectl prints one: columns aligned, no borders. */
export function plainTable(head: string[]): Table.Table {
  return new Table({
    head,
    chars: noBorders,
    style: { "padding-left": 0, "padding-right": 3, head: [], border: [] },
  });
}

const noBorders = Object.fromEntries(
  ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"]
    .concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"])
    .map((part) => [part, ""]),
);

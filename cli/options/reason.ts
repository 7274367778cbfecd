import { Option } from "commander";
import { oneLine } from "../../border/foreign-text.ts";

/** The required option `--reason` of commands that write a decision. Its value is one line of at most 300 characters. */
export function reasonOption(): Option {
  return new Option("--reason <text>", "required: the reason, stored in the record (at most 300 characters)")
    .argParser((text) => oneLine(text))
    .makeOptionMandatory();
}

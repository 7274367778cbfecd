/** A line in the output of Pulumi. */
export interface LogLine {
  readonly level: "info" | "warn";
  readonly text: string;
}

import type { RolloutRecord } from "../../record/record.ts";
import { verdict } from "./world.ts";

/** A record with a value in each of its parts. */
export const wholeRecord: RolloutRecord = {
  version: 2,
  cluster: "uid",
  sequence: 3,
  verdicts: { bbbbbbbbbbbb: verdict("good") },
  stableHistory: ["aaaaaaaaaaaa", "bbbbbbbbbbbb"],
  open: { epoch: 2, release: "cccccccccccc", weight: 10 },
};

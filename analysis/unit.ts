/** What the evidence counts: requests, or the items of a worker. */

/** What the evidence counts. @example const counted: Counted = { items: "failed" }; */
export interface Counted {
  /**
   * The pair that counts the items of a worker, which answers no requests: its total counts the items, its bad ones those that failed. They
   * take the place of requests and of 5xx. @default requests by status code
   */
  readonly items?: string;
}

/** The words for what the evidence counts. @example const { noun }: Unit = unitOf({ items: "failed" }); */
export interface Unit {
  readonly noun: "request" | "item";
  /** What canary has done with them. */
  readonly done: "answered" | "processed";
  /** Titles of the rates of those that went well, and of those that failed. */
  readonly rates: readonly [done: string, failed: string];
  /** Title of the number of those that failed. */
  readonly failed: string;
}

const requests: Unit = { noun: "request", done: "answered", rates: ["TPS2XX", "TPS5XX"], failed: "5XX" };
const ofWorker: Unit = { noun: "item", done: "processed", rates: ["DONE/S", "FAILED/S"], failed: "FAILED" };

/** The words for what the evidence on a question counts. @example unitOf({}).noun // "request" */
export function unitOf({ items }: Counted): Unit {
  return items === undefined ? requests : ofWorker;
}

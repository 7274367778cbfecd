import type { Setting } from "./rules.ts";

/** Where users ask. */
export interface Door {
  readonly url: string;
  /** The Host header, where it differs from the address. */
  readonly host?: string;
}

/** A change that a tool is to bring to the users. */
export interface Change {
  readonly image: string;
  /** Makes it a release of its own, even where the image ran before. */
  readonly note: string;
}

/** What became of it. */
export interface End {
  /** What the pods say that they run, in the header x-release. */
  readonly release: string;
  readonly outcome: "promoted" | "undone";
}

/** A tool, and fop-gate under it in a namespace of its own. */
export interface Contender {
  readonly name: string;
  /** Where the users of its fop-gate ask. */
  readonly door: Door;
  /** Hands a change over, and resolves when the tool says that it is through with it. */
  release(change: Change, setting: Setting): Promise<End>;
}

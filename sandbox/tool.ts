/** What a tool is: how to recognise a fitting one on PATH, and how to build it when there is none. */
import type { Requirement } from "./version.ts";

export interface Tool {
  readonly name: string;
  readonly version: string;
  /** Of which whole it is a part. The official Pulumi CLI brings its plugins along, so then no "pulumi" tool is ours. */
  readonly part: "pulumi" | "cluster" | "sample" | "gateway" | "monitoring" | "peer";
  /** Absent: never taken from PATH. */
  readonly onPath?: OnPath;
  /** Absent: it stands in the checkout and needs no build. */
  readonly build?: Build;
  /** The folder in the checkout where a command of the tool's name serves as it is. */
  readonly folder?: string;
  /** Cold, on 2 cores, in seconds: for the progress line. */
  readonly expectSeconds: number;
}

export interface OnPath {
  /** All of them must be there; the first is asked for its version. */
  readonly commands: readonly [string, ...string[]];
  /** Absent: being there is enough. */
  readonly version?: { readonly args: readonly string[]; readonly fits: Requirement };
}

export interface Build {
  /** The folder of the Go module, relative to the checkout. */
  readonly module: string;
  /** Command name -> Go package. */
  readonly commands: Readonly<Record<string, string>>;
  readonly tags?: string;
  readonly ldflags?: string;
  /** Further names of a command: link -> command. */
  readonly links?: Readonly<Record<string, string>>;
  /** Files that main.go embeds and that come from another module's folder, so that they need not be committed. */
  readonly embed?: { readonly from: string; readonly files: Readonly<Record<string, string>> };
  /** The files of a folder in another module that the tool's users need, kept beside its commands. */
  readonly share?: { readonly from: string; readonly folder: string };
}

/** The commands that a tool brings. */
export function commandsOf(tool: Tool): string[] {
  if (!tool.build) return [tool.name];
  return [...Object.keys(tool.build.commands), ...Object.keys(tool.build.links ?? {})];
}

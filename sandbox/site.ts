/** The one thing that every component's command line is written from: folders, addresses and where the commands are. */
import type { Link } from "./link.ts";
import type { Places } from "./places.ts";

export interface Site {
  readonly places: Places;
  readonly link: Link;
  /** The absolute path of a command. */
  command(name: string): string;
}

export function apiServer(link: Link): string {
  return `https://${link.node}:6443`;
}

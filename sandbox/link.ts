/** The addresses of the sandbox: two ends of one cable to the host, and ranges that exist only inside its namespace. */
import { Problem } from "./problem.ts";

/** A /30: the host's end and the node's end. */
export interface Link {
  readonly host: string;
  readonly node: string;
}

/** Seen only inside the namespace, so they collide with nothing of the host's. */
export const POD_RANGE = "10.244.0.0/24";
export const SERVICE_RANGE = "10.96.0.0/16";
/** Always the first address of the service range. */
export const API_SERVICE_ADDRESS = "10.96.0.1";

const CANDIDATES = ["10.200.0", "10.213.77", "172.31.253", "192.168.213"];

/** The first candidate that no address range of the host (routes and interfaces, as a.b.c.d[/n]) touches. */
export function chooseLink(taken: readonly string[]): Link {
  const prefix = CANDIDATES.find((candidate) => !taken.some((range) => overlap(range, `${candidate}.0/30`)));
  if (prefix === undefined) {
    throw new Problem(
      `no address range is left for the sandbox: ${CANDIDATES.map((one) => `${one}.0/30`).join(", ")} are all in use here`,
    );
  }
  return { host: `${prefix}.1`, node: `${prefix}.2` };
}

/** Default routes overlap everything and so say nothing. */
export function overlap(a: string, b: string): boolean {
  const [first, second] = [parseRange(a), parseRange(b)];
  if (!first || !second || first.bits === 0 || second.bits === 0) return false;
  const shift = 32 - Math.min(first.bits, second.bits);
  return Math.floor(first.address / 2 ** shift) === Math.floor(second.address / 2 ** shift);
}

function parseRange(range: string): { address: number; bits: number } | undefined {
  const found = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(range);
  if (!found) return undefined;
  const [, a, b, c, d, bits] = found;
  return { address: ((Number(a) * 256 + Number(b)) * 256 + Number(c)) * 256 + Number(d), bits: Number(bits ?? 32) };
}

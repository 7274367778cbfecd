/** Versions as tools print them, and which of them fit. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** The first thing in the text that looks like a version: "kubectl v1.36.3+k3s1" is 1.36.3, "go1.27" is 1.27.0. */
export function parseVersion(text: string): Version | undefined {
  const found = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  if (!found) return undefined;
  return { major: Number(found[1]), minor: Number(found[2]), patch: Number(found[3] ?? 0) };
}

/** A claim about versions that can say itself. */
export interface Requirement {
  readonly text: string;
  holds(version: Version): boolean;
}

export function atLeast(lowest: string): Requirement {
  const low = known(lowest);
  return { text: `${lowest} or newer`, holds: (version) => compare(version, low) >= 0 };
}

/** Kubernetes' own skew policy for kubectl: one minor version older or newer than the API server. */
export function withinOneMinor(of: string): Requirement {
  const middle = known(of);
  return {
    text: `within one minor version of ${of}`,
    holds: (version) => version.major === middle.major && Math.abs(version.minor - middle.minor) <= 1,
  };
}

function compare(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}

function known(text: string): Version {
  const version = parseVersion(text);
  if (!version) throw new Error(`not a version: ${text}`);
  return version;
}

/** The container images of the sandbox: the sample service in three releases, its log agent, and the pause container. */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.ts";
import { containerdSocket, PAUSE_IMAGE } from "./components/containerd.ts";
import { readIfThere, writeFile } from "./file.ts";
import type { Places } from "./places.ts";
import type { Site } from "./site.ts";

const REGISTRY = "reg.qiniu.com/dora-apps";

/** The seed's release, the one after it, and one that answers 5 % of its requests with 500, whatever its config says. */
export const RELEASE_IMAGES = {
  A: `${REGISTRY}/fop-gate:20190218210538-6-master`,
  B: `${REGISTRY}/fop-gate:20190304101112-7-master`,
  bad: `${REGISTRY}/fop-gate:20190311121314-8-master`,
} as const;

export const LOG_AGENT_IMAGE = `${REGISTRY}/log-agent:1.4.2`;

const BAD_SHARE = "0.05";

interface Image {
  readonly ref: string;
  readonly binary: string;
  readonly env: readonly string[];
}

export function images(command: (name: string) => string): Image[] {
  const release = (ref: string, ...more: string[]): Image => {
    return { ref, binary: command("fop-gate"), env: [`VERSION=${ref.slice(ref.lastIndexOf(":") + 1)}`, ...more] };
  };
  return [
    release(RELEASE_IMAGES.A),
    release(RELEASE_IMAGES.B),
    release(RELEASE_IMAGES.bad, `DEFECT=${BAD_SHARE}`),
    { ref: LOG_AGENT_IMAGE, binary: command("log-agent"), env: [] },
    { ref: PAUSE_IMAGE, binary: command("pause"), env: [] },
  ];
}

/** Says what is in containerd; the binaries' paths hold the hash of what they were built from. */
function imagesKey(wanted: readonly Image[]): string {
  return createHash("sha256").update(JSON.stringify(wanted)).digest("hex");
}

/** Imports the images unless just these are there already; says whether it did. */
export function ensureImages(site: Site): boolean {
  const at = site.places;
  const wanted = images((name) => site.command(name));
  const key = imagesKey(wanted);
  const marker = imagesMarker(at);
  if (readIfThere(marker) === key) return false;
  const archive = join(at.run, "images.tar");
  run(site.command("image"), ["-out", archive], { input: JSON.stringify(wanted) });
  run(site.command("ctr"), ["--address", containerdSocket(at), "--namespace", "k8s.io", "images", "import", archive]);
  rmSync(archive);
  writeFile(marker, key);
  return true;
}

/** Beside containerd's own store, so that one never outlives the other. */
function imagesMarker(at: Places): string {
  return join(at.state, "containerd", "gray-images");
}

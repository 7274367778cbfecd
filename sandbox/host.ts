/** What the machine must have, and on Debian gets: one sentence for everything that is missing. */
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { attempt, run } from "./command.ts";
import { readIfThere } from "./file.ts";
import { Problem } from "./problem.ts";

export const CNI_FOLDER = "/usr/lib/cni";

/** Command or file -> the Debian package that brings it. */
const NEEDED: Readonly<Record<string, string>> = {
  runc: "runc",
  [`${CNI_FOLDER}/ptp`]: "containernetworking-plugins",
  [`${CNI_FOLDER}/host-local`]: "containernetworking-plugins",
  [`${CNI_FOLDER}/loopback`]: "containernetworking-plugins",
  nft: "nftables",
  conntrack: "conntrack",
  ip: "iproute2",
  openssl: "openssl",
  nsenter: "util-linux",
  unshare: "util-linux",
  mount: "mount",
};

/** Daemons' commands live in sbin, which a login PATH may lack. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

export function systemPath(): string {
  return SYSTEM_FOLDERS.join(delimiter);
}

export function systemCommand(name: string): string {
  const folder = SYSTEM_FOLDERS.find((candidate) => existsSync(join(candidate, name)));
  if (folder === undefined)
    throw new Problem(`${name} is missing here: run \`npm run sandbox -- up\` as root, which installs it`);
  return join(folder, name);
}

export function requireLinuxRoot(): void {
  if (process.platform !== "linux") {
    throw new Problem(
      `the sandbox runs on Linux, and this is ${process.platform}: point KUBECONFIG at any cluster instead, kind for example`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new Problem("the sandbox makes network namespaces and cgroups, so it must run as root: try again with sudo");
  }
}

/** Installs what is missing on Debian and its kin; elsewhere names it. */
export function requirePackages(say: (text: string) => void): void {
  const missing = missingPackages();
  if (missing.length > 0) {
    if (!isDebian())
      throw new Problem(`missing here: ${missing.join(", ")}; install them and run \`npm run sandbox -- up\` again`);
    say(`installing ${missing.join(", ")}`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    run("apt-get", ["update", "-qq"], { env });
    run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], { env });
    const still = missingPackages();
    if (still.length > 0)
      throw new Problem(
        `apt-get installed ${still.join(", ")}, but their commands are in none of ${SYSTEM_FOLDERS.join(", ")}: put them there and run \`npm run sandbox -- up\` again`,
      );
  }
  requireKernel();
}

function missingPackages(): string[] {
  const missing = Object.entries(NEEDED).filter(([thing]) => !isThere(thing));
  return [...new Set(missing.map(([, name]) => name))];
}

function isThere(thing: string): boolean {
  return thing.startsWith("/") ? existsSync(thing) : SYSTEM_FOLDERS.some((folder) => existsSync(join(folder, thing)));
}

function isDebian(): boolean {
  const release = readIfThere("/etc/os-release") ?? "";
  return /^ID(_LIKE)?=.*debian/m.test(release) || /^ID=ubuntu/m.test(release);
}

function requireKernel(): void {
  for (const module of ["overlay", "nf_tables", "veth"]) attempt("modprobe", [module]); // built in, or loaded, or reported next
  if (!readFileSync("/proc/filesystems", "utf8").includes("overlay")) {
    throw new Problem(
      "this kernel has no overlayfs, which containers need: use another machine or a cluster of your own",
    );
  }
  if (!attempt(systemCommand("nft"), ["list", "ruleset"]).ok) {
    throw new Problem(
      "this kernel has no nftables, which kube-proxy needs: use another machine or a cluster of your own",
    );
  }
}

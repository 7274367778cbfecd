import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../harness/command.ts";
import { compared, type Figure, limited } from "./figure.ts";
import { interleave, type Sample, seconds } from "./sample.ts";
import type { AtEnd } from "./session.ts";

const starts = 7;
const previews = 5;
const root = join(import.meta.dirname, "..");
const pack = join(root, "policies");

const projectFile = `name: thousand
runtime:
  name: nodejs
  options:
    typescript: false
main: index.ts
`;

/**
 * fop-gate's own resources, under as many names as make a thousand. They are registered as components, so that no provider is asked and what
 * the pack adds is not lost in what a cluster takes; the pack sees type and inputs, as of the objects themselves.
 */
const program = `import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
const { canary, prod } = JSON.parse(readFileSync(${JSON.stringify(join(pack, "fop-gate.json"))}, "utf8"));
const [service, ...objects] = [...canary.filter(({ type }) => type.startsWith("gray-release")), ...[...canary, ...prod].filter(({ type }) => type.startsWith("kubernetes"))];
const both = { ...service.props, tracks: ["stable", "canary"], releases: { canary: service.props.releases.canary, stable: service.props.releases.canary } };
let count = 0;
let parent;
for (let i = 0; count < 1000; i++) {
  const own = (value) => JSON.parse(JSON.stringify(value).replaceAll("fop-gate", "fop-gate-" + i));
  for (const { type, name, props, protect } of own([{ ...service, props: both }, ...objects])) {
    if (count++ >= 1000) break;
    const made = new pulumi.ComponentResource(type, name, props, { protect, parent: type === service.type ? undefined : parent });
    if (type === service.type) parent = made;
  }
}
`;

/** What Pulumi itself takes to ask a pack of each resource. */
const idlePack = `import { PolicyPack } from "@pulumi/policy";
new PolicyPack("idle", { policies: [{ name: "idle", description: "Does nothing.", validateResource() {} }] });
`;

/** What the policy pack costs: its start, and a preview of 1 000 resources with it beside the same without. */
export async function policies(atEnd: AtEnd): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "gray-thousand-"));
  atEnd(async () => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "Pulumi.yaml"), projectFile);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "thousand", type: "module" }));
  writeFileSync(join(folder, "index.ts"), program);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  mkdirSync(join(folder, ".state"));
  const idle = join(folder, "idle");
  mkdirSync(idle);
  writeFileSync(join(idle, "PulumiPolicy.yaml"), "runtime: nodejs\nmain: index.mjs\n");
  writeFileSync(
    join(idle, "package.json"),
    JSON.stringify({ name: "idle", version: "1.0.0", type: "module", main: "index.mjs" }),
  );
  writeFileSync(join(idle, "index.mjs"), idlePack);
  const env = { PULUMI_BACKEND_URL: `file://${join(folder, ".state")}`, PULUMI_CONFIG_PASSPHRASE: "bench" };
  const must = async (...args: string[]) => {
    const { code, output } = await run("pulumi", [...args, "--non-interactive"], { cwd: folder, env });
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${code}:\n${output.slice(-4000)}`);
  };
  await must("stack", "init", "thousand");
  const preview = (...args: string[]) => seconds(() => must("preview", "--stack", "thousand", ...args));
  const armCounts = {
    without: () => preview(),
    idle: () => preview("--policy-pack", idle),
    with: () => preview("--policy-pack", pack),
  };
  for (const arm of Object.values(armCounts)) await arm();
  const start = await interleave(starts, { start: () => seconds(startPack) });
  const time = await interleave(previews, armCounts);
  const beyond = (arm: Sample) => arm.map((value, i) => value - (time.without[i] ?? 0));
  return [
    limited("policy pack: from nothing to its port", start.start, { unit: "s", most: 1 }),
    limited("1 000 resources: preview with the pack, beyond that without", beyond(time.with), {
      unit: "s",
      most: 1.5,
    }),
    compared("the same / with a pack of one rule that does nothing", beyond(time.with), beyond(time.idle), {
      unit: "s",
    }),
  ];
}

/** As the language host starts it, until it tells its port. */
async function startPack(): Promise<void> {
  const runner = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run-policy-pack");
  const child = spawn(process.execPath, [runner, "127.0.0.1:1", "."], {
    cwd: pack,
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(child.stdout, "data");
  child.kill();
  await once(child, "exit");
}

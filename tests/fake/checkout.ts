import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { dump, load } from "js-yaml";
import type { Change, Stack } from "../../harness/project.ts";
import { componentsMade } from "./engine.ts";
import type { Exports } from "./world.ts";

const root = join(import.meta.dirname, "..", "..");
/** Settings and config files as tests know them. Those of the checkout are its users' to change. */
const settings = join(import.meta.dirname, "fop-gate");
/** What a test may change is copied; all else is the checkout's own, so that it is read once for all tests. */
const copied = /^(Pulumi.*\.yaml|index\.ts|config)$/;

let loads = 0;

/** A copy of the program, with settings of the tests, to be changed as a person changes them. */
export class Checkout {
  readonly folder = mkdtempSync(join(tmpdir(), "gray-checkout-"));

  constructor() {
    for (const name of readdirSync(root)) {
      if (!name.startsWith(".") && !copied.test(name)) symlinkSync(join(root, name), join(this.folder, name));
    }
    this.#copy();
  }

  change({ share = {}, configure = {}, files = {} }: Change): void {
    this.#edit("Pulumi.yaml", (project) => {
      for (const [key, value] of Object.entries(share)) project.config[key].default = value;
    });
    for (const [stack, settings] of Object.entries(configure)) {
      this.#edit(`Pulumi.${stack}.yaml`, ({ config }) => {
        for (const [key, value] of Object.entries(settings)) config[`gray-release:${key}`] = value;
      });
    }
    for (const [name, change] of Object.entries(files)) {
      const path = join(this.folder, name);
      if (change === null) rmSync(path);
      else writeFileSync(path, change(existsSync(path) ? readFileSync(path, "utf8") : ""));
    }
  }

  /** The settings of a stack, as the CLI gives them to the program. */
  config(stack: Stack): Record<string, string> {
    const project = this.#read("Pulumi.yaml").config as Record<string, { default: unknown }>;
    const defaults = Object.entries(project).map(([key, setting]) => [`gray-release:${key}`, setting.default]);
    const all = { ...Object.fromEntries(defaults), ...this.#read(`Pulumi.${stack}.yaml`).config };
    return Object.fromEntries(Object.entries(all).map(([key, value]) => [key, String(value)]));
  }

  /** Runs index.ts in this folder, as `pulumi up` does. */
  readonly program = async (): Promise<Exports> => {
    const cwd = process.cwd();
    process.chdir(this.folder);
    try {
      const { default: exports } = await import(`${pathToFileURL(join(this.folder, "index.ts"))}?${++loads}`);
      await componentsMade();
      return exports;
    } finally {
      process.chdir(cwd);
    }
  };

  /** Reverts all changes. */
  restore(): void {
    for (const entry of readdirSync(this.folder, { withFileTypes: true })) {
      if (!entry.isSymbolicLink()) rmSync(join(this.folder, entry.name), { recursive: true });
    }
    this.#copy();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  #copy(): void {
    cpSync(join(root, "index.ts"), join(this.folder, "index.ts"));
    cpSync(settings, this.folder, { recursive: true });
  }

  // biome-ignore lint/suspicious/noExplicitAny: YAML of any form
  #read(file: string): any {
    return load(readFileSync(join(this.folder, file), "utf8"));
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above
  #edit(file: string, change: (content: any) => void): void {
    const content = this.#read(file);
    change(content);
    writeFileSync(join(this.folder, file), dump(content));
  }
}

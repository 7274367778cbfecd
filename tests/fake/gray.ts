import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { stashType, stateName } from "../../components/names.ts";
import type { Resource } from "../../pulumi/pulumi.ts";
import { setEnvironment } from "./environment.ts";

/** The resource that holds the stack state of a service. */
export function stashOf(service: string, state: object): Resource {
  return {
    type: stashType,
    urn: `urn:pulumi:canary::gray-release::${stashType}::${stateName(service)}`,
    outputs: { input: state, output: state },
  };
}

/** A shell in which `gray` runs: a kubeconfig, and a `pulumi` that knows some stacks and does nothing. */
export class Shell {
  readonly folder = mkdtempSync(join(tmpdir(), "gray-shell-"));

  constructor(kubeconfig: string) {
    writeFileSync(join(this.folder, "kubeconfig"), kubeconfig);
    const pulumi = join(this.folder, "pulumi");
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the shell
    const here = "${0%/*}";
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
    const asked = "${GRAY_ADOPT:+GRAY_ADOPT=$GRAY_ADOPT }";
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
    const env = "webhook=${GRAY_WEBHOOK-none} rendered=${GRAY_RENDERED:+file}";
    const script = [
      "#!/bin/sh",
      "for last; do :; done",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
      "stack=${last##*/}",
      `echo "$1 $2 $stack ${env}" >> "${here}/asked"`,
      'case "$1 $2 $*" in',
      `"stack ls "*) cat "${here}/ls.json";;`,
      `"stack export "*) cat "${here}/unread-$stack" >&2 2>/dev/null; cat "${here}/stack-$stack.json" 2>/dev/null; exit;;`,
      `"preview --json "*--policy-pack*) cat "${here}/policies-$stack.jsonl" 2>/dev/null || cat "${here}/policies.jsonl"; ! grep -qs mandatory "${here}/policies-$stack.jsonl"; exit;;`,
      `"preview --json "*) cat "${here}/preview-$stack.json"; exit "$(cat "${here}/preview-code" || echo 0)";;`,
      `*) echo "${asked}$*" >> "${here}/calls"; cat "${here}/printed" 2>/dev/null; cat "${here}/printed" >&2 2>/dev/null; [ "$1" != destroy ] || exit "$(cat "${here}/destroy-code" 2>/dev/null || echo 0)"; exit 0;;`,
      "esac",
      "",
    ];
    const passed = { policyAnalyzeStackSummaryEvent: { passed: ["team-registry"] } };
    writeFileSync(join(this.folder, "policies.jsonl"), `${JSON.stringify(passed)}\n`);
    writeFileSync(pulumi, script.join("\n"));
    chmodSync(pulumi, 0o755);
  }

  /** Gives the project these stacks. */
  stacks(stacks: Record<string, readonly Resource[]>): void {
    writeFileSync(join(this.folder, "ls.json"), JSON.stringify(Object.keys(stacks).map((name) => ({ name }))));
    for (const [name, resources] of Object.entries(stacks)) this.holds(name, resources);
  }

  /** What is in the state of a stack. */
  holds(stack: string, resources: readonly Resource[]): void {
    writeFileSync(this.#stateOf(stack), JSON.stringify({ version: 3, deployment: { resources } }));
  }

  /** What `pulumi preview --json` says of each stack, by the stack's short name, and how it ends. */
  previews(previews: Record<string, object>, code = 0): void {
    writeFileSync(join(this.folder, "preview-code"), String(code));
    for (const [name, preview] of Object.entries(previews)) {
      writeFileSync(join(this.folder, `preview-${name}.json`), JSON.stringify(preview));
    }
  }

  /** Has the backend answer with an error where it is asked for the state of a stack. */
  failsToRead(stack: string, error: string): void {
    rmSync(this.#stateOf(stack));
    writeFileSync(join(this.folder, `unread-${stack}`), error);
  }

  /** What `pulumi` prints on both streams while it does what it was told. */
  prints(text: string): void {
    writeFileSync(join(this.folder, "printed"), text);
  }

  /** How `pulumi destroy` ends. */
  destroyEnds(code: number): void {
    writeFileSync(join(this.folder, "destroy-code"), String(code));
  }

  /** A policy that a stack does not pass. */
  violation(stack: string, message: string): void {
    const event = { policyEvent: { message, policyName: "team-registry", enforcementLevel: "mandatory" } };
    writeFileSync(join(this.folder, `policies-${stack}.jsonl`), `${JSON.stringify(event)}\n`);
  }

  /** Every run of `pulumi`: what was asked of which stack, and what of our environment it saw. */
  get asked(): string[] {
    const path = join(this.folder, "asked");
    return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  }

  /** Those of them that were previews. */
  get previewed(): string[] {
    return this.asked.filter((line) => line.startsWith("preview "));
  }

  /** What `pulumi` was told to do, besides being asked what there is. */
  get calls(): string[] {
    const path = join(this.folder, "calls");
    return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  }

  /** Runs a verb and gives what it says on standard output. */
  async run(verb: Command, ...args: string[]): Promise<string> {
    const said: string[] = [];
    const { log } = console;
    console.log = (line: string) => void said.push(line);
    const restore = setEnvironment({
      KUBECONFIG: join(this.folder, "kubeconfig"),
      PATH: `${this.folder}${delimiter}${process.env.PATH}`,
    });
    try {
      await verb.exitOverride().parseAsync(args, { from: "user" });
    } finally {
      restore();
      console.log = log;
    }
    return said.join("\n");
  }

  /** Runs `gray` as a process of its own, as a CI job does, and gives all that it prints. */
  async runInCi(...args: string[]): Promise<{ out: string; err: string; code: number | null }> {
    const child = spawn(process.execPath, [join(import.meta.dirname, "../../cli/gray.ts"), ...args], {
      env: {
        ...process.env,
        CI: "true",
        KUBECONFIG: join(this.folder, "kubeconfig"),
        PATH: `${this.folder}${delimiter}${process.env.PATH}`,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const code = new Promise<number | null>((ended) => child.once("close", ended));
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { out, err, code: await code };
  }

  #stateOf(stack: string): string {
    return join(this.folder, `stack-${stack.split("/").at(-1)}.json`);
  }

  remove(): void {
    // A process that was just ended may still make a file.
    rmSync(this.folder, { recursive: true, maxRetries: 5 });
  }
}

/** A reader who follows a page of the documents on a machine: types each command, and sees whether it prints what the page says. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Running, start } from "./command.ts";
import { until } from "./kubectl.ts";
import { look, type Step, type Terminal } from "./page.ts";

/** Where a reader is, and what they have there. */
export interface ReaderContext {
  /** The folder in which the terminals open. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Texts of the page that are another's own, and what this reader has for them. */
  readonly own: Readonly<Record<string, string>>;
  /** Where the terminals keep their folder and variables from command to command. */
  readonly notes: string;
}

export class Reader {
  private readonly at: ReaderContext;
  private readonly typed = new Map<Terminal, { readonly command: string; readonly running: Running }>();
  /** The release that was seen last. */
  private id: string | undefined;

  constructor(at: ReaderContext) {
    this.at = at;
    mkdirSync(at.notes, { recursive: true });
  }

  /** Does a step. A command goes on while the reader looks at it or types in the other terminal, and ends before anything else. */
  async follow(step: Step): Promise<void> {
    if (step.kind === "see") return this.see(step.terminal, step.lines);
    if (step.kind === "type") {
      await this.end(step.terminal);
      return this.type(step.terminal, this.personal(step.command).replaceAll("<id>", this.id ?? "<id>"));
    }
    await this.endAll();
    const file = join(this.folderOf("first"), step.file);
    if (step.kind === "write") return writeFileSync(file, this.personal(step.text));
    const [text, from] = [readFileSync(file, "utf8"), this.personal(step.from)];
    if (!text.includes(from)) throw new Error(`${step.file} has no\n${from}but\n${text}`);
    writeFileSync(
      file,
      text.replace(from, () => this.personal(step.to)),
    );
  }

  /** Waits for what still runs, which has to succeed. */
  async endAll(): Promise<void> {
    for (const terminal of ["first", "second"] as const) await this.end(terminal);
  }

  /** Ends what still runs. */
  leave(): void {
    for (const { running } of this.typed.values()) {
      try {
        process.kill(-running.pid);
      } catch {
        // It has ended by itself.
      }
    }
  }

  private type(terminal: Terminal, command: string): void {
    const file = join(this.at.notes, terminal);
    const script = `[ -f "$1" ] && . "$1"\n${command}\ncode=$?\n{ export -p; printf 'cd %q\\n' "$PWD"; } > "$1"\nexit $code`;
    const running = start("bash", ["-c", script, "bash", file], { cwd: this.at.folder, env: this.at.env });
    this.typed.set(terminal, { command, running });
  }

  private async see(terminal: Terminal, lines: readonly string[]): Promise<void> {
    const typed = this.typed.get(terminal);
    if (!typed) throw new Error("the page says what is printed before it says what to type");
    let hasEnded = false;
    void typed.running.ended.finally(() => {
      hasEnded = true;
    });
    const wanted = lines.map((line) => this.personal(line));
    const { id } = await until(`${typed.command} prints what the page says`, async () => {
      const wasOver = hasEnded;
      const found = look(wanted, typed.running.soFar());
      if (found.missing === undefined) return found;
      if (!wasOver) return undefined;
      throw new Error(`${typed.command} does not print "${found.missing}" but\n${typed.running.soFar()}`);
    });
    this.id = id ?? this.id;
  }

  private async end(terminal: Terminal): Promise<void> {
    const typed = this.typed.get(terminal);
    if (!typed) return;
    const { code, output } = await typed.running.ended;
    if (code !== 0) throw new Error(`${typed.command} ended with ${code}:\n${output}`);
  }

  /** The folder in which a terminal is. */
  private folderOf(terminal: Terminal): string {
    const notes = readFileSync(join(this.at.notes, terminal), "utf8");
    return /^cd (.*)$/m.exec(notes)?.[1] ?? this.at.folder;
  }

  /** A text of the page with this reader's own names in it. */
  private personal(text: string): string {
    return Object.entries(this.at.own).reduce((so, [theirs, ours]) => so.replaceAll(theirs, ours), text);
  }
}

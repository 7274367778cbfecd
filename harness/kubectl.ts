import { run } from "./command.ts";

/** Runs kubectl, which has to succeed, and gives what it printed. */
export async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const { code, output, stdout } = await run("kubectl", args, { ...(input !== undefined && { input }) });
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")} ended with ${code}:\n${output}`);
  return stdout;
}

/** One object or a list of them, as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
export async function get(namespace: string, ...args: string[]): Promise<any> {
  return JSON.parse(await kubectl(["get", "-n", namespace, "-o", "json", ...args]));
}

export async function apply(manifest: object): Promise<void> {
  await kubectl(["apply", "-f", "-"], JSON.stringify(manifest));
}

/** Makes a namespace if it is not there. */
export async function namespace(name: string): Promise<void> {
  await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
}

/**
 * Waits until a condition holds. Asks at most a third of the time, because each kubectl takes processor time from the tests beside it.
 *
 * @param patience in seconds; the default is that of an `up` beside another test on a slow machine. @default 180
 */
export async function until<T>(what: string, holds: () => Promise<T | undefined | false>, patience = 180): Promise<T> {
  const end = Date.now() + patience * 1000;
  for (;;) {
    const asked = Date.now();
    const value = await holds();
    if (value) return value;
    const now = Date.now();
    if (now > end) throw new Error(`not within ${patience} s: ${what}`);
    await new Promise((next) => setTimeout(next, Math.max(100, 2 * (now - asked))));
  }
}

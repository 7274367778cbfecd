import { readdirSync, readFileSync } from "node:fs";

const pollMilliseconds = 10;

/** The most memory that the program of an `up` held at once, in MB: VmHWM of the Node process that Pulumi starts for it. */
export async function programPeak(folder: string, up: () => Promise<unknown>): Promise<number> {
  let pid: string | undefined;
  let peak = 0;
  const poll = setInterval(() => {
    pid ??= programOf(folder);
    const status = pid === undefined ? "" : read(`/proc/${pid}/status`);
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1000);
  }, pollMilliseconds);
  try {
    await up();
  } finally {
    clearInterval(poll);
  }
  if (peak === 0) throw new Error(`the program of ${folder} was not seen running`);
  return peak;
}

/** The process id of the program that runs in a folder. */
function programOf(folder: string): string | undefined {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .find((pid) => {
      const args = read(`/proc/${pid}/cmdline`).split("\0");
      return args.includes(folder) && args.some((arg) => /\/@pulumi\/pulumi\/cmd\/run(\/|$)/.test(arg));
    });
}

/** Empty where the process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

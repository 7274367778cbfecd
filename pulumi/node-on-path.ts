import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { isTooOld, oldestNode } from "../components/node-version.ts";
import { UserError } from "../components/user-error.ts";

/** Milliseconds that it may take to say its version. */
const answerMilliseconds = 5000;

/**
 * Looks whether Pulumi can run the program: its language host takes the first `node` on PATH, which need not be the one that runs
 * `gray`. A Node that does not say its version is left to Pulumi.
 *
 * @param env variables of Pulumi besides those of this process
 * @throws Refusal if that Node is too old
 */
export async function assertNodeOnPath(env: Readonly<Record<string, string>> = {}): Promise<void> {
  const options = { env: { ...process.env, ...env }, timeout: answerMilliseconds };
  const said = await promisify(execFile)("node", ["--version"], options).then(
    ({ stdout }) => stdout,
    () => "",
  );
  const [, version] = /^v(\d+\.\d+\.\d+)/.exec(said) ?? [];
  if (version === undefined || !isTooOld(version)) return;
  throw new UserError(
    `Pulumi runs the program with the first node on PATH, which is ${version}, and Node.js ${oldestNode} or newer is needed: install Node.js 24, or put its folder first on PATH.`,
  );
}

/** Checks the version of the Node.js that Pulumi runs the program with. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { isTooOld, oldestNode } from "../components/node-version.ts";
import { UserError } from "../components/user-error.ts";

/** Longest time for `node --version`, in milliseconds. */
const answerMilliseconds = 5000;

/**
 * Checks that Pulumi can run the program. Its language host uses the first `node` on PATH, which may differ from the one that runs
 * `gray`. If that one reports no version, the check passes and Pulumi reports the error.
 *
 * @param env environment variables of Pulumi in addition to those of this process. @default none
 * @throws UserError if that Node is too old
 */
export async function assertNodeOnPath(env: Readonly<Record<string, string>> = {}): Promise<void> {
  const options = { env: { ...process.env, ...env }, timeout: answerMilliseconds };
  const printed = await promisify(execFile)("node", ["--version"], options).then(
    ({ stdout }) => stdout,
    () => "",
  );
  const [, version] = /^v(\d+\.\d+\.\d+)/.exec(printed) ?? [];
  if (version === undefined || !isTooOld(version)) return;
  throw new UserError(
    `Pulumi runs the program with the first node on PATH, which is ${version}, and Node.js ${oldestNode} or newer is needed: install Node.js 24, or put its folder first on PATH.`,
  );
}

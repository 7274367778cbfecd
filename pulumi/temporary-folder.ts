import { accessSync, constants, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { UserError } from "../components/user-error.ts";

/**
 * The folder for temporary files: TMPDIR, else /tmp or /var/tmp if TMPDIR does not exist or is not writable.
 *
 * @throws UserError if none of them is writable
 */
export function temporaryFolder(): string {
  const wanted = tmpdir();
  const found = [wanted, "/tmp", "/var/tmp"].find(isWritable);
  if (found !== undefined) return found;
  throw new UserError(
    `No temporary file can be written in ${wanted}: set TMPDIR to a folder that exists and can be written.`,
  );
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return statSync(folder).isDirectory();
  } catch {
    return false;
  }
}

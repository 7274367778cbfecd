import { join } from "node:path";
import { run } from "../harness/command.ts";
import { type Figure, limited } from "./figure.ts";
import { seconds } from "./sample.ts";

/** `npm test`, from the command to its end. */
export async function unitTests(): Promise<Figure[]> {
  const took = await seconds(async () => {
    const { code, output } = await run("npm", ["test"], { cwd: join(import.meta.dirname, "..") });
    if (code !== 0) throw new Error(`npm test fails, so its time says nothing:\n${output.slice(-2000)}`);
  });
  return [limited("npm test", [took], { unit: "s", most: 20, digits: 1 })];
}

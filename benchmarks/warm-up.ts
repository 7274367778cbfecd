import { join } from "node:path";
import { run } from "../harness/command.ts";
import { type Figure, limited } from "./figure.ts";
import { interleave, seconds } from "./sample.ts";

const rounds = 2;

/** The sandbox from nothing but its built tools to a node that is Ready. Takes the one that is up down, and leaves one up. */
export async function warmUp(): Promise<Figure[]> {
  const { up } = await interleave(rounds, {
    down: () => seconds(() => sandbox("down")),
    up: () => seconds(() => sandbox("up")),
  });
  return [limited("sandbox up after down, to node Ready", up, { unit: "s", most: 20, digits: 1 })];
}

async function sandbox(verb: "up" | "down"): Promise<void> {
  const { code, output } = await run(process.execPath, [
    join(import.meta.dirname, "../cli/checkout.ts"),
    "sandbox",
    verb,
  ]);
  if (code !== 0) throw new Error(`sandbox ${verb} ended with ${code}:\n${output}`);
}

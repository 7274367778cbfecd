/** The questions of `gray init`, each with its flag and its default. */

import { basename, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { UserError } from "../../components/user-error.ts";
import type { Answers } from "../../describe/answers.ts";

type Given = { readonly [Name in keyof Answers]?: string };

interface Question {
  readonly name: keyof Answers;
  readonly flags: string;
  readonly text: string;
  /** The default, from the answers before. */
  readonly usual: (before: Given, folder: string) => string;
  /** Whether the default is only an example, which a program without a terminal does not take. */
  readonly isExample?: boolean;
}

const questions: readonly Question[] = [
  {
    name: "service",
    flags: "--service <name>",
    text: "name of the service",
    usual: (_, folder) => basename(resolve(folder)),
    isExample: true,
  },
  { name: "namespace", flags: "-n, --namespace <name>", text: "namespace", usual: ({ service = "" }) => service },
  {
    name: "image",
    flags: "--image <image>",
    text: "image with its tag",
    usual: ({ service }) => `registry.example.com/${service}:1.0.0`,
    isExample: true,
  },
  { name: "port", flags: "--port <number>", text: "port of the container", usual: () => "8080" },
  { name: "readiness", flags: "--readiness <path>", text: "path of the readiness probe", usual: () => "/healthz" },
  { name: "replicas", flags: "--replicas <count>", text: "number of stable pods", usual: () => "3" },
  { name: "host", flags: "--host <name>", text: "host name for users (empty for none)", usual: () => "" },
  {
    name: "gateway",
    flags: "--gateway <ref>",
    text: "Gateway that serves the host, namespace/name (empty for an Ingress)",
    usual: () => "",
  },
];

/** Adds the flags of all questions. */
export function withAnswers(command: Command): Command {
  for (const { flags, text } of questions) command.option(flags, text);
  return command;
}

/**
 * The answers: the flags, and on a terminal what the user types for the others. An empty line takes the default.
 *
 * @param folder the folder of the project, which the service has its name from by default
 * @throws UserError if there is no terminal and flags without a default are missing
 */
export async function answersOf(given: Given, folder: string): Promise<Answers> {
  const missing = questions.filter(({ name, isExample }) => isExample && given[name] === undefined);
  if (!process.stdin.isTTY && missing.length > 0) {
    const flags = missing.map(({ flags }) => flags).join(" and ");
    throw new UserError(
      `gray init asks questions, but there is no terminal to ask on: give ${flags}, or --from deployment/<name> to describe a live service.`,
    );
  }
  const prompt = process.stdin.isTTY ? createInterface({ input: process.stdin, output: process.stderr }) : undefined;
  // Lines that were pasted at once wait here for their question.
  const lines = prompt?.[Symbol.asyncIterator]();
  const answers: Partial<Record<keyof Answers, string>> = { ...given };
  for (const { name, text, usual } of questions) {
    if (answers[name] !== undefined) continue;
    // A Gateway without a host means nothing.
    const isMoot = name === "gateway" && answers.host === "";
    const otherwise = usual(answers, folder);
    answers[name] = otherwise;
    if (isMoot || !lines) continue;
    process.stderr.write(`${text}${otherwise === "" ? "" : ` [${otherwise}]`}: `);
    const { value, done } = await lines.next();
    if (done) throw new UserError("gray init was ended before all questions had an answer: nothing was written.");
    answers[name] = value.trim() || otherwise;
  }
  prompt?.close();
  return answers as Answers;
}

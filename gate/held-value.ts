/** A random value that a stack keeps in its state from its first run on. */

import * as pulumi from "@pulumi/pulumi";
import { stashType } from "../components/names.ts";
import { settled } from "../components/settled.ts";

/** A value in the state, and the resource that holds it. */
export interface HeldValue {
  readonly value: string;
  readonly stash: pulumi.Resource;
}

/**
 * The value that the state of this stack holds, and in the first run the given one. If the run leaves the stash out, it is the given one too:
 * a refresh that runs the program, or an up with --target.
 *
 * @param nameOf the name of the stash of a component of this name
 * @param resource name of the component in the program
 * @param former the aliases of the component, under whose names the stash is looked for too
 * @param isSecret whether the state encrypts it. @default false
 */
export async function heldValue(
  nameOf: (resource: string) => string,
  resource: string,
  first: string,
  { former = [], isSecret = false }: { former?: pulumi.ComponentResourceOptions["aliases"]; isSecret?: boolean },
): Promise<HeldValue> {
  const opts = {
    // A stash keeps its first value; without ignoreChanges each run would show a change.
    ignoreChanges: ["input"],
    aliases: former.map((alias) => pulumi.output(alias).apply((found) => stashOf(found, nameOf))),
  };
  const stash = new pulumi.Stash(nameOf(resource), { input: isSecret ? pulumi.secret(first) : first }, opts);
  const held = await settled(stash.output);
  return { value: typeof held === "string" ? held : first, stash };
}

/** The stash of a component that had this alias as its name. */
function stashOf(
  alias: pulumi.Unwrap<pulumi.URN | pulumi.Alias>,
  nameOf: (resource: string) => string,
): pulumi.Alias | pulumi.URN {
  if (typeof alias === "object") {
    const { parent: _, type: __, name, ...others } = alias;
    return { ...others, ...(name !== undefined && { name: nameOf(name) }) };
  }
  const [stack, project, , name = ""] = alias.split("::");
  return [stack, project, stashType, nameOf(name)].join("::");
}

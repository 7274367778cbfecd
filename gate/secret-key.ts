/** The key with which the names of versioned Secrets are computed. */

import { randomBytes } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";
import { secretKeyName } from "../components/names.ts";
import { heldValue } from "./held-value.ts";
import { isMocked } from "./mocks.ts";

/** The key of a stack for the Secrets of a service. */
export interface SecretKey {
  readonly key: string;
  /** Whether this run made it. */
  readonly isNew: boolean;
  /** The resource that holds it in the state. Absent under mocks. */
  readonly stash?: pulumi.Resource;
}

/**
 * The key of a stack for the Secrets of a service: a random value in the state, encrypted. Without it a password that is easy to guess could be
 * guessed from the name of its Secret, by trying.
 *
 * @param resource name of the component in the program
 * @param former the aliases of the component, under whose names the key is looked for too
 */
export async function secretKeyOf(
  resource: string,
  former: pulumi.ComponentResourceOptions["aliases"],
): Promise<SecretKey> {
  // Mocks have no state, and a unit test gets the same names in each run.
  if (isMocked()) return { key: "mocked", isNew: false };
  const first = randomBytes(32).toString("hex");
  // A run that leaves the stash out creates no Secret, because every Secret depends on the stash.
  const { value, stash } = await heldValue(secretKeyName, resource, first, { former, isSecret: true });
  return { key: value, isNew: value === first, stash };
}

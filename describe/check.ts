/** Checks that a program describes a live service: the arguments are valid, and their pods are the live ones. */

import { oneLine } from "../border/foreign-text.ts";
import { renderRelease } from "../components/release.ts";
import { assertServiceArgs, labelsOf } from "../components/service-args.ts";
import { clauseOf, UserError } from "../components/user-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import { type Difference, driftsOf } from "../live/difference.ts";
import { compareTemplate } from "../live/template.ts";
import type { Description } from "./description.ts";
import { differs, type Remark } from "./remark.ts";

/**
 * Renders the release of the arguments.
 *
 * @throws UserError if an argument is not possible for a service under gray release
 */
export function renderDescribed({ service, args }: Pick<Description, "service" | "args">) {
  try {
    assertServiceArgs(service, args);
    return renderRelease(service, labelsOf(service, args), args);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`gray init cannot describe this: ${clauseOf(error)}.`);
  }
}

/**
 * Compares the pods of the arguments with the live ones, by a dry run of the API server.
 *
 * @returns what differs and has no remark yet
 * @throws UserError if the arguments are not possible, or the API server refuses the pods
 */
export async function compareDescribed(
  api: Cluster,
  deployment: DeploymentObject,
  described: Description,
): Promise<Remark[]> {
  const { template } = renderDescribed(described);
  // The Deployment selects its pods by the live labels. Those of the program are checked for the adoption.
  const { labels = {} } = deployment.spec.template.metadata;
  const metadata = { ...template.metadata, labels };
  const compared = await compareTemplate(api, deployment, { ...template, metadata });
  if (compared.kind === "unknown") {
    throw new UserError(
      `The pods of the program could not be compared with those of Deployment ${deployment.metadata.name} (${oneLine(compared.why)}), so nothing was written: correct that, then run gray init again.`,
    );
  }
  const unknown = compared.differences.filter((each) => !isKnown(each));
  return driftsOf(unknown).map(({ field, how }) => differs(field, how.replaceAll("the release", "the program")));
}

/** Whether a difference is the added preStop or the readinessProbe of a container, of which pod.ts makes a remark. */
function isKnown({ path, live }: Difference): boolean {
  const [, list, , field, inside] = path;
  if (list !== "containers" || live !== undefined) return false;
  return field === "readinessProbe" || (field === "lifecycle" && (inside === undefined || inside === "preStop"));
}

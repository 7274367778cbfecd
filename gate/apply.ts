/** Applies an opening: prints its lines, and writes what has to be written before anything is registered. */

import * as pulumi from "@pulumi/pulumi";
import { serviceKey } from "../components/history.ts";
import type { RolloutContext } from "../components/rollout-context.ts";
import { adoptObjects } from "./adopt.ts";
import { completeAdoption } from "./adoption-cutover.ts";
import { assertDeploysTo } from "./destination.ts";
import { storeTemplates } from "./drift.ts";
import type { Guarded } from "./guarded.ts";
import { hooksOf, recordComplete } from "./hooks.ts";
import type { ApplyContext, Observation } from "./observation.ts";
import type { Opening } from "./opening.ts";
import { providerFor } from "./provider.ts";
import { writeRendered } from "./rendered.ts";

/**
 * Applies an opening.
 *
 * 1. In a preview with GRAY_RENDERED, canary's release is written for stable's preview, even if this one is refused.
 * 2. The lines for the user are printed, and a refused `up` ends.
 * 3. The provider deploys to the cluster that was read, else `up` is refused: the last refusal before anything is written.
 * 4. In an `up` a requested adoption is recorded and marked, then an interrupted cutover goes on.
 * 5. In an `up` the compared templates are stored, then a complete roll of stable is recorded.
 *
 * @throws the refusal; UserError by 3 or if the cutover fails; ApiError or Unreachable if the cluster cannot be written
 */
export async function apply(
  observation: Observation,
  opening: Opening,
  through: ApplyContext,
): Promise<RolloutContext> {
  const { service, args, live, stackStates, stack, breakGlass, epoch } = observation;
  const { resource, api, given, access, ownerStash, secretKeyStash, renderedFile } = through;
  const { namespace } = args;
  if (renderedFile !== undefined && opening.canary) {
    writeRendered(renderedFile, serviceKey(namespace, service), opening.canary);
  }
  for (const { level, text } of opening.log) void pulumi.log[level](text);
  if (opening.kind === "refused") throw opening.error;

  const provider = given ?? providerFor(access, live.cluster);
  await assertDeploysTo(service, provider, live.cluster);
  const { own, stableHasHistory } = stackStates;
  const { context, adopts, cutsOver, completes, compared, driftWarnings } = opening;
  const { cluster, rollSeconds } = context;
  const guarded: Guarded = {
    api,
    cluster,
    namespace,
    service,
    own,
    stableHasHistory,
    breakGlass,
    epoch,
    rollSeconds,
  };
  if (adopts) await adoptObjects(guarded, args, live, adopts, stack.fullName, observation.keptRoutes);
  if (cutsOver) await completeAdoption(guarded);
  for (const warning of driftWarnings) void pulumi.log.warn(warning);
  await storeTemplates(guarded, compared);
  if (completes) await recordComplete(guarded);
  const stashes = { ownerStash, ...(secretKeyStash && { secretKeyStash }) };
  return { ...context, ...stashes, resource, provider, hooks: hooksOf(guarded) };
}

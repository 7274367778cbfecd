import { setTimeout as sleep } from "node:timers/promises";
import type { PodTemplate } from "../components/release.ts";
import { UserError } from "../components/user-error.ts";
import { backoff } from "../kubernetes/backoff.ts";
import { ApiError, type Cluster } from "../kubernetes/cluster.ts";
import type { DescribedTemplate } from "../record/template-store.ts";
import { type Difference, type Drift, differences, driftsOf } from "./difference.ts";
import { isOwned, leftToNextApply } from "./field-owners.ts";
import { type DeploymentObject, madeOf } from "./live.ts";
import { sealedLike } from "./sealed.ts";

type LiveTemplate = DeploymentObject["spec"]["template"];

/** What came of comparing a live Deployment's pod template with what a release says. */
export type Comparison =
  | {
      readonly kind: "compared";
      /** The release's template as the API server would keep it. */
      readonly described: LiveTemplate;
      readonly differences: readonly Difference[];
    }
  /** `why` in words, without their full stop. */
  | { readonly kind: "unknown"; readonly why: string };

/** Times that the owners are read and written anew, because the Deployment changed in between. */
const attempts = 5;

/**
 * Compares a live Deployment's pod template with the one that a release says, field by field. The API server is asked what it
 * would make of the release's, so that its defaults and admission count on both sides.
 *
 * @param release the pod template that the release says, with the labels of its track
 */
export async function compareTemplate(
  api: Cluster,
  { metadata, spec }: DeploymentObject,
  release: PodTemplate,
): Promise<Comparison> {
  try {
    const tried = await api.tryPatch<DeploymentObject>(pathOf(metadata), [
      { op: "replace", path: "/spec/template", value: release },
    ]);
    const described = tried.spec.template;
    return { kind: "compared", described, differences: differences({ release, described, live: spec.template }) };
  } catch (error) {
    return { kind: "unknown", why: reasonOf(error) };
  }
}

/**
 * Sees to it that the next write of a release leaves nothing in the pod template that the release leaves out, whoever put it
 * there: another manager, the API server's copy of a field, or a default that follows from another field.
 *
 * Where the provider applies (its default), the fields are left to its next apply and no pod is touched. Where it merges
 * (`enableServerSideApply: false`), nothing but a whole template takes them away, so that is written first.
 *
 * @returns why it could not be done, in words without their full stop
 */
export async function leaveNothingElse(
  api: Cluster,
  deployment: DeploymentObject,
  release: PodTemplate,
  found: readonly Difference[],
): Promise<string | undefined> {
  const fields = found.filter(({ isNamed }) => !isNamed).map(({ path }) => path);
  if (fields.length === 0) return undefined;
  const path = pathOf(deployment.metadata);
  for (let attempt = 1; ; attempt++) {
    try {
      const live = attempt === 1 ? deployment : await api.get<DeploymentObject>(path);
      const { managedFields = [], resourceVersion } = live?.metadata ?? {};
      const left = leftToNextApply(managedFields, fields);
      await api.patch(path, [
        { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
        left
          ? { op: "replace", path: "/metadata/managedFields", value: left }
          : { op: "replace", path: "/spec/template", value: release },
      ]);
      return undefined;
    } catch (error) {
      const overtaken = error instanceof ApiError && (error.status === 409 || error.status === 422);
      if (!overtaken || attempt === attempts) return reasonOf(error);
      await sleep(backoff(attempt, { first: 10, most: 100 }));
    }
  }
}

function pathOf({ namespace, name }: DeploymentObject["metadata"]): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
}

/** @throws what is no answer of the cluster and no silence */
function reasonOf(error: unknown): string {
  if (error instanceof ApiError || error instanceof UserError) return error.message.replace(/\.$/, "");
  throw error;
}

/**
 * What of a track's pod template is not as its release says, by what `up` last compared it with; undefined where that was another
 * release or Deployment, or nothing. One that was there before us has what it had. A field that is new there and that nobody owns is a
 * default of a newer API server, and no drift.
 */
export function driftFrom(deployment: DeploymentObject, described: DescribedTemplate | undefined): Drift[] | undefined {
  const release = madeOf(deployment);
  if (release === undefined) return [];
  if (described === undefined || described.release !== release) return undefined;
  const live = sealedLike(described, deployment);
  if (live === undefined) return undefined;
  const { template } = described;
  const { managedFields = [] } = deployment.metadata;
  const found = differences({ release: template, described: template, live });
  return driftsOf(found.filter((each) => each.described !== undefined || isOwned(managedFields, each.path)));
}

import { Evidence, type Question } from "../analysis/evidence.ts";
import { serviceLabel } from "../components/names.ts";
import { ApiError, type Cluster } from "./cluster.ts";

/**
 * What was seen of a release, kept in the cluster as the ConfigMap `<service>-evidence`. Whoever looks again goes on with
 * it: evidence that began anew at each look would in the end say whatever one wants to hear.
 */
interface EvidenceObject {
  readonly metadata: { readonly resourceVersion?: string };
  readonly data?: Record<string, string>;
}

export function evidenceName(service: string): string {
  return `${service}-evidence`;
}

function pathOf(namespace: string, service?: string): string {
  const collection = `/api/v1/namespaces/${namespace}/configmaps`;
  return service === undefined ? collection : `${collection}/${evidenceName(service)}`;
}

/**
 * The evidence on a question, as far as it was gathered before; nothing where there is none, or none that is about these
 * releases and can be understood.
 */
export async function keptEvidence(
  api: Cluster,
  namespace: string,
  service: string,
  question: Question,
): Promise<Evidence | undefined> {
  const text = (await api.get<EvidenceObject>(pathOf(namespace, service)))?.data?.evidence;
  if (text === undefined) return undefined;
  try {
    const evidence = Evidence.resume(JSON.parse(text));
    return subject(evidence.question) === subject(question) ? evidence : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps it in place of what was kept before. Where somebody else keeps theirs at the same time, one of the two is kept. */
export async function keepEvidence(
  api: Cluster,
  namespace: string,
  service: string,
  evidence: Evidence,
): Promise<void> {
  const before = await api.get<EvidenceObject>(pathOf(namespace, service));
  const object = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      ...before?.metadata,
      name: evidenceName(service),
      namespace,
      labels: { app: service, [serviceLabel]: service },
    },
    data: { evidence: JSON.stringify(evidence) },
  };
  try {
    await (before ? api.replace(pathOf(namespace, service), object) : api.create(pathOf(namespace), object));
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
  }
}

export async function forgetEvidence(api: Cluster, namespace: string, service: string): Promise<void> {
  await api.delete(pathOf(namespace, service));
}

/** What evidence is about; how sure it has to be stays as it was when it began. */
function subject({ canary, stable, first = false, perRequest = false, pairs = [] }: Question): string {
  return JSON.stringify([canary, stable.toSorted(), first, perRequest, pairs.toSorted()]);
}

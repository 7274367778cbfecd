import { z } from "zod";
import { serviceLabel } from "../components/names.ts";
import { Refusal } from "../components/refusal.ts";
import { ApiError, type Cluster } from "./cluster.ts";

/** What a release was found to be: by evidence, or by a person. */
const verdict = z.looseObject({
  verdict: z.enum(["good", "bad", "undecided"]),
  /** `evidence` or the name of a person. */
  by: z.string(),
  because: z.string(),
  /** When, as an RFC 3339 time. */
  at: z.iso.datetime(),
  /** What observing it came to, with the numbers behind it; a person's verdict keeps it. */
  evidence: z.looseObject({ verdict: z.string(), because: z.string() }).optional(),
});

/** Fields that a newer version added are kept, and so survive a change by this one. */
const record = z.looseObject({
  /** Form of this record; another one is not read. */
  version: z.literal(1),
  /** UID of the kube-system namespace of the cluster that the record belongs to. */
  cluster: z.string(),
  /** Raised before an object is changed past Pulumi, so that the next `up` writes the whole object again. */
  sequence: z.int().min(0),
  /** Release id -> its verdict. */
  verdicts: z.record(z.string(), verdict),
  /** Ids that stable ran completely, oldest first; the last one is what it ran last. */
  completed: z.array(z.string()),
  /** The rollout under way, if there is one; only the driver that holds this epoch may change a track. */
  open: z.looseObject({ epoch: z.int(), release: z.string(), weight: z.number().min(0).max(100) }).optional(),
});

export type Verdict = z.infer<typeof verdict>;

/** What the cluster remembers of the rollout of one service: the ConfigMap `<service>-rollout`. */
export type RolloutRecord = z.infer<typeof record>;

/** What reading it came to: an unreadable record is not an absent one. */
export type RecordReading =
  | { readonly kind: "absent" }
  | { readonly kind: "read"; readonly record: RolloutRecord }
  | { readonly kind: "unreadable"; readonly why: string };

interface RecordObject {
  metadata: { resourceVersion: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  data?: Record<string, string>;
}

/** Completed releases that a record remembers; far more than have kept config files. */
const completedLimit = 100;

export function recordName(service: string): string {
  return `${service}-rollout`;
}

function pathOf(namespace: string, service?: string): string {
  const collection = `/api/v1/namespaces/${namespace}/configmaps`;
  return service === undefined ? collection : `${collection}/${recordName(service)}`;
}

/** Reads the record. `cluster` is the UID that it has to carry; a record brought from another cluster is unreadable. */
export async function readRecord(
  api: Cluster,
  namespace: string,
  service: string,
  cluster: string,
): Promise<RecordReading> {
  const object = await api.get<RecordObject>(pathOf(namespace, service));
  return object === undefined ? { kind: "absent" } : parseRecord(object.data?.record, cluster);
}

/** What a record's text says, pure. */
export function parseRecord(text: string | undefined, cluster: string): RecordReading {
  if (text === undefined) return { kind: "unreadable", why: 'it has no key "record"' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { kind: "unreadable", why: (error as Error).message };
  }
  const parsed = record.safeParse(value);
  if (!parsed.success) return { kind: "unreadable", why: z.prettifyError(parsed.error).replaceAll("\n", " ") };
  if (parsed.data.cluster !== cluster) {
    return { kind: "unreadable", why: `it belongs to cluster ${parsed.data.cluster} and this is ${cluster}` };
  }
  return { kind: "read", record: parsed.data };
}

/**
 * Changes the record, or begins one, so that no other writer's change is lost: it writes only over what it read, and
 * reads again when somebody was faster.
 *
 * @throws Refusal if the record cannot be read: what is in it may matter, so it is never written over
 */
export async function changeRecord(
  api: Cluster,
  namespace: string,
  service: string,
  cluster: string,
  change: (before: RolloutRecord) => RolloutRecord,
): Promise<RolloutRecord> {
  for (;;) {
    const object = await api.get<RecordObject>(pathOf(namespace, service));
    const reading: RecordReading =
      object === undefined ? { kind: "absent" } : parseRecord(object.data?.record, cluster);
    if (reading.kind === "unreadable") throw unreadable(namespace, service, reading.why);
    const after = change(reading.kind === "read" ? reading.record : emptyRecord(cluster));
    const written = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        ...object?.metadata,
        name: recordName(service),
        namespace,
        labels: { ...object?.metadata.labels, app: service, [serviceLabel]: service },
      },
      data: { ...object?.data, record: JSON.stringify(after, undefined, 2) },
    };
    try {
      await (object ? api.replace(pathOf(namespace, service), written) : api.create(pathOf(namespace), written));
      return after;
    } catch (error) {
      const overtaken = error instanceof ApiError && (error.status === 409 || (object && error.status === 404));
      if (!overtaken) throw error;
    }
  }
}

export async function deleteRecord(api: Cluster, namespace: string, service: string): Promise<void> {
  await api.delete(pathOf(namespace, service));
}

/** The record with this release as what stable ran last, completely. */
export function withCompleted(before: RolloutRecord, release: string): RolloutRecord {
  const others = before.completed.filter((id) => id !== release);
  return { ...before, completed: [...others, release].slice(-completedLimit) };
}

/** What stable ran completely, the newest first; nothing where the record cannot be read. */
export function completedReleases(reading: RecordReading): readonly string[] {
  return reading.kind === "read" ? reading.record.completed.toReversed() : [];
}

export function unreadable(namespace: string, service: string, why: string): Refusal {
  const name = recordName(service);
  return new Refusal(
    `The record ${name} in namespace ${namespace} cannot be read (${why}): restore it, or take note of it with kubectl get configmap ${name} -n ${namespace} -o yaml, delete it and judge the release again with gray approve.`,
  );
}

function emptyRecord(cluster: string): RolloutRecord {
  return { version: 1, cluster, sequence: 0, verdicts: {}, completed: [] };
}

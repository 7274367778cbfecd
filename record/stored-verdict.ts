/** The form in which a verdict is stored: the data of a ConfigMap, whose name is a hash of them. Pure. */

import { contentHash } from "../components/canonical.ts";
import { releaseIdSchema } from "../components/release-id.ts";
import { understand } from "../components/schema.ts";
import { jsonOf } from "./bounds.ts";
import { type Verdict, verdictSchema } from "./record.ts";
import { byEvidence } from "./verdict-merge.ts";

/** The data of a stored verdict. Each value is a plain text, so that a policy of the cluster can judge it. */
export interface VerdictData {
  /** Whose verdict it is. The right to write each kind can be given to others. */
  readonly kind: "evidence" | "person";
  /** Id of the release. */
  readonly release: string;
  readonly verdict: Verdict["verdict"];
  /** `evidence` or the name of the person. */
  readonly author: string;
  readonly reason: string;
  /** When, as an RFC 3339 time. */
  readonly at: string;
  /** The revision of the record that first named it, or would have. */
  readonly revision: string;
  /** The numbers of the observation as JSON. @default none */
  readonly evidence?: string;
  /** The fields of a newer version. */
  readonly [added: string]: string | undefined;
}

/** What names of each kind say. */
const nouns = { evidence: "verdict", person: "decision" } as const;
/** Hex digits of the hash in a name. */
const hashDigits = 16;

/**
 * The form in which a verdict is stored.
 *
 * @param revision the revision of the record that will name it
 */
export function storedVerdict(release: string, { by, ...fields }: Verdict, revision: number): VerdictData {
  const texts = Object.entries(fields).map(([name, held]) => [name, typeof held === "string" ? held : jsonOf(held)]);
  return {
    ...(Object.fromEntries(texts) as Pick<VerdictData, "verdict" | "reason" | "at" | "evidence">),
    kind: by === byEvidence ? "evidence" : "person",
    release,
    author: by,
    revision: String(revision),
  };
}

/**
 * The name of the ConfigMap with these data. Other data have another name, so a name in the record also says what is in the ConfigMap.
 *
 * @example verdictName("web", data) // "web-decision-52a1c0e7be9f0d34"
 */
export function verdictName(service: string, data: Pick<VerdictData, "kind">): string {
  return `${service}-${nouns[data.kind]}-${contentHash(data, hashDigits)}`;
}

/** Whether a name has the form of those that {@link verdictName} gives for the service. */
export function isVerdictName(service: string, name: string): boolean {
  const form = new RegExp(`^(?:${Object.values(nouns).join("|")})-[0-9a-f]{${hashDigits}}$`);
  return name.startsWith(`${service}-`) && form.test(name.slice(service.length + 1));
}

/**
 * The release and the verdict in the data of a ConfigMap.
 *
 * @param name the name of the ConfigMap
 * @throws Error if the name is not that of the data, or a field is not valid
 */
export function readVerdict(
  service: string,
  name: string,
  data: Readonly<Record<string, string>>,
): { readonly release: string; readonly verdict: Verdict; readonly revision: number } {
  const { kind, release, author, revision, evidence, ...fields } = data;
  const isKind = kind === "evidence" || kind === "person";
  if (!isKind || verdictName(service, { ...data, kind }) !== name)
    throw new Error("its name is not that of its content");
  if ((kind === "evidence") !== (author === byEvidence))
    throw new Error(`its author ${author} does not match its kind ${kind}`);
  return {
    release: understand(releaseIdSchema, release),
    verdict: understand(verdictSchema, {
      ...fields,
      by: author,
      ...(evidence !== undefined && { evidence: JSON.parse(evidence) }),
    }),
    revision: Number(revision),
  };
}

import { pollingDefaults } from "../analysis/defaults.ts";
import { Evidence, type Question } from "../analysis/evidence.ts";
import { oneLine } from "../border/foreign-text.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import { changeStore, readStore } from "./config-map-store.ts";

/**
 * The evidence on a question, as far as it was gathered before; nothing where there is none, or none that is about these
 * releases and can be understood. Whoever looks again goes on with it: evidence that began anew at each look would in the end
 * say whatever one wants to hear.
 */
export async function keptEvidence(
  api: Cluster,
  namespace: string,
  service: string,
  question: Question,
): Promise<Evidence | undefined> {
  const text = (await readStore(api, namespace, service, "evidence"))?.evidence;
  if (text === undefined) return undefined;
  try {
    const evidence = Evidence.resume(JSON.parse(text));
    return subject(evidence.question) === subject(question) ? evidence : undefined;
  } catch {
    return undefined;
  }
}

/** Where evidence is kept. */
export interface Observed {
  readonly api: Cluster;
  readonly namespace: string;
  readonly service: string;
}

/** Keeps the evidence of one observation, now and then and at its end. */
export class Store {
  private readonly of: Observed;
  private readonly note: (sentence: string) => void;
  private due: number | undefined;
  private noted = false;

  /** @param note what a person is to know of it */
  constructor(of: Observed, note: (sentence: string) => void) {
    this.of = of;
    this.note = note;
  }

  /**
   * Keeps it if that is due. Never throws: an observation that cannot be kept is still one.
   *
   * @param at in milliseconds since the epoch; Infinity at the end, when it is always due
   */
  async keep(evidence: Evidence, at: number): Promise<void> {
    this.due ??= at + pollingDefaults.keepSeconds * 1000;
    if (at < this.due || evidence.last === undefined) return;
    this.due = at + pollingDefaults.keepSeconds * 1000;
    try {
      await write(this.of, evidence);
    } catch (error) {
      if (!this.noted) {
        this.note(
          `The evidence could not be kept in the cluster (${oneLine((error as Error).message).replace(/\.$/, "")}).`,
        );
      }
      this.noted = true;
    }
  }
}

/** In place of what was kept before. Where somebody else keeps theirs at the same time, one of the two is kept. */
async function write({ api, namespace, service }: Observed, evidence: Evidence): Promise<void> {
  await changeStore(api, namespace, service, "evidence", () => ({ evidence: JSON.stringify(evidence) }));
}

/** What evidence is about; how sure it has to be stays as it was when it began. */
function subject({ canary, stable, first = false, perRequest = false, pairs = [] }: Question): string {
  return JSON.stringify([canary, stable.toSorted(), first, perRequest, pairs.toSorted()]);
}

/** The objects beside a service that an adoption leaves as they are, although CanaryService can make such objects, and what becomes of them. */

import type { Metadata } from "../kubernetes/objects/metadata.ts";
import type { LiveService } from "./live-service.ts";
import { notDescribed, type Remark } from "./remark.ts";

interface Kept {
  readonly kind: string;
  readonly of: (live: LiveService) => readonly { readonly metadata: Metadata }[];
  readonly why: string;
}

/** To describe a kind, remove its line here and add its argument in description.ts. */
const kept: readonly Kept[] = [
  {
    kind: "HorizontalPodAutoscaler",
    of: ({ autoscalers }) => autoscalers,
    why: 'it stays as it is and goes on scaling stable, whose number of pods the program leaves to it (replicas: "external")',
  },
  {
    kind: "PodDisruptionBudget",
    of: ({ budgets }) => budgets,
    why: "it stays as it is, and counts the pods of both tracks from the first release on",
  },
  {
    kind: "Service",
    of: ({ services, front }) => services.filter((service) => service !== front),
    why: "this one stays as it is, and sends requests to the pods of both tracks that have its labels, at weight 0 too",
  },
];

/** What the program leaves as it is. */
export function keptObjects(live: LiveService): Remark[] {
  return kept.flatMap(({ kind, of, why }) =>
    of(live).map(({ metadata }) => notDescribed(`${kind} ${metadata.name}`, why)),
  );
}

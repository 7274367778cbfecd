import { called, homeOf, type KubernetesObject, type Service } from "../../engine/declared.ts";
import { canaryService, kubernetes } from "../../engine/examples.ts";
import type { Rule } from "../../engine/rule.ts";

/**
 * The selector of the shared Service decides whether users reach canary.
 *
 * 1. At a weight above 0 it selects the pods of both tracks.
 * 2. At weight 0 it selects only stable. No selector leaves stable out.
 * 3. The Service of a track selects the pods of this track.
 * 4. An additional Service selects those that the argument `services` says.
 */
export const serviceSelector: Rule = {
  name: "service-selector",
  description:
    "The shared Service selects both tracks at a weight above 0, and only stable at 0; the Service of a track selects its track.",
  severity: "critical",
  remediation: "Set the weight, and leave the selectors to CanaryService, which sets them by the weight.",
  judge(one, { declared }) {
    if (one.is !== "object" || one.kind !== "Service" || one.group !== "core") return [];
    const home = homeOf(one, declared);
    if (home === undefined) return [];
    const wanted = wantedOf(one, home);
    if (wanted === undefined) return [];
    const { selector } = (one.fields.spec ?? {}) as { readonly selector?: Labels };
    const found = Object.entries(selector ?? {});
    const missed = found.find(([label, value]) => label !== "track" && wanted.labels[label] !== value);
    const track = selector?.track;
    const holds = found.length > 0 && missed === undefined && track === wanted.track;
    return holds
      ? []
      : [
          `${called(one)} selects ${shown(selector)}, but must select ${shown({ app: home.name, ...(wanted.track && { track: wanted.track }) })} ${wanted.reason}: leave the selector to CanaryService.`,
        ];
  },
  examples: {
    allowed: [
      { name: "both tracks at weight 10", resources: [at(10), shared({ app: "fop-gate" })] },
      { name: "only stable while canary is dark", resources: [at(0), shared({ app: "fop-gate", track: "stable" })] },
      { name: "the Services of the tracks", resources: [at(10), own("canary", "canary"), own("stable", "stable")] },
      { name: "the selector of an adopted Service", resources: [at(10), shared({ app: "fop-gate", team: "dora" })] },
      {
        name: "additional Services, one that follows the shared one and others with pods of their own",
        resources: [
          withServices(0),
          additional("internal", { app: "fop-gate", track: "stable" }),
          additional("metrics", { app: "fop-gate" }),
          additional("old", { app: "fop-gate", track: "stable" }),
        ],
      },
      { name: "a Service that belongs to no service", resources: [at(0), kubernetes("core/v1:Service", "other")] },
    ],
    disallowed: [
      {
        name: "canary left out at weight 10",
        resources: [at(10), shared({ app: "fop-gate", track: "stable" })],
        message:
          /^Service dora-apps\/fop-gate selects app=fop-gate,track=stable, but must select app=fop-gate at weight 10: leave the selector to CanaryService\.$/,
      },
      {
        name: "users reach canary while it is dark",
        resources: [at(0), shared({ app: "fop-gate" })],
        message: /selects app=fop-gate, but must select app=fop-gate,track=stable at weight 0/,
      },
      {
        name: "stable left out",
        resources: [at(10), shared({ app: "fop-gate", track: "canary" })],
        message: /selects app=fop-gate,track=canary/,
      },
      {
        name: "only one release",
        resources: [at(10), shared({ app: "fop-gate", release: "aaaaaaaaaaaa" })],
        message: /release=aaaaaaaaaaaa/,
      },
      { name: "no selector", resources: [at(10), shared(undefined)], message: /selects nothing/ },
      {
        name: "an additional Service that does not follow the shared one",
        resources: [withServices(0), additional("internal", { app: "fop-gate" })],
        message:
          /^Service dora-apps\/fop-gate-internal selects app=fop-gate, but must select app=fop-gate,track=stable at weight 0/,
      },
      {
        name: "an additional Service of all pods that leaves canary out",
        resources: [withServices(10), additional("metrics", { app: "fop-gate", track: "stable" })],
        message: /but must select app=fop-gate as services has pods: all/,
      },
      {
        name: "canary's Service, which selects stable",
        resources: [at(10), own("canary", "stable")],
        message:
          /^Service dora-apps\/fop-gate-canary selects app=fop-gate,track=stable, but must select app=fop-gate,track=canary as canary's Service/,
      },
    ],
  },
};

type Labels = Readonly<Record<string, string>>;

/**
 * The labels that a Service must select; undefined of a Service that is neither shared nor of a track, and if another stack owns
 * the weight.
 */
function wantedOf(service: KubernetesObject, { name, shift, releases, services = {} }: Service) {
  const labels: Labels = Object.values(releases)[0]?.template.metadata?.labels ?? { app: name };
  for (const track of ["stable", "canary"]) {
    if (service.name === `${name}-${track}`) return { track, labels, reason: `as ${track}'s Service` };
  }
  const additional = Object.entries(services).find(([each]) => service.name === `${name}-${each}`)?.[1];
  const { pods = "users" } = additional ?? {};
  if (pods !== "users") {
    return { track: pods === "all" ? undefined : pods, labels, reason: `as services has pods: ${pods}` };
  }
  if ((service.name !== name && additional === undefined) || shift === undefined) return undefined;
  return { track: shift.weight === 0 ? "stable" : undefined, labels, reason: `at weight ${shift.weight}` };
}

function shown(labels: Labels | undefined): string {
  return (
    Object.entries(labels ?? {})
      .map((pair) => pair.join("="))
      .join(",") || "nothing"
  );
}

function at(weight: number) {
  return canaryService({ shift: { weight, from: 0, to: weight } });
}

function withServices(weight: number) {
  const services = { internal: {}, metrics: { pods: "all" }, old: { pods: "stable" } };
  return canaryService({ shift: { weight, from: 0, to: weight }, services });
}

function additional(name: string, selector: Labels) {
  return kubernetes("core/v1:Service", `fop-gate-${name}`, { spec: { selector } });
}

function shared(selector: Labels | undefined) {
  const { type, name, props } = kubernetes("core/v1:Service", "fop-gate");
  return { type, name, props: { ...props, spec: { ...(props.spec as object), selector } } };
}

function own(track: string, selected: string) {
  return kubernetes("core/v1:Service", `fop-gate-${track}`, {
    spec: { selector: { app: "fop-gate", track: selected } },
  });
}

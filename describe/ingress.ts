/** Describes a live Ingress by arguments. */

import { canonicalJson } from "../components/canonical.ts";
import { type IngressArgs, type IngressPath, type IngressRule, ingressSpec } from "../components/ingress.ts";
import { describableAnnotations } from "../components/undescribed.ts";
import type { HttpIngressPath, IngressObject } from "../kubernetes/objects/ingress.ts";

/**
 * The argument that renders this Ingress to a Service.
 *
 * @param service name of the Service
 * @param mainPort number of its first port
 * @returns why it cannot be described, without a full stop, if it cannot
 */
export function describeIngress(ingress: IngressObject, service: string, mainPort: number): IngressArgs | string {
  const { spec = {}, metadata } = ingress;
  if (spec.defaultBackend) return "it has a default backend, which the argument ingress has not";
  const rules = spec.rules ?? [];
  if (rules.length === 0 || rules.some(({ http }) => http === undefined)) return "a rule of it has no paths";
  const foreign = rules
    .flatMap(({ http }) => http?.paths ?? [])
    .find(({ backend }) => backend.service?.name !== service);
  if (foreign) {
    const where = foreign.backend.service?.name;
    return `its path ${foreign.path ?? "/"} leads to ${where === undefined ? "another resource" : `Service ${where}`}, and the argument ingress leads to Service ${service} only`;
  }
  const annotations = describableAnnotations(metadata.annotations);
  const args = {
    ...(spec.ingressClassName !== undefined && { ingressClassName: spec.ingressClassName }),
    ...hostsOf(rules.map((rule) => ruleOf(rule, mainPort))),
    ...certificatesOf(spec),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
  const rendered = ingressSpec(service, mainPort, args);
  return canonicalJson(rendered) === canonicalJson(spec)
    ? args
    : "its spec has fields that the argument ingress has not";
}

type Rule = NonNullable<NonNullable<IngressObject["spec"]>["rules"]>[number];

function ruleOf({ host, http }: Rule, mainPort: number): IngressRule {
  const paths = (http?.paths ?? []).map((each) => pathOf(each, mainPort));
  const isAll = paths.length === 1 && Object.keys(paths[0] ?? {}).length === 0;
  return { ...(host !== undefined && { host }), ...(!isAll && { paths }) };
}

function pathOf({ path = "/", pathType, backend }: HttpIngressPath, mainPort: number): IngressPath {
  const port = backend.service?.port?.name ?? backend.service?.port?.number;
  return {
    ...(path !== "/" && { path }),
    ...(pathType !== "Prefix" && { pathType }),
    ...(port !== undefined && port !== mainPort && { port }),
  };
}

/** One host with one path in the short form, all others as rules. */
function hostsOf(rules: readonly IngressRule[]): Pick<IngressArgs, "host" | "rules" | keyof IngressPath> {
  const [only, ...others] = rules;
  const [path = {}, ...paths] = only?.paths ?? [];
  if (only?.host === undefined || others.length > 0 || paths.length > 0) return { rules };
  return { host: only.host, ...path };
}

/** One certificate for exactly the hosts of the rules in the short form. */
function certificatesOf({
  tls,
  rules = [],
}: NonNullable<IngressObject["spec"]>): Pick<IngressArgs, "tls" | "tlsSecretName"> {
  if (tls === undefined) return {};
  const [only, ...others] = tls;
  const hosts = [...new Set(rules.flatMap(({ host }) => host ?? []))];
  const isShort =
    others.length === 0 && only?.secretName !== undefined && canonicalJson(only.hosts) === canonicalJson(hosts);
  return isShort && only?.secretName !== undefined ? { tlsSecretName: only.secretName } : { tls };
}

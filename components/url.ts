/** The address at which users reach a service. Pure. */
import { ingressSpec } from "./ingress.ts";
import { mainPort, type ServiceArgs } from "./service-args.ts";
import { modeOf } from "./traffic/modes.ts";

/**
 * The address for users: the first host without a wildcard of the gateway's routes or of the Ingress, with its first path; else the Service
 * inside the cluster. Empty for a worker.
 *
 * @example urlOf("web", { ...args, ingress: { host: "shop.example.com", tlsSecretName: "shop-tls" } }) // "https://shop.example.com"
 */
export function urlOf(service: string, args: ServiceArgs): string {
  const { namespace, gateway, ingress } = args;
  if (!modeOf(args).hasService) return "";
  const isOne = (host: string | undefined): host is string => host !== undefined && !host.startsWith("*");
  const routed = gateway?.routes.flatMap(({ hostnames = [] }) => hostnames).find(isOne);
  if (routed !== undefined) return `http://${routed}`;
  for (const { host, http } of ingress ? ingressSpec(service, mainPort(args), ingress).rules : []) {
    if (!isOne(host)) continue;
    const isSecure =
      ingress?.tlsSecretName !== undefined || (ingress?.tls ?? []).some(({ hosts }) => hosts?.includes(host));
    const path = http.paths[0]?.path ?? "/";
    return `${isSecure ? "https" : "http"}://${host}${path === "/" ? "" : path}`;
  }
  const port = mainPort(args);
  return `http://${service}.${namespace}.svc${port === 80 ? "" : `:${port}`}`;
}

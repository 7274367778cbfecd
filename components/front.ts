import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { Ingress, type IngressArgs as IngressInputs } from "@pulumi/kubernetes/networking/v1/ingress.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { goesAtOnce } from "./deletion.ts";
import { canaryAccessName, sequenceAnnotation, serviceLabel } from "./names.ts";
import type { IngressArgs, ServiceArgs } from "./service-args.ts";
import { labelsOf } from "./service-args.ts";
import type { Traffic } from "./traffic.ts";

/** Pulumi would hold `up` for as long as a selected canary pod is not ready; the Deployment is what is waited for. */
const waitsForNothing = { "pulumi.com/skipAwait": "true", ...goesAtOnce };

/** The Service in front of both tracks. At weight 0 it selects stable alone. */
export function sharedService(
  service: string,
  args: ServiceArgs,
  traffic: Traffic,
  sequence: number,
  opts: CustomResourceOptions,
): Service {
  return new Service(
    service,
    {
      metadata: {
        ...metadata(service, service, args),
        annotations: { ...waitsForNothing, [sequenceAnnotation]: String(sequence) },
      },
      spec: { selector: traffic.selector, ports: ports(args) },
    },
    opts,
  );
}

/** The Service of the canary track alone: the way to a dark canary from inside the cluster. */
export function canaryAccess(service: string, args: ServiceArgs, opts: CustomResourceOptions): Service {
  const name = canaryAccessName(service);
  return new Service(
    name,
    {
      metadata: { ...metadata(service, name, args), annotations: waitsForNothing },
      spec: { selector: { app: service, track: "canary" }, ports: ports(args) },
    },
    opts,
  );
}

/** An Ingress to the shared Service. */
export function serviceIngress(
  name: string,
  service: string,
  args: ServiceArgs,
  ingress: IngressArgs,
  opts: CustomResourceOptions,
): Ingress {
  const { host, path = "/", port = args.ports[0]?.port, ingressClassName, annotations, tlsSecretName } = ingress;
  return new Ingress(
    name,
    {
      metadata: { ...metadata(service, name, args), annotations: { ...annotations, ...waitsForNothing } },
      spec: {
        ...(ingressClassName !== undefined && { ingressClassName }),
        ...(tlsSecretName !== undefined && { tls: [{ hosts: [host], secretName: tlsSecretName }] }),
        rules: [
          {
            host,
            http: {
              paths: [{ path, pathType: "Prefix", backend: { service: { name: service, port: { number: port } } } }],
            },
          },
        ],
      },
    } as IngressInputs,
    opts,
  );
}

function metadata(service: string, name: string, args: ServiceArgs) {
  return { name, namespace: args.namespace, labels: { ...labelsOf(service, args), [serviceLabel]: service } };
}

function ports(args: ServiceArgs) {
  return args.ports.map(({ name = "http", port, targetPort = port }) => ({ name, port, targetPort }));
}

/** A new service by the answers to the questions of `gray init`. Pure. */

import type { ServiceArgs } from "../components/service-args.ts";
import type { GatewayRef } from "../components/traffic/gateway/args.ts";
import { UserError } from "../components/user-error.ts";
import type { Description } from "./description.ts";

/** The answers, as texts. */
export interface Answers {
  readonly service: string;
  readonly namespace: string;
  readonly image: string;
  /** Port of the container. */
  readonly port: string;
  /** Path of the readinessProbe. */
  readonly readiness: string;
  readonly replicas: string;
  /** Host name for users; empty for none. */
  readonly host: string;
  /** The Gateway that serves the host, as `namespace/name` or `name`; empty for an Ingress. */
  readonly gateway: string;
}

/** The port of the Service. */
const servicePort = 80;

/**
 * The description of a service with one container.
 *
 * @throws UserError if an answer is no number where one is needed, or a Gateway is given without a host
 */
export function descriptionOf(answers: Answers): Description {
  const { service, namespace, image, readiness, host, gateway } = answers;
  if (gateway !== "" && host === "") {
    throw new UserError(`The Gateway ${gateway} needs the host that it serves: give --host.`);
  }
  const args: ServiceArgs = {
    namespace,
    replicas: numberIn("replicas", answers.replicas),
    containers: [
      {
        name: service,
        image,
        ports: [{ name: "http", containerPort: numberIn("port", answers.port) }],
        readinessProbe: { httpGet: { path: readiness, port: "http" } },
      },
    ],
    ports: [{ port: servicePort, targetPort: "http" }],
    ...(host !== "" && gateway === "" && { ingress: { host } }),
    ...(gateway !== "" && { gateway: { routes: [{ gateways: [gatewayIn(gateway)], hostnames: [host] }] } }),
    plan: { checks: [{ name: "ready", path: readiness }] },
  };
  return { service, args, remarks: [] };
}

function numberIn(flag: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UserError(`--${flag} is ${JSON.stringify(text)}: give a whole number.`);
}

function gatewayIn(text: string): GatewayRef {
  const [first = "", second] = text.split("/");
  return second === undefined ? { name: first } : { namespace: first, name: second };
}

/** A port of a Service: its argument, its validation and its object. */
import * as v from "valibot";
import { wholeNumber } from "./schema.ts";
import { UserError } from "./user-error.ts";

/** A port of the Service (core/v1 ServicePort). @example `{ name: "http", port: 80, targetPort: 8080 }` */
export interface Port {
  /** Name of the port. Required and unique if there are several. @default http */
  readonly name?: string;
  /** Number of the port that callers use, 1 to 65535. */
  readonly port: number;
  /** Port of the container, by number or name. @default port */
  readonly targetPort?: number | string;
  /** Protocol of the transport. @default TCP */
  readonly protocol?: "TCP" | "UDP" | "SCTP";
  /** Protocol of the application, such as `kubernetes.io/h2c`, for proxies that read it. @default none */
  readonly appProtocol?: string;
  /** Port of the nodes, for a Service of type NodePort or LoadBalancer. @default the cluster chooses one */
  readonly nodePort?: number;
}

/** The schema of {@link Port}. */
export const portSchema = v.strictObject({
  name: v.optional(v.string()),
  port: wholeNumber(1, 65535),
  targetPort: v.optional(
    v.union([v.string(), wholeNumber(1, 65535)], "must be the name of a port or a whole number from 1 to 65535"),
  ),
  protocol: v.optional(v.picklist(["TCP", "UDP", "SCTP"], "must be TCP, UDP or SCTP")),
  appProtocol: v.optional(v.string()),
  nodePort: v.optional(wholeNumber(1, 65535)),
});

/**
 * The ports of a Service, with defaults filled in.
 *
 * @example servicePorts([{ port: 80 }]) // [{ name: "http", port: 80, targetPort: 80 }]
 */
export function servicePorts(ports: readonly Port[]) {
  return ports.map(({ name = "http", port, targetPort = port, ...others }) => ({ name, port, targetPort, ...others }));
}

/** A port by which another object refers to one of the Service's: its number or its name. */
export type PortRef = number | string;

/** The schema of {@link PortRef}. */
export const portRefSchema = v.union([v.string(), v.number()], "must be the number or the name of a port");

/**
 * Whether a Service with these ports has the port that is referred to.
 *
 * @example hasPort([{ port: 80 }], "http") // true
 */
export function hasPort(ports: readonly Port[], ref: PortRef): boolean {
  return servicePorts(ports).some(({ name, port }) => ref === port || ref === name);
}

/**
 * Checks the ports of a Service beside each other, and beside those of the pods.
 *
 * @param at path of the ports in the arguments
 * @param known names of the ports of the pods' containers
 * @throws UserError if a target port has a name that no container's port has, or several ports are not told apart by their names
 * @example assertPorts("web", "ports", [{ port: 80, targetPort: "http" }], ["http"])
 */
export function assertPorts(service: string, at: string, ports: readonly Port[], known: readonly string[]): void {
  const i = ports.findIndex(({ targetPort }) => typeof targetPort === "string" && !known.includes(targetPort));
  if (i >= 0) {
    const advice = known.length > 0 ? `choose from ${known.join(", ")}` : "give a container port this name";
    throw new UserError(
      `${service}: ${at}.${i}.targetPort is ${JSON.stringify(ports[i]?.targetPort)} and no container has a port of this name: ${advice}.`,
    );
  }
  const names = ports.map((each) => each.name);
  if (names.length > 1 && (names.includes(undefined) || new Set(names).size !== names.length)) {
    throw new UserError(`${service}: each of several ports needs a unique name: set ${at}[].name.`);
  }
}

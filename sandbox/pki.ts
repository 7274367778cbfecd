/**
 * The cluster's keys: one authority for Kubernetes, one for etcd (so that no Kubernetes identity opens the database), and
 * one certificate for each identity, with no more than it needs. Made once, kept in <state>/pki.
 */
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.ts";
import { SECRET, writeFile } from "./file.ts";
import { systemCommand } from "./host.ts";
import { API_SERVICE_ADDRESS, type Link } from "./link.ts";
import { NODE_NAME, type Places } from "./places.ts";

export type Authority = "ca" | "etcd-ca";

export interface Identity {
  readonly name: string;
  readonly authority: Authority;
  readonly commonName: string;
  readonly organization?: string;
  /** Names it serves under; none: it is a client only. */
  readonly serves?: readonly string[];
  /** False: it only serves. */
  readonly client?: false;
}

/** The names that the add-ons go by in Kubernetes. What each may do is said beside it: gateway.ts, add-ons.ts, metrics-api.ts. */
export const TRAEFIK_USER = "gray-sandbox:traefik";
export const PROMETHEUS_USER = "gray-sandbox:prometheus";
export const METRICS_USER = "gray-sandbox:metrics-server";

/** The gateway's certificate is good for every host below it. */
export const GATEWAY_DOMAIN = "gray.test";

export function identities(link: Link): readonly Identity[] {
  return [
    { name: "etcd", authority: "etcd-ca", commonName: "etcd", serves: ["IP:127.0.0.1"] },
    { name: "etcd-client", authority: "etcd-ca", commonName: "kube-apiserver" },
    {
      name: "apiserver",
      authority: "ca",
      commonName: "kube-apiserver",
      serves: [
        ...[link.node, "127.0.0.1", API_SERVICE_ADDRESS].map((address) => `IP:${address}`),
        ...["", ".default", ".default.svc", ".default.svc.cluster.local"].map((end) => `DNS:kubernetes${end}`),
      ],
    },
    {
      name: "controller-manager",
      authority: "ca",
      commonName: "system:kube-controller-manager",
      serves: [`IP:${link.node}`],
    },
    { name: "scheduler", authority: "ca", commonName: "system:kube-scheduler", serves: [`IP:${link.node}`] },
    {
      name: "kubelet",
      authority: "ca",
      commonName: `system:node:${NODE_NAME}`,
      organization: "system:nodes",
      serves: [`IP:${link.node}`],
    },
    { name: "proxy", authority: "ca", commonName: "system:kube-proxy" },
    { name: "traefik", authority: "ca", commonName: TRAEFIK_USER },
    { name: "prometheus", authority: "ca", commonName: PROMETHEUS_USER },
    { name: "metrics-server", authority: "ca", commonName: METRICS_USER, serves: [`IP:${link.node}`] },
    {
      name: "gateway",
      authority: "ca",
      commonName: GATEWAY_DOMAIN,
      serves: [`IP:${link.node}`, `DNS:${GATEWAY_DOMAIN}`, `DNS:*.${GATEWAY_DOMAIN}`],
      client: false,
    },
    { name: "admin", authority: "ca", commonName: "gray-admin", organization: "system:masters" },
  ];
}

export function pkiFolder(at: Places): string {
  return join(at.state, "pki");
}

export function keyPath(at: Places, name: string): string {
  return join(pkiFolder(at), `${name}.key`);
}

export function certificatePath(at: Places, name: string): string {
  return join(pkiFolder(at), `${name}.crt`);
}

const DAYS = "3650";

/** Makes what is missing. A key and its certificate appear together, or not at all. */
export function ensurePki(at: Places, link: Link): void {
  mkdirSync(pkiFolder(at), { recursive: true, mode: 0o700 });
  for (const authority of ["ca", "etcd-ca"] as const) {
    issue(at, authority, authorityRequest(`gray-release ${authority}`), []);
  }
  for (const identity of identities(link)) {
    const signer = ["-CA", certificatePath(at, identity.authority), "-CAkey", keyPath(at, identity.authority)];
    issue(at, identity.name, certificateRequest(identity), signer);
  }
  if (!existsSync(keyPath(at, "service-accounts"))) {
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    writeFile(
      join(pkiFolder(at), "service-accounts.pub"),
      String(pair.publicKey.export({ type: "spki", format: "pem" })),
    );
    writeFile(keyPath(at, "service-accounts"), String(pair.privateKey.export({ type: "sec1", format: "pem" })), SECRET);
  }
}

function issue(at: Places, name: string, request: string, signer: readonly string[]): void {
  const [key, certificate] = [keyPath(at, name), certificatePath(at, name)];
  if (existsSync(key) && existsSync(certificate)) return;
  rmSync(certificate, { force: true });
  const fresh = ["-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", DAYS];
  const config = join(pkiFolder(at), `${name}.request`);
  writeFile(config, request);
  const files = ["-config", config, "-keyout", key, "-out", `${certificate}.new`];
  run(systemCommand("openssl"), ["req", "-x509", ...fresh, ...signer, ...files]);
  rmSync(config);
  renameSync(`${certificate}.new`, certificate);
}

function authorityRequest(commonName: string): string {
  return request({ commonName }, ["basicConstraints = critical, CA:TRUE", "keyUsage = critical, keyCertSign, cRLSign"]);
}

/** OpenSSL's own notation for what to certify. */
export function certificateRequest(identity: Identity): string {
  const usages = [identity.client === false ? [] : ["clientAuth"], identity.serves ? ["serverAuth"] : []].flat();
  return request(identity, [
    "basicConstraints = critical, CA:FALSE",
    "keyUsage = critical, digitalSignature",
    `extendedKeyUsage = ${usages.join(", ")}`,
    ...(identity.serves ? [`subjectAltName = ${identity.serves.join(", ")}`] : []),
  ]);
}

function request(subject: { commonName: string; organization?: string }, extensions: readonly string[]): string {
  const name = [...(subject.organization ? [`O = ${subject.organization}`] : []), `CN = ${subject.commonName}`];
  const general = ["[req]", "prompt = no", "utf8 = yes", "distinguished_name = name", "x509_extensions = extensions"];
  return [...general, "[name]", ...name, "[extensions]", ...extensions, ""].join("\n");
}

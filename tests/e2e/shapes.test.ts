import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";

const namespace = "shapes";
const store = Buffer.from([0xff, 0, 0x80, 1]);

/** A service with the parts that services of other people have, and a change of its arguments. */
function program(changes = ""): string {
  return `
import { asset } from "@pulumi/pulumi";
import { CanaryService } from "./components/canary-service.ts";
import { filesIn } from "./components/config-files.ts";
import type { ServiceArgs } from "./components/service-args.ts";

const image = "${RELEASE_IMAGES.A}";
const args = {
  namespace: "${namespace}",
  replicas: 2,
  weight: 50,
  minReadySeconds: 0,
  containers: [{
    name: "app", image, ports: [{ name: "http", containerPort: 8080 }],
    startupProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 1, failureThreshold: 60 },
    readinessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 1 },
  }],
  pod: {
    initContainers: [
      { name: "agent", image, args: ["-config", "/etc/agent/agent.conf"], restartPolicy: "Always" },
      { name: "migrate", image, args: ["-help"] },
    ],
    volumes: [{ name: "scratch", emptyDir: {} }],
    terminationGracePeriodSeconds: 20,
    hostAliases: [{ ip: "127.0.0.1", hostnames: ["db"] }],
  },
  configFiles: {
    trust: { files: { ...filesIn("trust"), "note.txt": new asset.StringAsset("a note") }, mountPath: "/etc/trust" },
    agent: { files: { "agent.conf": "listen=:8081\\n" }, mountPath: "/etc/agent", containers: ["agent"] },
  },
  volumes: [{ name: "cache", emptyDir: {} }],
  ports: [
    { name: "http", port: 80, targetPort: "http", appProtocol: "kubernetes.io/ws" },
    { name: "dns", port: 53, targetPort: 5353, protocol: "UDP" },
  ],
  serviceSpec: { type: "NodePort", sessionAffinity: "ClientIP" },
  serviceAnnotations: { "example.com/team": "dora" },
  ingress: {
    rules: [
      { host: "a.example.com", paths: [{ path: "/api", port: "http" }, { path: "/live", pathType: "Exact" }] },
      { host: "b.example.com" },
    ],
    tls: [{ hosts: ["a.example.com"], secretName: "a" }, { hosts: ["b.example.com"], secretName: "b" }],
  },
  ${changes}
} as unknown as ServiceArgs;
const service = new CanaryService("shape", args, {
  transforms: [({ type, props, opts }) => {
    if (!type.endsWith(":Ingress")) return undefined;
    const metadata = { ...props.metadata, annotations: { ...props.metadata.annotations, "example.com/by": "a transform" } };
    return { props: { ...props, metadata }, opts };
  }],
});
`;
}

describe("a service of another shape than fop-gate", () => {
  let project: Project;
  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create();
    mkdirSync(join(project.folder, "trust"));
    writeFileSync(join(project.folder, "trust", "store.p12"), store);
    project.write("index.ts", program());
  });
  after(async () => {
    await project.end();
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  for (const [what, changes, sentence] of [
    [
      "a misspelt field of the pod",
      "pod: { hostNetwrok: true }, configFiles: {},",
      /refuses Deployment shape-canary .*unknown field.*hostNetwrok/,
    ],
    ["an invalid host of the Ingress", 'ingress: { host: "not a host" },', /refuses Ingress shape .*Invalid value/],
  ] as const) {
    it(`is refused with ${what} before anything is made`, async () => {
      project.write("index.ts", program(changes));
      const { code, output } = await project.up("canary");
      assert.notEqual(code, 0);
      assert.match(output.replace(/\s+/g, " "), sentence);
      const found = await kubectl(["get", "deployments,services,ingresses,configmaps", "-n", namespace, "-o", "name"]);
      assert.equal(found.trim(), "configmap/kube-root-ca.crt");
    });
  }

  it("runs with everything that was given", async () => {
    project.write("index.ts", program());
    await project.mustUp("canary");
    const { spec } = (await get(namespace, "deployment", "shape")).spec.template;
    const names = (all: readonly { name: string }[]) => all.map(({ name }) => name);
    assert.deepEqual(names(spec.initContainers), ["agent", "migrate"]);
    assert.deepEqual(names(spec.volumes), ["cache", "scratch", "trust", "agent"]);
    assert.deepEqual([spec.terminationGracePeriodSeconds, spec.hostAliases[0].hostnames], [20, ["db"]]);
    const trust = spec.volumes.find(({ name }: { name: string }) => name === "trust").configMap.name;
    const { data, binaryData } = await get(namespace, "configmap", trust);
    assert.deepEqual([data["note.txt"], binaryData["store.p12"]], ["a note", store.toString("base64")]);
    const service = await get(namespace, "service", "shape");
    assert.deepEqual([service.spec.type, service.spec.sessionAffinity], ["NodePort", "ClientIP"]);
    assert.deepEqual(
      service.spec.ports.map(({ name, protocol, appProtocol }: Record<string, string>) => [
        name,
        protocol,
        appProtocol,
      ]),
      [
        ["http", "TCP", "kubernetes.io/ws"],
        ["dns", "UDP", undefined],
      ],
    );
    const { metadata, spec: ingress } = await get(namespace, "ingress", "shape");
    assert.equal(metadata.annotations["example.com/by"], "a transform");
    assert.deepEqual([ingress.rules.length, ingress.tls.length], [2, 2]);
  });

  it("changes nothing at the next up", async () => {
    const { output } = await project.mustUp("canary");
    assert.match(output, /unchanged/);
    assert.doesNotMatch(output, /\d+ (updated|created|replaced|deleted)/);
  });

  it("can change what the API server checks against the live object", async () => {
    const { nodePort } = (await get(namespace, "service", "shape")).spec.ports[0];
    project.write(
      "index.ts",
      program(
        `ports: [{ name: "web", port: 81, targetPort: "http", nodePort: ${nodePort} }], ingress: { host: "a", port: "web" },`,
      ),
    );
    await project.mustUp("canary");
    await until("the Service has the other port", async () => {
      const { ports } = (await get(namespace, "service", "shape")).spec;
      return ports.length === 1 && ports[0].port === 81 && ports[0].nodePort === nodePort;
    });
  });

  it("shows its pods as kubectl does", async () => {
    const { output } = await project.gray("status", "--service", "shape", "-n", namespace);
    assert.match(output, /2\/2 +Running/);
  });
});

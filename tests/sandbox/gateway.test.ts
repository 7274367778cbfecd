import assert from "node:assert/strict";
import { PING_HOST, traefik, traefikMetrics } from "../../sandbox/components/traefik.ts";
import { definitionName, GATEWAY, gatewayObjects } from "../../sandbox/gateway.ts";
import { place } from "../../sandbox/object.ts";
import { certificateRequest, identities } from "../../sandbox/pki.ts";
import { places } from "../../sandbox/places.ts";

const link = { host: "10.200.0.1", node: "10.200.0.2" };
const at = places({ HOME: "/home/dora", GRAY_SANDBOX_DIR: "/srv/gray" });

describe("an object of the sandbox", () => {
  it("lives where its kind, group and namespace say", () => {
    const path = (...object: Parameters<typeof place>) => place(...object).path;
    assert.equal(path("v1", "Namespace", { name: "a" }), "/api/v1/namespaces/a");
    assert.equal(path("v1", "Secret", { name: "a", namespace: "b" }), "/api/v1/namespaces/b/secrets/a");
    assert.equal(
      path("gateway.networking.k8s.io/v1", "GatewayClass", { name: "a" }),
      "/apis/gateway.networking.k8s.io/v1/gatewayclasses/a",
    );
  });
});

describe("the sandbox's gateway", () => {
  type Rule = { resources: string[]; verbs: string[] };
  type Listener = { port: number; protocol: string; allowedRoutes: { namespaces: { from: string } } };
  type Made = { kind: string; metadata: object; rules?: Rule[]; spec?: { listeners?: Listener[] } };
  const made = gatewayObjects({ certificate: "CERT", key: "KEY" }).map(({ object }) => object as Made);
  const of = (kind: string) => made.find((object) => object.kind === kind) ?? assert.fail(kind);

  it("takes routes of every namespace, in the clear and over TLS", () => {
    const gateway = of("Gateway");
    assert.deepEqual(gateway.metadata, GATEWAY);
    assert.deepEqual(
      gateway.spec?.listeners?.map((one) => [one.protocol, one.port, one.allowedRoutes.namespaces.from]),
      [
        ["HTTP", 80, "All"],
        ["HTTPS", 443, "All"],
      ],
    );
  });

  it("writes nothing but what became of gateways and routes", () => {
    for (const { resources, verbs } of of("ClusterRole").rules ?? []) {
      const readOnly = verbs.every((verb) => ["get", "list", "watch"].includes(verb));
      assert.ok(readOnly || resources.every((resource) => resource.endsWith("/status")), resources.join());
    }
  });

  it("serves under its own names and is nobody's client", () => {
    const own = identities(link).find((one) => one.name === "gateway") ?? assert.fail();
    assert.match(
      certificateRequest(own),
      /extendedKeyUsage = serverAuth\nsubjectAltName = IP:10\.200\.0\.2, DNS:gray\.test, DNS:\*\.gray\.test\n$/,
    );
  });

  it("learns from a definition's file what it defines", () => {
    assert.equal(definitionName("gateway.networking.k8s.io_httproutes.yaml"), "httproutes.gateway.networking.k8s.io");
    assert.throws(() => definitionName("kustomization.yaml"), /^Problem: kustomization\.yaml is not named like/);
  });
});

describe("Traefik", () => {
  const component = traefik({ places: at, link, command: (name) => `/bin/${name}` });
  const [text] = Object.values(component.files);
  const config = JSON.parse(text ?? "");

  it("reads its own file and no other, as its own user of Kubernetes", () => {
    assert.deepEqual(component.command, ["/bin/traefik", "--configfile=/srv/gray/components/traefik.yaml"]);
    assert.deepEqual(component.environment, { KUBECONFIG: "/srv/gray/components/traefik.kubeconfig" });
  });

  it("follows a changed route within a tenth of a second, not two", () => {
    assert.equal(config.providers.providersThrottleDuration, "100ms");
  });

  it("counts by service, where Prometheus looks", () => {
    assert.equal(config.metrics.prometheus.addServicesLabels, true);
    assert.equal(config.entryPoints[config.metrics.prometheus.entryPoint].address, traefikMetrics(link));
  });

  it("is ready when it answers by a route from the cluster", () => {
    assert.deepEqual(component.ready(), { kind: "http", url: "http://10.200.0.2/", host: PING_HOST });
  });
});

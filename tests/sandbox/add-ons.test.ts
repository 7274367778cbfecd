import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addOnComponent, findAddOnTools, standingAddOns, wantedAddOns } from "../../sandbox/add-ons.ts";
import { metricsObjects } from "../../sandbox/metrics-api.ts";
import { type Places, places } from "../../sandbox/places.ts";
import { statusText } from "../../sandbox/status.ts";

describe("add-ons", () => {
  let at: Places;
  beforeEach(() => {
    const folder = mkdtempSync(join(tmpdir(), "gray-add-ons-"));
    at = { ...places(), cache: join(folder, "cache"), state: folder };
  });
  afterEach(() => rmSync(at.state, { recursive: true }));
  const note = (text: string) => writeFileSync(join(at.state, "add-ons.json"), text);

  it("are none where nobody asked for any, and no tool of theirs is built", () => {
    assert.deepEqual(wantedAddOns(at, []), []);
    assert.deepEqual(findAddOnTools([], at), []);
  });

  it("stay when the next up does not ask for them", () => {
    note('["gateway"]');
    assert.deepEqual(wantedAddOns(at, []), ["gateway"]);
    assert.deepEqual(wantedAddOns(at, ["prometheus"]), ["gateway", "prometheus"]);
  });

  it("start in one order, in whatever order they are requested", () => {
    assert.deepEqual(wantedAddOns(at, ["prometheus", "gateway"]), ["gateway", "prometheus"]);
  });

  it("are none by a note that says nothing we know", () => {
    for (const text of ["", "{}", '["mesh"]']) {
      note(text);
      assert.deepEqual(standingAddOns(at), []);
    }
  });

  it("are built from their modules", () => {
    const found = findAddOnTools(["gateway", "prometheus", "metrics"], at).map(
      ({ tool, from }) => `${tool.name} ${from}`,
    );
    assert.deepEqual(found.sort(), ["metrics-server build", "prometheus build", "traefik build"]);
  });
});

describe("the metrics-server of a sandbox", () => {
  const link = { host: "10.200.0.1", node: "10.200.0.2" };
  const site = { places: places({ GRAY_SANDBOX_DIR: "/srv/gray" }), link, command: (name: string) => name };

  it("asks the kubelet by a certificate of its own, and trusts the sandbox's authority alone", () => {
    const { command } = addOnComponent("metrics", site, ["metrics"]);
    const [name, ...options] = command;
    assert.equal(name, "metrics-server");
    for (const option of [
      "--bind-address=10.200.0.2",
      `--kubeconfig=${join(site.places.state, "components/metrics-server.kubeconfig")}`,
      `--kubelet-certificate-authority=${join(site.places.state, "pki/ca.crt")}`,
      `--tls-cert-file=${join(site.places.state, "pki/metrics-server.crt")}`,
    ])
      assert.ok(options.includes(option), `${option} in ${options.join(" ")}`);
  });

  it("is reached through the API server, at the address of the node", () => {
    const objects = metricsObjects(link).map(({ object }) => object as { kind: string; [field: string]: unknown });
    const slice = objects.find(({ kind }) => kind === "EndpointSlice");
    assert.deepEqual(slice?.endpoints, [{ addresses: ["10.200.0.2"], conditions: { ready: true } }]);
    assert.deepEqual(objects.find(({ kind }) => kind === "APIService")?.metadata, { name: "v1beta1.metrics.k8s.io" });
  });

  it("lets requests without a name read metrics, and nothing else", () => {
    const role = metricsObjects(link).find(({ path }) => path.endsWith("/clusterroles/system:anonymous"));
    assert.deepEqual((role?.object as { rules?: unknown } | undefined)?.rules, [
      { apiGroups: ["metrics.k8s.io"], resources: ["pods", "nodes"], verbs: ["get", "list"] },
    ]);
  });
});

describe("the Prometheus of a sandbox", () => {
  const site = {
    places: places({ GRAY_SANDBOX_DIR: "/srv/gray" }),
    link: { host: "10.200.0.1", node: "10.200.0.2" },
    command: (name: string) => name,
  };
  const jobs = (...all: Parameters<typeof addOnComponent>[2]) => {
    const [text] = Object.values(addOnComponent("prometheus", site, all).files);
    return JSON.parse(text ?? "").scrape_configs;
  };

  it("sees pods of every namespace, by a certificate of its own", () => {
    const [pods] = jobs("prometheus");
    const [discovery] = pods.kubernetes_sd_configs;
    assert.equal(discovery.namespaces, undefined);
    assert.equal(discovery.tls_config.cert_file, "/srv/gray/pki/prometheus.crt");
  });

  it("scrapes the gateway where there is one", () => {
    assert.equal(jobs("prometheus").length, 1);
    assert.deepEqual(jobs("gateway", "prometheus")[1].static_configs, [{ targets: ["10.200.0.2:8082"] }]);
  });
});

describe("the status of a sandbox", () => {
  it("says of an add-on where it is reached", () => {
    const text = statusText({
      ready: true,
      owner: "/src",
      since: "today",
      state: "/srv/gray",
      server: "https://10.200.0.2:6443",
      kubeconfig: "/srv/gray/kubeconfig",
      node: { ready: true },
      components: [
        { name: "etcd", pid: 7, ready: true },
        { name: "traefik", pid: 8, ready: false, url: "http://10.200.0.2" },
      ],
    });
    assert.match(text, /^etcd +pid 7 +ready$/m);
    assert.match(text, /^traefik +pid 8, http:\/\/10\.200\.0\.2 +not ready$/m);
  });
});

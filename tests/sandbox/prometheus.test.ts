import assert from "node:assert/strict";
import { prometheusConfig } from "../../sandbox/components/prometheus.ts";
import { listeningUrl } from "../../sandbox/prometheus.ts";

describe("the sandbox's Prometheus", () => {
  const access = { server: "https://10.200.0.2:6443", authority: "/ca.crt", as: { token: "/token" } };
  type Config = {
    rule_files?: string[];
    scrape_configs: {
      kubernetes_sd_configs?: { role: string; namespaces: { names: string[] } }[];
      relabel_configs?: { target_label?: string }[];
      static_configs?: { targets: string[] }[];
    }[];
  };
  const config = (more: object = {}, rules?: string) =>
    prometheusConfig({ namespace: "apps", ...more }, { ...access, ...(rules && { rules }) }) as Config;

  it("finds the pods of one namespace, and no others", () => {
    const [pods, ...others] = config().scrape_configs;
    assert.deepEqual(others, []);
    const [discovery] = pods?.kubernetes_sd_configs ?? [];
    assert.equal(discovery?.role, "pod");
    assert.deepEqual(discovery?.namespaces, { names: ["apps"] });
  });

  it("gives every series the labels by which the dashboard tells services, tracks and releases apart", () => {
    const labels = config().scrape_configs[0]?.relabel_configs?.map((rule) => rule.target_label);
    for (const label of ["namespace", "pod", "app", "track", "release"]) assert.ok(labels?.includes(label), label);
  });

  it("scrapes further targets and reads rules only where there are any", () => {
    assert.equal(config().rule_files, undefined);
    const { rule_files, scrape_configs } = config({ targets: ["10.200.0.1:9000"] }, "/rules.yaml");
    assert.deepEqual(rule_files, ["/rules.yaml"]);
    assert.deepEqual(scrape_configs[1]?.static_configs, [{ targets: ["10.200.0.1:9000"] }]);
  });

  it("learns its address from its log, once it listens", () => {
    const lines = [
      '{"level":"INFO","msg":"Start listening for connections","address":"10.200.0.2:0"}',
      '{"level":"INFO","msg":"Listening on","address":"10.200.0.2:41235"}',
    ];
    assert.equal(listeningUrl(lines[0] ?? ""), undefined);
    assert.equal(listeningUrl(lines.join("\n")), "http://10.200.0.2:41235");
  });
});

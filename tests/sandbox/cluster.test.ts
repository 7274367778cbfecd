import assert from "node:assert/strict";
import { isFresh, saysReady } from "../../sandbox/api.ts";
import { kubeconfigText } from "../../sandbox/kubeconfig.ts";
import { chooseLink, overlap } from "../../sandbox/link.ts";
import { mountPoints, mountsBelow } from "../../sandbox/mounts.ts";
import { certificateRequest, identities } from "../../sandbox/pki.ts";

describe("the link to the host", () => {
  it("takes the first range that the host does not use", () => {
    assert.deepEqual(chooseLink([]), { host: "10.200.0.1", node: "10.200.0.2" });
    assert.deepEqual(chooseLink(["default", "0.0.0.0/0", "10.200.0.0/16"]), {
      host: "10.213.77.1",
      node: "10.213.77.2",
    });
    assert.deepEqual(chooseLink(["10.0.0.0/8"]), { host: "172.31.253.1", node: "172.31.253.2" });
  });

  it("is refused in one sentence where every range is taken", () => {
    assert.throws(
      () => chooseLink(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]),
      /no address range is left for the sandbox: 10\.200\.0\.0\/30, .* are all in use here/,
    );
  });

  it("knows that ranges overlap when one holds the other", () => {
    assert.ok(overlap("10.200.0.2", "10.200.0.0/30"));
    assert.ok(overlap("10.0.0.0/8", "10.200.0.0/30"));
    assert.ok(!overlap("10.200.0.4", "10.200.0.0/30"));
  });
});

describe("the admin's kubeconfig", () => {
  it("is a whole kubeconfig with the certificates inside", () => {
    const text = kubeconfigText({
      server: "https://10.200.0.2:6443",
      user: "admin",
      authority: "CA",
      certificate: "CERT",
      key: "KEY",
    });
    assert.deepEqual(JSON.parse(text), {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        { name: "gray-sandbox", cluster: { server: "https://10.200.0.2:6443", "certificate-authority-data": "Q0E=" } },
      ],
      users: [{ name: "admin", user: { "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ" } }],
      contexts: [{ name: "gray-sandbox", context: { cluster: "gray-sandbox", user: "admin" } }],
      "current-context": "gray-sandbox",
    });
  });
});

describe("the cluster's identities", () => {
  const all = identities({ host: "10.200.0.1", node: "10.200.0.2" });
  const named = (name: string) => all.find((one) => one.name === name) ?? assert.fail(name);

  it("are one a component, each with its own name and no more than it needs", () => {
    assert.deepEqual(
      all.filter((one) => one.organization === "system:masters").map((one) => one.name),
      ["admin"],
    );
    assert.equal(named("scheduler").commonName, "system:kube-scheduler");
    assert.equal(named("kubelet").commonName, "system:node:gray-node");
    assert.equal(named("kubelet").organization, "system:nodes");
    assert.equal(named("proxy").commonName, "system:kube-proxy");
  });

  it("of Kubernetes do not open the database", () => {
    assert.deepEqual(
      all.filter((one) => one.authority === "etcd-ca").map((one) => one.name),
      ["etcd", "etcd-client"],
    );
  });

  it("are certified as clients, and as servers only under the names they serve", () => {
    assert.match(certificateRequest(named("proxy")), /extendedKeyUsage = clientAuth\n$/);
    const kubelet = certificateRequest(named("kubelet"));
    assert.match(kubelet, /O = system:nodes\nCN = system:node:gray-node\n/);
    assert.match(kubelet, /extendedKeyUsage = clientAuth, serverAuth\nsubjectAltName = IP:10\.200\.0\.2\n$/);
  });
});

describe("what is mounted", () => {
  const mountinfo = [
    "29 1 8:1 / / rw - ext4 /dev/sda rw",
    "40 29 8:1 / /var/lib/gray-release rw - ext4 /dev/sdb rw",
    "41 40 0:5 / /var/lib/gray-release/a\\040b rw - tmpfs tmpfs rw",
    "42 29 0:6 / /var/lib/gray-release-of-another rw - tmpfs tmpfs rw",
    "",
  ].join("\n");

  it("below the state folder is ours to unmount; the folder itself, if it is a disk, is not", () => {
    assert.deepEqual(mountsBelow("/var/lib/gray-release", mountinfo), ["/var/lib/gray-release/a b"]);
    assert.ok(mountPoints(mountinfo).includes("/var/lib/gray-release"));
  });
});

describe("the node", () => {
  const node = (status: string, heartbeat: string) => ({
    status: { conditions: [{ type: "Ready", status, lastHeartbeatTime: heartbeat }] },
  });
  const start = Date.parse("2026-11-23T07:00:00.500Z");

  it("is ready when it says so after the kubelet's start; an older word proves nothing", () => {
    assert.ok(saysReady(node("True", "2026-11-23T07:00:00Z"), start));
    assert.ok(!saysReady(node("True", "2026-11-23T06:59:59Z"), start));
    assert.ok(!saysReady(node("False", "2026-11-23T07:00:05Z"), start));
    assert.ok(!saysReady({}, start));
  });
});

describe("a pod that was killed with its node", () => {
  const start = Date.parse("2026-11-23T07:00:00Z");
  const pod = (ready: string, since: string, started?: string) => ({
    status: {
      conditions: [{ type: "Ready", status: ready, lastTransitionTime: since }],
      containerStatuses: [{ state: started ? { running: { startedAt: started } } : {} }],
    },
  });

  it("is stale while it claims the readiness of before", () => {
    assert.ok(!isFresh(pod("True", "2026-11-23T06:50:00Z", "2026-11-23T06:49:59Z"), start));
  });

  it("is fresh once it is not ready, became ready since, or runs containers started since", () => {
    assert.ok(isFresh(pod("False", "2026-11-23T06:50:00Z"), start));
    assert.ok(isFresh(pod("True", "2026-11-23T07:00:02Z"), start));
    assert.ok(isFresh(pod("True", "2026-11-23T06:50:00Z", "2026-11-23T07:00:01Z"), start));
    assert.ok(isFresh({}, start));
  });
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { apply, get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { api } from "../../sandbox/api.ts";
import { traefikMetrics } from "../../sandbox/components/traefik.ts";
import { sandboxEnvironment } from "../../sandbox/env.ts";
import { GATEWAY } from "../../sandbox/gateway.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import type { Link } from "../../sandbox/link.ts";
import { startLoad, type Totals } from "../../sandbox/load.ts";
import { readOwner } from "../../sandbox/owner.ts";
import { certificatePath } from "../../sandbox/pki.ts";
import { places } from "../../sandbox/places.ts";

const namespace = "gateway-sandbox";
const host = `fop-gate.${namespace}.gray.test`;
const TOKEN = { "x-gray-token": "secret" };

describe("the sandbox's gateway", () => {
  let gateway: string;

  before(async function () {
    this.timeout(1_200_000); // where Traefik is not built yet
    const gray = join(import.meta.dirname, "../../cli/checkout.ts");
    execFileSync(process.execPath, [gray, "sandbox", "up", "--gateway"], { stdio: ["ignore", "inherit", "inherit"] });
    gateway = sandboxEnvironment(places()).GRAY_SANDBOX_GATEWAY ?? assert.fail("no GRAY_SANDBOX_GATEWAY");
    await makeNamespace(namespace);
    for (const object of [track("stable"), track("canary"), service("stable"), service("canary"), route(10)]) {
      await apply(object);
    }
    for (const name of ["stable", "canary"]) {
      await kubectl(["rollout", "status", `deployment/fop-gate-${name}`, "-n", namespace, "--timeout=60s"]);
    }
    await until("both tracks to answer", async () => {
      const tracks = new Set(await Promise.all(Array.from({ length: 20 }, () => trackThatAnswers())));
      return tracks.has("stable") && tracks.has("canary");
    });
  });
  after(() => kubectl(["delete", "namespace", namespace, "--wait=false"]));

  it("accepts the route, and publishes its address and what it supports", async () => {
    const { status } = await get(namespace, "httproute", "fop-gate");
    assert.deepEqual(
      status.parents[0].conditions.map((one: { type: string; status: string }) => `${one.type} ${one.status}`).sort(),
      ["Accepted True", "ResolvedRefs True"],
    );
    const { status: own } = await get(GATEWAY.namespace, "gateway", GATEWAY.name);
    assert.equal(`http://${own.addresses[0].value}`, gateway);
    const { status: kind } = await get("", "gatewayclass", "traefik");
    assert.ok(kind.supportedFeatures.some((one: { name: string }) => one.name === "HTTPRouteQueryParamMatching"));
  });

  it("splits by weight to the request, and counts each backend's requests", async () => {
    const before = await counted("canary");
    const load = await startLoad({ url: `${gateway}/`, host, rate: 500, duration: "4s" });
    const totals = await load.totals;
    assert.equal(totals.failed, 0);
    assert.equal(totals.requests, 2000);
    assert.ok(Math.abs(answered(totals, "canary") - 200) <= 1, JSON.stringify(totals.by));
    assert.equal((await counted("canary")) - before, answered(totals, "canary"));
  });

  it("takes each new weight, and prints how soon", async () => {
    const times: number[] = [];
    for (const [weight, drained] of [
      [100, "stable"],
      [0, "canary"],
      [100, "stable"],
      [0, "canary"],
      [100, "stable"],
    ] as const) {
      times.push(await reaction(weight, drained));
    }
    times.sort((a, b) => a - b);
    process.stdout.write(`      a new weight was in force ${times.join(", ")} ms after it was sent\n`);
    assert.equal(times.length, 5);
    await setWeight(0);
    await until("canary to be dark", async () => (await trackThatAnswers()) === "stable");
  });

  it("leads the token to canary at weight 0, and nobody else", async () => {
    const answers = async (headers: Record<string, string>) =>
      new Set(await Promise.all(Array.from({ length: 50 }, () => trackThatAnswers(headers))));
    assert.deepEqual(await answers({}), new Set(["stable"]));
    assert.deepEqual(await answers(TOKEN), new Set(["canary"]));
  });

  it("loses no request, new connection or kept one, while weights change and pods come and go", async () => {
    const sent = { url: `${gateway}/`, host, duration: "5m" };
    const loads = await Promise.all([
      startLoad({ ...sent, rate: 200 }),
      startLoad({ ...sent, rate: 100, keepalive: false }),
    ]);
    for (const weight of [10, 50, 100, 10]) await setWeight(weight);
    await kubectl(["scale", "deployment/fop-gate-stable", "-n", namespace, "--replicas=3"]);
    await kubectl(["rollout", "status", "deployment/fop-gate-stable", "-n", namespace, "--timeout=60s"]);
    await kubectl(["rollout", "restart", "deployment/fop-gate-canary", "-n", namespace]);
    await kubectl(["rollout", "status", "deployment/fop-gate-canary", "-n", namespace, "--timeout=60s"]);
    const { items } = await get(namespace, "pods", "-l", "track=canary", "--field-selector=status.phase=Running");
    await kubectl(["delete", "pod", items[0].metadata.name, "-n", namespace]);
    await setWeight(0);
    for (const load of loads) {
      const { failed, errors, status, requests } = await load.stop();
      process.stdout.write(`      ${failed} of ${requests} failed\n`);
      assert.equal(failed, 0, JSON.stringify({ errors, status }));
    }
  });

  it("serves the same routes over TLS, under the sandbox's own authority", async () => {
    const ca = readFileSync(certificatePath(places(), "ca"), "utf8");
    const answer = await new Promise<{ track: string }>((resolve, reject) => {
      const call = httpsRequest(gateway.replace("http:", "https:"), {
        ca,
        servername: "shop.gray.test",
        headers: { host },
      });
      call.on("error", reject);
      call.on("response", (reply) => {
        reply.setEncoding("utf8");
        reply.once("data", (text: string) => resolve(JSON.parse(text)));
      });
      call.end();
    });
    assert.equal(answer.track, "stable");
  });

  const agent = new Agent({ keepAlive: true });
  function trackThatAnswers(headers: Record<string, string> = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      const call = httpRequest(gateway, { agent, headers: { host, ...headers } });
      call.on("error", reject);
      call.on("response", (reply) => {
        let text = "";
        reply.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        reply.on("end", () => resolve(reply.statusCode === 200 ? JSON.parse(text).track : `HTTP ${reply.statusCode}`));
      });
      call.end();
    });
  }

  /** From the request until the track that is to get nothing has given its last answer, in milliseconds. */
  async function reaction(weight: number, drained: string): Promise<number> {
    const started = Date.now();
    const patched = setWeight(weight);
    let last = started;
    while (Date.now() < last + 1000) if ((await trackThatAnswers()) === drained) last = Date.now();
    await patched;
    return last - started;
  }

  async function counted(track: string): Promise<number> {
    const text = await (await fetch(`http://${traefikMetrics(link())}/metrics`)).text();
    const lines = text.split("\n").filter((line) => line.startsWith("traefik_service_requests_total{"));
    const own = lines.filter((line) =>
      line.includes(`service="${namespace}-fop-gate-${track}-http-80@kubernetesgateway"`),
    );
    return own.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }
});

function answered({ by }: Totals, track: string): number {
  return Object.entries(by).reduce((sum, [who, count]) => sum + (who.startsWith(`${track}/`) ? count : 0), 0);
}

/** By one request, as a driver does it: kubectl alone takes longer than the gateway. */
async function setWeight(canary: number): Promise<void> {
  const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes/fop-gate`;
  await api(places(), link()).apply(path, route(canary));
}

function link(): Link {
  return readOwner(places())?.link ?? assert.fail("no sandbox");
}

function route(canary: number): object {
  const backend = (track: string, weight?: number) => ({
    name: `fop-gate-${track}`,
    port: 80,
    ...(weight !== undefined && { weight }),
  });
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "fop-gate", namespace },
    spec: {
      parentRefs: [GATEWAY],
      hostnames: [host],
      rules: [
        {
          matches: [{ headers: Object.entries(TOKEN).map(([name, value]) => ({ name, value })) }],
          backendRefs: [backend("canary")],
        },
        { backendRefs: [backend("stable", 100 - canary), backend("canary", canary)] },
      ],
    },
  };
}

function service(track: string): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: `fop-gate-${track}`, namespace },
    spec: { selector: { app: "fop-gate", track }, ports: [{ port: 80, targetPort: 8080 }] },
  };
}

function track(name: string): object {
  const labels = { app: "fop-gate", track: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: `fop-gate-${name}`, namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 60,
          containers: [
            {
              name: "fop-gate",
              image: RELEASE_IMAGES.A,
              env: [
                { name: "TRACK", value: name },
                { name: "RELEASE", value: "a" },
              ],
              readinessProbe: { httpGet: { path: "/healthz", port: 8080 }, periodSeconds: 1 },
              lifecycle: { preStop: { sleep: { seconds: 5 } } },
            },
          ],
        },
      },
    },
  };
}

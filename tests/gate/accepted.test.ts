import assert from "node:assert/strict";
import { renderRelease } from "../../components/release.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { tryObjects } from "../../gate/accepted.ts";
import { Unreachable } from "../../kubernetes/api-error.ts";
import { readLive } from "../../live/live.ts";
import { serviceArgs } from "../components/fop-gate.ts";
import { type ApiRequest, ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";

const namespace = "dora-apps";
const paths = {
  deployment: `/apis/apps/v1/namespaces/${namespace}/deployments`,
  service: `/api/v1/namespaces/${namespace}/services`,
  ingress: `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`,
};

const hangs = () => Promise.reject(new Unreachable("no answer."));

describe("the objects of a program", () => {
  let api: ApiServer;
  beforeEach(async () => {
    api = await ApiServer.start();
  });
  afterEach(() => api.stop());

  const attempt = async (changes: Partial<ServiceArgs> = {}) => {
    const args = serviceArgs(changes);
    const of = { api: direct(api), namespace, service: "web" };
    const live = await readLive(of);
    const before = [...api.objects.keys()];
    const failures = await tryObjects(of, args, renderRelease("web", { app: "web" }, args), live);
    assert.deepEqual([...api.objects.keys()], before, "nothing is written");
    return failures;
  };
  const tried = () => api.requests.filter(({ query }) => query.has("dryRun"));
  const answers = (status: number, message: string) => {
    api.intercept = ({ query, path }) =>
      query.has("dryRun") && path.includes("/services") ? { status, body: { kind: "Status", message } } : undefined;
  };

  it("are tried as new ones if they do not exist", async () => {
    assert.deepEqual(await attempt({ ingress: { host: "a" }, debugIngress: { host: "b" } }), []);
    const created = tried().filter(({ method }) => method === "POST");
    assert.deepEqual(
      created.map(({ path, body }) => [path, body?.kind, body?.metadata.name]).sort(),
      [
        [paths.service, "Service", "web"],
        [paths.deployment, "Deployment", "web-canary"],
        [paths.ingress, "Ingress", "web"],
        [paths.ingress, "Ingress", "web-debug"],
      ].sort(),
    );
  });

  it("are tried with the fields that are not in a spec, beside those that are", async () => {
    const kinds = {
      ServiceAccount: `/api/v1/namespaces/${namespace}/serviceaccounts`,
      PodDisruptionBudget: `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`,
    };
    const changes: Partial<ServiceArgs> = {
      serviceAccount: { automountServiceAccountToken: false },
      disruptionBudget: { minAvailable: 2 },
      services: { metrics: { ports: [{ port: 9090 }] } },
    };
    assert.deepEqual(await attempt(changes), []);
    const made = tried().map(({ path, body }) => `${path} ${body?.metadata?.name}`);
    for (const one of [
      `${kinds.ServiceAccount} web`,
      `${kinds.PodDisruptionBudget} web`,
      `${kinds.PodDisruptionBudget} web-canary`,
      `${paths.service} web-metrics`,
    ]) {
      assert.ok(made.includes(one), one);
    }
    api.put(`${kinds.ServiceAccount}/web`, { metadata: { name: "web" } });
    await attempt(changes);
    const change = tried().findLast(({ path }) => path === `${kinds.ServiceAccount}/web`);
    assert.deepEqual(
      change?.operations?.map(({ op, path }) => [op, path]),
      [["add", "/automountServiceAccountToken"]],
    );
  });

  it("include stable's autoscaler in the stack of stable", async () => {
    const autoscaling = { maxReplicas: 5, metrics: [{ type: "Ressource" }] } as never;
    await attempt({ autoscaling });
    const path = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`;
    const found = tried().filter((each) => each.method === "POST" && each.path === path);
    assert.deepEqual(
      found.map(({ body }) => body?.spec.metrics),
      [[{ type: "Ressource" }]],
    );
    api.requests.length = 0;
    await attempt({ autoscaling, tracks: ["canary"] });
    assert.ok(!tried().some((each) => each.path.startsWith(path)));
  });

  it("are tried as changes of every field if they exist", async () => {
    api.put(`${paths.service}/web`, { metadata: { name: "web" }, spec: { clusterIP: "10.0.0.1", ports: [] } });
    await attempt({ serviceSpec: { type: "NodePort", externalTrafficPolicy: undefined } as object });
    const [change] = tried().filter(({ path }) => path === `${paths.service}/web`) as [ApiRequest];
    assert.deepEqual(
      change.operations?.map(({ op, path }) => [op, path]),
      [
        ["add", "/spec/type"],
        ["add", "/spec/selector"],
        ["add", "/spec/ports"],
      ],
    );
  });

  it("do not include canary's Deployment if it runs the rendered release", async () => {
    const { id } = renderRelease("web", { app: "web" }, serviceArgs({}));
    const template = { metadata: { labels: { release: id } } };
    api.put(`${paths.deployment}/web-canary`, { metadata: { name: "web-canary" }, spec: { template } });
    await attempt();
    assert.equal(
      tried().some(({ path }) => path.startsWith(paths.deployment)),
      false,
    );
  });

  it("are those of the tracks that the stack owns", async () => {
    await attempt({ tracks: ["stable"], ingress: { host: "a" }, debugIngress: { host: "b" } });
    assert.deepEqual([...new Set(tried().map(({ body }) => body?.metadata.name))].filter(Boolean), ["web-debug"]);
  });

  for (const [what, status, message, isRefused] of [
    ["an unknown field", 400, 'strict decoding error: unknown field "spec.typ"', true],
    [
      "a value of another type",
      400,
      'Service in version "v1" cannot be handled as a Service: json: cannot unmarshal',
      true,
    ],
    ["an invalid value", 422, 'Service "web" is invalid: spec.type: Unsupported value', true],
    ["a webhook that refuses", 403, 'admission webhook "a.example.com" denied the request: no', false],
    [
      "an admission policy that refuses",
      422,
      "ValidatingAdmissionPolicy 'a' with binding 'b' denied request: no",
      false,
    ],
    ["a missing right", 403, 'services is forbidden: User "ci" cannot create resource "services"', false],
    [
      "a webhook that does not support a dry run",
      400,
      'admission webhook "a.example.com" does not support dry run',
      false,
    ],
    ["a webhook that does not answer", 500, "failed calling webhook", false],
  ] as const) {
    it(`are ${isRefused ? "refused" : "not judged"} for ${what}`, async () => {
      answers(status, message);
      const [service, ...others] = await attempt();
      assert.deepEqual(others, []);
      assert.deepEqual([service?.kind, service?.name, service?.isRefused], ["Service", "web", isRefused]);
      assert.ok(service?.why.includes(message));
    });
  }

  it("are not judged if the cluster does not answer in time", async () => {
    const { api: cluster, ...of } = { api: direct(api), namespace, service: "web" };
    const slow = { ...cluster, until: () => ({ ...cluster, tryPatch: hangs, tryCreate: hangs }) };
    const args = serviceArgs({});
    const live = await readLive({ ...of, api: cluster });
    const failures = await tryObjects({ ...of, api: slow }, args, renderRelease("web", { app: "web" }, args), live);
    assert.deepEqual(
      failures.map(({ kind, why, isRefused }) => [kind, why, isRefused]),
      [
        ["Deployment", "no answer", false],
        ["Service", "no answer", false],
      ],
    );
  });

  it("are not judged if another writer creates one meanwhile", async () => {
    answers(409, "already exists");
    assert.deepEqual(await attempt(), []);
  });
});

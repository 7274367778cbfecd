import assert from "node:assert/strict";
import { get, kubectl, namespace as makeNamespace, until } from "../../rehearsal/kubectl.ts";
import { Project } from "../../rehearsal/project.ts";
import { startLoad } from "../../sandbox/load.ts";

const namespace = "traffic";

describe("the weight", () => {
  let project: Project;
  const tracksBehind = async (service: string) => {
    type Endpoint = { conditions: { ready: boolean }; targetRef: { name: string } };
    const { items } = await get(namespace, "endpointslices", "-l", `kubernetes.io/service-name=${service}`);
    const ready = items
      .flatMap((slice: { endpoints: Endpoint[] }) => slice.endpoints ?? [])
      .filter((each: Endpoint) => each.conditions.ready);
    const canary = ready.filter((each: Endpoint) => each.targetRef.name.startsWith("fop-gate-canary-")).length;
    return { canary, stable: ready.length - canary };
  };
  const behind = (service: string, wanted: { canary: number; stable: number }) =>
    until(`${wanted.stable} stable and ${wanted.canary} canary endpoints behind ${service}`, async () => {
      const found = await tracksBehind(service);
      return found.canary === wanted.canary && found.stable === wanted.stable;
    });
  const answersOf = async (requests: number) => {
    const { spec } = await get(namespace, "service", "fop-gate");
    const load = await startLoad({
      url: `http://${spec.clusterIP}/`,
      rate: 200,
      duration: `${requests / 200}s`,
      keepalive: false,
    });
    const { by, failed } = await load.totals;
    assert.equal(failed, 0);
    const count = (track: string) =>
      Object.entries(by)
        .filter(([who]) => who.startsWith(`${track}/`))
        .reduce((sum, [, n]) => sum + n, 0);
    return { canary: count("canary"), stable: count("stable") };
  };

  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 0 });
    await project.mustUp("canary");
    await project.mustUp("prod");
  });
  after(async () => {
    await project.end();
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  it("of 10 gives canary one request in ten, by one pod in ten, and preview says so", async () => {
    await behind("fop-gate", { stable: 9, canary: 1 });
    const { canary, stable } = await answersOf(2000);
    const share = canary / (canary + stable);
    // 1 of 10 endpoints, chosen at random: five standard deviations of 2 000 draws are 3.4 points.
    assert.ok(Math.abs(share - 0.1) < 0.034, `canary answered ${canary} of ${canary + stable}`);
    const { output } = await project.preview("canary");
    assert.match(output, /fop-gate: asked 10 %, reached 10 %: 1 of 10 pods/);
  });

  it("of 0 is dark: no user request reaches canary, while its own Service does", async () => {
    project.configure("canary", { weight: 0 });
    const { output } = await project.mustUp("canary");
    assert.match(output, /canary is dark: no user request reaches it/);
    await behind("fop-gate", { stable: 9, canary: 0 });
    await behind("fop-gate-canary", { stable: 0, canary: 1 });
    assert.deepEqual(await answersOf(2000), { canary: 0, stable: 2000 });
    const answer = await kubectl([
      "get",
      "--raw",
      `/api/v1/namespaces/${namespace}/services/fop-gate-canary:http/proxy/`,
    ]);
    assert.equal(JSON.parse(answer).track, "canary");
  });

  it("restarts no pod when it changes", async () => {
    const pods = async () =>
      (await get(namespace, "pods", "-l", "app=fop-gate")).items
        .map((pod: { metadata: { uid: string } }) => pod.metadata.uid)
        .sort();
    const before = await pods();
    project.configure("canary", { weight: 10 });
    await project.mustUp("canary");
    await behind("fop-gate", { stable: 9, canary: 1 });
    assert.deepEqual(await pods(), before);
  });

  it("is restored by the next up after somebody changed the selector past Pulumi", async () => {
    await kubectl(["patch", "service", "fop-gate", "-n", namespace, "-p", '{"spec":{"selector":{"track":"stable"}}}']);
    await behind("fop-gate", { stable: 9, canary: 0 });
    await project.mustUp("canary");
    await behind("fop-gate", { stable: 9, canary: 1 });
  });
});

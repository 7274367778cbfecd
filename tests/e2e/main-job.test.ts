import assert from "node:assert/strict";
import { get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import { startLoad } from "../../sandbox/load.ts";

const namespace = "main-job";
const key = `${namespace}/fop-gate`;
const stable = () => get(namespace, "deployment", "fop-gate");
const canary = () => get(namespace, "deployment", "fop-gate-canary");
const pods = async (track: string) => (await get(namespace, "pods", "-l", `app=fop-gate,track=${track}`)).items;

describe("the main job: canary, then prod", () => {
  let project: Project;
  let releaseA: string;
  let releaseB: string;

  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 1 });
  });
  after(async () => {
    await project.end();
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  it("refuses prod before canary, and changes nothing", async () => {
    const { code, output } = await project.up("prod");
    assert.notEqual(code, 0);
    assert.match(
      output,
      /fop-gate has no release in stack canary, and prod runs only releases that canary has run: run pulumi up --stack canary first\./,
    );
    assert.equal((await get(namespace, "deployments", "-l", "app=fop-gate")).items.length, 0);
  });

  it("installs canary with the shared objects, then prod", async () => {
    await project.mustUp("canary");
    const { output } = await project.mustUp("prod");
    assert.match(output, /is the first install: there are no users yet, so canary's health decides/);
    releaseA = await project.release("prod", key);
    assert.equal(releaseA, await project.release("canary", key));
  });

  it("runs 9 + 1 pods, each 2/2, with 10 endpoints behind one Service", async () => {
    const all = [...(await pods("stable")), ...(await pods("canary"))];
    assert.equal((await pods("stable")).length, 9);
    assert.equal((await pods("canary")).length, 1);
    const listing = await kubectl(["get", "pods", "-n", namespace, "-l", "app=fop-gate", "--no-headers"]);
    assert.equal(
      listing
        .trim()
        .split("\n")
        .filter((line) => /\s2\/2\s+Running\s/.test(line)).length,
      all.length,
    );
    const endpoints = await until("10 ready endpoints", async () => {
      const slices = await get(namespace, "endpointslices", "-l", "kubernetes.io/service-name=fop-gate");
      const ready = slices.items
        .flatMap((slice: { endpoints: { conditions: { ready: boolean } }[] }) => slice.endpoints)
        .filter((e: { conditions: { ready: boolean } }) => e.conditions.ready);
      return ready.length === 10 && ready;
    });
    assert.equal(endpoints.length, 10);
  });

  it("gives both tracks the same pod template but for the label track, and the seed's numbers", async () => {
    const [a, b] = [await stable(), await canary()];
    assert.equal(a.spec.replicas, 9);
    assert.equal(b.spec.replicas, 1);
    for (const deployment of [a, b]) {
      const { labels, annotations } = deployment.metadata;
      assert.deepEqual([labels.app, labels.team, labels.type], ["fop-gate", "dora", "basic"]);
      assert.equal(annotations["log.qiniu.com/global.agent"], "logexporter");
      assert.equal(annotations["log.qiniu.com/global.version"], "v2");
      assert.deepEqual(deployment.spec.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
      assert.equal(deployment.spec.template.spec.terminationGracePeriodSeconds, 90);
      assert.equal(deployment.spec.template.spec.containers[0].image, RELEASE_IMAGES.A);
    }
    assert.equal(a.spec.template.metadata.labels.track, "stable");
    a.spec.template.metadata.labels.track = "canary";
    assert.deepEqual(a.spec.template, b.spec.template);
  });

  it("has the pieces of the two template lists, each owned by one stack", async () => {
    const names = async (stack: string) => {
      const { stdout } = await project.must(["stack", "export", "--stack", stack]);
      const { resources } = JSON.parse(stdout).deployment;
      return resources
        .filter((r: { type: string; external?: boolean }) => r.type.startsWith("kubernetes:") && !r.external)
        .map(
          (r: { type: string; id: string }) =>
            `${r.type.split(":")[2]} ${r.id.split("/")[1]?.replace(/-[0-9a-f]{10,12}$/, "")}`,
        )
        .sort();
    };
    assert.deepEqual(await names("canary"), [
      "ConfigMap fop-gate-config",
      "ConfigMap fop-gate-log-applog",
      "ConfigMap fop-gate-log-auditlog",
      "ConfigMap fop-gate-plan",
      "ConfigMap fop-gate-release",
      "Deployment fop-gate-canary",
      "Ingress fop-gate",
      "Service fop-gate",
      "Service fop-gate-canary",
    ]);
    assert.deepEqual(await names("prod"), ["Deployment fop-gate", "Ingress fop-gate-debug"]);
  });

  it("tails fop-gate's two logs as its two config files say", async () => {
    await kubectl(["get", "--raw", `/api/v1/namespaces/${namespace}/services/fop-gate-canary:http/proxy/hello`]);
    const [{ metadata }] = await pods("canary");
    await until("both logs in the agent's output", async () => {
      const lines = await kubectl(["logs", "-n", namespace, metadata.name, "-c", "log-agent"]);
      return lines.includes("applog") && lines.includes("auditlog") && lines.includes("/hello");
    });
  });

  it("keeps the token secret", async () => {
    const { stdout } = await project.must(["stack", "output", "--json", "--stack", "canary"]);
    assert.equal(JSON.parse(stdout).token, "[secret]");
    const token = (
      await project.must(["stack", "output", "token", "--show-secrets", "--stack", "canary"])
    ).stdout.trim();
    assert.match(token, /^[A-Za-z0-9]{32}$/);
    const exported = await project.must(["stack", "export", "--stack", "canary"]);
    assert.ok(!exported.stdout.includes(token), "the token stands in the state in clear");
  });

  it("changes nothing when there is nothing to do", async () => {
    for (const stack of ["canary", "prod"] as const) {
      const { output } = await project.must(["preview", "--diff", "--expect-no-changes", "--stack", stack]);
      assert.doesNotMatch(output, /to (create|update|delete)/);
    }
  });

  it("will not let pulumi destroy take the front or stable down", async () => {
    for (const stack of ["canary", "prod"] as const) {
      const { code } = await project.pulumi(["destroy", "--yes", "--skip-preview", "--stack", stack]);
      assert.notEqual(code, 0);
    }
    assert.equal((await stable()).status.availableReplicas, 9);
    assert.equal((await canary()).status.availableReplicas, 1);
    await get(namespace, "service", "fop-gate");
  });

  describe("the next release, under load", () => {
    let loads: Awaited<ReturnType<typeof startLoad>>[];

    before(async () => {
      const { spec } = await get(namespace, "service", "fop-gate");
      const url = `http://${spec.clusterIP}/`;
      loads = await Promise.all(
        [true, false].map((keepalive) => startLoad({ url, rate: 100, duration: "10m", keepalive })),
      );
    });

    it("goes to canary alone", async () => {
      project.share({ image: RELEASE_IMAGES.B });
      await project.mustUp("canary");
      releaseB = await project.release("canary", key);
      assert.notEqual(releaseB, releaseA);
      assert.equal((await stable()).spec.template.metadata.labels.release, releaseA);
      assert.equal((await canary()).spec.template.metadata.labels.release, releaseB);
    });

    it("is refused by prod without a verdict: a warning in preview, an error in up, and nothing changed", async () => {
      const generation = (await stable()).metadata.generation;
      const preview = await project.preview("prod");
      assert.match(preview.output, /is refused, because it has not been judged good yet/);
      const { code, output } = await project.up("prod");
      assert.notEqual(code, 0);
      assert.match(
        output,
        new RegExp(
          `fop-gate stable: release ${releaseB} is refused, because it has not been judged good yet: let gray verify judge it, or check canary and run gray approve ${releaseB}`,
        ),
      );
      assert.equal((await stable()).metadata.generation, generation);
    });

    it("lets prod be scaled meanwhile with release: current", async () => {
      project.configure("prod", { release: "current" });
      await project.mustUp("prod");
      assert.equal(await project.release("prod", key), releaseA);
      project.configure("prod", { release: undefined });
    });

    it("is run by prod once a person approves it", async () => {
      const approved = await project.gray(
        "approve",
        releaseB,
        "--reason",
        "looked at its logs and TPS",
        "-n",
        namespace,
      );
      assert.equal(approved.code, 0, approved.output);
      await project.mustUp("prod");
      assert.equal((await stable()).spec.template.metadata.labels.release, releaseB);
      assert.equal((await stable()).status.availableReplicas, 9);
    });

    it("is undone by naming the release before it, with its config files", async () => {
      project.configure("prod", { release: releaseA });
      await project.mustUp("prod");
      assert.equal((await stable()).spec.template.metadata.labels.release, releaseA);
      project.configure("prod", { release: undefined });
    });

    it("loses no request, on new connections or kept-alive ones", async () => {
      const totals = await Promise.all(loads.map((load) => load.stop()));
      for (const { failed, requests } of totals) {
        assert.ok(requests > 1000);
        assert.equal(failed, 0);
      }
    });
  });

  describe("at the end", () => {
    it("shows with gray status what one looks at", async () => {
      const { code, output } = await project.gray("status", "-n", namespace);
      assert.equal(code, 0, output);
      assert.equal(output.match(/2\/2 +Running/g)?.length, 10);
      assert.match(output, /10 endpoints \(9 stable, 1 canary\)/);
      assert.match(output, new RegExp(`canary +${releaseB} +1 +yes +good \\(.*: looked at its logs and TPS\\)`));
      assert.match(output, new RegExp(`stable +${releaseA} +9 +yes +ran completely`));
    });

    it("goes down in the right order, and leaves nothing but the namespace", async () => {
      const { code, output } = await project.gray("destroy", "--yes");
      assert.equal(code, 0, output);
      assert.match(output, /Destroyed: prod, then canary; the records of main-job\/fop-gate are deleted\./);
      for (const kind of ["deployments", "services", "ingresses", "configmaps"]) {
        assert.equal((await get(namespace, kind, "-l", "app=fop-gate")).items.length, 0, kind);
      }
    });
  });
});

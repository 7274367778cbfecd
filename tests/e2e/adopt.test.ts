import assert from "node:assert/strict";
import { apply, get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import { type Load, startLoad } from "../../sandbox/load.ts";
import { assertSplit } from "./split.ts";
import { strictProvider } from "./strict.ts";

const namespace = "adopt";
const key = `${namespace}/web`;

/** As somebody made it by hand: no label of ours, the port without a name, and no thought for pods that end. */
const labels = { "app.kubernetes.io/name": "web" };
/** What nobody describes. */
const noted = "cloud.google.com/neg={}";
const backend = { service: { name: "web", port: { number: 80 } } };
const byHand = [
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: "app",
              image: RELEASE_IMAGES.A,
              ports: [{ name: "http", containerPort: 8080 }],
              readinessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 1, timeoutSeconds: 10 },
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace },
    spec: { selector: labels, ports: [{ port: 80, targetPort: "http" }] },
  },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "web", namespace },
    spec: {
      rules: [{ host: "web.example.com", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
    },
  },
];

/** The same service as a program; what a test changes stands in a file of its own. */
const program = `
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { CanaryService } from "./components/canary-service.ts";
import type { ServiceArgs } from "./components/service-args.ts";

const args: ServiceArgs = {
  namespace: "${namespace}",
  labels: { "app.kubernetes.io/name": "web" },
  tracks: [pulumi.getStack() === "prod" ? "stable" : "canary"],
  replicas: "external",
  minReadySeconds: 1,
  containers: [{
    name: "app",
    image: "${RELEASE_IMAGES.B}",
    ports: [{ name: "http", containerPort: 8080 }],
    env: ["track", "release"].map((label) => ({
      name: label.toUpperCase(),
      valueFrom: { fieldRef: { fieldPath: \`metadata.labels['\${label}']\` } },
    })),
    readinessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 1, timeoutSeconds: 10 },
  }],
  ports: [{ name: "", port: 80, targetPort: "http" }],
  ingress: { host: "web.example.com" },
  ...JSON.parse(readFileSync("changes.json", "utf8")),
};
new CanaryService("web", args);
`;

describe("gray adopt", () => {
  let project: Project;
  let adopted: string[];
  /** What the Ingress says, as the API server has it. */
  let way: object;
  const write = (changes: object) => project.write("changes.json", JSON.stringify(changes));
  const pods = async (selector: string) =>
    (await get(namespace, "pods", "-l", selector)).items
      .filter(({ metadata }: { metadata: { deletionTimestamp?: string } }) => !metadata.deletionTimestamp)
      .map(({ metadata }: { metadata: { uid: string } }) => metadata.uid)
      .sort();
  /** Ours by its label, and otherwise as it was. */
  const frontStays = async () => {
    assert.deepEqual((await get(namespace, "ingress", "web")).spec, way);
    for (const what of ["service", "ingress"]) {
      const { labels, annotations } = (await get(namespace, what, "web")).metadata;
      assert.deepEqual([labels["gray-release/service"], annotations["cloud.google.com/neg"]], ["web", "{}"]);
    }
  };
  const users: Load[] = [];
  const load = async () => {
    const { spec } = await get(namespace, "service", "web");
    const url = `http://${spec.clusterIP}/`;
    users.push(
      await startLoad({ url, rate: 50, duration: "10m", keepalive: false }),
      await startLoad({ url, rate: 50, duration: "10m" }),
    );
  };
  /** Ends the requests, of which none may have failed. */
  const noneLost = async () => {
    for (const each of users.splice(0)) {
      const { requests, failed, errors, status } = await each.stop();
      assert.ok(requests > 0);
      assert.equal(failed, 0, JSON.stringify({ errors, status }));
    }
  };
  /** Who answers 1 600 requests on new connections, by track. */
  const answers = async () => {
    const { spec } = await get(namespace, "service", "web");
    const url = `http://${spec.clusterIP}/`;
    const { by } = await (await startLoad({ url, rate: 200, duration: "8s", keepalive: false })).totals;
    const found: Record<string, number> = {};
    for (const [who, count] of Object.entries(by)) {
      const track = who.split("/")[0] ?? "";
      found[track] = (found[track] ?? 0) + count;
    }
    return found;
  };

  before(async () => {
    await makeNamespace(namespace);
    const [deployment, ...front] = byHand;
    await apply(deployment as object);
    // As Helm 4 does it, so that the fields have another owner.
    for (const object of front) {
      const apply = ["apply", "--server-side", "--field-manager=helm", "-f", "-"];
      await kubectl(apply, JSON.stringify(object));
    }
    // As a platform does it, or a person.
    for (const what of ["service/web", "ingress/web"]) await kubectl(["annotate", what, noted, "-n", namespace]);
    await kubectl(["rollout", "status", "deployment/web", "-n", namespace, "--timeout=60s"]);
    adopted = await pods("app.kubernetes.io/name=web");
    way = (await get(namespace, "ingress", "web")).spec;
    project = await Project.create();
    Object.assign(project.env, strictProvider().env);
    project.write("index.ts", program);
    write({ weight: 25 });
  });
  afterEach(async () => {
    for (const each of users.splice(0)) await each.stop();
  });
  after(async () => {
    await project.end();
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  it("takes in what stands as it is: the pods stay, canary comes beside them, and no request is lost", async () => {
    const bare = await project.up("canary");
    assert.match(
      bare.output,
      /Service web in namespace adopt was not created by this program: adopt it with gray adopt web if/,
    );
    await load();
    const { code, output } = await project.gray("adopt", "web", "-n", namespace, "--yes");
    assert.equal(code, 0, output);
    assert.match(output, /prod +import +Deployment +web/);
    assert.match(output, /canary +import +Service +web/);
    assert.match(output, /canary +import +Ingress +web/);
    await project.mustUp("canary");
    await noneLost();
    assert.deepEqual(await pods("app.kubernetes.io/name=web,!track"), adopted);
    await frontStays();
    const { canary = 0, unknown = 0 } = await answers();
    assertSplit({ stable: unknown, canary }, { stable: 3, canary: 1 });
  });

  it("shows both tracks, and lets stable be changed without a roll, while nothing else passes the gate", async () => {
    const { output } = await project.gray("status", "-n", namespace);
    assert.match(output, /4 endpoints \(3 stable, 1 canary\)/);
    assert.match((await project.up("prod")).output, /has not been judged good yet/);
    assert.match((await project.gray("adopt", "web", "-n", namespace, "--yes")).output, /has not been judged good yet/);
    write({ weight: 25, release: "current", annotations: { team: "dora" } });
    await project.mustUp("prod");
    const { metadata, spec } = await get(namespace, "deployment", "web");
    assert.deepEqual([metadata.annotations.team, spec.replicas], ["dora", 3]);
    // What has been there has not the labels of fop-gate's organization.
    project.write("team.json", JSON.stringify({ "required-labels": "disabled" }));
    const judged = await project.preview("prod", "--policy-pack", "policies", "--policy-pack-config", "team.json");
    assert.equal(judged.code, 0, judged.output);
    assert.deepEqual(await pods("app.kubernetes.io/name=web,!track"), adopted);
  });

  it("refuses weight 0 and gateway with the reason until the first promotion", async () => {
    const reason = /the adopted pods of web have no label track, so no Service can exclude canary/;
    write({ weight: 0 });
    assert.match((await project.up("canary")).output, reason);
    write({ weight: 25, gateway: { routes: [{ gateways: [{ name: "gray", namespace: "gateway-system" }] }] } });
    assert.match((await project.up("canary")).output, reason);
  });

  it("promotes by a second Deployment of as many pods without a lost request, and then every weight is possible", async () => {
    write({ weight: 25 });
    const release = await project.release("canary", key);
    await project.gray("approve", release, "--reason", "a test", "-n", namespace);
    await load();
    const up = project.startUp("prod");
    await until("the second Deployment", async () => {
      const { spec } = await get(namespace, "deployment", "web").catch(() => ({}));
      return spec?.selector.matchLabels.track === "stable";
    });
    process.kill(-up.pid, "SIGKILL");
    await up.ended;
    await project.must(["cancel", "--yes", "--stack", "prod"]);
    assert.deepEqual(await pods("app.kubernetes.io/name=web,!track"), adopted);
    const { code, output } = await project.gray("adopt", "web", "-n", namespace, "--yes");
    assert.equal(code, 0, output);
    await until("the adopted pods to end", async () => (await pods("!track")).length === 0);
    await noneLost();
    assert.equal((await pods("app=web,track=stable")).length, 3);
    await frontStays();
    assert.deepEqual((await get(namespace, "service", "web")).spec.selector, { app: "web" });
    assert.equal(
      (await get(namespace, "replicasets")).items.filter(
        (set: { metadata: { ownerReferences?: [] } }) => !set.metadata.ownerReferences,
      ).length,
      0,
    );
    write({ weight: 0 });
    await project.mustUp("canary");
    assert.deepEqual((await get(namespace, "service", "web")).spec.selector, { app: "web", track: "stable" });
    assert.match(
      (await project.gray("adopt", "web", "-n", namespace, "--yes")).output,
      /web has nothing left to adopt/,
    );
  });

  it("keeps its number of pods when the program takes the number, and when it leaves it to an autoscaler again", async () => {
    const size = async () => (await get(namespace, "deployment", "web")).spec.replicas;
    write({ weight: 0, replicas: 4 });
    await project.mustUp("prod");
    assert.equal(await size(), 4);
    write({ weight: 0 });
    await project.mustUp("prod");
    assert.equal(await size(), 4);
    await kubectl(["scale", "deployment", "web", "-n", namespace, "--replicas=2"]);
    write({ weight: 0, annotations: { team: "dora" } });
    await project.mustUp("prod");
    assert.equal(await size(), 2);
    write({ weight: 0, replicas: 3, annotations: { team: "dora" } });
    await project.mustUp("prod");
    assert.equal(await size(), 3);
  });
});

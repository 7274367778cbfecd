import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { initCommand } from "../../../cli/commands/init.ts";
import { UserError } from "../../../components/user-error.ts";
import { stored } from "../../describe/any-pod.ts";
import { container, deployment, ingress, path, service } from "../../describe/live.ts";
import { type ApiObject, ApiServer } from "../../fake/api-server.ts";
import { Shell } from "../../fake/gray.ts";

describe("gray init", () => {
  let api: ApiServer;
  let shell: Shell;
  let folder: string;
  let told: string[];
  const { error } = console;
  beforeEach(async () => {
    api = await ApiServer.start({ namespace: "shop" });
    api.admit = (object) => {
      object.spec.template.spec = stored(object.spec.template.spec);
      return object;
    };
    shell = new Shell(api.kubeconfig);
    folder = join(shell.folder, "shop");
    told = [];
    console.error = (line: string) => void told.push(line);
  });
  afterEach(async () => {
    console.error = error;
    shell.remove();
    await api.stop();
  });
  const init = (...args: string[]) => shell.run(initCommand(), "--dir", folder, ...args);
  const program = () => readFileSync(join(folder, "index.ts"), "utf8");
  const refused = async (sentence: RegExp, ...args: string[]) => {
    await assert.rejects(
      () => init(...args),
      (thrown) => thrown instanceof UserError && sentence.test(thrown.message),
    );
    assert.ok(!existsSync(folder) || readdirSync(folder).length === 0 || existsSync(join(folder, "mine")));
  };
  const stands = (pod: object = {}) => {
    const at = (group: string, kind: string) => `/${group}/namespaces/shop/${kind}/web`;
    const live = deployment({ pod: stored({ containers: [container], ...pod }) });
    api.put(at("apis/apps/v1", "deployments"), live as unknown as ApiObject);
    api.put(at("api/v1", "services"), service() as unknown as ApiObject);
    const rules = [{ host: "web.example.com", http: { paths: [path()] } }];
    api.put(at("apis/networking.k8s.io/v1", "ingresses"), ingress("web", { rules }) as unknown as ApiObject);
  };

  it("writes a new service from flags, with the defaults for all others", async () => {
    const output = await init("--service", "web", "--image", "web:1", "--replicas", "9");
    assert.match(program(), /new CanaryService\("web", \{\n {2}namespace: "web",/);
    assert.match(program(), /containerPort: 8080/);
    assert.match(output, /^Wrote index\.ts, .*\nNext, there: npm install, pulumi stack init canary/);
    assert.deepEqual(api.requests, []);
  });

  it("says which flags are missing where there is no terminal", async () => {
    const { code, err } = await shell.runInCi("init", "--dir", folder);
    assert.equal(code, 1);
    assert.match(err, /there is no terminal to ask on: give --service <name> and --image <image>, or --from/);
  });

  it("refuses what cannot be a service", async () => {
    await refused(/container web has the image "web:latest"/, "--service", "web", "--image", "web:latest");
    await refused(/The service name "Web"/, "--service", "Web", "--image", "web:1");
    await refused(/--replicas is "few"/, "--service", "web", "--image", "web:1", "--replicas", "few");
  });

  it("overwrites no file", async () => {
    stands();
    await init("--from", "deployment/web", "-n", "shop");
    writeFileSync(join(folder, "index.ts"), "mine");
    await assert.rejects(
      () => init("--from", "deployment/web", "-n", "shop"),
      /has index\.ts, .* already, and gray init overwrites nothing/,
    );
    assert.equal(program(), "mine");
  });

  it("describes a live Deployment with its Service and Ingress, and changes nothing in the cluster", async () => {
    stands();
    const output = await init("--from", "deployment/web", "-n", "shop");
    assert.match(program(), /^\/\/ Written by gray init from Deployment web in namespace shop\.\n\nimport/);
    assert.match(program(), /ingress: \{ host: "web\.example\.com" \}/);
    assert.match(output, /then gray adopt web -n shop\./);
    assert.deepEqual(told, []);
    const writes = api.requests.filter(({ method, query }) => method !== "GET" && query.get("dryRun") !== "All");
    assert.deepEqual(writes, []);
  });

  it("lists what differs on standard error and in the head of the program", async () => {
    const { lifecycle: _, ...without } = container;
    stands({ containers: [without], volumes: [{ name: "c", configMap: { name: "web-config" } }] });
    await init("--from", "deploy/web", "-n", "shop");
    assert.match(
      told.join("\n"),
      /^Not described:\n- files of ConfigMap web-config: .*\nOther than in the cluster:\n- container app: a release adds preStop/,
    );
    for (const line of told) assert.ok(program().includes(`// ${line}`), line);
  });

  it("reports a field that the pods of the program would have with another value", async () => {
    stands();
    const { admit } = api;
    // As a server with another default.
    api.admit = (object) => {
      admit(object).spec.template.spec.schedulerName = "mine";
      return object;
    };
    await init("--from", "deployment/web", "-n", "shop");
    assert.match(
      told.join("\n"),
      /spec\.template\.spec\.schedulerName: is "default-scheduler" and its default is "mine"/,
    );
  });

  it("says what gray adopt would refuse", async () => {
    stands();
    api.objects.delete("/api/v1/namespaces/shop/services/web");
    api.put("/api/v1/namespaces/shop/services/front", service("front") as unknown as ApiObject);
    await init("--from", "deployment/web", "-n", "shop");
    assert.match(
      told.join("\n"),
      /gray adopt would refuse this service now: web in namespace shop cannot be adopted: there is no Service web/,
    );
  });

  it("writes nothing if the live service cannot be one under gray release", async () => {
    await refused(/There is no Deployment web in namespace shop/, "--from", "deployment/web", "-n", "shop");
    const { readinessProbe: _, ...without } = container;
    stands({ containers: [without] });
    await refused(
      /gray init cannot describe this: web: container app has no readinessProbe/,
      "--from",
      "deployment/web",
      "-n",
      "shop",
    );
    await init("--from", "deployment/web", "-n", "shop", "--readiness", "/ready");
    assert.match(program(), /readinessProbe: \{ httpGet: \{ path: "\/ready", port: "http" \} \}/);
  });

  it("writes nothing if the API server refuses the pods", async () => {
    stands();
    api.intercept = ({ method }) =>
      method === "PATCH" ? { status: 403, body: { kind: "Status", message: "no" } } : undefined;
    await refused(
      /could not be compared with those of Deployment web \(.*no.*\), so nothing was written/,
      "--from",
      "deployment/web",
      "-n",
      "shop",
    );
  });

  it("converts a Rollout of Argo Rollouts, with its own template or that of a Deployment", async () => {
    stands();
    const at = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web";
    const strategy = { canary: { steps: [{ setWeight: 25 }, { pause: {} }] } };
    const workloadRef = { kind: "Deployment", name: "web" };
    const put = (spec: object) => api.put(at, { metadata: { name: "web", namespace: "shop" }, spec });
    put({ replicas: 3, workloadRef, strategy });
    await init("--from", "rollout/web", "-n", "shop");
    assert.match(program(), /from Rollout web in namespace shop/);
    assert.match(
      program(),
      /steps: \[\{ stage: "dark" \}, \{ stage: "canary", weight: 25 \}, \{ stage: "full", approval: true \}\]/,
    );
    assert.deepEqual(told, []);
    folder = join(shell.folder, "own");
    const { selector, template } = deployment().spec;
    put({ replicas: 9, selector, template, strategy });
    await init("--from", "rollout/web", "-n", "shop");
    assert.match(program(), /replicas: 9/);
    assert.match(told.join("\n"), /Rollout web: its pods belong to no Deployment: make Deployment web/);
    put({ workloadRef: { kind: "ReplicaSet", name: "web" }, strategy });
    folder = join(shell.folder, "none");
    await refused(
      /Rollout web refers to ReplicaSet web, and gray-release releases Deployments/,
      "--from",
      "rollout/web",
      "-n",
      "shop",
    );
    await refused(/There is no api among the rollouts\.argoproj\.io/, "--from", "rollout/api", "-n", "shop");
  });

  it("converts a Canary of Flagger, whose primary has the pods and the Service", async () => {
    stands();
    const of = (name: string, replicas: number) => {
      const live = deployment({ pod: stored({ containers: [container] }), spec: { replicas } });
      api.put(`/apis/apps/v1/namespaces/shop/deployments/${name}`, live as unknown as ApiObject);
    };
    of("web", 0);
    of("web-primary", 4);
    const primary = service("web", { selector: { app: "web-primary" } });
    api.put("/api/v1/namespaces/shop/services/web", primary as unknown as ApiObject);
    api.put("/api/v1/namespaces/shop/services/web-canary", service("web-canary") as unknown as ApiObject);
    api.put("/apis/flagger.app/v1beta1/namespaces/shop/canaries/web", {
      metadata: { name: "web", namespace: "shop" },
      spec: {
        targetRef: { kind: "Deployment", name: "web" },
        analysis: { interval: "1m", stepWeight: 20, maxWeight: 40 },
      },
    });
    await init("--from", "canary/web", "-n", "shop");
    assert.match(program(), /replicas: 4/);
    assert.match(program(), /\{ stage: "canary", weight: 40, atLeast: 60 \}/);
    assert.deepEqual(told, []);
  });

  it("refuses another kind of object, and a missing namespace", async () => {
    await refused(
      /--from is "statefulset\/web": give deployment\/<name>, rollout\/<name> or canary/,
      "--from",
      "statefulset/web",
      "-n",
      "shop",
    );
    await refused(
      /--from deployment\/web needs the namespace of the deployment: give it with -n/,
      "--from",
      "deployment/web",
    );
  });
});

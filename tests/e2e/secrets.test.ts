import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { get, kubectl, namespace as makeNamespace } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";

const namespace = "secrets";
const service = "vault";
/** A part of each value: it may be nowhere but in Secrets, and encrypted in the state. */
const marker = "marker4711";

/** The program of both stacks. Its values are in the configuration of canary's stack. */
const program = `
import * as pulumi from "@pulumi/pulumi";
import { CanaryService } from "./components/canary-service.ts";

const config = new pulumi.Config("shop");
const track = pulumi.getStack() === "canary" ? "canary" : "stable";
const release = config.get("release");
new CanaryService("${service}", {
  namespace: "${namespace}",
  tracks: [track],
  replicas: 1,
  weight: 50,
  minReadySeconds: 0,
  containers: [{
    name: "app", image: "${RELEASE_IMAGES.A}", ports: [{ name: "http", containerPort: 8080 }],
    readinessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 1 },
    env: [{ name: "PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } }],
    volumeMounts: [{ name: "tls", mountPath: "/etc/tls", readOnly: true }],
  }],
  volumes: [{ name: "tls", secret: { secretName: "tls" } }],
  secrets: {
    db: { mode: "versioned", data: { password: config.getSecret("password") } },
    tls: { mode: "shared", data: { key: config.getSecret("key") } },
  },
  ports: [{ port: 80, targetPort: "http" }],
  ...(release !== undefined && { release }),
});
`;

describe("the Secrets of a service", () => {
  let project: Project;
  const outputs: string[] = [];
  const set = (key: string, value: string, ...flags: string[]) =>
    project.must(["config", "set", "--stack", "canary", ...flags, `shop:${key}`, value]);
  const up = async (stack: "canary" | "prod") => {
    outputs.push((await project.preview(stack, "--diff")).output);
    outputs.push((await project.mustUp(stack)).output);
  };
  const gray = async (...args: string[]) => {
    const { code, output } = await project.gray(...args, "--service", service, "-n", namespace);
    outputs.push(output);
    assert.equal(code, 0, output);
  };
  const podsOf = async (deployment: string) => {
    const { metadata, spec } = await get(namespace, "deployment", deployment);
    const [container] = spec.template.spec.containers;
    return {
      generation: metadata.generation,
      release: spec.template.metadata.labels.release,
      secret: container.env[0].valueFrom.secretKeyRef.name,
      volume: spec.template.spec.volumes[0].secret.secretName,
    };
  };
  const valueIn = async (secret: string, key: string) =>
    Buffer.from((await get(namespace, "secret", secret)).data[key], "base64").toString();
  const canary = () => podsOf(`${service}-canary`);
  const stable = () => podsOf(service);

  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create();
    project.write("index.ts", program);
    await set("password", `${marker}-first`, "--secret");
    await set("key", `${marker}-key`, "--secret");
  });
  after(async () => {
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    project.forget();
  });

  it("are made with the first release, under names that the pods of both tracks have", async () => {
    await up("canary");
    await up("prod");
    const [on, off] = [await canary(), await stable()];
    assert.match(on.secret, /^vault-db-[0-9a-f]{10}$/);
    assert.deepEqual([off.secret, off.volume, off.release], [on.secret, "vault-tls", on.release]);
    assert.equal(await valueIn(on.secret, "password"), `${marker}-first`);
    assert.equal(await valueIn("vault-tls", "key"), `${marker}-key`);
    assert.equal((await get(namespace, "secret", on.secret)).immutable, true);
    const { stdout } = await project.must(["stack", "export", "--stack", "canary"]);
    const { resources } = JSON.parse(stdout).deployment;
    const key = resources.find(({ urn }: { urn: string }) => urn.endsWith(`::${service}-secret-key`));
    for (const value of [key.inputs.input, key.outputs.input, key.outputs.output]) assert.ok(value.ciphertext);
  });

  it("change nothing at the next up", async () => {
    for (const stack of ["canary", "prod"] as const) {
      const { output: before } = await project.preview(stack);
      assert.doesNotMatch(before, /\d+ to (update|create|replace|delete)/);
      const { output } = await project.mustUp(stack);
      assert.doesNotMatch(output, /\d+ (updated|created|replaced|deleted)/);
    }
  });

  it("rotate in place without a roll if they are shared", async () => {
    const before = [await canary(), await stable()];
    await set("key", `${marker}-rotated`, "--secret");
    await up("canary");
    assert.equal(await valueIn("vault-tls", "key"), `${marker}-rotated`);
    assert.deepEqual([await canary(), await stable()], before);
  });

  it("roll on canary first and then on stable if they are versioned, and roll back with the release", async () => {
    const first = await canary();
    await set("password", `${marker}-second`, "--secret");
    await up("canary");
    const second = await canary();
    assert.notEqual(second.release, first.release);
    assert.notEqual(second.secret, first.secret);
    assert.equal((await stable()).secret, first.secret);
    assert.equal(await valueIn(first.secret, "password"), `${marker}-first`);
    assert.equal(await valueIn(second.secret, "password"), `${marker}-second`);
    await gray("approve", second.release, "--reason", "looked at it");
    await up("prod");
    assert.equal((await stable()).secret, second.secret);

    // Back to the first values, which are in no program and no configuration any more.
    await set("release", first.release);
    await up("canary");
    assert.deepEqual([(await canary()).release, (await canary()).secret], [first.release, first.secret]);
    await up("prod");
    assert.equal((await stable()).secret, first.secret);
    assert.equal(await valueIn(first.secret, "password"), `${marker}-first`);
    await project.must(["config", "rm", "--stack", "canary", "shop:release"]);
    await up("canary");
    assert.equal((await canary()).secret, second.secret);
  });

  it("are not made again without their values if one is gone, which is said", async () => {
    const { secret, release } = await stable();
    await kubectl(["delete", "secret", secret, "-n", namespace]);
    const { output } = await project.mustUp("canary");
    assert.match(output.replace(/\s+/g, " "), new RegExp(`Secret ${secret} of release ${release} is gone`));
    const found = await kubectl(["get", "secrets", "-n", namespace, "-o", "name"]);
    assert.equal(found.includes(secret), false);
  });

  it("have their values nowhere but in themselves and, encrypted, in the state", async () => {
    await gray("status");
    await gray("history");
    const kinds = "configmaps,deployments,replicasets,pods,services,events,leases";
    outputs.push(await kubectl(["get", kinds, "-n", namespace, "-o", "yaml"]));
    for (const stack of ["canary", "prod"])
      outputs.push((await project.must(["stack", "export", "--stack", stack])).output);
    const secrets = JSON.parse(await kubectl(["get", "secrets", "-n", namespace, "-o", "json"]));
    for (const { data: _, ...others } of secrets.items) outputs.push(JSON.stringify(others));
    for (const file of readdirSync(join(project.folder, ".state"), { recursive: true, withFileTypes: true })) {
      if (file.isFile()) outputs.push(readFileSync(join(file.parentPath, file.name), "latin1"));
    }
    const forms = [marker, Buffer.from(marker).toString("base64").slice(0, -3)];
    for (const text of outputs) for (const form of forms) assert.equal(text.includes(form), false, form);
    assert.ok(JSON.stringify(secrets.items).includes(forms[1] ?? ""), "the search finds a value where one is");
  });
});

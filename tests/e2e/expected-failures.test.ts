import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { apply, get, kubectl, namespace as makeNamespace } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { enterSandbox } from "../../harness/sandbox.ts";
import { sandboxEnvironment } from "../../sandbox/env.ts";
import { places } from "../../sandbox/places.ts";
import { type ExpectedFailure, provoke, type Stage } from "../expected-failures/case.ts";

const folder = join(import.meta.dirname, "../expected-failures");
const files = readdirSync(folder).filter(
  (file) => file.endsWith(".ts") && file !== "case.ts" && file !== "behind-gateway.ts",
);
const cases = await Promise.all(
  files.map(async (file) => ({
    name: file.replace(".ts", ""),
    failure: ((await import(join(folder, file))) as { default: ExpectedFailure }).default,
  })),
);
const isBehindGateway = ({ failure }: { failure: ExpectedFailure }) => failure.needs === "Gateway API";

/** A case on the real command line and a real cluster, in a namespace of its own. */
function stageOf(project: Project, namespace: string): Stage {
  return {
    namespace,
    change: (change) => project.change(change),
    apply,
    async up(stack, environment) {
      const { code, output } = await project.up(stack, environment);
      return { failed: code !== 0, output };
    },
    release: () => project.release("canary", `${namespace}/fop-gate`),
  };
}

describe("bad input ends with one sentence, and changes nothing", () => {
  for (const { name, failure } of cases.filter((each) => !isBehindGateway(each))) {
    it(name, async function () {
      const { GRAY_SANDBOX_GATEWAY } = sandboxEnvironment(places());
      if (failure.needs === "no Gateway API" && GRAY_SANDBOX_GATEWAY !== undefined) this.skip();
      await play(name, failure);
    });
  }

  describe("behind a gateway", () => {
    before(function () {
      this.timeout(1_200_000); // where Traefik is not built yet
      enterSandbox(["gateway"]);
    });

    for (const { name, failure } of cases.filter(isBehindGateway)) it(name, () => play(name, failure));
  });
});

async function play(name: string, failure: ExpectedFailure): Promise<void> {
  const namespace = `bad-${name}`;
  await makeNamespace(namespace);
  const project = await Project.create({ namespace, minReadySeconds: 0, replicas: 3 });
  project.configure("canary", { weight: 25 });
  try {
    let generations: unknown;
    const stage = stageOf(project, namespace);
    const { failed, output, sentence } = await provoke(failure, {
      ...stage,
      async up(stack, environment) {
        generations = await generationsIn(namespace);
        return stage.up(stack, environment);
      },
    });
    assert.ok(failed, output);
    assert.match(output, sentence);
    assert.deepEqual(await generationsIn(namespace), generations);
  } finally {
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    project.forget();
  }
}

/** What stands in a namespace and how often its meaning was changed. */
async function generationsIn(namespace: string): Promise<Record<string, number>> {
  const { items } = await get(namespace, "deployments,services,ingresses");
  type Item = { kind: string; metadata: { name: string; generation?: number } };
  return Object.fromEntries(
    items.map(({ kind, metadata }: Item) => [`${kind} ${metadata.name}`, metadata.generation ?? 0]),
  );
}

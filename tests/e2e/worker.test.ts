import assert from "node:assert/strict";
import { get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import { type Load, startLoad } from "../../sandbox/load.ts";

const namespace = "worker";
const pair = ["--pair", 'failed=http_requests_total{code="500"}/http_requests_total'];

function program(image: string, more = ""): string {
  return `
import { CanaryService } from "./components/canary-service.ts";

new CanaryService("mailer", {
  namespace: "${namespace}",
  replicas: 2,
  weight: 33,
  minReadySeconds: 1,
  ports: [],
  noReadiness: "It takes its work from a queue and answers nobody.",
  containers: [{ name: "mailer", image: "${image}", ports: [{ name: "metrics", containerPort: 8080 }], ${more} }],
  plan: { steps: [{ stage: "canary", weight: 33 }, { stage: "full", watch: 2 }] },
});
`;
}

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status: { readonly phase: string; readonly podIP?: string };
}

/** Hands work to every pod of the worker, as a queue does, whatever its readiness or track. */
class Queue {
  private readonly fed = new Map<string, Load>();
  private readonly feeding: Promise<void>;
  private isOver = false;

  constructor() {
    this.feeding = this.feed();
  }

  async end(): Promise<void> {
    this.isOver = true;
    await this.feeding;
    await Promise.all([...this.fed.values()].map((load) => load.stop()));
  }

  private async feed(): Promise<void> {
    while (!this.isOver) {
      const { items } = (await get(namespace, "pods", "-l", "app=mailer")) as { items: Pod[] };
      const takers = items.filter(({ metadata, status }) => !metadata.deletionTimestamp && status.phase === "Running");
      for (const { metadata, status } of takers) {
        if (this.fed.has(metadata.name) || status.podIP === undefined) continue;
        const url = `http://${status.podIP}:8080/`;
        this.fed.set(metadata.name, await startLoad({ url, rate: 40, duration: "30m", keepalive: false }));
      }
      for (const [name, load] of this.fed) {
        if (takers.some(({ metadata }) => metadata.name === name)) continue;
        this.fed.delete(name);
        await load.stop();
      }
      await new Promise((next) => setTimeout(next, 500));
    }
  }
}

describe("a worker without a Service", function () {
  this.timeout(600_000);
  let project: Project;
  let queue: Queue;

  const gray = (...args: string[]) => project.gray(args[0] ?? "", "-n", namespace, ...args.slice(1));
  const runs = async (name: string) => {
    const { spec, status } = await get(namespace, "deployment", name);
    return { release: spec.template.metadata.labels.release as string, available: status.availableReplicas ?? 0 };
  };
  const ended = async () =>
    JSON.parse((await get(namespace, "configmap", "mailer-rollout")).data.record).ended[0] as {
      readonly outcome: string;
      readonly reason: string;
    };

  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create();
    project.write("index.ts", program(RELEASE_IMAGES.A));
    await project.mustUp("canary");
    queue = new Queue();
  });
  after(async () => {
    await queue?.end();
    await project.end();
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  it("has pods of both tracks, and nothing in front of them", async () => {
    const found = await kubectl(["get", "services,ingresses,endpointslices", "-n", namespace, "-o", "name"]);
    assert.equal(found.trim(), "");
    const [stable, canary] = [await runs("mailer"), await runs("mailer-canary")];
    assert.deepEqual([stable.available, canary.available, canary.release], [2, 1, stable.release]);
    const { output } = await gray("status");
    assert.match(output, /Worker mailer in worker: 3 pods \(2 stable, 1 canary\)/);
  });

  it("changes nothing at the next up", async () => {
    const { output } = await project.mustUp("canary");
    assert.doesNotMatch(output, /\d+ (updated|created|replaced|deleted)/);
  });

  it("brings a release to stable by the evidence of its own counters", async () => {
    const { release: a } = await runs("mailer");
    project.write("index.ts", program(RELEASE_IMAGES.B));
    const { code, output } = await gray("rollout", ...pair);
    process.stdout.write(output);
    assert.equal(code, 0, output);
    const { release: b, available } = await runs("mailer");
    assert.notEqual(a, b);
    assert.deepEqual([available, await runs("mailer-canary")], [2, { release: b, available: 1 }]);
    assert.equal((await ended()).outcome, "promoted");
  });

  it("rolls back a release that fails more of its items", async () => {
    const { release: b } = await runs("mailer");
    project.write("index.ts", program(RELEASE_IMAGES.bad));
    const { code, output } = await gray("rollout", ...pair);
    process.stdout.write(output);
    assert.equal(code, 3, output);
    const { outcome, reason } = await ended();
    assert.equal(outcome, "undone");
    assert.match(reason, /^canary counts as failed .* items/);
    assert.deepEqual(
      [await runs("mailer"), await runs("mailer-canary")],
      [
        { release: b, available: 2 },
        { release: b, available: 1 },
      ],
    );
  });

  it("loses canary's pods at once on abort, and gets those of stable's release after it", async () => {
    const { release: b } = await runs("mailer");
    project.write("index.ts", program(RELEASE_IMAGES.A, 'env: [{ name: "NEXT", value: "1" }],'));
    const rollout = project.startGray(["rollout", "-n", namespace, ...pair]);
    await until("canary runs the next release", async () => {
      const { release, available } = await runs("mailer-canary");
      return release !== b && available === 1;
    });
    await until("the step is in force", async () => {
      const { data } = await get(namespace, "configmap", "mailer-rollout");
      return JSON.parse(data.record).open?.stepStartedAt !== undefined;
    });
    const asked = Date.now();
    const aborted = gray("abort", "--reason", "the mails are empty");
    await until("canary has no pods", async () => {
      const { spec } = await get(namespace, "deployment", "mailer-canary");
      return spec.replicas === 0;
    });
    process.stdout.write(`canary wants no pods ${Date.now() - asked} ms after gray abort was started\n`);
    const { code, output } = await rollout.ended;
    assert.equal(code, 3, output);
    await aborted;
    assert.match((await ended()).reason, /aborted it: the mails are empty/);
    assert.deepEqual(
      [await runs("mailer"), await runs("mailer-canary")],
      [
        { release: b, available: 2 },
        { release: b, available: 1 },
      ],
    );
  });

  it("is paused and resumed, and rolled back by gray undo once it is over", async () => {
    const { release: b } = await runs("mailer");
    project.write("index.ts", program(RELEASE_IMAGES.A, 'env: [{ name: "NEXT", value: "2" }],'));
    const rollout = project.startGray(["rollout", "-n", namespace, ...pair]);
    const next = await until("canary runs the next release", async () => {
      const { release } = await runs("mailer-canary");
      return release !== b && release;
    });
    await gray("pause", "--reason", "lunch");
    const { code: held } = await rollout.ended;
    assert.equal(held, 4);
    await gray("approve", next, "--reason", "tried by hand");
    const { code, output } = await gray("resume", ...pair);
    assert.equal(code, 0, output);
    assert.notEqual((await runs("mailer")).release, b);
    const undone = await gray("undo", "--reason", "the mails are late", ...pair);
    process.stdout.write(undone.output);
    assert.deepEqual(
      [await runs("mailer"), await runs("mailer-canary")],
      [
        { release: b, available: 2 },
        { release: b, available: 1 },
      ],
    );
  });
});

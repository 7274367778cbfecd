import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { planCommand } from "../../../cli/commands/plan.ts";
import { UserError } from "../../../components/user-error.ts";
import type { Shell } from "../../fake/gray.ts";
import { openRollout } from "../../fake/open-rollout.ts";
import { becomeWorker } from "../../fake/worker.ts";
import type { World } from "../../fake/world.ts";
import { trial } from "../trial.ts";

describe("gray plan", () => {
  let world: World;
  let shell: Shell;
  let end: () => Promise<void>;
  const checkout = process.cwd();
  beforeEach(async () => {
    ({ world, shell, end } = await trial());
    for (let i = 1; i <= 9; i++) pod(`web-${i}`, "stable");
    pod("web-canary-1", "canary");
    shell.previews({ canary: preview("web-canary"), prod: preview("web") });
  });
  afterEach(() => {
    process.chdir(checkout);
    return end();
  });

  const pod = (name: string, track: string) =>
    world.api.put(`/api/v1/namespaces/dora-apps/pods/${name}`, {
      metadata: { name, labels: { app: "web", track, release: track } },
      spec: { containers: [{ name: "web", ports: [{ containerPort: 80 }] }] },
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
    });
  const preview = (name: string) => ({
    steps: [
      {
        op: "update",
        urn: `urn:pulumi:s::gray-release::kubernetes:apps/v1:Deployment::${name}`,
        newState: { type: "kubernetes:apps/v1:Deployment", custom: true },
        detailedDiff: { "spec.template.spec.containers[0].image": {} },
      },
    ],
    changeSummary: { same: 5, update: 1 },
    diagnostics: [{ severity: "warning", message: "warning: web is refused\n" }],
  });
  const component = (id: string, steps: object[]) => ({
    op: "update",
    urn: "urn:pulumi:canary::gray-release::gray-release:index:CanaryService::web",
    newState: {
      type: "gray-release:index:CanaryService",
      inputs: { plan: { checks: [{ path: "/" }], steps }, releases: { canary: { id } } },
    },
  });
  /** At each read every pod has answered so many more requests with 200, and so many with 500. */
  const traffic = (ok: number, failed: number) => {
    const reads = new Map<string, number>();
    world.api.intercept = ({ path }) => {
      if (!path.endsWith("/proxy/metrics")) return undefined;
      const read = (reads.get(path) ?? 0) + 1;
      reads.set(path, read);
      const text = [`{code="200"} ${ok * read}`, `{code="500"} ${failed * read}`].map(
        (series) => `http_requests_total${series}\n`,
      );
      const slow = ["1", "+Inf"].map(
        (edge) => `http_request_duration_seconds_bucket{le="${edge}"} ${(ok + failed) * read}\n`,
      );
      return { status: 200, stream: Readable.from(["# TYPE http_requests_total counter\n", ...text, ...slow]) };
    };
  };
  const plan = (...args: string[]) => shell.run(planCommand(), "--for", "0.05s", ...args);

  it("prints the traffic, how long a decision takes at each weight, and the changes", async () => {
    traffic(98, 2);
    const output = await plan();
    assert.match(
      output,
      /^web answers \d+ requests\/s; stable answers 2 % of its requests with 5xx \(10 of 10 pods over [\d.]+ s\)\./,
    );
    assert.match(output, /\n10 \(in force\) +10 % /);
    assert.match(output, /\ncanary +update +Deployment +web-canary +spec\.template\.spec\.containers\[0\]\.image\n/);
    assert.match(output, /\nprod +update +Deployment +web +spec/);
    assert.match(output, /\ncanary: 1 change, 5 unchanged\.\nprod: 1 change, 5 unchanged\./);
    assert.match(output, /\ncanary, prod: warning: web is refused$/);
  });

  describe("of a worker", () => {
    const items = (done: number, failed: number) => {
      let reads = 0;
      world.api.intercept = ({ path }) => {
        if (!path.endsWith("/proxy/metrics")) return undefined;
        const read = 1 + Math.floor(reads++ / 10);
        const counters = { jobs_total: done * read, jobs_failed_total: failed * read };
        const text = Object.entries(counters).map(([name, value]) => `# TYPE ${name} counter\n${name} ${value}\n`);
        return { status: 200, stream: Readable.from(text) };
      };
    };
    beforeEach(() => becomeWorker(world));

    it("prints how many items it processes, and how long a decision takes at each weight", async () => {
      items(100, 2);
      const output = await plan("--pair", "failed=jobs_failed_total/jobs_total");
      assert.match(
        output,
        /^web processes \d+ items\/s; stable fails 2 % of its items \(10 of 10 pods over [\d.]+ s\)\./,
      );
      assert.match(output, /WEIGHT +REACHED +ITEMS\/S TO CANARY/);
      assert.match(output, /\n10 \(in force\) +10 % /);
    });

    it("prints the changes without a forecast if no pair is named", async () => {
      const output = await plan();
      assert.match(
        output,
        /^web is a worker, so there is no forecast of the time to a decision without its own counters/,
      );
      assert.match(output, /\ncanary: 1 change, 5 unchanged\./);
    });
  });

  it("prints all of it as JSON", async () => {
    traffic(98, 2);
    const output = JSON.parse(await plan("--json"));
    assert.deepEqual([output.service, output.namespace, output.stableReplicas], ["web", "dora-apps", 9]);
    assert.deepEqual([output.podsRead, output.podsListed, output.shareInForce, output.problems], [10, 10, 0.1, []]);
    assert.equal(output.traffic.errors, 0.02);
    assert.ok(output.traffic.requestsPerSecond > 100);
    assert.equal(output.forecasts.length, 5);
    assert.deepEqual(Object.keys(output.forecasts[2]), ["weight", "refused", "inForce", "forecast"]);
    assert.deepEqual(
      output.stacks.map(({ stack }: { stack: string }) => stack.split("/").at(-1)),
      ["canary", "prod"],
    );
  });

  it("prints no value from the program, because it may be a secret", async () => {
    const component = {
      op: "update",
      urn: "urn:pulumi:s::gray-release::gray-release:index:CanaryService::web",
      newState: { type: "gray-release:index:CanaryService", inputs: { containers: [{ env: [{ value: "s3cret" }] }] } },
    };
    shell.previews({ canary: { steps: [component] } });
    const output = await plan("--json");
    assert.deepEqual(Object.keys(JSON.parse(output).stacks[0]), ["stack", "changes", "unchanged", "warnings"]);
    assert.doesNotMatch(output, /s3cret/);
  });

  it("prints the steps of a rollout, with how long a decision takes at each weight", async () => {
    traffic(98, 2);
    const steps = [{ stage: "dark" }, { stage: "canary", weight: 10, atLeast: 60, approval: true }, { stage: "full" }];
    shell.previews({ canary: { steps: [component("cccccccccccc", steps)] } });
    const output = await plan();
    assert.match(output, /\ngray rollout would release cccccccccccc in these steps:\n\nSTEP +PASSED WHEN +HOLDS/);
    assert.match(output, /\ndark +GET \/ pass +60 s *\n/);
    const time = "\\d+ (?:s|min|h)";
    assert.match(
      output,
      new RegExp(
        `\ncanary at 10 % +the verdict is good, 60 s are over +15 min +by a person +${time} +${time} +${time} +${time}`,
      ),
    );
    assert.match(output, /\nfull +stable runs it completely, and 5 min later *\n/);
    const { release, steps: foreseen } = JSON.parse(await plan("--json"));
    assert.equal(release, "cccccccccccc");
    assert.deepEqual(
      foreseen.map(({ step, prospect }: { step: { stage: string }; prospect?: object }) => [step.stage, !!prospect]),
      [
        ["dark", false],
        ["canary", true],
        ["full", false],
      ],
    );
  });

  it("prints the steps without times if there is no traffic", async () => {
    traffic(0, 0);
    shell.previews({ canary: { steps: [component("cccccccccccc", [{ stage: "full" }])] } });
    assert.match(await plan(), /\nSTEP +PASSED WHEN +HOLDS AFTER +APPROVAL\nfull +stable runs it/);
  });

  it("reports an open rollout, and that the changes would come after it", async () => {
    traffic(98, 2);
    world.writeRecord({ open: openRollout("bbbbbbbbbbbb", "aaaaaaaaaaaa") }, "web");
    assert.match(
      await plan(),
      /\n\nA rollout of bbbbbbbbbbbb is open; the changes below would come after it\.\n\nSTACK/,
    );
    assert.equal(JSON.parse(await plan("--json")).open, "bbbbbbbbbbbb");
  });

  it("previews prod with the release that canary's preview would run", async () => {
    traffic(98, 2);
    await plan();
    assert.deepEqual(shell.previewed, [
      "preview --json canary webhook=none rendered=file",
      "preview --json prod webhook=none rendered=file",
    ]);
  });

  it("fails with the policy that a stack violates", async () => {
    traffic(98, 2);
    shell.violation("prod", "images come from reg.example.com");
    await assert.rejects(
      plan("--policy-pack", "policies"),
      new UserError("Stack prod violates the policy team-registry: images come from reg.example.com"),
    );
  });

  it("prints the result of the policies on each stack, and does not run them if a preview failed", async () => {
    traffic(98, 2);
    assert.match(
      await plan("--policy-pack", "policies"),
      /\nResult of the policies in policies:\n\ncanary: no violation of 1 rules\.\nprod: no violation of 1 rules\.$/,
    );
    const { policies } = JSON.parse(await plan("--policy-pack", "policies", "--json"));
    assert.deepEqual(policies[0].rules, ["team-registry"]);
    const broken = { diagnostics: [{ severity: "error", message: "no such namespace" }] };
    shell.previews({ canary: broken, prod: broken }, 1);
    const asked = shell.previewed.length;
    await assert.rejects(plan("--policy-pack", "policies"), /failed: no such namespace$/);
    assert.equal(shell.previewed.length - asked, 2);
  });

  it("prints no forecast if there is no traffic", async () => {
    traffic(0, 0);
    const output = await plan();
    assert.match(
      output,
      /^web got no request in [\d.]+ s \(10 of 10 pods\), so there is no forecast of the time to a decision: try again/,
    );
    assert.doesNotMatch(output, /ERRORS: BAD IN/);
    assert.match(output, /web-canary/);
  });

  it("prints why the traffic cannot be read", async () => {
    const output = await plan();
    assert.match(output, /^The traffic of web cannot be read, so there is no forecast of the time to a decision\./);
    assert.match(output, /\nweb-1 answers 404 instead of its metrics .* \(And 9 more\.\)\n/);
  });

  it("prints no forecast if there is no stable to compare with", async () => {
    traffic(98, 2);
    world.api.objects.delete("/apis/apps/v1/namespaces/dora-apps/deployments/web");
    assert.match(await plan(), /^web has no stable pods to compare with yet, so there is no forecast/);
  });

  it("prints in which folder it can preview the changes", async () => {
    traffic(98, 2);
    process.chdir(shell.folder);
    const output = await plan();
    assert.match(output, /ERRORS: BAD IN/);
    assert.match(
      output,
      /\nThe stacks of web belong to the Pulumi project gray-release: run gray plan in the folder of its Pulumi\.yaml\.$/,
    );
  });

  it("fails with the error of the program, after the forecast", async () => {
    traffic(98, 2);
    shell.previews({ canary: { diagnostics: [{ severity: "error", message: "error: weight is 51.\n" }] } }, 1);
    await assert.rejects(plan(), new UserError("pulumi preview --stack canary failed: weight is 51."));
  });
});

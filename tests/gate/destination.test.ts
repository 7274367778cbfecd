import assert from "node:assert/strict";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { CanaryService } from "../../components/canary-service.ts";
import type { ProviderOptions } from "../../components/provider.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { openRollout } from "../../gate/open.ts";
import { setEnvironment } from "../fake/environment.ts";
import { canary, image, prod, web } from "../fake/web.ts";
import { World } from "../fake/world.ts";

/** A value that is known only in `up`, as the SDK represents it. */
const { unknown } = pulumi as unknown as { unknown: string };
const dependency = (pulumi as unknown as { DependencyProviderResource: new (ref: string) => pulumi.ProviderResource })
  .DependencyProviderResource;

describe("a service with a provider of the program's own", () => {
  let home: World;
  let eu: World;
  beforeEach(async () => {
    [home, eu] = await Promise.all([World.start("dora-apps", "home-uid"), World.start("dora-apps", "eu-uid")]);
  });
  afterEach(() => Promise.all([home.stop(), eu.stop()]));

  const uids: Record<string, string> = { cluster: "home-uid", eu: "eu-uid" };
  const clusterOf = (provider: string) => uids[provider];
  /** A program that deploys web with these options; the second ones are the component's. */
  const deploys =
    (
      options: () => ProviderOptions,
      changes: Partial<ServiceArgs> = {},
      others = (opened: ProviderOptions) => opened,
    ) =>
    async () => {
      const opts = options();
      const args = web("a", changes);
      const rollout = await openRollout("web", args, opts);
      new CanaryService("web", { ...args, rollout }, others(opts));
      return {};
    };
  const toEu = (kubeconfig: pulumi.Input<string> = eu.kubeconfig, context?: pulumi.Input<string>) =>
    new Provider("eu", { kubeconfig, ...(context !== undefined && { context }) });
  /** Runs a program on a machine whose kubeconfig leads to the cluster home, and whose provider deploys to eu. */
  const upInEu = (program: ReturnType<typeof deploys>, preview = false) =>
    eu.up("test", program, { clusterOf, preview, environment: { KUBECONFIG: home.kubeconfig } });
  /** The names of the providers of all objects of Kubernetes. */
  const deployedBy = (resources: readonly { readonly type: string; readonly provider: string }[]) => [
    ...new Set(resources.filter(({ type }) => /^kubernetes:/.test(type)).map(({ provider }) => provider)),
  ];
  class Region extends pulumi.ComponentResource {
    constructor(provider: pulumi.ProviderResource) {
      super("test:index:Region", "region", {}, { provider });
    }
  }

  for (const [how, options] of [
    ["in provider", () => ({ provider: toEu() })],
    ["in a list of providers", () => ({ providers: [toEu()] })],
    ["in a map of providers", () => ({ providers: { kubernetes: toEu() } })],
    ["by its parent", () => ({ parent: new Region(toEu()) })],
    ["with its kubeconfig as an encrypted text", () => ({ provider: toEu(pulumi.secret(eu.api.kubeconfig), "fake") })],
    ["with a kubeconfig that an output gives", () => ({ provider: toEu(pulumi.output(eu.kubeconfig)) })],
  ] as const) {
    it(`is read and deployed in the provider's cluster, which is given ${how}`, async () => {
      for (const preview of [true, false]) {
        const { resources } = await upInEu(deploys(options), preview);
        assert.deepEqual(deployedBy(resources), ["eu"]);
      }
      assert.equal(eu.stackState("test", "web").cluster, "eu-uid");
      assert.equal(home.api.requests.length, 0);
    });
  }

  it("is deployed by gray-release's own provider if the options give a provider of another package", async () => {
    class Cloud extends pulumi.ProviderResource {
      constructor() {
        super("cloud", "cloud", {});
      }
    }
    const { resources } = await home.up(
      "test",
      deploys(() => ({ providers: [new Cloud()] })),
      { clusterOf },
    );
    assert.deepEqual(deployedBy(resources), ["cluster"]);
  });

  it("is read in the environment's cluster if the provider names none", async () => {
    await home.up(
      "test",
      deploys(() => ({ provider: new Provider("eu", {}) })),
      { clusterOf: () => "home-uid" },
    );
    assert.equal(home.stackState("test", "web").cluster, "home-uid");
  });

  it("is not deployed with a provider that its rollout was not opened with", async () => {
    const attempt = home.up(
      "test",
      deploys(
        () => ({}),
        {},
        () => ({ provider: toEu() }),
      ),
      { clusterOf },
    );
    await assert.rejects(attempt, {
      name: "UserError",
      message:
        'CanaryService web in namespace dora-apps was given the provider eu, and its rollout was opened with cluster: pass the same options to openRollout("web", args, opts).',
    });
  });

  it("is deployed with the provider that its rollout was opened with, if the component names none", async () => {
    const { resources } = await upInEu(
      deploys(
        () => ({ provider: toEu() }),
        {},
        () => ({}),
      ),
    );
    assert.deepEqual(deployedBy(resources), ["eu"]);
  });

  it("is shown as a first install in a preview that does not know the provider's cluster, with a warning", async () => {
    for (const tracks of [["canary"], ["stable"], ["stable", "canary"]] as const) {
      const program = deploys(() => ({ provider: toEu(pulumi.output(unknown)) }), { tracks });
      const { resources, warnings } = await home.up("test", program, { clusterOf: () => undefined, preview: true });
      assert.deepEqual(warnings, [
        "web: the cluster of provider eu is not known before pulumi up, so this preview shows a first install; up reads the cluster first, and may stop there.",
      ]);
      const deployments = resources.filter(({ type }) => type.endsWith(":Deployment"));
      assert.equal(deployments.length, tracks.length);
      assert.equal(home.api.requests.length, 0);
    }
  });

  it("is refused in up if the program cannot know the provider's cluster, and deployed if access names it", async () => {
    const reference = "urn:pulumi:test::gray-release::pulumi:providers:kubernetes::eu::eu-id";
    const options = () => ({ provider: new dependency(reference) });
    await assert.rejects(home.up("test", deploys(options), { clusterOf }), {
      name: "UserError",
      message:
        /^web: the kubeconfig of provider .* is not known .* add access: \{ kubeconfig, context \} of the same cluster to the arguments of web\.$/,
    });
    await upInEu(deploys(options, { access: { kubeconfig: eu.kubeconfig } }));
    assert.equal(eu.stackState("test", "web").cluster, "eu-uid");
  });

  it("is refused if the provider deploys to another cluster than that of access, and nothing is deployed", async () => {
    for (const preview of [true, false]) {
      const program = deploys(() => ({ provider: toEu() }), { access: { kubeconfig: home.kubeconfig } });
      await assert.rejects(home.up("test", program, { clusterOf, preview }), {
        name: "UserError",
        message:
          "web: provider eu deploys to the cluster with UID eu-uid, but gray reads the cluster with UID home-uid: let the provider's kubeconfig and context, and those of access or of the environment, lead to one cluster.",
      });
    }
    assert.deepEqual(home.made(), []);
  });

  it("warns in a preview that does not know whether the provider leads to the cluster that access names", async () => {
    const program = deploys(() => ({ provider: toEu(pulumi.output(unknown)) }), {
      access: { kubeconfig: eu.kubeconfig },
    });
    const { warnings } = await home.up("test", program, { clusterOf: () => undefined, preview: true });
    assert.match(
      warnings.join(),
      /,web: it is not known before pulumi up whether provider eu deploys to the cluster with UID eu-uid, which gray reads/,
    );
    await assert.rejects(
      home.up("test", program, { clusterOf: () => undefined }),
      /let the provider read the namespace kube-system/,
    );
  });
});

describe("a service without a provider of the program's own", () => {
  let home: World;
  let eu: World;
  beforeEach(async () => {
    [home, eu] = await Promise.all([World.start("dora-apps", "home-uid"), World.start("dora-apps", "eu-uid")]);
  });
  afterEach(() => Promise.all([home.stop(), eu.stop()]));
  const program =
    (changes: Partial<ServiceArgs> = {}) =>
    async () => {
      const args = web("a", changes);
      new CanaryService("web", { ...args, rollout: await openRollout("web", args) });
      return {};
    };

  it("is refused if the provider process reaches another cluster than the program, as after a change of context", async () => {
    const attempt = home.up("test", program(), { clusterOf: () => "eu-uid" });
    await assert.rejects(attempt, /^UserError: web: provider cluster deploys to the cluster with UID eu-uid, /);
    assert.deepEqual(home.made(), []);
  });

  it("is read and deployed in the cluster of access, and the component's inputs hold no kubeconfig", async () => {
    const access = { kubeconfig: eu.api.kubeconfig, context: "fake" };
    const { resources } = await eu.up("test", program({ access }), { environment: { KUBECONFIG: home.kubeconfig } });
    assert.equal(eu.stackState("test", "web").cluster, "eu-uid");
    const [provider] = resources.filter(({ type }) => type === "pulumi:providers:kubernetes");
    assert.deepEqual([provider?.inputs.context, provider?.inputs.kubeconfig.value], ["fake", access.kubeconfig]);
    const component = resources.find(({ type }) => type === "gray-release:index:CanaryService");
    assert.ok(!JSON.stringify(component?.inputs).includes("secret-token"));
  });

  it("is refused in each stack on another cluster than that of the stack state, whatever else is missing there", async () => {
    await home.up("canary", canary("a"));
    await home.up("prod", prod("a"));
    for (const [stack, program] of [
      ["canary", canary("a")],
      ["prod", prod("a")],
    ] as const) {
      const attempt = home.up(stack, program, {
        environment: { KUBECONFIG: eu.kubeconfig },
        clusterOf: () => "eu-uid",
      });
      const sentence = new RegExp(`Stack ${stack} runs web on the cluster with UID home-uid and this one is eu-uid: `);
      await assert.rejects(attempt, sentence);
    }
  });

  it("does not show an invalid kubeconfig, which may hold a token", async () => {
    const restore = setEnvironment({ KUBECONFIG: home.kubeconfig });
    const access = { kubeconfig: { token: "secret-token" } as unknown as string };
    await assert
      .rejects(openRollout("web", web("a", { access, containers: image("a") })), {
        message: "web: access.kubeconfig must be a text.",
      })
      .finally(restore);
  });
});

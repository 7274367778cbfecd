import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandResult, run } from "../../harness/command.ts";
import { get, kubectl, namespace as makeNamespace } from "../../harness/kubectl.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";

const checkout = join(import.meta.dirname, "../..");
const namespace = "shop";

/** Somebody else's project: plain JavaScript types aside, it knows of gray-release only what npm gave it. */
const program = `
import { CanaryService } from "gray-release";
import { readFileSync } from "node:fs";

const args = {
  namespace: "shop",
  replicas: 3,
  weight: 25,
  minReadySeconds: 1,
  containers: [
    {
      name: "web",
      image: readFileSync("image", "utf8"),
      ports: [{ name: "http", containerPort: 8080 }],
      readinessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 1 },
    },
  ],
  ports: [
    { name: "http", port: 80, targetPort: "http" },
    { name: "metrics", port: 9090, targetPort: 8080 },
  ],
};
new CanaryService("web", args);
`;

/** The analysis by itself, in a file beside the program. */
const judging = `
import { Evidence, judge, type Tick, type Verdict } from "gray-release/analysis";

const evidence = new Evidence({ canary: "2.0", stable: ["1.9"] });
const tick: Tick = { at: 60_000, seconds: 60, targets: [], pods: [], problems: [] };
evidence.observe(tick);
const verdict: Verdict = judge(evidence, tick.at).verdict;
console.log(verdict);
`;

/** Makes one service under mocks, with the package as the module system gives it. */
const uses = (imports: string) => `${imports}
async function main() {
  await setMocks();
  const web = new CanaryService("web", {
    namespace: "shop",
    replicas: 3,
    weight: 25,
    containers: [{ name: "web", image: "web:1", readinessProbe: { httpGet: { path: "/", port: 80 } } }],
    ports: [{ port: 80 }],
  });
  web.url.apply((url) => console.log(url));
}
main();
`;
const imported = uses(
  'import { CanaryService } from "gray-release";\nimport { setMocks } from "gray-release/testing";\n',
);

/** Package managers beside npm: the package, its command, and the files of a project that uses it. */
const managers = [
  // Its own default fails an installation in which a package has a build script that was not approved, as @pulumi/kubernetes has.
  ["pnpm@12.21.0", "pnpm", { "pnpm-workspace.yaml": "strictDepBuilds: false\n" }],
  // Pulumi programs need a node_modules folder.
  ["@yarnpkg/cli-dist@4.18.1", "yarn", { ".yarnrc.yml": "nodeLinker: node-modules\n", "yarn.lock": "" }],
  ["bun@1.4.5", "bun", {}],
] as const;

describe("the package as a library, for a service of another shape", () => {
  const folder = mkdtempSync(join(tmpdir(), "gray-library-"));
  const env = { PULUMI_BACKEND_URL: `file://${join(folder, ".state")}`, PULUMI_CONFIG_PASSPHRASE: "e2e" };
  const must = async (command: string, args: string[], cwd = folder): Promise<CommandResult> => {
    const outcome = await run(command, args, { cwd, env });
    assert.equal(outcome.code, 0, `${command} ${args.join(" ")}:\n${outcome.output}`);
    return outcome;
  };
  const up = () => must("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", "live"]);
  const release = async (name: string) =>
    (await get(namespace, "deployment", name)).spec.template.metadata.labels.release;

  before(async () => {
    await makeNamespace(namespace);
    mkdirSync(join(folder, ".state"));
    await must("npm", ["pack", "--pack-destination", folder], checkout);
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({ name: "shop", private: true, type: "module", main: "index.ts" }),
    );
    writeFileSync(
      join(folder, "Pulumi.yaml"),
      "name: shop\nruntime:\n  name: nodejs\n  options:\n    typescript: false\noptions:\n  refresh: always\n",
    );
    writeFileSync(join(folder, "index.ts"), program);
    writeFileSync(join(folder, "judging.ts"), judging);
    writeFileSync(join(folder, "image"), RELEASE_IMAGES.A);
    await must("npm", ["install", "--no-audit", "--no-fund", `./${tarball}`]);
    await must("pulumi", ["stack", "init", "live"]);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  // CommonJS is compiled where it is run, by ts-node.
  for (const [module, moduleResolution] of [
    ["nodenext", "nodenext"],
    ["node16", "node16"],
    ["preserve", "bundler"],
  ] as const) {
    it(`has declarations, which a strict program in ES modules type-checks against, with module ${module}`, async () => {
      const compilerOptions = { strict: true, noEmit: true, module, moduleResolution, target: "es2024" };
      writeFileSync(
        join(folder, "tsconfig.json"),
        JSON.stringify({
          compilerOptions: { ...compilerOptions, skipLibCheck: true, types: ["node"] },
          files: ["index.ts", "judging.ts"],
        }),
      );
      await must("npm", ["install", "--no-audit", "--no-fund", "--no-save", "@types/node@24"]);
      await must(join(checkout, "node_modules/.bin/tsc"), ["-p", folder]);
    });
  }

  it("is a plugin of kubectl", async () => {
    const path = `${join(folder, "node_modules/.bin")}:${process.env.PATH}`;
    const { code, stdout } = await run("kubectl", ["gray", "--version"], { cwd: folder, env: { PATH: path } });
    const { version } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
    assert.deepEqual([code, stdout.trim()], [0, version]);
  });

  describe("is unit-tested without a cluster by a program", () => {
    const prints = async (args: string[], cwd = folder) => {
      assert.equal((await must(process.execPath, args, cwd)).stdout.trim(), "http://web.shop.svc");
    };

    it("in ES modules", async () => {
      writeFileSync(join(folder, "esm.mjs"), imported);
      await prints(["esm.mjs"]);
    });

    it("in CommonJS", async () => {
      const required =
        'const { CanaryService } = require("gray-release");\nconst { setMocks } = require("gray-release/testing");\n';
      writeFileSync(join(folder, "cjs.cjs"), uses(required));
      await prints(["cjs.cjs"]);
    });

    for (const [module, moduleResolution, type] of [
      ["commonjs", "node", "commonjs"],
      ["nodenext", "nodenext", "commonjs"],
      ["node16", "node16", "module"],
    ] as const) {
      it(`by ts-node, with module ${module} in a package of type ${type}, as projects of pulumi new are`, async () => {
        await must("npm", [
          "install",
          "--no-audit",
          "--no-fund",
          "--no-save",
          "ts-node@10",
          "typescript@5",
          "@types/node@24",
        ]);
        const project = join(folder, module);
        mkdirSync(project);
        writeFileSync(join(project, "package.json"), JSON.stringify({ name: "classic", private: true, type }));
        const compilerOptions = { strict: true, target: "es2020", module, moduleResolution, skipLibCheck: true };
        writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions }));
        writeFileSync(join(project, "index.ts"), imported);
        // ts-node takes the compiler settings of the folder in which it runs.
        await prints(["-r", "ts-node/register", "index.ts"], project);
      });
    }
  });

  describe("is installed, and used from ES modules,", () => {
    const tools = join(folder, "tools");
    before(async () => {
      mkdirSync(tools);
      writeFileSync(join(tools, "package.json"), JSON.stringify({ private: true }));
      await must("npm", ["install", "--no-audit", "--no-fund", ...managers.map(([package_]) => package_)], tools);
    });

    for (const [package_, command, settings] of managers) {
      it(`by ${package_}`, async () => {
        const project = join(folder, command);
        mkdirSync(project);
        writeFileSync(join(project, "package.json"), JSON.stringify({ name: "shop", private: true, type: "module" }));
        for (const [name, content] of Object.entries(settings)) writeFileSync(join(project, name), content);
        const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
        await must(join(tools, "node_modules/.bin", command), ["add", join(folder, tarball)], project);
        writeFileSync(join(project, "esm.mjs"), imported);
        const { stdout } = await must(process.execPath, ["esm.mjs"], project);
        assert.equal(stdout.trim(), "http://web.shop.svc");
      });
    }
  });

  it("judges numbers of any origin, without a cluster", async () => {
    assert.equal((await must(process.execPath, ["judging.ts"])).stdout.trim(), "undecided");
  });

  it("owns both tracks in one stack, on two ports, with no sidecar", async () => {
    await up();
    const [stable, canary, service] = [
      await get(namespace, "deployment", "web"),
      await get(namespace, "deployment", "web-canary"),
      await get(namespace, "service", "web"),
    ];
    assert.deepEqual([stable.status.availableReplicas, canary.status.availableReplicas], [3, 1]);
    assert.deepEqual(
      service.spec.ports.map((port: { name: string; port: number }) => [port.name, port.port]),
      [
        ["http", 80],
        ["metrics", 9090],
      ],
    );
    assert.equal(stable.spec.template.spec.initContainers, undefined);
  });

  it("tries a second release on canary, and promotes it by a second up once it is approved", async () => {
    const first = await release("web");
    writeFileSync(join(folder, "image"), RELEASE_IMAGES.B);
    const { output } = await up();
    const second = await release("web-canary");
    assert.notEqual(second, first);
    assert.equal(await release("web"), first);
    assert.match(output, new RegExp(`stable stays at ${first}`));
    await must(join(folder, "node_modules/.bin/gray"), ["approve", second, "--reason", "a test", "-n", namespace]);
    await up();
    assert.equal(await release("web"), second);
  });

  it("goes down with gray destroy", async () => {
    await must(join(folder, "node_modules/.bin/gray"), ["destroy", "--yes"]);
    for (const kind of ["deployments", "services", "configmaps"]) {
      assert.equal((await get(namespace, kind, "-l", "app=web")).items.length, 0, kind);
    }
  });
});

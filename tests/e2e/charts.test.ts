import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load, loadAll } from "js-yaml";
import { get, kubectl, namespace as makeNamespace } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { LOG_AGENT_IMAGE, RELEASE_IMAGES } from "../../sandbox/images.ts";

const folder = join(import.meta.dirname, "charts");
/** Workloads with the shapes of public charts. One of them shows the whole way; `npm run test:charts` takes all. */
const charts = readdirSync(folder).filter((name) => process.env.GRAY_CHARTS === "all" || /^12-/.test(name));

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

interface Beside extends Manifest {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: { readonly clusterIP?: string };
}

for (const chart of charts) {
  describe(`the chart ${chart}`, () => {
    const text = readFileSync(join(folder, chart), "utf8")
      .replaceAll("RELEASE", RELEASE_IMAGES.A)
      .replaceAll("AGENT", LOG_AGENT_IMAGE);
    const name =
      (loadAll(text) as Manifest[]).find(({ kind }) => kind === "Deployment")?.metadata.name ?? assert.fail();
    const namespace = `chart-${chart.slice(0, 2)}`;
    const written = mkdtempSync(join(tmpdir(), "gray-chart-"));
    let project: Project;
    const uids = async (selector: string): Promise<string[]> =>
      (await get(namespace, "pods", "-l", selector)).items
        .filter(({ metadata }: { metadata: { deletionTimestamp?: string } }) => !metadata.deletionTimestamp)
        .map(({ metadata }: { metadata: { uid: string } }) => metadata.uid)
        .sort();

    /** What a chart has beside its pods: each is the same object, at the same address, whatever happens. */
    const beside = async (...args: string[]): Promise<string[]> =>
      (await get(namespace, "service,hpa,pdb", ...args)).items
        .map(({ kind, metadata, spec }: Beside) => [kind, metadata.name, metadata.uid, spec.clusterIP].join(" "))
        .filter((each: string) => !/-(stable|canary) /.test(each))
        .sort();
    let objects: string[];
    /** What is said of objects that the program does not describe. */
    let stays: string[];

    before(async () => {
      await makeNamespace(namespace);
      await kubectl(["apply", "-n", namespace, "-f", "-"], text);
      await kubectl(["rollout", "status", `deployment/${name}`, "-n", namespace, "--timeout=120s"]);
      objects = await beside();
      project = await Project.create();
    });
    after(async () => {
      await project.end();
      rmSync(written, { recursive: true });
      await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    });

    it("is described, with pods that are the live ones", async () => {
      const init = await project.gray("init", "--from", `deployment/${name}`, "-n", namespace, "--dir", written);
      assert.equal(init.code, 0, init.output);
      assert.doesNotMatch(init.output, /spec\.template|would refuse/);
      stays = init.output.split("\n").filter((line) => line.includes("it stays as it is"));
    });

    it("is adopted without a roll, and released", async () => {
      const { replicas } = (await get(namespace, "deployment", name)).spec;
      const program = readFileSync(join(written, "index.ts"), "utf8");
      const ours = program.replace('"gray-release"', '"./library.ts"').replaceAll(RELEASE_IMAGES.A, RELEASE_IMAGES.B);
      project.write("index.ts", ours);
      const { config } = load(readFileSync(join(written, "Pulumi.canary.yaml"), "utf8")) as { config: object };
      project.configure("canary", { weight: Object.values(config)[0] });
      const pods = await uids("");
      const adopt = ["adopt", name, "-n", namespace, "--yes"];
      const first = await project.gray(...adopt);
      assert.equal(first.code, 0, first.output);
      assert.deepEqual(await uids("!track"), pods);
      assert.deepEqual(await beside(), objects);
      const described = objects.filter((each) => {
        const [kind, name] = each.split(" ");
        return !stays.some((line) => line.includes(`${kind} ${name}:`));
      });
      assert.deepEqual(await beside("-l", "gray-release/service"), described);

      const release = await project.release("canary", `${namespace}/${name}`);
      await project.gray("approve", release, "--reason", "a test", "-n", namespace);
      const second = await project.gray(...adopt);
      assert.equal(second.code, 0, second.output);
      assert.equal((await uids("track=stable")).length, replicas);
      const { template } = (await get(namespace, "deployment", name)).spec;
      assert.equal(template.metadata.labels.release, release);
      assert.match(second.output, /is under gray release/);
      assert.deepEqual(await beside(), objects);
    });

    it("is released by both stacks from then on, with the objects that it had", async () => {
      project.write("index.ts", project.read("index.ts").replaceAll(RELEASE_IMAGES.B, RELEASE_IMAGES.A));
      await project.mustUp("canary");
      const release = await project.release("canary", `${namespace}/${name}`);
      await project.gray("approve", release, "--reason", "a test", "-n", namespace);
      await project.mustUp("prod");
      await project.mustUp("canary");
      for (const stack of ["prod", "canary"] as const) {
        const { code, output } = await project.preview(stack, "--expect-no-changes");
        assert.equal(code, 0, output);
      }
      assert.deepEqual(await beside(), objects);
    });
  });
}

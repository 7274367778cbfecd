import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apply, get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { openedFirst, opening } from "../../harness/opened-first.ts";
import { Project } from "../../harness/project.ts";
import { writeVerdict } from "../../harness/record.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";

const namespace = "gate";

/** Each row of the gate, on a real cluster; gate/gate.ts numbers them. */
describe("the gate", () => {
  let project: Project;
  let releaseA: string;
  let releaseB: string;

  const live = async () => (await get(namespace, "deployment", "fop-gate")).spec.template.metadata.labels.release;
  const readRecord = async () => JSON.parse((await get(namespace, "configmap", "fop-gate-rollout")).data.record);
  const writeRecord = (record: unknown) =>
    apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "fop-gate-rollout", namespace },
      data: { record: typeof record === "string" ? record : JSON.stringify(record) },
    });
  /** The names of the verdicts in a record, if evidence has judged release B. */
  const judged = async (found: "good" | "bad") => {
    const verdict = { verdict: found, by: "evidence", reason: "5xx", at: new Date().toISOString() };
    return { [releaseB]: await writeVerdict(namespace, "fop-gate", releaseB, verdict) };
  };
  const refused = async (sentence: RegExp, env: NodeJS.ProcessEnv = {}) => {
    const { code, output } = await project.up("prod", env);
    assert.notEqual(code, 0);
    assert.match(output, sentence);
    assert.equal(await live(), releaseA);
  };
  const backToA = async () => {
    project.configure("prod", { release: releaseA });
    await project.mustUp("prod");
    assert.equal(await live(), releaseA);
    project.configure("prod", { release: undefined });
  };

  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 0, replicas: 3 });
    project.configure("canary", { weight: 25 });
    await project.mustUp("canary");
  });
  after(async () => {
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    project.forget();
  });

  it("refuses prod's first install while canary is not healthy, and admits it when it is", async () => {
    await kubectl(["scale", "deployment/fop-gate-canary", "--replicas=0", "-n", namespace]);
    const { code, output } = await project.up("prod");
    assert.notEqual(code, 0);
    assert.match(
      output,
      /because fop-gate-canary does not run it with all its pods available: run pulumi up of the stack that owns canary/,
    );
    await project.mustUp("canary");
    await project.mustUp("prod");
    releaseA = await live();
    const record = await readRecord();
    assert.deepEqual(record.stableHistory, [releaseA]);
  });

  it("admits canary first, and refuses prod without a verdict", async () => {
    project.share({ image: RELEASE_IMAGES.B });
    await project.mustUp("canary");
    releaseB = await project.release("canary", `${namespace}/fop-gate`);
    await refused(/is refused, because it has not been judged good yet/);
  });

  it("refuses a release that was judged bad", async () => {
    const record = await readRecord();
    await writeRecord({ ...record, verdicts: await judged("bad") });
    await refused(/is refused, because it was judged bad \(evidence: 5xx\): release another one/);
    await writeRecord(record);
  });

  it("refuses everybody but the driver while a rollout is open, and the driver without a verdict", async () => {
    const record = await readRecord();
    await writeRecord({ ...record, open: { epoch: 7, release: releaseB, weight: 25 } });
    await refused(/is refused while the rollout of [0-9a-f]{12} is open/);
    await refused(/is refused while the rollout of [0-9a-f]{12} is open/, { GRAY_EPOCH: "6" });
    await refused(/not been judged good yet/, { GRAY_EPOCH: "7" });
    await writeRecord(record);
  });

  it("refuses with a record that is damaged, or of another cluster, while a rollback stays possible", async () => {
    const record = await readRecord();
    for (const [damaged, why] of [
      ["{", /cannot be read \(.*JSON.*\): restore the record, or delete it and run gray approve/],
      [{ ...record, cluster: "another" }, /cannot be read \(it belongs to cluster another and this is /],
      [{ ...record, version: 3 }, /cannot be read \(/],
    ] as const) {
      await writeRecord(damaged);
      await refused(why);
      await backToA();
    }
    const approve = await project.gray("approve", releaseB, "--reason", "no", "-n", namespace);
    assert.match(approve.output, /The record fop-gate-rollout in namespace gate cannot be read/);
    await writeRecord(record);
  });

  it("refuses when the record was deleted, while a rollback stays possible; a person's approval begins a new one", async () => {
    await kubectl(["delete", "configmap", "fop-gate-rollout", "-n", namespace]);
    await refused(
      /is live and there is no record, ConfigMap fop-gate-rollout, of what it ran: restore the record, or run gray approve/,
    );
    const approve = await project.gray("approve", releaseB, "--reason", "seen in canary", "-n", namespace);
    assert.equal(approve.code, 0, approve.output);
    await project.mustUp("prod");
    assert.equal(await live(), releaseB);
  });

  it("admits what once ran completely", async () => {
    await backToA();
    const record = await readRecord();
    await writeRecord({ ...record, verdicts: {}, stableHistory: [releaseB, releaseA] });
    project.configure("prod", { release: releaseB });
    await project.mustUp("prod");
    assert.equal(await live(), releaseB);
    await backToA();
  });

  it("lets a person override it in an emergency, with an Event that says why", async () => {
    const record = await readRecord();
    await writeRecord({ ...record, verdicts: {}, stableHistory: [releaseA] });
    await refused(/not been judged good yet/);
    await project.mustUp("prod", { GRAY_BREAK_GLASS: "the fix cannot wait" });
    assert.equal(await live(), releaseB);
    const { items } = await get(namespace, "events");
    assert.ok(
      items.some(
        (event: { reason: string; message: string }) =>
          event.reason === "BreakGlass" && event.message.includes("the fix cannot wait"),
      ),
    );
    await backToA();
  });

  it("refuses a stack on another cluster than the one it remembers", async () => {
    const { stdout } = await project.must(["stack", "export", "--stack", "prod"]);
    const { metadata } = await get("default", "namespace", "kube-system");
    const elsewhere = "00000000-0000-0000-0000-000000000000";
    const state = join(project.folder, "state.json");
    writeFileSync(state, stdout.replaceAll(metadata.uid, elsewhere));
    await project.must(["stack", "import", "--file", state, "--stack", "prod"]);
    await refused(
      new RegExp(
        `Stack prod runs fop-gate on the cluster with UID ${elsewhere} and this one is ${metadata.uid}: choose`,
      ),
    );
    await refused(/choose the right cluster/, { GRAY_BREAK_GLASS: "no reason is good enough" });
    writeFileSync(state, stdout);
    await project.must(["stack", "import", "--file", state, "--stack", "prod"]);
  });

  it("decides again at the last moment, in a hook, when the verdict changed after the program had looked", async () => {
    const record = await readRecord();
    const verdict = async (found: "good" | "bad") => ({
      ...record,
      stableHistory: [releaseA],
      verdicts: await judged(found),
    });
    await writeRecord(await verdict("good"));
    const index = project.read("index.ts");
    project.write(
      "index.ts",
      `import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";\n${openedFirst(index).replace(opening, `${opening}\nwriteFileSync("looked", "");\nwhile (!existsSync("go")) await new Promise((next) => setTimeout(next, 20));`)}`,
    );
    const up = project.startUp("prod");
    await until("the program has looked", async () => existsSync(`${project.folder}/looked`));
    await writeRecord(await verdict("bad"));
    writeFileSync(`${project.folder}/go`, "");
    const { code, output } = await up.ended;
    assert.notEqual(code, 0);
    assert.match(output, /is refused, because it was judged bad/);
    assert.equal(await live(), releaseA);
    project.write("index.ts", index);
    await writeRecord({ ...record, stableHistory: [releaseA] });
  });
});

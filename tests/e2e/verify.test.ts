import assert from "node:assert/strict";
import { get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { readRecord } from "../../harness/record.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import { type Load, startLoad } from "../../sandbox/load.ts";
import { startPrometheus } from "../../sandbox/prometheus.ts";

const namespace = "evidence";
/** How long both tracks are in trouble; npm run test:long takes the whole time. */
const troubled = process.env.GRAY_LONG ? "10m" : "1m";

/** One line of `gray verify --json`. */
interface Line {
  readonly final?: boolean;
  readonly verdict: string;
  readonly reason: string;
  readonly guard?: string;
  readonly canary?: { readonly tps2xx: number; readonly tps5xx: number };
  readonly answers?: Readonly<Record<"canary" | "stable", { readonly requests: number; readonly failed: number }>>;
  readonly seconds?: number;
}

describe("gray verify", function () {
  // An observation of up to ten minutes, and the ups around it.
  this.timeout(1_200_000);
  let project: Project;
  let release: string;
  const load = async (): Promise<Load> => {
    const { spec } = await get(namespace, "service", "fop-gate");
    return startLoad({ url: `http://${spec.clusterIP}/`, rate: 200, duration: "15m", keepalive: false });
  };
  const verify = async (...args: string[]) => {
    const { code, stdout, output } = await project.gray("verify", "-n", namespace, "--json", ...args);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    const last = lines.at(-1);
    assert.ok(last?.final, output);
    return { code, lines, last };
  };
  /** A release on canary, with the config that comes with it. */
  const canary = async (image: string) => {
    project.share({ image });
    await project.mustUp("canary");
    release = await project.release("canary", `${namespace}/fop-gate`);
  };
  const recorded = async () => {
    const verdict = (await readRecord(namespace, "fop-gate")).verdicts[release];
    assert.ok(verdict);
    return verdict;
  };

  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 0, image: RELEASE_IMAGES.A });
    await project.mustUp("canary");
    await project.mustUp("prod");
  });
  after(async () => {
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    project.forget();
  });

  it("has nothing to compare while both tracks run the same release", async () => {
    const { code, output } = await project.gray("verify", "-n", namespace);
    assert.equal(code, 1);
    assert.match(output, /Both tracks of fop-gate run release [0-9a-f]{12}, so there is nothing to compare/);
  });

  it("stays undecided without traffic, says why, and leaves the gate shut", async () => {
    await canary(RELEASE_IMAGES.B);
    const { code, last } = await verify("--for", "5s");
    assert.deepEqual([code, last.verdict, last.guard], [4, "undecided", "no data"]);
    assert.match(last.reason, /^no request has reached canary in \d+ s, so there are no data on it$/);
    assert.equal((await recorded()).verdict, "undecided");
    assert.match((await project.up("prod")).output, /has not been judged good yet/);
  });

  it("finds a release without errors good, records it by evidence, and the gate lets it pass", async () => {
    const users = await load();
    const { code, last, lines } = await verify("--for", "10m");
    const { failed } = await users.stop();
    assert.deepEqual([code, last.verdict, failed], [0, "good", 0], last.reason);
    const busy = lines.at(-2)?.canary;
    assert.ok(busy && busy.tps2xx > 12 && busy.tps2xx < 28 && busy.tps5xx === 0, JSON.stringify(busy));
    const { verdict, by, evidence } = await recorded();
    const counted = evidence?.failed as { canary: number };
    assert.deepEqual([verdict, by, counted.canary], ["good", "evidence", 0]);
    const { items } = await get(namespace, "events");
    const told = items.filter(({ reason }: { reason: string }) => reason === "ReleaseJudgedGood");
    assert.equal(told.length, 2);
    await project.mustUp("prod");
  });

  it("finds 5 % errors bad within 15 s at 200 requests a second, and the gate refuses them", async () => {
    await canary(RELEASE_IMAGES.bad);
    const users = await load();
    const { code, last } = await verify("--for", "2m");
    await users.stop();
    assert.deepEqual([code, last.verdict], [3, "bad"], last.reason);
    assert.ok((last.seconds ?? 99) <= 15, `${last.seconds} s`);
    assert.match(last.reason, /^canary answers 5xx in [\d.]+ % of its requests, which stable never does, at least/);
    assert.equal((await recorded()).verdict, "bad");
    assert.match((await project.up("prod")).output, /was judged bad/);
  });

  it("convicts nobody for trouble that both tracks share", async () => {
    const failing = (text: string) => text.replace(/error_rate=.*/, "error_rate=0.05");
    project.change({ files: { "config/fop-gate/fop-gate.conf": failing } });
    await canary(RELEASE_IMAGES.A);
    await project.gray("approve", release, "--reason", "a test", "-n", namespace);
    await project.mustUp("prod");
    await canary(RELEASE_IMAGES.B);
    const users = await load();
    const { last, lines } = await verify("--watch", "--for", troubled);
    const { failed, requests } = await users.stop();
    assert.ok(failed / requests > 0.03, `${failed} of ${requests} failed`);
    assert.ok(
      lines.every(({ verdict }) => verdict !== "bad"),
      last.reason,
    );
    // 5 % of 20 and of 180 requests a second, in a minute or more.
    const { canary: ofCanary, stable: ofStable } = last.answers ?? assert.fail("no answers were counted");
    assert.ok(ofCanary.failed > 30 && ofStable.failed > 267, JSON.stringify(last.answers));
  });

  it("holds undecided when Prometheus dies on the way, and exposes its evidence as metrics", async () => {
    // A release that nobody has judged yet.
    const sound = (text: string) => `${text.replace(/error_rate=.*/, "error_rate=0")}# once more\n`;
    project.change({ files: { "config/fop-gate/fop-gate.conf": sound } });
    await canary(RELEASE_IMAGES.B);
    const prometheus = await startPrometheus({ namespace, intervalSeconds: 5 });
    const users = await load();
    const port = 9471;
    const verifying = verify("--for", "80s", "--prometheus", prometheus.url, "--metrics-port", String(port));
    await until("a hundred requests of canary in the evidence", async () => {
      const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
        (answer) => answer.text(),
        () => "",
      );
      return Number(/gray_requests_seen\{[^}]*arm="canary"[^}]*\} (\d+)/.exec(text)?.[1] ?? 0) > 100;
    });
    await prometheus.kill();
    const { code, last } = await verifying;
    await users.stop();
    assert.deepEqual([code, last.verdict, last.guard], [4, "undecided", "no data"], last.reason);
    assert.match(last.reason, /Prometheus/);
  });
});

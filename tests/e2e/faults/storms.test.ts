import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../../rehearsal/kubectl.ts";
import { findAccess } from "../../../rollout/cluster/kubeconfig.ts";
import { apiServerBehind } from "../../faults/api-server-behind.ts";
import { FaultyProxy } from "../../faults/faulty-proxy.ts";
import { processHistoryOf } from "../../faults/history.ts";
import { fateOf, type Storm } from "../../faults/weather.ts";
import { patience, Subject } from "./subject.ts";

/** Sixty for the long mode. */
const minutes = Number(process.env.GRAY_MINUTES ?? 5);
const first = Number(process.env.GRAY_SEED ?? 1);
/** Milliseconds within which users leave canary once gray abort is through or the API server answers again, with those of a look at them. */
const leaves = 4000;

describe("a rollout through storms between gray and the API server", () => {
  let subject: Subject;
  let proxy: FaultyProxy;
  let seed = first;
  let began = Date.now();
  let storms: readonly Storm[] = [];
  const counts = new Map<string, number>();
  const faults = new Map<string, number>();

  const fate = (request: IncomingMessage) => {
    const [path = ""] = (request.url ?? "").split("?");
    const method = request.method ?? "GET";
    const by = /pulumi/i.test(request.headers["user-agent"] ?? "") ? "pulumi" : "driver";
    const nth = (counts.get(`${by} ${method} ${path}`) ?? 0) + 1;
    counts.set(`${by} ${method} ${path}`, nth);
    return { ...fateOf(seed, storms, { by, method, path, nth, at: Date.now() - began }) };
  };

  before(async () => {
    subject = await Subject.create("faults-storms");
    await subject.knowBoth();
    proxy = await FaultyProxy.start({
      fate,
      ask: apiServerBehind(findAccess()),
      wait: async (_, milliseconds) => {
        if (milliseconds !== Number.POSITIVE_INFINITY) await sleep(milliseconds);
      },
      befalls: (_, fault) => {
        faults.set(String(fault), (faults.get(String(fault)) ?? 0) + 1);
        return () => {};
      },
      answered: () => {},
    });
    const config = {
      ...{ apiVersion: "v1", kind: "Config", "current-context": "storms" },
      clusters: [{ name: "storms", cluster: { server: proxy.url } }],
      users: [{ name: "storms", user: {} }],
      contexts: [{ name: "storms", context: { cluster: "storms", user: "storms" } }],
    };
    subject.project.write("storms.kubeconfig", JSON.stringify(config));
  });
  after(async () => {
    await proxy?.stop();
    await subject?.end();
  });

  /** Whether users meet a release on canary. */
  const meet = async (release: string) => {
    const { spec } = await subject.get("service", "fop-gate");
    return spec.selector.track !== "stable" && (await subject.runs("canary")) === release;
  };

  it(`ends promoted or undone once it is calm, and users leave an aborted one (${minutes} minutes from seed ${first})`, async () => {
    const env = { KUBECONFIG: `${subject.project.folder}/storms.kubeconfig` };
    let rollouts = 0;
    for (const end = Date.now() + minutes * 60_000; Date.now() < end; seed++, rollouts++) {
      const history = processHistoryOf(seed);
      const { from, to } = await subject.change();
      counts.clear();
      began = Date.now();
      storms = history.storms;
      const driver = subject.startWith(env, "rollout");
      const aborts = history.decisions.find(({ decision }) => decision === "abort");
      await sleep(aborts?.at ?? history.calm);
      const aborted = aborts && (await subject.gray("abort", "--because", `seed ${seed}`));
      await sleep(Math.max(0, history.calm - (Date.now() - began)));
      storms = [];
      const again = `GRAY_SEED=${seed} npm run test:faults -- --sandbox --grep storms`;
      if (aborted && (await subject.open())?.ending) {
        await sleep(leaves);
        assert.ok(!(await meet(to)), `users are on an aborted canary: ${again}`);
      }
      const { output } = await driver.ended;
      for (let resumes = 0; resumes < 2 && (await subject.open()); resumes++) await subject.gray("resume");
      const { open, ended: [latest] = [] } = await subject.record();
      assert.equal(open, undefined, `${again}\n${output}`);
      if (latest?.outcome === "promoted") assert.equal((await subject.open())?.ending, undefined);
      if (latest?.outcome === "undone") await subject.approve(to);
      const isNew = latest?.release === to;
      const stable = isNew && latest.outcome === "promoted" ? to : from;
      await until(`stable runs ${stable}`, async () => (await subject.runs("stable")) === stable, patience);
    }
    const told = [...faults].map(([fault, count]) => `${count} ${fault}`).join(", ");
    process.stdout.write(`      ${rollouts} rollouts, seeds ${first} to ${seed - 1}; faults: ${told}\n`);
  });
});

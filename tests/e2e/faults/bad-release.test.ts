import assert from "node:assert/strict";
import { loadavg } from "node:os";
import { startUsers } from "../../../harness/users.ts";
import { RELEASE_IMAGES } from "../../../sandbox/images.ts";
import { Subject } from "./subject.ts";

const runs = Number(process.env.GRAY_RUNS ?? 5);
const config = "config/fop-gate/fop-gate.conf";

describe(`a release that answers 5 % of its requests with errors, ${runs} times`, () => {
  let subject: Subject;
  let url: string;
  before(async () => {
    subject = await Subject.create("faults-bad", {
      plan: `[{ stage: "dark" }, { stage: "canary", weight: 10 }, { stage: "full", watch: 1 }]`,
      shared: { replicas: 9 },
      weight: 10,
    });
    url = `http://${(await subject.get("service", "fop-gate")).spec.clusterIP}/`;
    subject.image(RELEASE_IMAGES.bad);
  });
  after(() => subject.end());

  it("is rolled back each time before many users have met its errors", async () => {
    const { a } = subject;
    const settings = subject.project.read(config);
    const served: number[] = [];
    for (let run = 1; run <= runs; run++) {
      // Each is a release of its own: what is known of another one does not count for it.
      subject.project.write(config, `${settings}# run ${run}\n`);
      const users = startUsers(url);
      const { code, output } = await subject.gray("rollout");
      const { requests, failed, bad, last } = await users.stop();
      assert.equal(code, 3, output);
      const { ended, verdicts } = await subject.record();
      const release = ended?.[0]?.release ?? "";
      const verdict = verdicts[release];
      assert.deepEqual([verdict?.verdict, verdict?.by], ["bad", "evidence"]);
      assert.deepEqual([await subject.runs("stable"), await subject.runs("canary")], [a, a]);
      const at = Date.parse(verdict?.at ?? "");
      const own = (last.own[release] ?? 0) - at;
      const kept = (last.kept[release] ?? 0) - at;
      served.push(bad[release] ?? 0);
      process.stdout.write(
        `      run ${run}: ${served.at(-1)} bad and ${failed} lost of ${requests} requests; last answer ${own} ms after the verdict, ${kept} ms on kept connections; load average ${loadavg()[0]?.toFixed(1)}\n`,
      );
    }
    served.sort((one, other) => one - other);
    const quantile = (share: number) => served[Math.ceil(share * served.length) - 1] ?? Number.NaN;
    process.stdout.write(`      bad answers: median ${quantile(0.5)}, 95th percentile ${quantile(0.95)}\n`);
    assert.ok(quantile(0.5) <= 8, `median ${quantile(0.5)}`);
    assert.ok(quantile(0.95) <= 15, `95th percentile ${quantile(0.95)}`);
  });
});

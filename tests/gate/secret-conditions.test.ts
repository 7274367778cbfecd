import assert from "node:assert/strict";
import type { Release } from "../../components/release.ts";
import { secretRefusal, secretWarnings } from "../../gate/secret-conditions.ts";
import type { LiveSecrets } from "../../gate/secrets.ts";
import type { Live } from "../../live/live.ts";

const needing = (id: string, key: string, isOptional = false): Release => ({
  id,
  template: {
    metadata: { labels: {} },
    spec: {
      containers: [
        {
          name: "web",
          env: [{ name: "P", valueFrom: { secretKeyRef: { name: "web-db", key, optional: isOptional } } }],
        },
      ],
    },
  },
  configMaps: {},
});
const seen: LiveSecrets = {
  ...{ described: { db: "web-db" }, sharedKeys: {}, live: ["web-db"], inUse: [], gone: [] },
  ...{ isKeyLost: false, isKeyNew: false },
};
const [old, next] = [needing("a", "password"), needing("b", "pass")];
/** Deployments that run these releases. */
const running = (releases: { stable?: Release; canary?: Release }) =>
  ({
    deployments: Object.fromEntries(
      Object.entries(releases).map(([track, { template }]) => [track, { spec: { template } }]),
    ),
  }) as unknown as Live;
const of = (secrets: Partial<LiveSecrets>, live: Live) => ({
  ...{ service: "web", secrets: { ...seen, ...secrets }, live, isPreview: false },
  stack: { name: "canary", fullName: "organization/shop/canary" },
});

describe("the Secrets of an up", () => {
  for (const [what, keys, live, releases, refused] of [
    ["lose a key that stable needs, whose stack is another", ["pass"], { stable: old }, { canary: next }, "stable"],
    ["lose a key that the release of this up needs", ["password"], { stable: old }, { canary: next }, "canary"],
    ["lose a key that only the release before needs", ["pass"], { canary: old, stable: next }, { canary: next }, ""],
    ["lose a key that pods start without", ["pass"], { stable: needing("a", "password", true) }, { canary: next }, ""],
    ["keep all keys", ["pass", "password"], { stable: old }, { canary: next }, ""],
    ["have keys that are not known", undefined, { stable: old }, { canary: next }, ""],
  ] as const) {
    it(`${refused ? "refuse it" : "do not refuse it"} if they ${what}`, () => {
      const sharedKeys: LiveSecrets["sharedKeys"] = keys ? { "web-db": keys } : {};
      const sentence = secretRefusal(of({ sharedKeys }, running(live)), releases, {});
      if (refused)
        assert.match(sentence ?? "", new RegExp(`^web: Secret web-db would lose .* the pods of ${refused} need`));
      else assert.equal(sentence, undefined);
    });
  }

  it("refuse a change to a release whose Secret is gone, and not the release that runs", () => {
    const secrets = of({ gone: ["web-db"] }, running({}));
    assert.match(
      secretRefusal(secrets, { canary: next }, { canary: "a" }) ?? "",
      /^web canary: release b is refused, /,
    );
    assert.equal(secretRefusal(secrets, { canary: next }, { canary: "b" }), undefined);
  });

  it("warn of each release in the history that lacks a Secret or a key", () => {
    const lost = secretWarnings(of({ sharedKeys: { "web-db": ["pass"] } }, running({})), [next, old], {});
    assert.deepEqual(lost, [
      "web: Secret web-db has no key password, which release a needs: add it again before a track returns to that release.",
    ]);
    const [running1, other] = secretWarnings(of({ gone: ["web-db"] }, running({})), [next, old], { stable: "b" });
    assert.match(running1 ?? "", /of release b is gone, so no new pod of it can start/);
    assert.match(other ?? "", /of release a is gone, so no track can return to it/);
  });

  it("warn of a lost key of the names, and of a new one in a preview alone", () => {
    const lost = { isKeyLost: true, isKeyNew: true };
    assert.equal(secretWarnings(of(lost, running({})), [], {}).length, 1);
    const preview = { ...of(lost, running({})), isPreview: true };
    assert.equal(secretWarnings(preview, [], {}).length, 2);
  });
});

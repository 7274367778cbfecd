import assert from "node:assert/strict";
import fc from "fast-check";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import { differences, driftsOf } from "../../live/difference.ts";
import { hashedLike, hashedTemplate } from "../../live/hashed-template.ts";

const deployment = (template: object, uid = "uid-1") =>
  ({ metadata: { name: "web", uid }, spec: { template } }) as unknown as DeploymentObject;
/** A template with a text at each place that may hold a secret. */
const template = (text: string) => ({
  metadata: { labels: { app: "web", release: "a" }, annotations: { token: text } },
  spec: {
    serviceAccountName: "web",
    containers: [
      {
        name: "web",
        image: "web:1",
        command: ["sh", "-c", text],
        args: [text],
        env: [
          { name: "ONE", value: text },
          { name: "TWO", value: text },
        ],
        ports: [{ containerPort: 80 }],
        resources: { limits: { cpu: "500m" } },
        livenessProbe: { httpGet: { path: "/", port: 80, httpHeaders: [{ name: "authorization", value: text }] } },
      },
    ],
    volumes: [{ name: "data", csi: { driver: "x", volumeAttributes: { name: text, cpu: text, password: text } } }],
  },
});
const kept = (text: string, uid?: string) => hashedTemplate(deployment({}, uid), "a", template(text));
const driftTo = (live: object) => {
  const described = kept("secret");
  const accounts = { release: described.template, described: described.template };
  return driftsOf(differences({ ...accounts, live: hashedLike(described, deployment(live)) }));
};

describe("a stored pod template", () => {
  it("holds no text that may be a secret, and does not grow with a long one", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 20 }), (text) => {
        const secret = `s3cret ${text}`;
        assert.doesNotMatch(JSON.stringify(kept(secret)), /s3cret/);
      }),
    );
    assert.equal(JSON.stringify(kept("x".repeat(100_000))).length, JSON.stringify(kept("x")).length);
  });

  it("holds names, images, numbers and amounts", () => {
    const said = JSON.stringify(kept("secret"));
    for (const plain of ["web:1", "ONE", "serviceAccountName", "containerPort", "500m"]) {
      assert.ok(said.includes(plain), plain);
    }
  });

  it("does not reveal that two texts are equal, or equal to those of a Deployment with another UID", () => {
    const texts = (uid?: string) => JSON.stringify(kept("secret", uid)).match(/hmac:[\w-]{16}/g) ?? [];
    assert.ok(texts().length > 8);
    assert.equal(new Set([...texts(), ...texts("uid-2")]).size, 2 * texts().length);
    assert.equal(hashedLike(kept("secret", "uid-2"), deployment(template("secret"))), undefined);
  });

  it("equals the live template that it was made from", () => {
    assert.deepEqual(driftTo(template("secret")), []);
  });

  it("shows which live fields differ, and their values only if they are no secrets", () => {
    const live = template("secret");
    const [container] = live.spec.containers;
    Object.assign(container ?? {}, { image: "web:2", args: ["other"], resources: { limits: { cpu: "1" } } });
    Object.assign(container?.env[1] ?? {}, { value: "other" });
    live.metadata.annotations.token = "other";
    const where = "spec.template.spec.containers[web]";
    assert.deepEqual(
      driftTo(live).map(({ field, how }) => `${field} ${how}`),
      [
        "spec.template.metadata.annotations.token differs from the release",
        `${where}.image is "web:2" and the release has "web:1"`,
        `${where}.args differs from the release`,
        `${where}.env[TWO].value differs from the release`,
        `${where}.resources.limits.cpu is "1" and the release has "500m"`,
      ],
    );
  });
});

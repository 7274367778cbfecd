import assert from "node:assert/strict";
import { duplicateIn } from "../../components/list-keys.ts";
import { assertServiceArgs } from "../../components/service-args.ts";
import { UserError } from "../../components/user-error.ts";
import { serviceArgs } from "./fop-gate.ts";

describe("entries of a pod's lists", () => {
  for (const [what, container, found] of [
    [
      "a port that is there under two names",
      { ports: [{ containerPort: 80 }, { containerPort: 80, name: "b" }] },
      "80/TCP",
    ],
    [
      "a port whose protocol is the default",
      { ports: [{ containerPort: 80, protocol: "TCP" }, { containerPort: 80 }] },
      "80/TCP",
    ],
    ["a port of two protocols", { ports: [{ containerPort: 53, protocol: "UDP" }, { containerPort: 53 }] }, undefined],
    ["a variable with two values", { env: [{ name: "A", value: "1" }, { name: "B" }, { name: "A", value: "2" }] }, "A"],
    ["variables with one name each", { env: [{ name: "A" }, { name: "a" }] }, undefined],
    [
      "a path with two volumes",
      {
        volumeMounts: [
          { name: "a", mountPath: "/x" },
          { name: "b", mountPath: "/x" },
        ],
      },
      "/x",
    ],
    ["a pull secret", { imagePullSecrets: [{ name: "a" }, { name: "b" }, { name: "a" }] }, "a"],
    ["an address of two aliases", { hostAliases: [{ ip: "::1" }, { ip: "::1", hostnames: ["a"] }] }, "::1"],
    ["no lists", {}, undefined],
  ] as const) {
    it(`${found === undefined ? "differ" : "do not differ"}: ${what}`, () => {
      assert.equal(duplicateIn(container)?.key, found);
    });
  }

  it("that do not differ in the pod itself are refused too", () => {
    const pod = { imagePullSecrets: [{ name: "a" }, { name: "a" }] };
    assert.throws(
      () => assertServiceArgs("web", { ...serviceArgs({}), pod }),
      /^UserError: web: pod has a twice in imagePullSecrets, /,
    );
  });

  it("that do not differ are refused with the container, the key and the list, also in an init container", () => {
    const args = serviceArgs({});
    const env = [
      { name: "A", value: "1" },
      { name: "A", value: "2" },
    ];
    const pod = { initContainers: [{ name: "migrate", image: "migrate:1", env }] };
    assert.throws(
      () => assertServiceArgs("web", { ...args, pod }),
      new UserError(
        "web: container migrate has A twice in env, which server-side apply refuses: remove one of the entries.",
      ),
    );
  });
});

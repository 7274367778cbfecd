import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import type { Files } from "../../components/config-files.ts";
import { defaults, templateDefaults } from "../../components/defaults.ts";
import {
  type Container,
  configMapsOf,
  type PodTemplate,
  type ReleaseArgs,
  releaseId,
  renderRelease,
} from "../../components/release.ts";
import { UserError } from "../../components/user-error.ts";

const probe = { httpGet: { path: "/healthz", port: 8080 } };
const container = (changes: Partial<Container> = {}): Container => ({
  name: "web",
  image: "web:1",
  readinessProbe: probe,
  ...changes,
});
const render = (args: Partial<ReleaseArgs> = {}) =>
  renderRelease("web", { app: "web", team: "dora" }, { containers: [container()], ...args });
const refuses = (args: Partial<ReleaseArgs>, sentence: RegExp) =>
  assert.throws(
    () => render(args),
    (error) => error instanceof UserError && sentence.test(error.message),
  );

/** The same value with every object's keys in another order. */
function shuffled<T>(value: T): T {
  if (Array.isArray(value)) return value.map(shuffled) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, field]) => [key, shuffled(field)]),
  ) as T;
}

const json = fc.jsonValue({ maxDepth: 4 });
const anyTemplate = json.map((spec) => ({ metadata: { labels: {} }, spec }) as unknown as PodTemplate);
const files = fc.dictionary(fc.string(), fc.dictionary(fc.string(), fc.string()));

describe("a release", () => {
  it("has an id of 12 hex digits", () => {
    assert.match(render().id, /^[0-9a-f]{12}$/);
  });

  const golden: [string, string, Partial<ReleaseArgs>][] = [
    ["of a single container", "60e3ed335b3c", {}],
    [
      "of pods with a ServiceAccount, annotations and a grace period",
      "0a9340f053d7",
      {
        pod: { serviceAccountName: "b", nodeSelector: { pool: "web" } },
        terminationGracePeriodSeconds: 30,
        podAnnotations: { "prometheus.io/port": "8080" },
      },
    ],
    [
      "of config files, a sidecar and a volume",
      "b2659d674c61",
      {
        configFiles: { config: { files: { "web.conf": "a" }, mountPath: "/etc/web" } },
        sidecars: [{ name: "log", image: "log:1" }],
        volumes: [{ name: "tmp", emptyDir: {} }],
      },
    ],
  ];
  for (const [what, id, args] of golden) {
    it(`${what} has the same id as in 0.1.0: a version that changes ids would roll the pods of every service`, () => {
      assert.equal(render(args).id, id);
    });
  }

  it("has the id of 0.1.0 with the first month's defaults too, whatever later versions add", () => {
    assert.equal(render({ compat: "2026-11" }).id, "60e3ed335b3c");
    assert.deepEqual(templateDefaults["2026-11"], { terminationGracePeriodSeconds: 90, preStopSleepSeconds: 5 });
    assert.equal(defaults.compat, "2026-11");
  });

  it("has the same id for any order of its fields", () => {
    fc.assert(
      fc.property(anyTemplate, files, (template, configMaps) => {
        assert.equal(releaseId(shuffled(template), shuffled(configMaps)), releaseId(template, configMaps));
      }),
    );
  });

  it("has another id for any change in its template", () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        fc.pre(!isSame(a, b));
        const of = (env: unknown) => render({ podAnnotations: { env: "x" }, pod: { env } as never }).id;
        assert.notEqual(of(a), of(b));
      }),
    );
  });

  it("has another id for any change in its files", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), fc.dictionary(fc.string(), fc.string()), (a, b) => {
        fc.pre(!isSame(a, b));
        const of = (content: Files) => render({ configFiles: { config: { files: content, mountPath: "/etc" } } });
        assert.notEqual(of(a).id, of(b).id);
      }),
    );
  });

  it("has an id that depends on its files, not only on the names of their ConfigMaps", () => {
    const { template } = render();
    assert.notEqual(releaseId(template, { config: { a: "1" } }), releaseId(template, { config: { a: "2" } }));
  });

  it("keeps its id when it is stored as JSON and read again", () => {
    const release = render({
      configFiles: { config: { files: { "a.conf": "a = 1\n" }, mountPath: "/etc/web" } },
      pod: { serviceAccountName: undefined, nodeSelector: { disk: "ssd" } } as never,
    });
    const back = JSON.parse(JSON.stringify(release));
    assert.deepEqual(back, release);
    assert.equal(releaseId(back.template, back.configMaps), release.id);
  });

  it("is not changed by the labels that are added when it is deployed", () => {
    const { template } = render();
    assert.deepEqual(Object.keys(template.metadata.labels).sort(), ["app", "team"]);
  });

  it("treats an absent and an undefined field the same", () => {
    assert.equal(render({ containers: [container({ command: undefined as never })] }).id, render().id);
  });

  it("refuses an Output, whose value is unknown when the id is computed", () => {
    refuses(
      { pod: { serviceAccountName: pulumi.output("x") } as never },
      /^pod\.spec\.serviceAccountName is not plain JSON/,
    );
  });

  it("refuses a secret and explains how to refer to one", () => {
    const env = [{ name: "TOKEN", value: pulumi.secret("s3cret") }];
    refuses(
      { containers: [container({ env: env as never })] },
      /^pod\.spec\.containers\[0\]\.env\[0\]\.value is not plain JSON: .*valueFrom\.secretKeyRef/,
    );
  });

  it("refuses functions, dates and NaN", () => {
    for (const odd of [() => 1, new Date(0), Number.NaN, Number.POSITIVE_INFINITY, Symbol("x"), 1n, new Map()]) {
      refuses({ pod: { hostname: odd } as never }, /hostname is not plain JSON/);
    }
  });

  it("gives every container time to drain, and keeps an existing preStop", () => {
    const own = { exec: { command: ["sleep", "1"] } };
    const { containers } = render({
      containers: [container(), container({ name: "proxy", lifecycle: { preStop: own } })],
    }).template.spec;
    assert.deepEqual(containers[0]?.lifecycle, { preStop: { sleep: { seconds: defaults.preStopSleepSeconds } } });
    assert.deepEqual(containers[1]?.lifecycle, { preStop: own });
  });

  it("lets a worker stop at once, and keeps its own preStop and its id without the reason for no probe", () => {
    const own = { exec: { command: ["sh", "-c", "finish"] } };
    const worker = { ports: [], containers: [container(), container({ name: "second", lifecycle: { preStop: own } })] };
    const { id, template } = renderRelease("web", { app: "web" }, worker);
    const [first, second] = template.spec.containers;
    assert.deepEqual([first?.lifecycle, second?.lifecycle], [undefined, { preStop: own }]);
    assert.equal(renderRelease("web", { app: "web" }, { ...worker, noReadiness: "It polls." }).id, id);
  });

  it("keeps a postStart beside the preStop that it adds", () => {
    const postStart = { exec: { command: ["true"] } };
    const [first] = render({ containers: [container({ lifecycle: { postStart } })] }).template.spec.containers;
    assert.deepEqual(first?.lifecycle?.postStart, postStart);
    assert.ok(first?.lifecycle?.preStop);
  });

  it("runs sidecars as restartable init containers, so that pods report all of them ready", () => {
    const { spec } = render({ sidecars: [{ name: "agent", image: "agent:1" }] }).template;
    assert.deepEqual(spec.initContainers, [{ name: "agent", image: "agent:1", restartPolicy: "Always" }]);
    assert.equal(spec.containers.length, 1);
  });

  it("runs init containers in the order given, before the sidecars", () => {
    const migrate = { name: "migrate", image: "migrate:1", command: ["migrate"] };
    const proxy = { name: "proxy", image: "proxy:1", restartPolicy: "Always" };
    const { spec } = render({
      pod: { initContainers: [proxy, migrate] },
      sidecars: [{ name: "agent", image: "agent:1" }],
    }).template;
    assert.deepEqual(spec.initContainers, [
      proxy,
      migrate,
      { name: "agent", image: "agent:1", restartPolicy: "Always" },
    ]);
  });

  it("mounts a file set into an init container that is named", () => {
    const { spec } = render({
      pod: { initContainers: [{ name: "migrate", image: "migrate:1" }] },
      configFiles: { config: { files: { a: "1" }, mountPath: "/etc/web", containers: ["migrate"] } },
    }).template;
    assert.equal(spec.initContainers?.[0]?.volumeMounts?.[0]?.mountPath, "/etc/web");
  });

  it("keeps the volumes of the pod beside those of its file sets", () => {
    const { spec } = render({
      pod: { volumes: [{ name: "cache", emptyDir: {} }] },
      volumes: [{ name: "logs", emptyDir: {} }],
      configFiles: { config: { files: { a: "1" }, mountPath: "/etc/web" } },
    }).template;
    assert.deepEqual(
      spec.volumes?.map(({ name }) => name),
      ["logs", "cache", "config"],
    );
  });

  it("takes the time to terminate from the pod, and refuses two different ones", () => {
    const pod = { terminationGracePeriodSeconds: 300 };
    assert.equal(render({ pod }).template.spec.terminationGracePeriodSeconds, 300);
    refuses(
      { pod, terminationGracePeriodSeconds: 90 },
      /^web: terminationGracePeriodSeconds is 90 and pod\.terminationGracePeriodSeconds is 300: give one of them\.$/,
    );
  });

  it("refuses containers in the pod, which would replace the service's own", () => {
    const pod = { containers: [container()] } as ReleaseArgs["pod"] & object;
    refuses({ pod }, /^web: pod\.containers would replace the containers/);
  });

  it("gives its pods 90 s to terminate by default", () => {
    assert.equal(render().template.spec.terminationGracePeriodSeconds, 90);
    assert.equal(render({ terminationGracePeriodSeconds: 20 }).template.spec.terminationGracePeriodSeconds, 20);
  });

  it("mounts a file set into the first container, or into the named ones", () => {
    const { template, configMaps } = render({
      containers: [container({ volumeMounts: [{ name: "logs", mountPath: "/logs" }] }), container({ name: "proxy" })],
      sidecars: [{ name: "agent", image: "agent:1" }],
      volumes: [{ name: "logs", emptyDir: {} }],
      configFiles: {
        config: { files: { a: "1" }, mountPath: "/etc/web" },
        log: { files: { b: "2" }, mountPath: "/etc/agent", containers: ["agent", "proxy"] },
      },
    });
    const [config, log] = Object.keys(configMaps);
    const mounts = (each: Container | undefined) => each?.volumeMounts?.map(({ name, mountPath }) => [name, mountPath]);
    assert.deepEqual(mounts(template.spec.containers[0]), [
      ["logs", "/logs"],
      ["config", "/etc/web"],
    ]);
    assert.deepEqual(mounts(template.spec.containers[1]), [["log", "/etc/agent"]]);
    assert.deepEqual(mounts(template.spec.initContainers?.[0]), [["log", "/etc/agent"]]);
    assert.deepEqual(template.spec.volumes, [
      { name: "logs", emptyDir: {} },
      { name: "config", configMap: { name: config } },
      { name: "log", configMap: { name: log } },
    ]);
    assert.deepEqual(configMapsOf(template.spec), [config, log]);
  });

  it("refuses a file set for an unknown container", () => {
    const configFiles = { config: { files: { a: "1" }, mountPath: "/etc", containers: ["wbe"] } };
    refuses({ configFiles }, /configFiles names the container "wbe", and the pod has web: correct the name\./);
  });

  it("refuses two volumes of the same name", () => {
    const configFiles = { logs: { files: { a: "1" }, mountPath: "/etc" } };
    const twice = /^web: two volumes have the name "logs": rename the file set or the volume\.$/;
    refuses({ configFiles, volumes: [{ name: "logs", emptyDir: {} }] }, twice);
    refuses(
      {
        volumes: [
          { name: "logs", emptyDir: {} },
          { name: "logs", emptyDir: {} },
        ],
      },
      twice,
    );
  });

  it("refuses a missing container and a missing readiness probe", () => {
    refuses({ containers: [] }, /containers is empty/);
    refuses({ containers: [{ name: "web", image: "web:1" }] }, /web: container web has no readinessProbe/);
  });

  for (const [image, problem] of [
    ["web", "has no tag"],
    ["web:latest", "has the tag latest"],
    ["reg.example.com:5000/web", "has a port, but no tag"],
    ["web:", "has an empty tag"],
    ["web@sha256:abc", "has an incomplete digest"],
    [`web@sha512:${"a".repeat(64)}`, "has the digest of another algorithm"],
    [`web@:${"a".repeat(64)}`, "has a digest without algorithm"],
    ["Web:1", "has a name with capitals, which no registry has"],
    ["", "is empty"],
  ] as const) {
    it(`refuses the image "${image}", which ${problem}`, () => {
      refuses(
        { containers: [container({ image })] },
        /^web: container web has (no image|the image ".*"), which does not name one build/,
      );
    });
  }

  it("refuses such an image of a sidecar and of an init container too", () => {
    refuses(
      { pod: { initContainers: [{ name: "migrate", image: "migrate" }] } },
      /^web: container migrate has the image "migrate"/,
    );
    refuses({ sidecars: [{ name: "agent", image: "agent" }] }, /^web: container agent has the image "agent"/);
  });

  for (const image of [
    "web:1",
    "reg.example.com:5000/team/web:1.2.3-rc.1",
    `web@sha256:${"a".repeat(64)}`,
    `web:1@sha256:${"a".repeat(64)}`,
    `web@sha512:${"A1".repeat(64)}`,
    `web@blake3:${"a".repeat(64)}`,
    "Registry.Example.com:5000/team/my__web/v2:1",
    "[2001:db8::1]:5000/web:1",
    "localhost:5000/web:v1",
  ]) {
    it(`accepts the image ${image}`, () => {
      assert.equal(render({ containers: [container({ image })] }).template.spec.containers[0]?.image, image);
    });
  }
});

function isSame(a: unknown, b: unknown): boolean {
  try {
    // -0 and 0 are the same in JSON, and an object without prototype is a plain object.
    assert.deepEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)));
    return true;
  } catch {
    return false;
  }
}

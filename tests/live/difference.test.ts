import assert from "node:assert/strict";
import fc from "fast-check";
import { describeDrift, differences, driftSentence, driftsOf, itemOf } from "../../live/difference.ts";

const container = (changes: object = {}) => ({ name: "web", image: "web:1", ...changes });
const template = (spec: object = {}, metadata: object = {}) => ({
  metadata: { labels: { app: "web", track: "stable", release: "a" }, ...metadata },
  spec: { containers: [container()], ...spec },
});
const defaults = { dnsPolicy: "ClusterFirst", schedulerName: "default-scheduler", securityContext: {} };
const said = template();
const described = template(defaults);
const found = (live: object, of: { release?: object; described?: object } = {}) =>
  driftsOf(differences({ release: said, described, live, ...of })).map(({ field, how }) => `${field} ${how}`);

describe("a live pod template equals its release", () => {
  const same: [string, object][] = [
    ["where it has the API server's defaults", described],
    ["where it is the release's own, and a default is newer than the Deployment", said],
    ["where an empty object is left of what was there", template({ ...defaults, affinity: {}, tolerations: [] })],
    ["where it has no value at all", template({ ...defaults, nodeName: null }, { creationTimestamp: null })],
  ];
  for (const annotation of [
    "kubectl.kubernetes.io/restartedAt",
    "cattle.io/timestamp",
    "reloader.stakater.com/last-reloaded-from",
    "keel.sh/update-time",
  ]) {
    const annotations = { [annotation]: "2026-01-01" };
    same.push([`after a restart by ${annotation}`, template(defaults, { annotations })]);
  }
  for (const [sentence, live] of same) it(sentence, () => assert.deepEqual(found(live), []));

  it("if lists with keys are in another order", () => {
    const env = [
      { name: "A", value: "1" },
      { name: "B", value: "2" },
    ];
    const one = template({ containers: [container({ env }), { name: "log", image: "log:1" }] });
    const other = template({
      containers: [{ name: "log", image: "log:1" }, container({ env: env.toReversed() })],
    });
    assert.deepEqual(found(other, { release: one, described: one }), []);
  });

  it("if admission would now empty a field, and it is empty", () => {
    const tolerating = template({ tolerations: [{ key: "spot" }] });
    assert.deepEqual(found(said, { release: tolerating, described: template({ tolerations: [] }) }), []);
  });

  it("if an item leaves out a default of its key", () => {
    const ports = (...all: object[]) => template({ containers: [container({ ports: all })] });
    const one = ports({ containerPort: 80 }, { containerPort: 53, protocol: "UDP" });
    const other = ports({ containerPort: 53, protocol: "UDP" }, { containerPort: 80, protocol: "TCP" });
    assert.deepEqual(found(other, { release: one, described: other }), []);
  });

  it("if admission would now add a field, or change a value", () => {
    const injected = template({
      ...defaults,
      nodeSelector: { pool: "web" },
      containers: [container({ image: "mirror/web:1" })],
    });
    assert.deepEqual(found(described, { described: injected }), []);
    assert.deepEqual(found(injected, { described: injected }), []);
    const tolerating = template({ ...defaults, tolerations: [{ key: "spot" }] });
    assert.deepEqual(found(template({ ...defaults, tolerations: [] }), { described: tolerating }), []);
  });
});

describe("a live pod template differs from its release", () => {
  for (const [sentence, live] of [
    [
      'spec.template.spec.containers[web].image is "web:2" and the release has "web:1"',
      template({ ...defaults, containers: [container({ image: "web:2" })] }),
    ],
    [
      'spec.template.spec.serviceAccountName is "b" and not in the release',
      template({ ...defaults, serviceAccountName: "b", serviceAccount: "b" }),
    ],
    ['spec.template.spec.serviceAccount is "b" and not in the release', template({ ...defaults, serviceAccount: "b" })],
    [
      'spec.template.spec.dnsPolicy is "Default" and its default is "ClusterFirst"',
      template({ ...defaults, dnsPolicy: "Default" }),
    ],
    [
      'spec.template.metadata.labels.app is missing and the release has "web"',
      {
        ...described,
        metadata: {
          labels: { track: "stable", release: "a" },
        },
      },
    ],
    [
      "spec.template.spec.containers[proxy] is set and not in the release",
      template({ ...defaults, containers: [container(), { name: "proxy", image: "proxy:1" }] }),
    ],
    [
      "spec.template.spec.containers[web].ports[80/TCP] is set and not in the release",
      template({ ...defaults, containers: [container({ ports: [{ containerPort: 80 }] })] }),
    ],
    [
      "spec.template.spec.volumes[tmp] is set and not in the release",
      template({ ...defaults, volumes: [{ name: "tmp", emptyDir: {} }] }),
    ],
    [
      "spec.template.spec.securityContext.runAsUser is 0 and not in the release",
      template({ ...defaults, securityContext: { runAsUser: 0 } }),
    ],
    [
      'spec.template.metadata.annotations.team is "x" and not in the release',
      template(defaults, { annotations: { team: "x" } }),
    ],
  ] as [string, object][]) {
    it(`if ${sentence}`, () => assert.deepEqual(found(live), [sentence]));
  }

  const lists: [list: string, spec: (item: object) => object, keys: object, field: string][] = [
    ["initContainers", (item) => ({ initContainers: [item] }), { name: "x" }, "initContainers[x]"],
    ["ephemeralContainers", (item) => ({ ephemeralContainers: [item] }), { name: "x" }, "ephemeralContainers[x]"],
    ["imagePullSecrets", (item) => ({ imagePullSecrets: [item] }), { name: "x" }, "imagePullSecrets[x]"],
    ["resourceClaims", (item) => ({ resourceClaims: [item] }), { name: "x" }, "resourceClaims[x]"],
    ["schedulingGates", (item) => ({ schedulingGates: [item] }), { name: "x" }, "schedulingGates[x]"],
    ["hostAliases", (item) => ({ hostAliases: [item] }), { ip: "10.0.0.1" }, "hostAliases[10.0.0.1]"],
    [
      "topologySpreadConstraints",
      (item) => ({ topologySpreadConstraints: [item] }),
      { topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" },
      "topologySpreadConstraints[zone/DoNotSchedule]",
    ],
    [
      "claims of a container",
      (item) => ({ containers: [container({ resources: { claims: [item] } })] }),
      { name: "x" },
      "containers[web].resources.claims[x]",
    ],
    [
      "volumeMounts of a container",
      (item) => ({ containers: [container({ volumeMounts: [item] })] }),
      { mountPath: "/x" },
      "containers[web].volumeMounts[/x]",
    ],
    [
      "volumeDevices of a container",
      (item) => ({ containers: [container({ volumeDevices: [item] })] }),
      { devicePath: "/x" },
      "containers[web].volumeDevices[/x]",
    ],
  ];
  for (const [list, spec, keys, field] of lists) {
    it(`if an item of ${list} has another field, by the item's keys`, () => {
      const [one, other] = [template(spec({ ...keys, is: 1 })), template(spec({ ...keys, is: 2 }))];
      assert.deepEqual(found(other, { release: one, described: one }), [
        `spec.template.spec.${field}.is is 2 and the release has 1`,
      ]);
    });
  }

  it("if an item of a list without its key was added", () => {
    const one = template({ containers: [container()], volumes: [{ emptyDir: {} }] });
    assert.deepEqual(found(template(), { release: one, described: one }), ["spec.template.spec.volumes[] is missing"]);
  });

  it("if a list of another form has other items", () => {
    for (const [mine, theirs] of [
      [["a"], ["b"]],
      [[null], [1]],
      [
        [{ name: "x" }, "a"],
        [{ name: "x" }, "b"],
      ],
    ]) {
      const [one, other] = [template({ volumes: mine }), template({ volumes: theirs })];
      assert.deepEqual(found(other, { release: one, described: one }), [
        "spec.template.spec.volumes differs from the release",
      ]);
    }
  });

  it("if it has a label although the release has none", () => {
    const bare = { spec: { containers: [container()] } };
    const labelled = { ...bare, metadata: { labels: { team: "x" } } };
    const one = { ...bare, metadata: {} };
    assert.deepEqual(found(labelled, { release: one, described: one }), [
      'spec.template.metadata.labels.team is "x" and not in the release',
    ]);
  });

  it("if an annotation that would restart pods is elsewhere", () => {
    const restart = { "kubectl.kubernetes.io/restartedAt": "2026" };
    const name = "kubectl.kubernetes.io/restartedAt";
    assert.deepEqual(
      [
        template(defaults, { labels: { ...said.metadata.labels, ...restart } }),
        template({ ...defaults, annotations: restart }),
        template(defaults, { annotations: { team: "x" } }),
      ].flatMap((live) => found(live)),
      [
        `spec.template.metadata.labels.${name} is "2026" and not in the release`,
        `spec.template.spec.annotations.${name} is "2026" and not in the release`,
        'spec.template.metadata.annotations.team is "x" and not in the release',
      ],
    );
  });

  it("if one side of a field is no simple value, which is not shown", () => {
    const [one, other] = [template({ x: { y: 1 } }), template({ x: "text" })];
    assert.deepEqual(found(other, { release: one, described: one }), ["spec.template.spec.x differs from the release"]);
    assert.deepEqual(found(one, { release: other, described: other }), [
      "spec.template.spec.x differs from the release",
    ]);
    assert.deepEqual(found(template({ x: null }), { release: other, described: other }), [
      "spec.template.spec.x differs from the release",
    ]);
  });

  it("if one of three variables with the same name has another value", () => {
    const env = (...values: string[]) =>
      template({ containers: [container({ env: values.map((value) => ({ name: "KEY", value })) })] });
    for (const values of [
      ["9", "2", "3"],
      ["1", "9", "3"],
      ["1", "2", "9"],
    ]) {
      const one = env("1", "2", "3");
      assert.deepEqual(found(env(...values), { release: one, described: one }), [
        "spec.template.spec.containers[web].env[KEY].value differs from the release",
      ]);
    }
  });

  it("if a variable has another value, which is not shown, which is not shown", () => {
    const env = (value: string) =>
      template({ ...defaults, containers: [container({ env: [{ name: "KEY", value }] })] });
    assert.deepEqual(found(env("s3cret"), { release: env("1"), described: env("1") }), [
      "spec.template.spec.containers[web].env[KEY].value differs from the release",
    ]);
    const [added] = found(env("s3cret"));
    assert.equal(added, "spec.template.spec.containers[web].env[KEY] is set and not in the release");
  });

  it("if one of two variables with the same name has another value", () => {
    const env = (...values: string[]) =>
      template({ containers: [container({ env: values.map((value) => ({ name: "KEY", value })) })] });
    const one = env("1", "2");
    assert.equal(found(env("1", "3"), { release: one, described: one }).length, 1);
    assert.equal(found(env("1"), { release: one, described: one }).length, 1);
  });

  it("if an empty selector was added, which selects everything", () => {
    for (const selector of ["labelSelector", "namespaceSelector"]) {
      const one = template({ affinity: { x: 1 } });
      assert.deepEqual(found(template({ affinity: { x: 1, [selector]: {} } }), { release: one, described: one }), [
        `spec.template.spec.affinity.${selector} is set and not in the release`,
      ]);
    }
  });

  it("if an empty object that has a meaning was added", () => {
    const volumes = (source: object) => template({ volumes: [{ name: "x", ...source }] });
    const one = volumes({ configMap: { name: "x" } });
    assert.deepEqual(found(volumes({ emptyDir: {} }), { release: one, described: one }), [
      "spec.template.spec.volumes[x].configMap is missing",
      "spec.template.spec.volumes[x].emptyDir is set and not in the release",
    ]);
  });

  it("in one line whatever the values are, and naming only the first few of many differences", () => {
    const containers = [container({ image: `x\n\u001b[31m${"y".repeat(1000)}` })];
    const [drift] = driftsOf(differences({ release: said, described, live: template({ ...defaults, containers }) }));
    assert.ok(drift);
    assert.doesNotMatch(drift.how, /\p{Cc}/u);
    assert.ok(drift.how.length < 200, String(drift.how.length));
    const many = Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [name, "1"]));
    const all = driftsOf(differences({ release: said, described, live: template(defaults, { annotations: many }) }));
    assert.equal(all.length, 5);
    const five = driftsOf(differences({ release: said, described, live: template({ ...defaults, ...many }) }));
    assert.doesNotMatch(describeDrift(five.slice(0, 3)), /more/);
    assert.equal(
      driftSentence("stable", "a", five.slice(0, 1)),
      'stable differs from release a: spec.template.spec.a is "1" and not in the release. The next pulumi up of its stack repairs it.',
    );
    assert.match(describeDrift(five), /^spec\.template\.spec\.a is "1" [^;]*; [^;]*; [^;]*; 2 more$/);
  });
});

describe("the key of an item", () => {
  for (const [sentence, list, item, expected] of [
    ["is in the fields of its list", "volumes", { name: "tmp", emptyDir: {} }, { name: "tmp" }],
    ["has defaults", "ports", { containerPort: 80 }, { containerPort: 80, protocol: "TCP" }],
    ["is none in a list without keys", "args", { name: "x" }, undefined],
    ["is none in an item of a list", { key: { name: "web" } }, { name: "x" }, undefined],
    ["is none outside of a list", undefined, { name: "x" }, undefined],
    ["is none of a text", "volumes", "tmp", undefined],
    ["is none of nothing", "volumes", null, undefined],
  ] as const) {
    it(sentence, () => assert.deepEqual(itemOf(list, item), expected && { key: expected }));
  }
});

describe("the differences of pod templates", () => {
  const name = fc.constantFrom("containers", "env", "ports", "volumes", "name", "value", "image", "labels", "emptyDir");
  const anything = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom("a", "b", "", 1, null, true),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value;

  it("are empty for equal templates, whatever they hold", () => {
    fc.assert(
      fc.property(anything, anything, (value, other) => {
        assert.deepEqual(differences({ release: other, described: value, live: structuredClone(value) }), []);
        assert.deepEqual(differences({ release: value, described: other, live: structuredClone(value) }), []);
      }),
    );
  });

  it("are found for any three values, and each one is a place where live and described differ", () => {
    fc.assert(
      fc.property(anything, anything, anything, (release, wanted, live) => {
        for (const difference of differences({ release, described: wanted, live })) {
          assert.notDeepEqual(difference.live, difference.described);
          assert.ok(driftsOf([difference]).length === 1);
        }
      }),
    );
  });

  it("are one unnamed field for a field that is added anywhere in a live template", () => {
    const full = template({
      ...defaults,
      containers: [container({ env: [{ name: "A", value: "1" }], resources: { limits: { cpu: "1" } } })],
      volumes: [{ name: "config", configMap: { name: "config-1" } }],
    });
    const places = (value: unknown): object[] =>
      typeof value !== "object" || value === null
        ? []
        : [...(Array.isArray(value) ? [] : [value]), ...Object.values(value).flatMap(places)];
    const count = places(full).length;
    fc.assert(
      fc.property(fc.nat(count - 1), fc.constantFrom("x", 1, { y: "z" }, [1]), (place, extra) => {
        const live = structuredClone(full);
        Object.assign(places(live)[place] as object, { added: extra });
        const list = differences({ release: full, described: full, live });
        assert.equal(list.length, 1);
        // An empty object that gets its first field is named as a whole.
        const [only] = list;
        assert.ok(only?.path.at(-1) === "added" || only?.path.at(-1) === "securityContext");
        assert.equal(only.isNamed, false);
      }),
    );
  });
});

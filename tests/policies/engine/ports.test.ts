import assert from "node:assert/strict";
import { hasPort, portList, readNamedPorts, readServicePorts, readTrackPorts } from "../../../policies/engine/ports.ts";
import { object } from "./declare.ts";

describe("the ports that an entrance names", () => {
  const named = (kind: string, spec: unknown) => readNamedPorts(object(kind, spec))?.to;
  const service = (name: string, port?: object) => ({ service: { name, ...(port && { port }) } });

  it("are those of all backends of an HTTPRoute", () => {
    const rules = [{ backendRefs: [{ name: "a", port: 80 }] }, {}];
    assert.deepEqual(named("HTTPRoute", { rules }), [{ namespace: "shop", service: "a", port: 80, share: 100 }]);
    assert.deepEqual(named("HTTPRoute", undefined), []);
  });

  it("are those of all backends of an Ingress, by number or by name", () => {
    const paths = [{ backend: service("a", { number: 80 }) }, { backend: service("b", { name: "http" }) }, {}];
    assert.deepEqual(
      named("Ingress", { defaultBackend: service("c"), rules: [{ http: { paths } }, {}, { http: {} }] }),
      [
        { namespace: "shop", service: "c", port: undefined },
        { namespace: "shop", service: "a", port: 80 },
        { namespace: "shop", service: "b", port: "http" },
      ],
    );
    assert.deepEqual(named("Ingress", { defaultBackend: { resource: {} } }), []);
    assert.deepEqual(named("Ingress", undefined), []);
  });

  it("are none of other objects", () => assert.equal(named("Service", {}), undefined));
});

describe("the ports of a service's Service", () => {
  it("have their target, by default the port itself", () => {
    const ports = [{ name: "http", port: 80, targetPort: "web" }, { port: 81 }];
    const { selector, ports: found } = readServicePorts(object("Service", { selector: { app: "web" }, ports })) ?? {};
    assert.deepEqual(selector, [["app", "web"]]);
    assert.deepEqual(found, [
      { name: "http", number: 80, target: "web" },
      { name: undefined, number: 81, target: 81 },
    ]);
  });

  it("are none without a spec", () => {
    const { selector, ports } = readServicePorts(object("Service", undefined)) ?? {};
    assert.deepEqual([selector, ports], [[], []]);
  });

  it("are not read of anything else", () => {
    const outputs = { is: "outputs", urn: "", name: "test", values: {} } as const;
    const others = [
      outputs,
      object("Secret", {}),
      object("Service", {}, { group: "serving.knative.dev" }),
      object("Service", {}, { labels: {} }),
    ];
    for (const one of others) assert.equal(readServicePorts(one), undefined);
  });
});

describe("the ports of a track's pods", () => {
  const labels = { "gray-release/service": "web", track: "stable" };
  const track = (spec: unknown) => readTrackPorts(object("Deployment", spec, { labels }));

  it("are those of its containers and sidecars, with the labels of the pods", () => {
    const containers = [{ name: "a", ports: [{ name: "http", containerPort: 80 }] }, { name: "b" }];
    const initContainers = [{ name: "c", ports: [{ containerPort: 81 }] }];
    const found = track({ template: { metadata: { labels: { app: "web" } }, spec: { containers, initContainers } } });
    assert.deepEqual(
      [found?.labels, found?.ports],
      [
        { app: "web" },
        [
          { name: "http", number: 80 },
          { name: undefined, number: 81 },
        ],
      ],
    );
  });

  it("are none without containers", () => {
    for (const spec of [undefined, {}, { template: {} }, { template: { spec: {} } }]) {
      const found = track(spec);
      assert.deepEqual([found?.labels, found?.ports], [{}, []]);
    }
  });

  it("are not read of anything else", () => assert.equal(readTrackPorts(object("Deployment", {})), undefined));
});

describe("a list of ports", () => {
  const ports = [
    { name: "http", number: 80 },
    { name: undefined, number: 81 },
  ];

  it("has a port by its number or its name, and never one that is not named", () => {
    assert.deepEqual(
      [80, "http", 81, 82, "grpc", undefined].map((wanted) => hasPort(ports, wanted)),
      [true, true, true, false, false, false],
    );
  });

  it("is shown with names and numbers", () => {
    assert.deepEqual([portList(ports), portList([])], ["http (80), 81", "none"]);
  });
});

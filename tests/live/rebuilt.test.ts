import assert from "node:assert/strict";
import { deployedTemplate, renderRelease } from "../../components/release.ts";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import { rebuiltRelease } from "../../live/rebuilt.ts";

const release = renderRelease(
  "web",
  { app: "web" },
  {
    containers: [
      {
        name: "web",
        image: "web:1",
        args: ["-a", "-b"],
        ports: [{ containerPort: 80 }],
        env: [{ name: "A", value: "1" }],
        readinessProbe: { httpGet: { path: "/", port: 80 } },
      },
    ],
    volumes: [{ name: "cache", emptyDir: {} }],
    configFiles: { config: { files: { "a.conf": "a" }, mountPath: "/etc/web" } },
    pod: { tolerations: [{ key: "spot", operator: "Exists" }] },
  },
);
const [configMap = ""] = Object.keys(release.configMaps);
const filesOf = (name: string) => release.configMaps[name];

/** What the API server stores for the release, and the fields that the apply set. Seen with Kubernetes 1.36. */
const leaf = {};
const applied = {
  "f:spec": {
    "f:replicas": leaf,
    "f:template": {
      "f:metadata": { "f:labels": { "f:app": leaf, "f:release": leaf, "f:track": leaf } },
      "f:spec": {
        "f:terminationGracePeriodSeconds": leaf,
        "f:tolerations": leaf,
        "f:containers": {
          'k:{"name":"web"}': {
            ".": leaf,
            "f:name": leaf,
            "f:image": leaf,
            "f:args": leaf,
            "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": leaf, "f:containerPort": leaf } },
            "f:env": { 'k:{"name":"A"}': { ".": leaf, "f:name": leaf, "f:value": leaf } },
            "f:readinessProbe": { "f:httpGet": { "f:path": leaf, "f:port": leaf } },
            "f:lifecycle": { "f:preStop": { "f:sleep": { "f:seconds": leaf } } },
            "f:volumeMounts": {
              'k:{"mountPath":"/etc/web"}': { ".": leaf, "f:mountPath": leaf, "f:name": leaf, "f:readOnly": leaf },
            },
          },
        },
        "f:volumes": {
          'k:{"name":"cache"}': { ".": leaf, "f:name": leaf, "f:emptyDir": leaf },
          'k:{"name":"config"}': { ".": leaf, "f:name": leaf, "f:configMap": { "f:name": leaf } },
        },
      },
    },
  },
};
function deployment(change: (template: DeploymentObject["spec"]["template"]) => void = () => {}): DeploymentObject {
  const template = JSON.parse(JSON.stringify(deployedTemplate(release, "stable")));
  const [web] = template.spec.containers;
  Object.assign(web, { imagePullPolicy: "IfNotPresent", terminationMessagePath: "/dev/termination-log" });
  Object.assign(web.ports[0], { protocol: "TCP" });
  Object.assign(web.readinessProbe, { periodSeconds: 10 });
  web.env.push({ name: "INJECTED", value: "by another manager" });
  Object.assign(template.spec.volumes[1].configMap, { defaultMode: 420 });
  Object.assign(template.spec, { dnsPolicy: "ClusterFirst", restartPolicy: "Always", securityContext: {} });
  change(template);
  const other = { manager: "injector", operation: "Update", fieldsV1: {} };
  return {
    metadata: {
      managedFields: [other, { manager: "pulumi-kubernetes-1", operation: "Apply", fieldsV1: applied }],
    },
    spec: { template },
  } as unknown as DeploymentObject;
}

describe("a release that is not stored any more", () => {
  it("is rebuilt from what the last apply set in a Deployment that runs it", () => {
    assert.deepEqual(rebuiltRelease(deployment(), filesOf), release);
  });

  it("is not rebuilt from a Deployment whose content has changed", () => {
    const changed = deployment(({ spec }) => void Object.assign(spec.containers[0] ?? {}, { image: "web:evil" }));
    assert.equal(rebuiltRelease(changed, filesOf), undefined);
  });

  it("is not rebuilt without its files, or with other ones", () => {
    assert.equal(
      rebuiltRelease(deployment(), () => undefined),
      undefined,
    );
    assert.equal(
      rebuiltRelease(deployment(), (name) => (name === configMap ? { "a.conf": "b" } : undefined)),
      undefined,
    );
  });

  it("is not rebuilt from an adopted Deployment, or one that no apply has written", () => {
    const { metadata, spec } = deployment();
    const annotations = { "gray-release/adopted": release.id };
    assert.equal(rebuiltRelease({ ...deployment(), metadata: { ...metadata, annotations } }, filesOf), undefined);
    assert.equal(
      rebuiltRelease({ ...deployment(), metadata: { ...metadata, managedFields: [] }, spec }, filesOf),
      undefined,
    );
  });
});

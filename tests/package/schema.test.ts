import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ServiceArgs } from "../../components/service-args.ts";
import { declarationsOf } from "../../package/schema/declarations.ts";
import { packageSchema } from "../../package/schema/package-schema.ts";

const root = join(import.meta.dirname, "../..");

/** Each argument, and whether it must be given. The type checker fails if one is missing here, or is required and said not to be. */
const fields: {
  [Name in keyof Required<ServiceArgs>]: undefined extends ServiceArgs[Name] ? false : true;
} = {
  namespace: true,
  labels: false,
  annotations: false,
  access: false,
  tracks: false,
  canaryStack: false,
  name: false,
  replicas: false,
  autoscaling: false,
  weight: false,
  acceptShare: false,
  ports: true,
  serviceSpec: false,
  services: false,
  disruptionBudget: false,
  serviceAccount: false,
  serviceAnnotations: false,
  ingress: false,
  gateway: false,
  plan: false,
  debugIngress: false,
  release: false,
  releaseHistoryLimit: false,
  minReadySeconds: false,
  maxSurge: false,
  maxUnavailable: false,
  startSeconds: false,
  progressDeadlineSeconds: false,
  containers: true,
  sidecars: false,
  configFiles: false,
  secrets: false,
  volumes: false,
  noReadiness: false,
  podAnnotations: false,
  pod: false,
  terminationGracePeriodSeconds: false,
  compat: false,
};

describe("the schema of the package", () => {
  const schema = packageSchema(root);
  const service = schema.resources["gray-release:index:CanaryService"];

  it("is the one that is committed; npm run schema writes it", () => {
    assert.deepEqual(JSON.parse(readFileSync(join(root, "package/schema.json"), "utf8")), schema);
  });

  it("has every argument of a service, with its comment, and requires those that must be given", () => {
    assert.deepEqual(Object.keys(service.inputProperties).sort(), Object.keys(fields).sort());
    const needed = Object.entries(fields).flatMap(([name, isNeeded]) => (isNeeded ? [name] : []));
    assert.deepEqual(service.requiredInputs.toSorted(), needed.sort());
    for (const [name, { description }] of Object.entries(service.inputProperties)) assert.ok(description, name);
  });

  it("has the types of the Kubernetes package in the version of the dependency", () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const $ref = `/kubernetes/v${dependencies["@pulumi/kubernetes"]}/schema.json#/types/kubernetes:core%2Fv1:Container`;
    assert.deepEqual(service.inputProperties.containers?.items, { $ref });
  });

  it("has one type for the steps of all stages, of which only the stage is required", () => {
    const { properties, required } = schema.types["gray-release:index:Step"] as {
      properties: Record<string, Record<string, unknown>>;
      required: string[];
    };
    assert.deepEqual(Object.keys(properties).sort(), [
      "approval",
      "atLeast",
      "atMost",
      "checks",
      "stage",
      "watch",
      "weight",
    ]);
    assert.deepEqual(required, ["stage"]);
    assert.deepEqual(properties.weight?.oneOf, [{ type: "number" }, { type: "string" }]);
  });

  it("has the outputs of the component, of which a stack may lack some", () => {
    assert.deepEqual(service.required, ["serviceName", "url", "admission"]);
    assert.equal(service.properties.token?.type, "string");
  });
});

describe("the declarations in a text", () => {
  it("are interfaces with what they extend, optional fields, comments in one line and types up to their end", () => {
    const { shapes } = declarationsOf(`
/**
 * A thing.
 *
 * @example const thing: Thing = {};
 */
export interface Thing extends Base, Other {
  /**
   * The name, see {@link Base}.
   * It is long.
   * @default none
   */
  readonly name?: { readonly a: string; readonly b: "x;y" } | string;
  readonly list: readonly Record<string, number>[];
}
`);
    assert.deepEqual(shapes.get("Thing"), {
      comment: "A thing.",
      parents: ["Base", "Other"],
      fields: [
        {
          name: "name",
          isOptional: true,
          type: '{ readonly a: string; readonly b: "x;y" } | string',
          comment: "The name, see `Base`. It is long. Default: none.",
        },
        { name: "list", isOptional: false, type: "readonly Record<string, number>[]", comment: "" },
      ],
    });
  });
});

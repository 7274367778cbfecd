import assert from "node:assert/strict";
import { namesOf, resourceNameOf } from "../../components/names.ts";

describe("the names of a service", () => {
  it("are both that of the resource, unless the arguments have another name for Kubernetes", () => {
    assert.deepEqual(namesOf("web", {}), { service: "web", resource: "web" });
    assert.deepEqual(namesOf("eu-web", { name: "web" }), { service: "web", resource: "eu-web" });
  });

  it("keep the names of the resources of a service without a name of its own", () => {
    for (const object of ["web", "web-canary", "web-config-0123456789"]) {
      assert.equal(resourceNameOf({ service: "web", resource: "web" }, object), object);
    }
  });

  it("begin the names of its resources with that of the component", () => {
    const names = { service: "web", resource: "eu-web" };
    assert.deepEqual(
      ["web", "web-canary", "other"].map((object) => resourceNameOf(names, object)),
      ["eu-web", "eu-web-canary", "eu-web:other"],
    );
  });
});

import { adoptedExample, container, deployment } from "../../engine/examples.ts";
import { containersOf } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";
import { allowedRegistriesSettings } from "../../engine/settings.ts";

const settings = { registries: ["reg.qiniu.com/dora-apps", "docker.io"] };

/** Which registries a team trusts only the team knows: without a setting every one is allowed. */
export const allowedRegistries: Rule<typeof allowedRegistriesSettings> = {
  name: "allowed-registries",
  description: "Every image comes from a registry that the team allows.",
  severity: "high",
  remediation:
    "Take the image from an allowed registry, or add the registry to allowed-registries in the pack's configuration.",
  place: "configuration",
  settings: allowedRegistriesSettings,
  judge(one, stack) {
    const containers = containersOf(one);
    if (containers.length === 0) return [];
    const { registries } = stack.settings;
    return containers
      .filter(
        ({ container: { image = "" } }) => registries.length > 0 && !registries.some((each) => isFrom(each, image)),
      )
      .map(
        ({ called, container: { image = "" } }) =>
          `${called} has the image ${JSON.stringify(image)}, which is from ${registryOf(image)}, and ${registries.join(", ")} ${registries.length > 1 ? "are" : "is"} allowed: take it from there (registries of allowed-registries in the pack's configuration).`,
      );
  },
  examples: {
    allowed: [
      adoptedExample,
      { name: "from the team's own folder", resources: [deployment("stable")], settings },
      {
        name: "of a registry that no image names",
        resources: [container("fop-gate", { image: "nginx:1.27" })],
        settings,
      },
      {
        name: "an image without a folder, where only the folder of such images is allowed",
        resources: [
          container("fop-gate", { image: "nginx:1.27" }),
          container("fop-gate", { image: "docker.io/nginx:1.27" }),
          container("log-agent", { image: "library/nginx:1.27" }),
        ],
        settings: { registries: ["reg.qiniu.com/dora-apps", "docker.io/library"] },
      },
      { name: "any, where none is set", resources: [container("fop-gate", { image: "quay.io/x:1" })] },
    ],
    disallowed: [
      {
        name: "another registry",
        resources: [container("fop-gate", { image: "quay.io/fop-gate:1" })],
        settings,
        says: /^Deployment dora-apps\/fop-gate, container fop-gate has the image "quay\.io\/fop-gate:1", which is from quay\.io, and reg\.qiniu\.com\/dora-apps, docker\.io are allowed: take it from there/,
      },
      {
        name: "another folder that begins alike",
        resources: [container("log-agent", { image: "reg.qiniu.com/dora-apps-old/log-agent:1" })],
        settings,
        says: /dora-apps-old/,
      },
      {
        name: "another folder than that of images without one",
        resources: [container("log-agent", { image: "somebody/nginx:1.27" })],
        settings: { registries: ["reg.qiniu.com/dora-apps", "docker.io/library"] },
        says: /has the image "somebody\/nginx:1\.27", which is from docker\.io/,
      },
    ],
  },
};

/** As container runtimes read a name: its first part is a registry only if it looks like a host. */
function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : "docker.io";
}

/** The whole name, as container runtimes read it: an image of docker.io without a folder is in `library`. */
function wholeNameOf(image: string): string {
  const registry = registryOf(image);
  const path = image.startsWith(`${registry}/`) ? image.slice(registry.length + 1) : image;
  return registry === "docker.io" && !path.includes("/") ? `${registry}/library/${path}` : `${registry}/${path}`;
}

function isFrom(registry: string, image: string): boolean {
  return wholeNameOf(image).startsWith(`${registry.replace(/\/$/, "")}/`);
}

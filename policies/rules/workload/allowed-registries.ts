import { allowedRegistriesSettings } from "../../engine/defaults.ts";
import { adoptedExample, container, deployment } from "../../engine/examples.ts";
import { containersOf } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

const settings = { registries: ["reg.qiniu.com/dora-apps", "docker.io"] };

/** Restricts the registries of images. Only the team knows which ones it trusts, so without a setting all are allowed. */
export const allowedRegistries: Rule<typeof allowedRegistriesSettings> = {
  name: "allowed-registries",
  description: "Every image comes from a registry that the team allows.",
  severity: "high",
  remediation:
    "Use an image from an allowed registry, or add the registry to allowed-registries in the pack's configuration.",
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
          `${called} has the image ${JSON.stringify(image)}, which is from ${registryOf(image)}, but only ${registries.join(", ")} ${registries.length > 1 ? "are" : "is"} allowed: use an image from there (registries of allowed-registries in the pack's configuration).`,
      );
  },
  examples: {
    allowed: [
      adoptedExample,
      { name: "from the team's own folder", resources: [deployment("stable")], settings },
      {
        name: "an image without a registry, which is from docker.io",
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
      { name: "any registry, without a setting", resources: [container("fop-gate", { image: "quay.io/x:1" })] },
    ],
    disallowed: [
      {
        name: "another registry",
        resources: [container("fop-gate", { image: "quay.io/fop-gate:1" })],
        settings,
        message:
          /^Deployment dora-apps\/fop-gate, container fop-gate has the image "quay\.io\/fop-gate:1", which is from quay\.io, but only reg\.qiniu\.com\/dora-apps, docker\.io are allowed: use an image from there/,
      },
      {
        name: "another folder whose name begins with an allowed one",
        resources: [container("log-agent", { image: "reg.qiniu.com/dora-apps-old/log-agent:1" })],
        settings,
        message: /dora-apps-old/,
      },
      {
        name: "a folder of docker.io that is not allowed",
        resources: [container("log-agent", { image: "somebody/nginx:1.27" })],
        settings: { registries: ["reg.qiniu.com/dora-apps", "docker.io/library"] },
        message: /has the image "somebody\/nginx:1\.27", which is from docker\.io/,
      },
    ],
  },
};

/** The registry of an image, as container runtimes parse its name: the first part is a registry only if it looks like a host. */
function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : "docker.io";
}

/** The full name of an image, as container runtimes parse it: an image of docker.io without a folder is in `library`. */
function wholeNameOf(image: string): string {
  const registry = registryOf(image);
  const path = image.startsWith(`${registry}/`) ? image.slice(registry.length + 1) : image;
  return registry === "docker.io" && !path.includes("/") ? `${registry}/library/${path}` : `${registry}/${path}`;
}

function isFrom(registry: string, image: string): boolean {
  return wholeNameOf(image).startsWith(`${registry.replace(/\/$/, "")}/`);
}

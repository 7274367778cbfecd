import { adoptedExample, container, deployment } from "./examples.ts";
import { containersOf } from "./pods.ts";
import type { Rule } from "./rule.ts";
import { allowedRegistriesSettings } from "./settings.ts";

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
    ],
  },
};

/** As container runtimes read a name: its first part is a registry only if it looks like a host. */
function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : "docker.io";
}

function isFrom(registry: string, image: string): boolean {
  const whole = registryOf(image) === "docker.io" && !image.startsWith("docker.io/") ? `docker.io/${image}` : image;
  return whole.startsWith(`${registry.replace(/\/$/, "")}/`);
}

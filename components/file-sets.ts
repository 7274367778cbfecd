/** How the file sets of a release get into its containers: as files, or as environment variables. */
import type { types } from "@pulumi/kubernetes";
import type { Unwrap } from "@pulumi/pulumi";
import { assertFits, assertRead, configMapName, type FileSet, type Files } from "./config-files.ts";
import { UserError } from "./user-error.ts";

type Container = Unwrap<types.input.core.v1.Container>;

/** What the file sets add to a pod. */
export interface FileSets {
  /** The files by the name of their ConfigMap. */
  readonly configMaps: Record<string, Files>;
  readonly volumes: readonly { readonly name: string; readonly configMap: { readonly name: string } }[];
  /** The container with the sets that it uses. */
  filled(container: Container): Container;
}

/**
 * The names of variables that every version of Kubernetes takes from a ConfigMap. It leaves others out, with an Event of the pod at most
 * (core/v1 EnvFromSource).
 */
const variable = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

/** What one container gets from the file sets. */
interface Given {
  readonly mounts: { readonly name: string; readonly mountPath: string; readonly readOnly: true }[];
  readonly sources: { readonly configMapRef: { readonly name: string } }[];
  /** The set of each variable. */
  readonly variables: Map<string, string>;
}

/**
 * The ConfigMaps and volumes of the file sets of a release, and the containers that use them.
 *
 * @param containers names of the pod's containers, that of the service itself first
 * @throws UserError if a set is too large, names a container that the pod does not have, or cannot be environment variables
 * @example fileSetsOf("web", { config: { files, mountPath: "/etc/web" } }, ["web"]).volumes[0].name // "config"
 */
export function fileSetsOf(
  service: string,
  sets: Readonly<Record<string, FileSet>>,
  containers: readonly string[],
): FileSets {
  const configMaps: Record<string, Files> = {};
  const volumes: FileSets["volumes"][number][] = [];
  const given = new Map<string, Given>();
  for (const [set, { files, mountPath, env, containers: named }] of Object.entries(sets)) {
    assertRead(set, files);
    assertFits(service, set, files);
    const name = configMapName(service, set, files);
    configMaps[name] = files;
    if (mountPath !== undefined) volumes.push({ name: set, configMap: { name } });
    for (const container of named ?? containers.slice(0, 1)) {
      const gets: Given = given.get(container) ?? { mounts: [], sources: [], variables: new Map() };
      given.set(container, gets);
      if (mountPath !== undefined) gets.mounts.push({ name: set, mountPath, readOnly: true });
      if (!env) continue;
      addVariables(service, set, files, gets.variables);
      gets.sources.push({ configMapRef: { name } });
    }
  }
  assertTargets(service, given.keys(), containers);
  const filled = (container: Container): Container => {
    const { mounts = [], sources = [] } = given.get(container.name) ?? {};
    return {
      ...container,
      ...(mounts.length > 0 && { volumeMounts: [...(container.volumeMounts ?? []), ...mounts] }),
      ...(sources.length > 0 && { envFrom: [...(container.envFrom ?? []), ...sources] }),
    };
  };
  return { configMaps, volumes, filled };
}

/** Adds the variables of a set to those of a container. @throws UserError if one cannot be a variable, or is there already */
function addVariables(service: string, set: string, files: Files, variables: Given["variables"]): void {
  for (const [name, content] of Object.entries(files)) {
    const at = `${service}: configFiles.${set}.files.${name}`;
    if (!variable.test(name)) {
      throw new UserError(
        `${at} cannot be an environment variable, because Kubernetes leaves out a name that begins with a digit: rename it.`,
      );
    }
    if (typeof content !== "string") {
      throw new UserError(
        `${at} cannot be an environment variable, because it is no UTF-8 text: mount it as a file in a set of its own.`,
      );
    }
    const other = variables.get(name);
    if (other !== undefined) {
      throw new UserError(`${at} is a variable of the set "${other}" too: give it in one of them.`);
    }
    variables.set(name, set);
  }
}

function assertTargets(service: string, targets: Iterable<string>, known: readonly string[]): void {
  for (const target of targets) {
    if (!known.includes(target)) {
      throw new UserError(
        `${service}: configFiles names the container "${target}", and the pod has ${known.join(", ")}: correct the name.`,
      );
    }
  }
}

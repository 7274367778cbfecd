/** State that the services of one deployment (one preview or `up`) share. */
import * as pulumi from "@pulumi/pulumi";

/**
 * Keeps one value for each deployment. A program runs in one deployment; the provider process of programs in other languages
 * (package/) may serve several, each with a resource monitor of its own.
 *
 * @returns a function that returns the value of the current deployment, made at its first call
 * @example
 * ```ts
 * const clusters = perDeployment(() => new Map<string, Promise<unknown>>());
 * ```
 */
export function perDeployment<T>(make: () => T): () => T {
  const values = new Map<unknown, T>();
  return () => {
    const deployment = currentDeployment();
    const value = values.get(deployment) ?? make();
    values.set(deployment, value);
    return value;
  };
}

/** The address of the resource monitor. A mock monitor has none and is its own identity. */
function currentDeployment(): unknown {
  const monitor = pulumi.runtime.getMonitor() as { getChannel?(): { getTarget(): string } } | undefined;
  return monitor?.getChannel?.().getTarget() ?? monitor;
}

/** Where a pod names Secrets, and how the names in the arguments become those in the cluster. Pure. */
import type { types } from "@pulumi/kubernetes";
import type { Unwrap } from "@pulumi/pulumi";
import { UserError } from "./user-error.ts";

type Container = Unwrap<types.input.core.v1.Container>;
type PodSpec = Unwrap<types.input.core.v1.PodSpec>;

/**
 * A place where a pod names a Secret.
 *
 * @example const reference: SecretReference = { name: "web-tls", keys: ["tls.crt"], isOptional: false };
 */
export interface SecretReference {
  readonly name: string;
  /** The keys that it needs. Empty if it takes all. */
  readonly keys: readonly string[];
  /** Whether the pod starts without the Secret, or without the key. */
  readonly isOptional: boolean;
}

/** The parts of a container that name Secrets. */
type ReadingContainer = Partial<Pick<Container, "env" | "envFrom">>;
/**
 * The parts of a pod spec that name Secrets.
 *
 * @example const spec: SecretSpec = { volumes: [{ name: "tls", secret: { secretName: "web-tls" } }] };
 */
export interface SecretSpec {
  readonly volumes?: PodSpec["volumes"] | undefined;
  readonly containers?: readonly ReadingContainer[] | undefined;
  readonly initContainers?: readonly ReadingContainer[] | undefined;
}

/**
 * The places where a pod with this spec names Secrets, apart from those of kubelet (`imagePullSecrets`).
 *
 * @example secretReferences({ volumes: [{ name: "tls", secret: { secretName: "web-tls" } }] })[0].name // "web-tls"
 */
export function secretReferences(spec: SecretSpec): SecretReference[] {
  const found: SecretReference[] = [];
  renamed(spec, (reference) => {
    found.push(reference);
    return reference.name;
  });
  return found;
}

/**
 * The spec with the names of Secrets in the cluster.
 *
 * @param names the name in the cluster by that in the arguments. Others stay
 * @example withSecretNames({ volumes: [{ name: "tls", secret: { secretName: "tls" } }] }, { tls: "web-tls" })
 */
export function withSecretNames<Spec extends SecretSpec>(spec: Spec, names: Readonly<Record<string, string>>): Spec {
  return renamed(spec, ({ name }) => (Object.hasOwn(names, name) ? (names[name] as string) : name));
}

/**
 * Checks that the pod names each Secret of the arguments, and no key that it lacks.
 *
 * @param keysOf the keys of each Secret by its name in the arguments; undefined if they are not known
 * @throws UserError if it does not
 * @example assertSecretsUsed("web", spec, { db: ["password"] })
 */
export function assertSecretsUsed(
  service: string,
  spec: SecretSpec,
  keysOf: Readonly<Record<string, readonly string[] | undefined>>,
): void {
  const references = secretReferences(spec);
  for (const [secret, known] of Object.entries(keysOf)) {
    const own = references.filter(({ name }) => name === secret);
    if (own.length === 0) {
      throw new UserError(
        `${service}: no container and no volume names secrets.${secret}: name it with secretKeyRef, secretRef or a volume, or remove it.`,
      );
    }
    const missing = own
      .filter(({ isOptional }) => !isOptional)
      .flatMap(({ keys }) => keys)
      .find((key) => known && !known.includes(key));
    if (missing !== undefined) {
      throw new UserError(
        `${service}: the pod needs the key ${missing} of secrets.${secret}, which has ${known?.join(", ")}: correct the key.`,
      );
    }
  }
}

function renamed<Spec extends SecretSpec>(spec: Spec, rename: (reference: SecretReference) => string): Spec {
  const { volumes, containers, initContainers } = spec;
  return {
    ...spec,
    ...(initContainers && { initContainers: initContainers.map((each) => renamedIn(each, rename)) }),
    ...(containers && { containers: containers.map((each) => renamedIn(each, rename)) }),
    ...(volumes && { volumes: volumes.map((volume) => renamedVolume(volume, rename)) }),
  };
}

function renamedIn<Each extends ReadingContainer>(container: Each, rename: (reference: SecretReference) => string) {
  const { env, envFrom } = container;
  return {
    ...container,
    ...(env && {
      env: env.map((variable) => {
        const ref = variable.valueFrom?.secretKeyRef;
        if (ref?.name === undefined) return variable;
        const { name, key, optional = false } = ref;
        const secretKeyRef = { ...ref, name: rename({ name, keys: [key], isOptional: optional }) };
        return { ...variable, valueFrom: { ...variable.valueFrom, secretKeyRef } };
      }),
    }),
    ...(envFrom && {
      envFrom: envFrom.map((source) => {
        const ref = source.secretRef;
        if (ref?.name === undefined) return source;
        const { name, optional = false } = ref;
        return { ...source, secretRef: { ...ref, name: rename({ name, keys: [], isOptional: optional }) } };
      }),
    }),
  };
}

type Volume = NonNullable<PodSpec["volumes"]>[number];

function renamedVolume(volume: Volume, rename: (reference: SecretReference) => string): Volume {
  const { secret, projected } = volume;
  const keysOf = (items: readonly { readonly key: string }[] = []) => items.map(({ key }) => key);
  return {
    ...volume,
    ...(secret?.secretName !== undefined && {
      secret: {
        ...secret,
        secretName: rename({
          name: secret.secretName,
          keys: keysOf(secret.items),
          isOptional: secret.optional ?? false,
        }),
      },
    }),
    ...(projected?.sources && {
      projected: {
        ...projected,
        sources: projected.sources.map((source) => {
          const ref = source.secret;
          if (ref?.name === undefined) return source;
          const { name, items, optional = false } = ref;
          return { ...source, secret: { ...ref, name: rename({ name, keys: keysOf(items), isOptional: optional }) } };
        }),
      },
    }),
  };
}

/**
 * The names of the Secrets to which pods with these specs refer.
 *
 * @example secretsNamed([{ volumes: [{ name: "tls", secret: { secretName: "web-tls" } }] }]) // ["web-tls"]
 */
export function secretsNamed(specs: readonly SecretSpec[]): string[] {
  return [...new Set(specs.flatMap(secretReferences).map(({ name }) => name))];
}

/**
 * The names of the Secrets without which pods with these specs do not start.
 *
 * @example secretsRequired([{ volumes: [{ name: "tls", secret: { secretName: "web-tls", optional: true } }] }]) // []
 */
export function secretsRequired(specs: readonly SecretSpec[]): string[] {
  const references = specs.flatMap(secretReferences).filter(({ isOptional }) => !isOptional);
  return [...new Set(references.map(({ name }) => name))];
}

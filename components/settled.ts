/** Waits for the value of an Output. */
import type { Output } from "@pulumi/pulumi";

/**
 * The value of an Output once it is settled; in it, what is known only in `up` is Pulumi's value for the unknown (`containsUnknowns`). Not by
 * `apply`, which is not called for such a value or if the Output fails, and which in preview treats an absent input as one that is not known yet.
 * The SDK has no public method for it (`Output.promise`, @pulumi/pulumi 3.270).
 *
 * @throws the error with which the Output fails
 * @example const password = await settled(pulumi.secret("x")); // "x"
 */
export function settled(output: Output<unknown>): Promise<unknown> {
  return (output as unknown as { promise(withUnknowns: boolean): Promise<unknown> }).promise(true);
}

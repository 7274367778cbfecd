/**
 * The annotation for objects without pods: Pulumi deletes them without waiting for dependents. The provider's default is
 * foreground deletion. With it, the provider can miss the deletion of an object that disappears within milliseconds, and
 * then waits ten minutes (seen with provider 4.18, awaiting condition.Deleted).
 */
export const backgroundDeletion = { "pulumi.com/deletionPropagationPolicy": "background" };

/**
 * For objects that have no pods below them: deleted without waiting for dependents. With the provider's default, foreground
 * deletion, it may miss the end of an object that goes within milliseconds, and then waits ten minutes for it (seen with
 * provider 4.18, awaiting condition.Deleted).
 */
export const goesAtOnce = { "pulumi.com/deletionPropagationPolicy": "background" };

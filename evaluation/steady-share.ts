import { pollingDefaults } from "../analysis/defaults.ts";

/**
 * The share that was routed to canary while the counters of a poll were counted. Counters are as old as the last
 * scrape, and a gateway follows its routes with a delay, so a share counts only after it has been constant for
 * `settleSeconds`.
 */
export class SteadyShare {
  private latest: { readonly share: number | undefined; readonly since: number } | undefined;

  /**
   * @param at when the poll was, in milliseconds since the epoch
   * @param share according to the routes at that time, 0 to 1
   * @returns the share if it has been constant for long enough. A share of 0 or 1 counts at once, because it compares
   * nothing
   */
  over(at: number, share: number | undefined): number | undefined {
    if (this.latest?.share !== share) this.latest = { share, since: at };
    if (share === 0 || share === 1) return share;
    const { since } = this.latest ?? { since: at };
    return at - since >= 1000 * pollingDefaults.settleSeconds ? share : undefined;
  }
}

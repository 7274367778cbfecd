import { pollingDefaults } from "../analysis/defaults.ts";

/**
 * The share that canary was meant to get while the counters of a look were counted. They are as old as the last scrape, and
 * a gateway follows its routes a moment later, so a share counts once it was the same for some time.
 */
export class SteadyShare {
  private latest: { readonly share: number | undefined; readonly since: number } | undefined;

  /**
   * @param at when the look was, in milliseconds since the epoch
   * @param share what the routes say then, 0 to 1
   * @returns the share, if it has held for long enough; none and all are known at once, as they compare nothing
   */
  over(at: number, share: number | undefined): number | undefined {
    if (this.latest?.share !== share) this.latest = { share, since: at };
    if (share === 0 || share === 1) return share;
    const { since } = this.latest ?? { since: at };
    return at - since >= 1000 * pollingDefaults.settleSeconds ? share : undefined;
  }
}

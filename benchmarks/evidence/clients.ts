import type { Chance } from "./chance.ts";
import type { Log, LoggedRequest } from "./log.ts";
import { seconds } from "./traffic.ts";

/**
 * A log as real ones are: many clients that come and go, and a few of them, which have all of the errors, in bursts. The numbers are
 * near those of the log of the EPA: 94 errors of 4 clients among 17 000 requests.
 */
export function logOfClients(chance: Chance): Log {
  const requests: LoggedRequest[] = [];
  for (let client = 0; client < 900; client++) {
    let at = chance.uniform() * seconds;
    for (let left = chance.geometric(18); left > 0 && at < seconds; left--) {
      requests.push({ at, client, status: "200" });
      at += 2 * chance.uniform();
    }
  }
  for (const [client, errors] of [40, 35, 12, 7].entries()) {
    const start = chance.uniform() * (seconds - 60);
    for (let error = 0; error < errors; error++) {
      requests.push({ at: start + 30 * chance.uniform(), client: 1000 + client, status: "503" });
    }
  }
  return { name: "generated", hasClients: true, requests: requests.sort((a, b) => a.at - b.at) };
}

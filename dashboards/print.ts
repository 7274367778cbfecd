/** `npm run -s dashboards -- <what>`: prints the dashboard, the rules, or both as ConfigMaps, to pipe or to import by hand. */
import { Command } from "commander";
import { dump } from "js-yaml";
import { dashboardFile } from "./dashboard.ts";
import { dashboardConfigMap, rulesConfigMap } from "./provision.ts";
import { rulesFile } from "./rules.ts";

const program = new Command("dashboards").description("Grafana's dashboard and Prometheus's rules for gray releases");
const print = (text: string): void => {
  process.stdout.write(text);
};

program
  .command("dashboard")
  .description("the JSON that Grafana imports")
  .action(() => print(dashboardFile()));

program
  .command("rules")
  .description("the rules file for Prometheus")
  .option("--slo <share>", "share of requests that may be answered 5xx (default: 0.01)", Number)
  .action((options: { slo?: number }) => print(rulesFile(options)));

program
  .command("configmaps")
  .description("both as ConfigMaps, for kubectl apply -f -")
  .option("-n, --namespace <name>", "where Grafana and Prometheus are", "monitoring")
  .option("--slo <share>", "share of requests that may be answered 5xx (default: 0.01)", Number)
  .action(({ namespace, ...options }: { namespace: string; slo?: number }) => {
    print([dashboardConfigMap(namespace), rulesConfigMap(namespace, options)].map((each) => dump(each)).join("---\n"));
  });

program.parse();

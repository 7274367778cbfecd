/** The command `npm run -s dashboards -- <command>`: prints the dashboard, the rules, or both as ConfigMaps. */
import { Command, Option } from "commander";
import { dump } from "js-yaml";
import { defaults } from "../../analysis/defaults.ts";
import { dashboardFile } from "./dashboard.ts";
import { dashboardConfigMap, rulesConfigMap } from "./provision.ts";
import { type RuleOptions, rulesFile } from "./rules.ts";

const program = new Command("dashboards").description(
  "print the Grafana dashboard and the Prometheus rules for gray releases",
);
const print = (text: string): void => {
  process.stdout.write(text);
};
const slo = () =>
  new Option("--slo <share>", "share of requests that may be answered with 5xx, 0 to 1")
    .argParser(Number)
    .default(defaults.slo);

program
  .command("dashboard")
  .description("print the dashboard as JSON, for Grafana's import")
  .action(() => print(dashboardFile()));

program
  .command("rules")
  .description("print the rules file for Prometheus")
  .addOption(slo())
  .action((options: RuleOptions) => print(rulesFile(options)));

program
  .command("configmaps")
  .description("print both as ConfigMaps, for kubectl apply -f -")
  .option("-n, --namespace <name>", "namespace of Grafana and Prometheus", "monitoring")
  .addOption(slo())
  .action(({ namespace, ...options }: RuleOptions & { namespace: string }) => {
    print([dashboardConfigMap(namespace), rulesConfigMap(namespace, options)].map((each) => dump(each)).join("---\n"));
  });

program.parse();

/** `npm run -s dashboards -- <what>`: prints the dashboard, the rules, or both as ConfigMaps, to pipe or to import by hand. */
import { Command, Option } from "commander";
import { dump } from "js-yaml";
import { defaults } from "../../analysis/defaults.ts";
import { dashboardFile } from "./dashboard.ts";
import { dashboardConfigMap, rulesConfigMap } from "./provision.ts";
import { type RuleOptions, rulesFile } from "./rules.ts";

const program = new Command("dashboards").description("Grafana's dashboard and Prometheus's rules for gray releases");
const print = (text: string): void => {
  process.stdout.write(text);
};
const slo = () =>
  new Option("--slo <share>", "share of requests that may be answered 5xx").argParser(Number).default(defaults.slo);

program
  .command("dashboard")
  .description("the JSON that Grafana imports")
  .action(() => print(dashboardFile()));

program
  .command("rules")
  .description("the rules file for Prometheus")
  .addOption(slo())
  .action((options: RuleOptions) => print(rulesFile(options)));

program
  .command("configmaps")
  .description("both as ConfigMaps, for kubectl apply -f -")
  .option("-n, --namespace <name>", "where Grafana and Prometheus are", "monitoring")
  .addOption(slo())
  .action(({ namespace, ...options }: RuleOptions & { namespace: string }) => {
    print([dashboardConfigMap(namespace), rulesConfigMap(namespace, options)].map((each) => dump(each)).join("---\n"));
  });

program.parse();

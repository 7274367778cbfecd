/**
 * The settings of fop-gate's organization that differ from the defaults (defaults.ts), by rule. `--policy-pack-config` overrides
 * each of them.
 */
export const organizationDefaults = {
  "allowed-registries": { registries: ["reg.qiniu.com/dora-apps"] },
  "required-labels": {
    labels: ["app", "team", "type"],
    annotations: ["log.qiniu.com/global.agent", "log.qiniu.com/global.version"],
  },
};

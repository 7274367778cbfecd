/** What the house of fop-gate asks for beyond the defaults (settings.ts), by rule. `--policy-pack-config` overrides it, setting by setting. */
export const house = {
  "allowed-registries": { registries: ["reg.qiniu.com/dora-apps"] },
  "house-labels": {
    labels: ["app", "team", "type"],
    annotations: ["log.qiniu.com/global.agent", "log.qiniu.com/global.version"],
  },
};

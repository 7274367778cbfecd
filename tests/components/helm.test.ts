import assert from "node:assert/strict";
import { helmAdvice } from "../../components/helm.ts";

describe("the advice on a release of Helm", () => {
  it("names the release by the annotations of Helm", () => {
    const annotations = { "meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "eu" };
    const advice = helmAdvice({ namespace: "web", annotations }) ?? "";
    assert.match(advice, /^Helm release shop in namespace eu .*helm\.sh\/resource-policy: keep in the chart/);
    assert.match(advice, /kubectl delete secrets -n eu -l owner=helm,name=shop\.$/);
  });

  it("leaves the name open if only the label says Helm", () => {
    const labels = { "app.kubernetes.io/managed-by": "Helm" };
    assert.match(helmAdvice({ namespace: "web", labels }) ?? "", /^Helm release <release> in namespace web/);
  });

  it("is none for other objects", () => {
    assert.equal(helmAdvice({ labels: { "app.kubernetes.io/managed-by": "kustomize" } }), undefined);
  });
});

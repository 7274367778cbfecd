/** The text of a kubeconfig. Certificates are inside it, so that the file can be used from anywhere. */
export interface Access {
  readonly server: string;
  readonly user: string;
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** JSON, which is YAML: nothing needs quoting by hand. */
export function kubeconfigText(access: Access): string {
  const cluster = { server: access.server, "certificate-authority-data": base64(access.authority) };
  const user = { "client-certificate-data": base64(access.certificate), "client-key-data": base64(access.key) };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "gray-sandbox", cluster }],
    users: [{ name: access.user, user }],
    contexts: [{ name: "gray-sandbox", context: { cluster: "gray-sandbox", user: access.user } }],
    "current-context": "gray-sandbox",
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** Address and credentials of a cluster. */

/**
 * The cluster that the program, the gate and `gray` use. It is found as kubectl finds it: the files of KUBECONFIG or ~/.kube/config
 * and their current context, else the service account of the pod. Pulumi's provider for Kubernetes looks in the same places.
 *
 * There is no client library behind it, because the usual one costs 85 MB and 0.4 s of every `pulumi up` (docs/decisions/the-gate.md).
 */
export interface Access {
  /** Name of the context; absent inside a pod. */
  readonly context?: string;
  /** Address of the API server. */
  readonly server: URL;
  /** Certificate authority in PEM. @default those that Node trusts */
  readonly ca?: string;
  /** Whether any certificate of the server is accepted. */
  readonly skipTlsVerify: boolean;
  /** Name that the server's certificate must have. @default the host of `server` */
  readonly serverName?: string;
  /** Headers by which the user of the credentials acts as another. @default acts as itself */
  readonly impersonation?: Readonly<Record<string, string | string[]>>;
  /**
   * The current credentials, fetched for each request, because a token may have been renewed.
   *
   * @param signal ends the wait, and with it a credential plugin that no other request waits for; its reason is then thrown
   * @throws Unreachable if a credential plugin gives none in time; a retry may succeed
   */
  readonly credentials: (signal?: AbortSignal) => Promise<Credentials>;
  /**
   * Drops credentials that the server refused, if others may be available.
   *
   * @returns whether others may be available
   */
  readonly renew: (refused: Credentials) => boolean;
}

/** How a request proves its user: a bearer token, or a client certificate with its key. */
export interface Credentials {
  readonly token?: string;
  /** In PEM. */
  readonly certificate?: string;
  /** In PEM. */
  readonly key?: string;
}

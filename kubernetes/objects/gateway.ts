/** A Gateway of the Gateway API, and its class. */

/** A Gateway in the API; the fields used here. */
export interface GatewayObject {
  readonly spec: {
    readonly gatewayClassName: string;
    readonly listeners?: readonly {
      readonly name: string;
      readonly port: number;
      readonly protocol: string;
      /** The host that the listener accepts. @default any */
      readonly hostname?: string;
    }[];
  };
  readonly status?: { readonly addresses?: readonly { readonly type?: string; readonly value: string }[] };
}

/** A GatewayClass in the API; the fields used here. */
export interface GatewayClassObject {
  /** A feature is a text up to Gateway API 1.1, and an object from 1.2 on. */
  readonly status?: { readonly supportedFeatures?: readonly (string | { readonly name: string })[] };
}

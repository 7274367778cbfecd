/** An EndpointSlice of the Kubernetes API. */

/** An EndpointSlice in the API; the fields used here. */
export interface EndpointSliceObject {
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean };
    readonly targetRef?: { readonly name: string };
  }[];
}

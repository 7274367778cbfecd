import { oneLine } from "../border/foreign-text.ts";
import type { Cluster } from "./cluster.ts";

/** Characters of a name that are kept. */
const nameLimit = 253;

/** The name under which the API server knows us (SelfSubjectReview, KEP-3325), which nobody can make up. */
export async function whoAmI(api: Pick<Cluster, "create">): Promise<string> {
  const review = await api.create<{ status: { userInfo: { username: string } } }>(
    "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    {
      apiVersion: "authentication.k8s.io/v1",
      kind: "SelfSubjectReview",
    },
  );
  return oneLine(review.status.userInfo.username, nameLimit);
}

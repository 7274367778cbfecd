/** The Pulumi package, for Pulumi's Node.js host (PulumiPlugin.yaml). */
import { serve } from "../dist/package/serve.js";

void serve();

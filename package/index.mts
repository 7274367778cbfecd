/** The Pulumi package of this checkout: `pulumi package add <checkout>/package`. */
import { serve } from "./serve.ts";

void serve();

import { both, routed, transformed, type Variant } from "./variant.ts";

export default {
  title: "a route without the rule of the token",
  rule: "token-first",
  message: `a request with the token to / meets rules[0].matches[0]`,
  stack: "canary",
  change: both(
    routed,
    transformed("HTTPRoute", "fop-gate", (props) => {
      props.spec.rules = props.spec.rules.slice(1);
    }),
  ),
} satisfies Variant;

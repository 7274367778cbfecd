#!/usr/bin/env bash
# parse-prometheus-text-format 1.1.1, the common parser of the Prometheus text format for Node.
#
# Two series of one histogram that differ in a label are legal text format and what every HTTP service with a label `route`
# exposes. The parser gives back ONE metric for both, without the label: its buckets are those of the series that came last, and the other
# series is gone without a word. One would expect two metrics with their labels, as it gives for counters.
#
# What gray-release does because of it: analysis/sources/exposition.ts is a parser of its own.
# Seen (printed below): one metric without labels, the buckets of /b alone, and neither sum nor count.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{ "name": "finding", "private": true, "type": "module" }\n' >package.json
npm install --no-audit --no-fund --ignore-scripts --silent parse-prometheus-text-format@1.1.1
cat >finding.mjs <<'JS'
import { createRequire } from "node:module";
const parsed = createRequire(import.meta.url)("parse-prometheus-text-format");
const parse = parsed.default ?? parsed;
const text = `# TYPE request_seconds histogram
request_seconds_bucket{route="/a",le="1"} 3
request_seconds_bucket{route="/a",le="+Inf"} 4
request_seconds_sum{route="/a"} 5
request_seconds_count{route="/a"} 4
request_seconds_bucket{route="/b",le="1"} 10
request_seconds_bucket{route="/b",le="+Inf"} 20
request_seconds_sum{route="/b"} 30
request_seconds_count{route="/b"} 20
`;
console.log(JSON.stringify(parse(text)));
JS
seen=$(node finding.mjs)
echo "$seen"
wanted='[{"name":"request_seconds","help":"","type":"HISTOGRAM","metrics":[{"buckets":{"1":"10","+Inf":"20"}}]}]'
[ "$seen" = "$wanted" ] || { echo "changed" >&2; exit 1; }

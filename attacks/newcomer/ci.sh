set -uo pipefail
for d in "mesh" "l2" "chart --values prod.yaml" "pt --set host=a.b" "nodir" "prod.yaml" "lint"; do
  nice -n 19 patternctl render $d --no-hooks --report ci.json > ci.out 2> ci.err; rc=$?; echo "[$d] rc=$rc out=$(wc -c <ci.out) rows=$(python3 -c "import json;d=json.load(open('ci.json'));print([(r['outcome'],r['reason']) for r in d['components']])" 2>&1 | tail -1) err=$(head -1 ci.err)"; rm -f ci.json
  nice -n 19 patternctl render $d --on-invalid Skip --report ci.json > ci.out 2> ci.err; rc=$?; echo "   Skip rc=$rc out=$(wc -c <ci.out)"; rm -f ci.json
done

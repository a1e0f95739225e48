#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Dashboards and rules: the files, the rules' tests, every query against a Prometheus of its own with a
# synthetic agent, and an alert from there through Alertmanager to a webhook.
# run.sh [URL [EMPTY]]     URL: a Prometheus that scrapes a real agent: asks that too (see queries.py)
# Needs prometheus, prometheus-alertmanager, python3 and python3-yaml. Exit 77: one of them is missing.
# The last line on stdout counts test cases.
set -euo pipefail
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=/usr/bin/python3
passed=0 failed=0

check() { # NAME COMMAND...
  local name=$1 start=$SECONDS log
  shift
  if log=$("$@" 2>&1); then
    passed=$((passed + 1))
    tail -n 1 <<<"$log"
    echo "ok   dashboards: $name ($((SECONDS - start)) s)"
  else
    failed=$((failed + 1))
    echo "$log"
    echo "FAIL dashboards: $name"
  fi
}

exposition_is_clean() { "$python" "$here/synthetic.py" --print | promtool check metrics && echo OK; }

for program in prometheus promtool prometheus-alertmanager; do
  command -v "$program" >/dev/null || { echo "run.sh: skipped: no $program" >&2; exit 77; }
done
"$python" -c 'import yaml' 2>/dev/null || { echo "run.sh: skipped: no python3-yaml" >&2; exit 77; }

check files "$python" "$here/check.py"
check rules "$python" "$here/rules_test.py"
check exposition exposition_is_clean
check queries "$python" "$here/queries.py" --synthetic
check alert "$python" "$here/../e2e/alert_test.py"
if [ $# -gt 0 ]; then check agent "$python" "$here/queries.py" "$1" ${2:+--empty "$2"}; fi

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]

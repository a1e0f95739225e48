#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Costs of a scan with 1,000, 10,000 and 30,000 processes in containers beside what runs anyway; peers' costs.
# run.sh [--quick]     quick: 1,000 processes, few rounds, short lives
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$here/../../build/release/tests/bench
sizes=(1000 10000 30000) rounds=15 lives=60000
case ${1:-} in
  '') ;;
  --quick) sizes=(1000) rounds=5 lives=2000 ;;
  *) echo "run.sh [--quick]" >&2; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || { echo "bench: root is needed: to make namespaces, and to read what is in them" >&2; exit 1; }

work=$(mktemp -d)
trap 'exec 3>&-; wait; rm -rf "$work"' EXIT

cpu_of() { # COMMAND...: milliseconds of CPU, median of three
  local TIMEFORMAT='%U %S'
  for _ in 1 2 3; do
    { time "$@" >/dev/null 2>&1; } 2>&1 | awk '{printf "%.1f\n", ($1 + $2) * 1000}'
  done | sort -n | sed -n 2p
}

ticks_of() { # PID: user and system time so far, in hundredths of a second
  sed 's/^.*) //' "/proc/$1/stat" | awk '{print $12 + $13}'
}

# What a scrape of process-exporter costs per process, in microseconds, median of five: with its
# default flags, all processes in one group. Empty where it is not installed.
process_exporter() { # PROCESSES
  command -v prometheus-process-exporter >/dev/null || return 0
  local config=$work/exporter.yml port=19256 pid before _
  printf 'process_names:\n  - name: all\n    cmdline: [".*"]\n' >"$config"
  prometheus-process-exporter -config.path "$config" -web.listen-address "127.0.0.1:$port" >/dev/null 2>&1 3>&- &
  pid=$!
  for _ in $(seq 100); do
    curl -fso /dev/null "http://127.0.0.1:$port/metrics" && break
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  for _ in 1 2 3 4 5; do
    before=$(ticks_of "$pid")
    curl -fso /dev/null "http://127.0.0.1:$port/metrics" || continue
    echo $((($(ticks_of "$pid") - before) * 10000 / $1))
  done | sort -n | sed -n 3p
  kill "$pid"
  wait "$pid" || true
}

measure() { # PROCESSES
  mkfifo "$work/hold" "$work/ready"
  "$build/bench_population" "$1" <"$work/hold" >"$work/ready" &
  exec 3>"$work/hold"  # Closing it, by whatever end of this script, ends the population.
  local said
  read -r said <"$work/ready"
  printf '\n== %s more processes (%s)\n' "$1" "$said"
  "$build/scan_bench" "$rounds"
  local peer_us
  peer_us=$(process_exporter "$(printf '%s\n' /proc/[0-9]*/exe | wc -l)")
  printf '%-34s %10s us CPU\n' 'process-exporter, per process' "${peer_us:-?}"
  "$build/rescan_bench" "$rounds" ${peer_us:+"$peer_us"}
  local peers=() name
  for name in 'pscap -a' lsns; do
    # shellcheck disable=SC2086 # a command and its option
    if command -v ${name%% *} >/dev/null; then peers+=("$name=$(cpu_of $name)"); else echo "not installed: $name"; fi
  done
  [ -z "$peer_us" ] || peers+=("process-exporter=$((peer_us * $1 / 1000))")
  "$build/record_bench" "$rounds" "${peers[@]}"
  exec 3>&-
  wait
  rm "$work/hold" "$work/ready"
}

printf '%s, %s processors, medians of %s rounds\n' "$(uname -sr)" "$(nproc)" "$rounds"
for size in "${sizes[@]}"; do measure "$size"; done
printf '\n== from an exec to its verdict\n'
"$build/watch_bench" "$lives"
printf '\n== from an exec to its end, by enforcement\n'
for test in 'kill_at_exec_test.py KillAtExec.test_the_forbidden_dies_before_its_first_instruction' \
  'react_test.py React.test_it_is_killed_between_two_looks React.test_by_scan_it_takes_an_interval'; do
  # shellcheck disable=SC2086 # a file and names of tests
  set -- $test
  "$here/../e2e/$1" "$build/../../hullmark" "${@:2}" >"$work/log" 2>&1 || cat "$work/log"
  grep -oE '(kill_at_exec: [0-9]|exec to killed).*' "$work/log" || true  # None where it could not run: said above.
done
printf '\n== metrics\n'
"$build/exposition_bench"
printf '\n== serving\n'
if command -v prometheus >/dev/null; then /usr/bin/python3 "$here/scrape.py" "$build/serve_bench"
else echo "not run: no prometheus"; fi

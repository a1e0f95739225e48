#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The container zoo on this host: up, verify, judge, replay, down, nothing left.
# run_zoo.sh [HULLMARK]     ZOO_KEEP=1: the zoo is up already and stays up
# Exit 77: the zoo cannot run here; the reason is on stderr. The last line on stdout counts test cases.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
hullmark=${1:-$here/../../build/release/hullmark}
zoo=$here/../zoo/zoo.sh
work=$(mktemp -d)
classes=container,pause,sandbox,service,vm
passed=0 failed=0 skipped=0

cannot() { echo "run_zoo: skipped: $*" >&2; exit 77; }

check() { # NAME COMMAND...
  local name=$1 start=$SECONDS
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok   zoo: $name ($((SECONDS - start)) s)"
  else
    failed=$((failed + 1))
    echo "FAIL zoo: $name"
  fi
}

# Living processes of runtimes and their containers, and control groups: what could be left behind.
inventory() {
  local directory
  for directory in /proc/[0-9]*; do
    grep -qs '^State:.[ZX]' "$directory/status" && continue
    echo "process ${directory#/proc/} $(tr '\0' ' ' 2>/dev/null <"$directory/cmdline" | cut -c1-120)"
  done 2>/dev/null | grep -v ' grep ' | grep -E 'conmon|containerd|dockerd|podman|bwrap|unshare|lxc|nspawn|/(suid-)?sleep 1000000' || :
  find /sys/fs/cgroup -mindepth 1 -maxdepth 3 -type d |
    sed -nE '/(zoo|docker|libpod|kubepods|lxc\.)/s/^/cgroup /p'
}

nothing_left() {
  local left
  left=$(comm -13 <(sort "$work/before") <(inventory | sort))
  [ -z "$left" ] || { echo "$left" >&2; return 1; }
}

replays() { # a snapshot judged twice gives the same report, byte for byte
  "$hullmark" snapshot >"$work/host.json" || return 1
  local run
  for run in 1 2; do
    "$hullmark" audit --snapshot "$work/host.json" --format json --verbose |
      sed 's/"generated_at": *"[^"]*"/"generated_at":""/' >"$work/replay.$run" || return 1
  done
  cmp "$work/replay.1" "$work/replay.2" && [ -s "$work/replay.1" ]
}

# What both sources tell of every process, and the reports that are made of it.
sources_agree() {
  local source control
  "$hullmark" audit --source both --output "$work/both" || return 1
  # What filters permit only one of them can tell.
  printf 'controls:\n' >"$work/overrides.yaml"
  for control in SCP-003 SCP-004 SCP-005 SCP-006; do
    printf '  - {id: %s, disabled: true, reason: only bpf tells}\n' "$control" >>"$work/overrides.yaml"
  done
  for source in bpf proc; do
    "$hullmark" --overrides "$work/overrides.yaml" audit --source "$source" --format json --verbose --class "$classes" >"$work/$source.json" || return 1
  done
  "$here/same_reports.py" "$work/bpf.json" "$work/proc.json"
}

check_sources() {
  local why
  why=$("$hullmark" audit --source bpf --format json |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["vantage"].get("source_reason", ""))')
  if [ -n "$why" ]; then
    echo "run_zoo: skipped: records of the kernel: $why"
    skipped=$((skipped + 2))
    return
  fi
  check "sources: the kernel's records and /proc tell the same" sources_agree
  check "judge: through the kernel's records" "$here/judge.py" --hullmark "$hullmark" --zoo "$zoo" --source bpf
}

text_is_printable() { # names and command lines of containers reach no terminal raw
  "$hullmark" audit --format text --color never >"$work/text" || return 1
  [ -s "$work/text" ] && ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$work/text"
}

agent() { "$here/agent_zoo_test.py" "$hullmark" "$1"; }

check_filters() {
  local status=0
  if ! docker inspect zoo-default >/dev/null 2>&1; then
    echo "filters: skipped: docker has no zoo-default here"
    status=77
  else
    "$here/filters_zoo_test.py" "$hullmark" || status=$?
  fi
  case $status in
    77) skipped=$((skipped + 1)) ;;
    *) check "filters: read as the kernel notes them; profiles start containers" [ "$status" = 0 ] ;;
  esac
}

check_watch() {
  local status=0
  if ! docker inspect zoo-default >/dev/null 2>&1; then
    echo "watch: skipped: docker has no zoo-default here"
    status=77
  else
    "$here/watch_test.py" "$hullmark" || status=$?
  fi
  case $status in
    77) skipped=$((skipped + 1)) ;;
    *) check "watch: no life is too short, no right is gained unseen" [ "$status" = 0 ] ;;
  esac
}

check_faults() {
  local status=0
  "$here/faults_test.py" "$hullmark" || status=$?
  case $status in
    77) skipped=$((skipped + 1)) ;;
    *) check "faults: a fork bomb, and kill -9" [ "$status" = 0 ] ;;
  esac
}

check_enforce() {
  local status=0
  "$here/enforce_test.py" "$hullmark" || status=$?
  case $status in
    77) skipped=$((skipped + 1)) ;;
    *) check "enforce: whom a rule means, nobody else, and back byte for byte" [ "$status" = 0 ] ;;
  esac
}

check_enforce_runtimes() {
  local status=0
  "$here/enforce_runtimes_test.py" "$hullmark" || status=$?
  case $status in
    77) skipped=$((skipped + 1)) ;;
    *) check "enforce: the exact victim in each runtime's containers" [ "$status" = 0 ] ;;
  esac
}

# Needs points of death, which a release does not have: the program of the unit tests.
check_deaths() {
  local status=0
  "$here/crash_test.py" "$here/../../build/asan/hullmark" || status=$?
  case $status in
    77) skipped=$((skipped + 1)) ;;
    *) check "crash: kill -9 in the midst of actions, and back byte for byte" [ "$status" = 0 ] ;;
  esac
}

check_hostile_victims() {
  local status=0
  "$here/enforce_hostile_test.py" "$here/../../build/asan/hullmark" || status=$?
  case $status in
    77) skipped=$((skipped + 1)) ;;
    *) check "enforce: victims that mean harm, 500 at once, a number reused, a full disk" [ "$status" = 0 ] ;;
  esac
}

check_ends() {
  local status=0 build="$here/../../build/asan"
  "$here/enforce_end_test.py" "$build/hullmark" "$build/tests/e2e/libshifted_clock.so" || status=$?
  case $status in
    77) skipped=$((skipped + 1)) ;;
    *) check "enforce: agents that end or hang as they act, and clocks that jump" [ "$status" = 0 ] ;;
  esac
}

check_react() {
  local status=0
  "$here/react_test.py" "$hullmark" || status=$?
  case $status in
    77) skipped=$((skipped + 1)) ;;
    *) check "kill_process: between two looks, by event and descriptor" [ "$status" = 0 ] ;;
  esac
}

check_kill_at_exec() {
  local status=0
  "$here/kill_at_exec_test.py" "$hullmark" || status=$?
  case $status in
    77) skipped=$((skipped + 1)) ;;
    *) check "kill_at_exec: no first instruction, and nobody else" [ "$status" = 0 ] ;;
  esac
}

check_agent() {
  local program missing=()
  for program in prometheus promtool prometheus-alertmanager; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "run_zoo: skipped: the agent with Prometheus: no ${missing[*]}"
    skipped=$((skipped + 3))
    return
  fi
  check "agent: it serves what an audit says" agent serves
  check "agent: every query of dashboards and rules has an answer" agent queries
  check "agent: a privileged container is told to a webhook, and that it went" agent alert
}

finish() {
  local status=$?
  [ -n "${ZOO_KEEP:-}" ] || "$zoo" down >/dev/null 2>&1 || :
  rm -rf "$work"
  exit "$status"
}

[ "$(id -u)" = 0 ] || cannot "starting containers needs root"
[ -x "$hullmark" ] || { echo "run_zoo: no program at $hullmark" >&2; exit 1; }
[ "$(readlink /proc/self/ns/pid)" = 'pid:[4026531836]' ] ||
  cannot "this is not the initial pid namespace, the containers would be invisible or wrong"
[ -e /sys/fs/cgroup/cgroup.controllers ] || [ -d /sys/fs/cgroup/pids ] ||
  cannot "no cgroup hierarchy with a pids controller is mounted"
[ -w /sys/fs/cgroup ] || cannot "/sys/fs/cgroup cannot be written"

[ -n "${ZOO_KEEP:-}" ] || inventory >"$work/before"
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# Of a host with few containers: each waits for looks.
check_deaths
check_hostile_victims
check_ends
if [ -z "${ZOO_KEEP:-}" ]; then check up "$zoo" up; fi
check "verify: the kernel shows what was asked for" "$zoo" verify
check "judge: the report says what is so, both ways" "$here/judge.py" --hullmark "$hullmark" --zoo "$zoo" --source proc
check_sources
check "replay: the same snapshot gives the same report" replays
check "text: nothing hostile reaches a terminal" text_is_printable
check_filters
check_watch
check_faults
check_enforce
check_react
check_kill_at_exec
check_enforce_runtimes
check "hostile: containers that mean harm are bounded and judged" "$here/hostile_test.py" "$hullmark"
check_agent
if [ -z "${ZOO_KEEP:-}" ]; then
  check down "$zoo" down
  check "nothing left: no process, no control group" nothing_left
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]

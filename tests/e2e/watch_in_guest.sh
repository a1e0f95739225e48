#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: Apache-2.0
# Inside a small guest whose eight containers are up: what `hullmark watch` tells of programs that run
# in one of them, and of what changes without a program.
# watch_in_guest.sh SOURCE      bpf: of every life; proc_connector: of those that last
set -eu

source=$1
runs=5
container=$(printf vmlab-default | sha256sum | cut -d' ' -f1)  # As /lab/containers.sh names it.
case $source in bpf) program='/bin/true' ;; *) program='/bin/sleep 1' ;; esac
config=$(mktemp)
told=$(mktemp)
words=$(mktemp)
chmod 600 "$config"
printf 'scan: {interval: 1h, full_every: 2h}\nwatch: {source: %s, rescan: 500ms}\n' "$source" >"$config"

hullmark --config "$config" watch --format json >"$told" 2>"$words" &
watcher=$!
trap 'kill -INT "$watcher" 2>/dev/null || true' EXIT

until_true() { # WHAT COMMAND...
  what=$1
  shift
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { echo "watch: not in time: $what"; tail -n 5 "$told" "$words"; exit 1; }
    usleep 100000
  done
}
begun() { grep -q '^watching' "$words"; }
execs_told() {
  [ "$(jq -s '[.[] | select(.schema == "hullmark.live/1" and .executable == "busybox" and .joined)] | length' "$told")" -ge "$runs" ]
}

until_true 'it begins' begun
usleep 1500000  # Until the first picture is the watcher's, and a pass over the rights has been.
if grep -q 'by scans alone' "$words"; then cat "$words"; exit 1; fi
for _ in $(seq "$runs"); do
  # shellcheck disable=SC2086 # a program and its argument
  runc --root /run/lab/runc exec "$container" $program
done
until_true "$runs programs in a container, each by runc exec" execs_told
echo "watch: $source: $(grep -c 'hullmark.live/1' "$told") execs told, $runs of them ours and joined"

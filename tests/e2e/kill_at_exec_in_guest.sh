#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: Apache-2.0
# Inside a small guest whose eight containers are up: this kernel, too, takes the program that kills at
# exec, and what is forbidden dies before its first instruction.
set -eu

runs=5
container=$(printf vmlab-default | sha256sum | cut -d' ' -f1)  # As /lab/containers.sh names it.
folder=$(mktemp -d)
mkdir -m 700 "$folder/state"
cat >"$folder/hullmark.yaml" <<CONFIG
listen: []
scan: {interval: 500ms, full_every: 1s}
state_dir: $folder/state
enforce:
  mode: enforce
  grace_after_start: 0s
  budget: {actions: 100, per: 10m, max_containers_fraction: 1.0}
  rules:
    - name: no-admin
      when: {control: CAP-001}
      select: {cgroup: "/docker/$container"}
      do: [{kill_at_exec: {}}]
CONFIG
chmod 600 "$folder/hullmark.yaml"
hullmark --config "$folder/hullmark.yaml" check-config >/dev/null
hullmark --config "$folder/hullmark.yaml" agent >"$folder/log" 2>&1 &
agent=$!
trap 'kill "$agent" 2>/dev/null || true' EXIT # Where all went well it has been waited for.

is_killed() { # OPTION-OF-RUNC-EXEC...
  status=0
  runc --root /run/lab/runc exec "$@" "$container" /bin/true || status=$?
  [ "$status" = 137 ]
}

tries=0
until is_killed --cap CAP_SYS_ADMIN; do
  tries=$((tries + 1))
  [ "$tries" -lt 30 ] || { echo "kill_at_exec: nothing is killed"; cat "$folder/log"; exit 1; }
  usleep 100000
done
for _ in $(seq "$runs"); do
  is_killed --cap CAP_SYS_ADMIN || { echo "kill_at_exec: one lived"; cat "$folder/log"; exit 1; }
done
if is_killed; then echo "kill_at_exec: what is allowed was killed"; exit 1; fi
kill "$agent"
wait "$agent"
if is_killed --cap CAP_SYS_ADMIN; then echo "kill_at_exec: it outlives the agent"; exit 1; fi
[ "$(grep -c '"action":"kill_at_exec"' "$folder/state/actions.jsonl")" -gt "$runs" ]
echo "kill_at_exec: $runs of $runs on $(uname -r)"

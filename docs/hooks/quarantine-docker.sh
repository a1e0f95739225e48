#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Takes a docker container that violates a control off all its networks; it goes on running, to be
# looked at. Undone by:  docker network connect NETWORK CONTAINER
#
#   - name: quarantine
#     events: [violation_appeared]
#     control: [FS-001, RUN-001]
#     select: {runtime: docker, not: {label: {quarantine: never}}}
#     command: {path: /usr/local/sbin/quarantine-docker.sh, user: hullmark-docker}
#
# The user must be in group docker, and whoever is can become root: make one for this alone.
set -eu

event=$(jq -ec .data) && [ -n "$event" ] || exit 65
[ "$(printf %s "$event" | jq -r .kind)" = violation_appeared ] || exit 0
[ "$(printf %s "$event" | jq -r '.container.runtime // ""')" = docker ] || exit 0
id=$(printf %s "$event" | jq -er .container.id) || exit 65
case $id in *[!0-9a-f]* | '') exit 65 ;; esac

# A container that is gone needs no quarantine.
docker inspect --type container "$id" >/dev/null 2>&1 || exit 0
docker inspect --type container \
  --format '{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}' "$id" |
  while read -r network; do
    case $network in '' | none) continue ;; esac
    if [ "$network" = host ]; then
      echo "$id is in the host's network: it cannot be taken off" >&2
      exit 65
    fi
    docker network disconnect --force "$network" "$id"
  done

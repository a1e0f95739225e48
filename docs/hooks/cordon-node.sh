#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Marks this Kubernetes node so that no more pods are scheduled on it. Those that run stay. Undone by:
#   kubectl uncordon NODE
#
#   - name: cordon
#     events: [violation_appeared]
#     severity: critical
#     select: {namespace: "*"}
#     command: {path: /usr/local/sbin/cordon-node.sh, args: [/etc/hullmark/cordon.kubeconfig], user: hullmark}
#
# The kubeconfig's account needs get and patch of nodes and nothing else; its file belongs to the
# hook's user alone (0600). The node is called after this host, or after the second argument.
set -eu

kubeconfig=$1
event=$(jq -ec .data) && [ -n "$event" ] || exit 65
[ "$(printf %s "$event" | jq -r .kind)" = violation_appeared ] || exit 0
[ -n "$(printf %s "$event" | jq -r '.container.pod // ""')" ] || exit 0

node=${2:-$(uname -n)}
kubectl --kubeconfig "$kubeconfig" cordon "$node"
kubectl --kubeconfig "$kubeconfig" annotate --overwrite node "$node" \
  "hullmark/cordoned-for=$(printf %s "$event" | jq -r '.control.id')" \
  "hullmark/cordoned-at=$(printf %s "$event" | jq -r '.at')"

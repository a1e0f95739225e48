#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Opens an issue for a violation at a tracker that speaks GitHub's or Gitea's API.
#
#   - name: ticket
#     events: [violation_appeared]
#     severity: high
#     command:
#       path: /usr/local/sbin/open-ticket.sh
#       args: ["https://git.example/api/v1/repos/ops/findings/issues", /etc/hullmark/ticket.token]
#       user: hullmark
#
# The token's file belongs to the hook's user alone (0600). A letter that is told twice has the same
# key, which stands in the issue: search for it before you close one as a duplicate.
set -eu

url=$1 token=$2
event=$(jq -ec .data) && [ -n "$event" ] || exit 65
[ "$(printf %s "$event" | jq -r .kind)" = violation_appeared ] || exit 0

issue=$(printf %s "$event" | jq -c --arg key "${HULLMARK_KEY:-}" '{
  title: "\(.control.id) on \(.container.name // "the host"): \(.control.title)",
  body: "Severity: \(.severity)\nContainer: \(.container.id // "-")\nImage: \(.container.image // "-")\nSeen: \(.at)\n\n    \(.evidence)\n\nkey: \($key)"}')

# The token is no argument: those are everybody's to read.
printf 'header = "Authorization: token %s"\n' "$(cat "$token")" |
  curl --fail --silent --show-error --max-time 20 --output /dev/null \
    --header 'Content-Type: application/json' --config - --data-binary @/dev/fd/3 "$url" 3<<I
$issue
I

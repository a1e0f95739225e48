#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tells a channel of Slack, Mattermost or whatever takes Slack's incoming webhooks.
#
#   - name: chat
#     severity: high
#     command: {path: /usr/local/sbin/slack.sh, args: [/etc/hullmark/slack.url], user: hullmark}
#
# The file holds the webhook's URL, which is a secret: it belongs to the hook's user alone (0600).
set -eu

url=$1
event=$(jq -ec .data) && [ -n "$event" ] || exit 65
text=$(printf %s "$event" | jq -c '
  def plain: gsub("&"; "&amp;") | gsub("<"; "&lt;") | gsub(">"; "&gt;") | gsub("[`*~]"; "");
  {text: "\(.kind | gsub("_"; " ")): *\(.control.id // "")* \(.severity // "") on \(.container.name // "the host" | plain)\n\(.evidence // "" | plain)"}')

# Neither the URL nor the text is an argument: those are everybody's to read.
printf 'url = "%s"\n' "$(cat "$url")" |
  curl --fail --silent --show-error --max-time 20 --output /dev/null \
    --header 'Content-Type: application/json' --config - --data-binary @/dev/fd/3 3<<T
$text
T

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The package in its own Debian: from a bare system to one where nothing is left of it.
# package_in_guest.sh PACKAGE.deb NEWER.deb
# Changes the system it runs on in all ways: for a guest that is thrown away (run_vm.sh package).
# shellcheck disable=SC2317,SC2086,SC2119,SC2120 # check() calls them; names of units have no blanks
set -uo pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
package=$1 newer=$2
url=http://127.0.0.1:9723
config=/etc/hullmark/hullmark.yaml
events=/var/log/hullmark/events.jsonl
inspector=hullmark.service gateway=hullmark-gateway.service
units=("$inspector" "$gateway" hullmark-gateway.socket)
failed=0

check() { # NAME COMMAND...
  local name=$1 start=$SECONDS
  shift
  if "$@"; then echo "ok   package: $name ($((SECONDS - start)) s)"
  else
    failed=$((failed + 1))
    echo "FAIL package: $name"
    systemctl --no-pager status "${units[@]}" 2>&1 | tail -n 60
    journalctl --no-pager -n 60 -o short-monotonic 2>&1
  fi
}

eventually() { # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || { echo "never: $*" >&2; return 1; }
    sleep 0.3
  done
}

ready() { curl -sf "$url/readyz" >/dev/null; }
pid_of() { systemctl show -p MainPID --value "$1"; }
active() { systemctl -q is-active "$@"; }
metric() { curl -sf "$url/metrics" | grep -E "^$1[ {]"; }
metric_is() { [ "$(metric "$1" | awk '{print $NF}')" = "$2" ]; }
came_back() { # UNIT FORMER-PID
  local pid
  pid=$(pid_of "$1")
  [ "$pid" != 0 ] && [ "$pid" != "$2" ] && active "$1"
}

# What a file system has of us, the copies of this test aside.
traces() {
  find / -xdev \( -path /opt/tests -o -path /root -o -path /proc -o -path /var/log/journal \) -prune -o \
    -name '*hullmark*' -print
  find /run -xdev -name '*hullmark*' -not -path '/run/systemd/*' -not -path '/run/log/*'
  getent passwd hullmark
  getent group hullmark
  grep -s hullmark /sys/kernel/security/apparmor/profiles
  systemctl list-units --all --no-legend '*hullmark*' | grep -v not-found
}

bare() { [ -z "$(traces)" ]; }

installs() {
  apt-get install -qq -y "$package" >/tmp/install.log 2>&1 || { cat /tmp/install.log; return 1; }
  active "${units[@]}" && ! active hullmark-audit.timer && eventually 30 ready
}

is_confined() {
  [ "$(cat "/proc/$(pid_of $inspector)/attr/current")" = 'hullmark-inspector (enforce)' ] || return 1
  [ "$(cat "/proc/$(pid_of $gateway)/attr/current")" = 'hullmark-gateway (enforce)' ] || return 1
  # CAP_DAC_READ_SEARCH is 2, CAP_NET_ADMIN 12, CAP_SYS_PTRACE 19, CAP_PERFMON 38, CAP_BPF 39.
  grep -q '^CapEff:.000000c000081004$' "/proc/$(pid_of $inspector)/status" || return 1
  grep -q '^CapEff:.0000000000000000$' "/proc/$(pid_of $gateway)/status" || return 1
  [ "$(stat -c %U "/proc/$(pid_of $gateway)/stat")" = root ] || return 1 # Not dumpable.
  [ "$(ps -o user= -p "$(pid_of $gateway)")" = hullmark ]
}

watches() {
  metric_is 'hullmark_feature_ok.feature="bpf".' 1 && metric_is 'hullmark_feature_ok.feature="watch".' 1 &&
    metric 'hullmark_events_total.kind="exec".'
}

exposure_at_most() { # UNIT LIMIT
  local figure
  figure=$(systemd-analyze security --no-pager "$1" | sed -nE 's/.*Overall exposure level for [^:]*: ([0-9.]+) .*/\1/p')
  echo "systemd-analyze security $1: $figure (at most $2)"
  awk -v figure="$figure" -v limit="$2" 'BEGIN {exit !(figure != "" && figure <= limit)}'
}

exposures() {
  exposure_at_most $gateway 1.5 && exposure_at_most $inspector 2.2 && exposure_at_most hullmark-audit.service 2.2
}

verifies() {
  local said
  said=$(systemd-analyze verify --man=no /lib/systemd/system/hullmark* 2>&1)
  echo "$said"
  [ -z "$said" ]
}

judges_services() { curl -sf "$url/api/v1/containers" | jq -e 'any(.containers[]; .class == "service")' >/dev/null; }

reloads() {
  sed -i 's/^classes: .*/classes: [container, pause, sandbox, service, vm]/; s/^  interval: 15s/  interval: 2s /' $config
  systemctl reload hullmark && eventually 30 metric_is hullmark_config_last_reload_successful 1 || return 1
  eventually 30 judges_services || return 1
  cp $config /tmp/good.yaml
  echo 'clases: []' >>$config
  systemctl reload hullmark
  eventually 30 metric_is hullmark_config_last_reload_successful 0 || return 1
  cp /tmp/good.yaml $config
  systemctl reload hullmark && eventually 30 metric_is hullmark_config_last_reload_successful 1
}

# Who tells of processes, and why.
told_by() { # SOURCE REASON
  curl -sf "$url/api/v1/report" | jq -c '.vantage | {source, source_reason, problems}'
  curl -sf "$url/api/v1/report" |
    jq -e --arg source "$1" --arg reason "$2" \
      '.vantage | .source == $source and (.source_reason // "" | contains($reason))' >/dev/null
}
records_tell() { told_by bpf '' && metric_is 'hullmark_feature_ok.feature="bpf".' 1; }
narrower() {
  local drop_in=/etc/systemd/system/hullmark.service.d/narrow.conf reason='CAP_BPF and CAP_PERFMON are missing'
  mkdir -p "${drop_in%/*}"
  printf '[Service]\nCapabilityBoundingSet=\nCapabilityBoundingSet=%s\n' \
    'CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_NET_ADMIN' >$drop_in
  systemctl daemon-reload && systemctl restart $inspector && eventually 30 ready &&
    eventually 30 told_by proc "$reason" && journalctl -q -u $inspector | grep -q "$reason" || return 1
  rm -r "${drop_in%/*}"
  systemctl daemon-reload && systemctl restart $inspector && eventually 30 ready && eventually 30 records_tell
}

survives_kill() { # UNIT: it is back with a picture
  local before
  before=$(pid_of "$1")
  kill -KILL "$before"
  eventually 30 came_back "$1" "$before" && eventually 30 ready
}

# While one of them is away the other goes on.
gateway_serves_alone() {
  systemctl stop $inspector
  curl -sf "$url/metrics" | grep -q '^hullmark_build_info' && active $gateway || return 1
  local before
  before=$(pid_of $gateway)
  systemctl start $inspector && eventually 30 ready && [ "$(pid_of $gateway)" = "$before" ]
}
scans() { metric 'hullmark_scans_total.result="ok".' | awk '{print $NF}'; }
inspector_scans_alone() {
  local before pid
  before=$(scans) pid=$(pid_of $inspector)
  systemctl stop $gateway hullmark-gateway.socket
  sleep 10 # Five intervals.
  ! ready && systemctl start hullmark-gateway.socket $gateway && eventually 60 ready || return 1
  echo "scans: $before before, $(scans) after"
  [ "$(pid_of $inspector)" = "$pid" ] && [ "$(scans)" -ge $((before + 4)) ]
}

watchdog_acts() { # on both at once
  local one two
  one=$(pid_of $inspector) two=$(pid_of $gateway)
  kill -STOP "$one" "$two"
  eventually 120 came_back $inspector "$one" && eventually 120 came_back $gateway "$two" || return 1
  journalctl -q -u $inspector | grep -q 'Watchdog timeout' && eventually 60 ready
}

another_address() {
  sed -i 's/^listen: .*/listen: [127.0.0.1:9723, unix:\/run\/hullmark\/http.sock]/' $config
  systemctl restart $inspector
  eventually 30 curl -sf --unix-socket /run/hullmark/http.sock http://x/readyz
}

# Every id once and in order, whatever was killed; and what happened meanwhile is told.
no_event_lost() { # KIND...
  python3 - "$events" "$@" <<'P'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
ids = [line["id"] for line in lines]
assert ids == list(range(1, len(ids) + 1)), ids
appeared = [line["container"]["id"] for line in lines if line["kind"] == "container_appeared"]
gone = {line["container"]["id"] for line in lines if line["kind"] == "container_gone"}
again = {one for one in appeared if appeared.count(one) > 1 and one not in gone}
assert not again, f"told twice: {again}"
for name in sys.argv[2:]:
    told = [line for line in lines if line["kind"] == "container_appeared" and line["container"]["name"] == name]
    assert len(told) == 1, (name, told)
print(f"{len(ids)} events, none lost, none repeated")
P
}

killed_while_containers_come() {
  local round
  for round in 1 2 3; do
    docker run -d --name "event-$round" localhost/zoo-busybox:1 sleep 1000000 >/dev/null || return 1
    kill -KILL "$(pid_of $inspector)" "$(pid_of $gateway)"
    eventually 60 ready || return 1
  done
  sleep 6
  eventually 30 no_event_lost event-1 event-2 event-3 || return 1
  docker rm -f event-1 event-2 event-3 >/dev/null
}

# ---- hooks ----

heard=/tmp/heard
receives() { # What is posted to port 9901, a line for each.
  python3 - $heard <<'P' &
import http.server, sys

class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        with open(sys.argv[1], "ab") as heard:
            heard.write(self.rfile.read(int(self.headers["Content-Length"])) + b"\n")
        self.send_response(204)
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", 9901), Receiver).serve_forever()
P
  receiver=$!
}
courier_is_confined() {
  local pid
  pid=$(pid_of hullmark-courier.service)
  [ "$(cat "/proc/$pid/attr/current")" = 'hullmark-courier (enforce)' ] || return 1
  grep -q '^CapEff:.0000000000000000$' "/proc/$pid/status" && [ "$(ps -o user= -p "$pid")" = hullmark ]
}
hooks_tell() { # PROFILE-OF-THE-INSPECTOR
  rm -f $heard
  receives
  sed -i 's|^hooks: .*|hooks: [{name: receiver, events: [container_appeared], webhook: {url: "http://127.0.0.1:9901/"}}, {name: program, events: [container_appeared], command: {path: /usr/bin/true}}]|' $config
  systemctl reload hullmark && eventually 30 metric_is hullmark_config_last_reload_successful 1 || return 1
  [ "$(cat "/proc/$(pid_of $inspector)/attr/current")" = "$1 (enforce)" ] || return 1
  docker run -d --name hooked localhost/zoo-busybox:1 sleep 1000000 >/dev/null || return 1
  eventually 60 grep -qs '"name": *"hooked"' $heard || return 1
  eventually 60 metric 'hullmark_hook_deliveries_total.hook="program",result="delivered".' || return 1
  courier_is_confined || return 1
  docker rm -f hooked >/dev/null
  sed -i 's|^hooks: .*|hooks: []|' $config
  systemctl reload hullmark
  kill $receiver
}

# ---- enforcement ----

drop_in=/etc/systemd/system/hullmark.service.d/hullmark-enforce.conf
hands_are_allowed() {
  install -D -m 644 /usr/share/hullmark/systemd/hullmark-enforce.conf $drop_in && systemctl daemon-reload
}
hands_are_forbidden() { rm -r "${drop_in%/*}" && systemctl daemon-reload; }
hooks_tell_beside_hands() {
  hands_are_allowed && systemctl restart $inspector && eventually 60 ready && hooks_tell hullmark-enforcer &&
    hands_are_forbidden
}
limits_of() { (cd "$1" && cat cpu.max pids.max cgroup.freeze); }
is_frozen() { grep -q '^frozen 1$' "$1/cgroup.events"; }
limits_are() { [ "$(limits_of "$1")" = "$2" ]; }

# As docs/enforcement.md says; then every process of the agent is killed.
hands_let_go() {
  local place before began
  docker run -d --name victim --cap-add SYS_ADMIN --pids-limit 100 localhost/zoo-busybox:1 sleep 1000000 >/dev/null || return 1
  place=/sys/fs/cgroup$(cut -d: -f3 "/proc/$(docker inspect -f '{{.State.Pid}}' victim)/cgroup")
  before=$(limits_of "$place")
  hands_are_allowed || return 1
  sed -i 's|^  mode: off |  mode: enforce |; s|^  grace_after_start: 2m|  grace_after_start: 20s|; s|^  rules: .*|  rules: [{name: test, when: {control: CAP-001}, select: {name: victim}, do: [{throttle: {cpu: 10%, pids: current+8}, next_after: 1s}, {freeze: {}}]}]|' $config
  hullmark check-config --config $config | grep -q 'victim' || return 1
  systemctl restart $inspector && eventually 90 is_frozen "$place" || return 1
  [ "$(cat "/proc/$(pid_of $inspector)/attr/current")" = 'hullmark-enforcer (enforce)' ] || return 1
  limits_of "$place"
  ! limits_are "$place" "$before" || return 1
  systemctl kill --kill-who=all --signal=KILL $inspector
  began=$SECONDS
  eventually 30 limits_are "$place" "$before" || return 1
  echo "killed with -9, every process: thawed, and its limits as they were, after $((SECONDS - began)) s"
  cp /tmp/edited.yaml $config
  hands_are_forbidden && systemctl restart $inspector && eventually 30 ready && limits_are "$place" "$before" || return 1
  docker rm -f victim >/dev/null
}

# The scope of a container is systemd's: what the agent sets outlives a reload of it, and an undo of ours.
pids_are() { [ "$(cat "$1/pids.max")" = "$2" ]; }
properties_of() { systemctl show -p TasksMax -p CPUQuotaPerSecUSec -p MemoryHigh "$1"; }
hands_go_through_systemd() {
  local place unit before properties
  docker run -d --name scoped --cap-add SYS_ADMIN --pids-limit 100 -m 64m localhost/zoo-busybox:1 sleep 1000000 >/dev/null || return 1
  place=/sys/fs/cgroup$(cut -d: -f3 "/proc/$(docker inspect -f '{{.State.Pid}}' scoped)/cgroup")
  unit=${place##*/}
  case $unit in docker-*.scope) ;; *) echo "no scope of systemd's: $place"; return 1 ;; esac
  before=$(cd "$place" && cat cpu.max cpu.weight pids.max memory.{min,low,high,max,swap.max,oom.group}) properties=$(properties_of "$unit")
  hands_are_allowed || return 1
  sed -i 's|^  mode: off |  mode: enforce |; s|^  grace_after_start: 2m|  grace_after_start: 5s|; s|^  rules: .*|  rules: [{name: scope, when: {control: CAP-001}, select: {name: scoped}, do: [{throttle: {cpu: 10%, pids: 20, memory_high: 50%}}]}]|' $config
  sed -i 's|^  budget: {actions.*|  budget: {actions: 9, per: 10m, max_containers_fraction: 1.0}|' $config  # The test before has spent of it.
  systemctl restart $inspector && eventually 90 pids_are "$place" 20 || return 1
  curl -sf "$url/api/v1/actions" | jq -r '.actions[].text'
  properties_of "$unit"
  [ "$(systemctl show -p TasksMax --value "$unit")" = 20 ] || return 1
  systemctl daemon-reload
  sleep 3
  pids_are "$place" 20 && [ "$(cat "$place/cpu.max")" = '10000 100000' ] || return 1
  # Nobody sets it again behind the test's back.
  cp /tmp/edited.yaml $config
  hands_are_forbidden
  hullmark undo --all || return 1
  [ "$(properties_of "$unit")" = "$properties" ] || { properties_of "$unit"; return 1; }
  systemctl restart $inspector && eventually 30 ready && systemctl daemon-reload || return 1
  [ "$(cd "$place" && cat cpu.max cpu.weight pids.max memory.{min,low,high,max,swap.max,oom.group})" = "$before" ] || return 1
  docker rm -f scoped >/dev/null
}

judged() {
  curl -sf "$url/api/v1/report" >/tmp/report.json && "$tests/e2e/judge.py" --hullmark /usr/bin/hullmark --report /tmp/report.json
}
zoo_is_judged() {
  "$tests/zoo/zoo.sh" verify || return 1
  sleep 6 # Three intervals.
  judged
}

one_shot_report() {
  systemctl start hullmark-audit.service && jq -e '.schema == "hullmark.report/1"' /var/lib/hullmark-audit/report.json >/dev/null
}

# Not one: what the agent needs it has. And one would have been seen.
denials() { journalctl -k -q --no-pager | grep -E 'apparmor="DENIED".*profile="hullmark' | sort -u; }
is_denied() { [ -n "$(denials)" ]; }
no_denials() {
  denials | head -n 20
  ! is_denied || return 1
  ! aa-exec -p hullmark-gateway -- cat /etc/hostname && eventually 10 is_denied
}

upgrades() {
  local state before
  before=$(tail -n 1 $events)
  apt-get install -qq -y "$newer" >/tmp/upgrade.log 2>&1 || { cat /tmp/upgrade.log; return 1; }
  eventually 60 ready && active "${units[@]}" || return 1
  cmp $config /tmp/edited.yaml || return 1
  grep -qF "$before" $events || return 1
  state=$(jq -r .schema /var/lib/hullmark/state.json)
  [ "${state%/*}" = hullmark.state ] && no_event_lost
}

removes() {
  apt-get remove -qq -y hullmark >/tmp/remove.log 2>&1 || { cat /tmp/remove.log; return 1; }
  ! pgrep -x hullmark && ! pgrep -x hullmark-gw && ! curl -s "$url/healthz" && [ -e $config ] && [ -e $events ]
}

purges() {
  apt-get purge -qq -y hullmark >/tmp/purge.log 2>&1 || { cat /tmp/purge.log; return 1; }
  systemctl daemon-reload
  systemctl reset-failed
  traces
  bare
}

check "a bare system" bare
check "installs, starts, serves" installs
check "AppArmor in enforce mode, five capabilities, none" is_confined
check "the kernel tells of processes" eventually 30 watches
check "the kernel's records tell of processes" eventually 30 records_tell
check "without their capabilities /proc does, and the reason is told" narrower
check "units verify" verifies
check "exposure" exposures
check "reload: all or nothing" reloads
check "a killed gateway comes back" survives_kill $gateway
check "a killed inspector comes back" survives_kill $inspector
check "the gateway serves while there is no inspector" gateway_serves_alone
check "the inspector scans while there is no gateway" inspector_scans_alone
check "the watchdog restarts what hangs" watchdog_acts
check "another address" another_address
cp $config /tmp/edited.yaml
check "the zoo comes up" "$tests/zoo/zoo.sh" up
check "the zoo is judged right by the packaged agent" zoo_is_judged
check "kill -9 of both while containers come: no event lost" killed_while_containers_come
check "hooks: a webhook by the courier, a program as a user" hooks_tell hullmark-inspector
check "hooks: the same of an inspector that may act" hooks_tell_beside_hands
check "enforcement: nothing outlives an agent that was killed" hands_let_go
check "enforcement: a scope of systemd's keeps its limits over a reload" hands_go_through_systemd
check "one report" one_shot_report
check "no denials" no_denials
check "upgrade keeps state and configuration" upgrades
check "remove" removes
check "purge leaves nothing" purges
exit "$failed"

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What this host may not have, in Debian guests: AppArmor, cgroup v2, systemd, other kernels.
# run_vm.sh small|full|zoo [HULLMARK]
# run_vm.sh package PACKAGE.deb
#   small  two kernels, the lab's eight containers
#   full   Debian 12 with systemd, one container of every kind of the zoo
#   zoo    as full, with the whole zoo
#   package  Debian 12 with systemd: the package from its installation to its purge, over one of every kind
# Exit 77: no guest can run here; the reason is on stderr. The last line on stdout counts test cases.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
hullmark=${2:-$here/../../build/release/hullmark}
vmlab=$here/../vmlab/vmlab.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
one_of_every_kind='^zoo-(default|privileged|gold|drift|kubepods|runc|crun|ctr|cri|lxc|rootless|unshare|read-iops|fork-nolimit|pm-(default|gold|userns|drift)|aa-unconfined)$'

cannot() { echo "run_vm: skipped: $*" >&2; exit 77; }

check() { # NAME COMMAND...
  local name=$1 start=$SECONDS
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok   vm: $name ($((SECONDS - start)) s)"
  else
    failed=$((failed + 1))
    echo "FAIL vm: $name"
  fi
}

small_once() { # KERNEL-PACKAGE
  local classes=container,pause,sandbox,vm overlay=$work/watch
  mkdir -p "$overlay/opt"
  cp "$here/watch_in_guest.sh" "$here/kill_at_exec_in_guest.sh" "$overlay/opt/"
  VMLAB_KERNEL=$1 "$vmlab" run --overlay "$overlay" --bin "$hullmark:/usr/local/bin/hullmark" --timeout 180 --get /tmp/want.json:"$work/want.json" \
    --get /tmp/report.json:"$work/report.json" --get /tmp/exec.status:"$work/exec.status" -- "
      /lab/containers.sh up >/tmp/want.json && /lab/containers.sh verify || exit 3
      cat /proc/\$(cat /run/lab/exec.pid)/status >/tmp/exec.status || exit 3
      hullmark audit --source both --output /tmp/both || exit 4
      /opt/watch_in_guest.sh bpf && /opt/watch_in_guest.sh proc_connector || exit 5
      /opt/kill_at_exec_in_guest.sh || exit 6
      hullmark audit --format json --verbose --class $classes >/tmp/report.json
      jq -e '.vantage.source == \"bpf\" and ([.vantage.problems[].id | select(startswith(\"seccomp\"))] == [])' \
        /tmp/report.json" || return
  "$here/judge_lab.py" "$work/want.json" "$work/report.json" "$work/exec.status"
}

# A kernel that lets nobody read its memory: /proc tells all, and the report says why.
locked_down() {
  "$vmlab" run --bin "$hullmark:/usr/local/bin/hullmark" --timeout 120 --append lockdown=confidentiality -- '
      hullmark audit --format json >/tmp/report.json || exit 3
      jq -c .vantage /tmp/report.json
      jq -e '"'"'.vantage.source == "proc" and (.vantage.source_reason | contains("locked down"))'"'"' /tmp/report.json &&
      ! hullmark audit --source both'
}

# On a busy host a processor that is emulated may hang for minutes; its kernel says "soft lockup", or
# gives up at boot for want of a timer.
small() { # COMMAND...
  local status=0
  "$@" || status=$?
  case $status in 124 | 125) ;; *) return "$status" ;; esac
  echo "vm: the guest hung: once more"
  "$@"
}

full() { # ZOO_ONLY
  local overlay=$work/overlay
  mkdir -p "$overlay/opt/tests"
  cp -r "$here/../zoo" "$here/../e2e" "$overlay/opt/tests/"
  cc -O1 -static -o "$overlay/opt/tests/e2e/waits" "$here/waits.c" || return
  "$vmlab" run --full --bin "$hullmark:/usr/local/bin/hullmark" --overlay "$overlay" --env "ZOO_ONLY=$1" --timeout 1800 -- '
    cd /opt/tests && zoo/zoo.sh up && zoo/zoo.sh verify && e2e/judge.py --hullmark /usr/local/bin/hullmark &&
    hullmark audit --source both --output /tmp/both && e2e/enforce_test.py /usr/local/bin/hullmark &&
    e2e/enforce_runtimes_test.py /usr/local/bin/hullmark && e2e/react_test.py /usr/local/bin/hullmark'
}

# The same package with a higher version.
newer_than() { # PACKAGE.deb NEWER.deb
  dpkg-deb -R "$1" "$work/newer" &&
    sed -Ei 's/^(Version: .*)$/\1+newer/' "$work/newer/DEBIAN/control" &&
    dpkg-deb --root-owner-group -b "$work/newer" "$2" >/dev/null
}

package() { # PACKAGE.deb
  local overlay=$work/overlay status
  mkdir -p "$overlay/opt/tests" "$overlay/root"
  cp -r "$here/../zoo" "$here/../e2e" "$overlay/opt/tests/"
  cp "$1" "$overlay/root/hullmark.deb"
  newer_than "$1" "$overlay/root/newer.deb" || return 1
  "$vmlab" run --full --overlay "$overlay" --env "ZOO_ONLY=$one_of_every_kind" --timeout 1800 -- \
    /opt/tests/e2e/package_in_guest.sh /root/hullmark.deb /root/newer.deb | tee "$work/package.out"
  status=${PIPESTATUS[0]}
  passed=$((passed + $(grep -c '^ok   package: ' "$work/package.out")))
  failed=$((failed + $(grep -c '^FAIL package: ' "$work/package.out")))
  return "$status"
}

[ -x "$hullmark" ] || [ "$1" = package ] || { echo "run_vm: no program at $hullmark" >&2; exit 1; }
[ "$(uname -m)" = x86_64 ] || cannot "the guests are x86-64"
command -v dpkg-deb >/dev/null || cannot "the guests are made of Debian packages"
if [ "$(id -u)" != 0 ]; then
  command -v qemu-system-x86_64 >/dev/null || cannot "qemu-system-x86_64 is missing, and installing it needs root"
  [ "$1" = small ] || cannot "the full guest is built as root"
fi
case $1 in small) guest=() ;; *) guest=(--full) ;; esac
"$vmlab" build "${guest[@]}" || cannot "the guest could not be built (see above)"

case $1 in
  small)
    check "Debian 6.1: AppArmor, cgroup v2, both sources, the watcher, kill_at_exec" small small_once linux-image-cloud-amd64
    check "Debian 6.12: AppArmor, cgroup v2, both sources, the watcher, kill_at_exec" small small_once linux-image-6.12-cloud-amd64
    check "Debian 6.1, locked down: /proc tells, with the reason" small locked_down
    ;;
  full) check "systemd, one container of every kind" full "$one_of_every_kind" ;;
  zoo) check "systemd, the whole zoo" full . ;;
  package) check "the package" package "$hullmark" ;;
  *) echo "run_vm.sh small|full|zoo [HULLMARK], package PACKAGE.deb" >&2; exit 2 ;;
esac
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]

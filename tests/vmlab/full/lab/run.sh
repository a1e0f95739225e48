#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs the command that came with this boot, hands results back, powers off. Started by
# vmlab.service once multi-user.target is there.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8
up() { local u; read -r u _ </proc/uptime; echo "$u"; }
for p in /sys/class/virtio-ports/*; do
  read -r n <"$p/name"
  case $n in
    vmlab.ctl) CTL=/dev/${p##*/} ;;
    vmlab.out) OUT=/dev/${p##*/} ;;
    vmlab.err) ERR=/dev/${p##*/} ;;
    vmlab.tar) TAR=/dev/${p##*/} ;;
  esac
done
exec 9>"$CTL"
echo "ready $(up)" >&9
read -r LIMIT </lab/run/limit
t0=$SECONDS rc=125
cd /root || exit
if [ -f /lab/run/cmd ]; then
  timeout -s TERM -k 5 "$LIMIT" bash /lab/run/cmd </dev/null >"$OUT" 2>"$ERR" 9>&-
  rc=$?
fi
# 124 also where the command had to be killed, or ended by itself on TERM
case $rc in 137|143) [ $((SECONDS - t0)) -lt "$LIMIT" ] || rc=124 ;; esac
echo "exit $rc $(up)" >&9
if [ -s /lab/run/get ]; then
  files=()
  while IFS= read -r f; do
    if [ -e "$f" ]; then files+=("${f#/}"); else echo "missing $f" >&9; fi
  done </lab/run/get
  [ ${#files[@]} = 0 ] || tar -C / -cf - "${files[@]}" >"$TAR" 2>/dev/null || echo "tar failed" >&9
fi
echo "done $(up)" >&9
exec 9>&-
exec systemctl poweroff --force --force

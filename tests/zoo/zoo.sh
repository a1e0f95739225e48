#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# zoo.sh - a matrix of real containers with known hardening settings.
#
#   zoo.sh up        install what is needed, start every case (idempotent)
#   zoo.sh down      stop and remove everything that `up` started
#   zoo.sh list      one line per case: name, runtime, pid, state
#   zoo.sh expect    JSON array: what each running container was started with
#   zoo.sh verify    compare `expect` with /proc and cgroupfs (self-test)
#   zoo.sh install   only install the packages
#
# Everything is offline apart from apt-get. See README.md next to this file.
#
# Environment:
#   ZOO_STATE        state folder            (default /var/lib/zoo)
#   ZOO_ENGINE       docker | podman: engine of the cases that do not need a
#                    particular one          (default docker)
#   ZOO_ONLY         extended regex: only the cases whose name matches
#   ZOO_NSPAWN=1     also start a systemd-nspawn container
#   ZOO_DEBIAN=1     also build a debootstrap (minbase) image, ~30 s, 210 MB
#   ZOO_NO_INSTALL=1 never call apt-get
#   ZOO_JOBS         containers started at the same time (default 4)
#
# Words are split on purpose where a list of ids, pids or options travels in one variable (SC2086);
# counts of our own state files need no find (SC2012); `A && B || C` is used where C may follow B (SC2015).
# shellcheck disable=SC2086,SC2012,SC2015
set -u -o pipefail
export LC_ALL=C

STATE=${ZOO_STATE:-/var/lib/zoo}
ENGINE=${ZOO_ENGINE:-docker}
ONLY=${ZOO_ONLY:-.}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
IMAGE=localhost/zoo-busybox:1
DEBIMAGE=localhost/zoo-debian:1
CTRD_SOCK=/run/containerd/containerd.sock
DOCKER_SOCK=/var/run/docker.sock
RL_USER=zoo-rootless
RL_UID=47011
POD_UID=5c0ffee0-1111-4222-8333-00000000c001
CRI_POD_UID=5c0ffee0-1111-4222-8333-00000000c002
SLEEP=1000000
JOBS=${ZOO_JOBS:-4}

log() { printf 'zoo: %s\n' "$*" >&2; }
die() { log "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# ---------------------------------------------------------------- packages --
PKGS=(runc crun podman docker.io containerd lxc bubblewrap busybox-static
      uidmap jq python3-grpcio coreutils util-linux)

do_install() {
    local p missing=() rcd=
    for p in "${PKGS[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
    done
    [ -n "${ZOO_DEBIAN:-}" ] && ! have debootstrap && missing+=(debootstrap)
    if [ ${#missing[@]} -gt 0 ]; then
        [ -n "${ZOO_NO_INSTALL:-}" ] && die "missing packages: ${missing[*]}"
        log "installing: ${missing[*]}"
        # Keep the packages from starting their services.
        if [ ! -e /usr/sbin/policy-rc.d ]; then
            printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
            chmod 755 /usr/sbin/policy-rc.d
            rcd=1
        fi
        DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install -y \
            --no-install-recommends "${missing[@]}" </dev/null >"$STATE/apt.log" 2>&1 || {
            # a fresh machine may have no package lists yet
            apt-get -q -o DPkg::Lock::Timeout=300 update </dev/null >>"$STATE/apt.log" 2>&1
            DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install -y \
                --no-install-recommends "${missing[@]}" </dev/null >>"$STATE/apt.log" 2>&1
        }
        local rc=$?
        [ -n "$rcd" ] && rm -f /usr/sbin/policy-rc.d
        [ $rc = 0 ] || { tail -5 "$STATE/apt.log" >&2; die "apt-get failed, see $STATE/apt.log"; }
    fi
    if [ -n "${ZOO_NSPAWN:-}" ] && ! have systemd-nspawn && [ ! -x "$STATE/nspawn/usr/bin/systemd-nspawn" ]; then
        # unpacked privately: installing the package may upgrade systemd itself
        mkdir -p "$STATE/nspawn"
        (cd "$STATE/nspawn" && apt-get download -q systemd-container >/dev/null 2>&1 &&
            dpkg -x systemd-container_*.deb . && rm -f systemd-container_*.deb) ||
            log "systemd-container could not be fetched"
    fi
}

# ------------------------------------------------------------ capabilities --
CAPN=(CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP
      LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK
      IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
      SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
      AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM
      BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE)
CAP_DOCKER=00000000a80425fb
CAP_PODMAN=00000000800405fb
CAP_HOST=$(awk '/^CapBnd/{print $2}' /proc/self/status)

# caps_hex BASE [+NAME|-NAME ...]
caps_hex() {
    local v=$((16#$1)) a i
    shift
    for a; do
        for i in "${!CAPN[@]}"; do
            [ "${CAPN[$i]}" = "${a:1}" ] || continue
            case $a in
                +*) v=$((v | (1 << i))) ;;
                -*) v=$((v & ~(1 << i))) ;;
            esac
        done
    done
    printf '%016x' "$v"
}

# What --privileged means: podman gives the bounding set; docker gives its own
# list, which before version 23 ends at AUDIT_READ (no PERFMON, BPF, CHECKPOINT_RESTORE).
CAP_ALL=$CAP_HOST
set_cap_all() {
    local v
    [ "$ENGINE" = docker ] || return 0
    v=$(DK version -f '{{.Server.Version}}' 2>/dev/null)
    [ "${v%%.*}" -lt 23 ] 2>/dev/null && CAP_ALL=$(caps_hex "$CAP_HOST" -PERFMON -BPF -CHECKPOINT_RESTORE)
    return 0
}

# An OCI runtime that asks only for capabilities which this host has.
# runc 1.1 fails with "unable to apply caps: operation not permitted" when a
# daemon asks for all 41 and the host's bounding set lacks one of them.
write_runtime_wrapper() {
    mkdir -p "$STATE/bin"
    local absent='' i
    for i in "${!CAPN[@]}"; do
        (((16#$CAP_HOST >> i) & 1)) || absent+="\"CAP_${CAPN[$i]}\","
    done
    cat >"$STATE/bin/zoo-runc" <<E
#!/bin/bash
# written by zoo.sh: runc, less the capabilities that the host does not have
miss='[${absent%,}]'
prune() {
    [ -f "\$1" ] && [ "\$miss" != '[]' ] || return 0
    jq --argjson m "\$miss" '
        def cut: if . == null then . else map_values(if type == "array" then . - \$m else . end) end;
        if .process? then .process.capabilities |= cut else .capabilities |= cut end' \
        "\$1" >"\$1.zoo" && cat "\$1.zoo" >"\$1"
    rm -f "\$1.zoo"
}
prev=
for a in "\$@"; do
    case \$prev in
        --bundle|-b) prune "\$a/config.json" ;;
        --process|-p) prune "\$a" ;;
    esac
    case \$a in
        --bundle=*) prune "\${a#*=}/config.json" ;;
        --process=*) prune "\${a#*=}" ;;
    esac
    prev=\$a
done
exec $(command -v runc) "\$@"
E
    chmod 755 "$STATE/bin/zoo-runc"
}

# ------------------------------------------------------------- host facts ---
cgroup_mode() {
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo v2
    elif [ -e /sys/fs/cgroup/unified/cgroup.procs ]; then echo hybrid
    else echo v1; fi
}
CGMODE=$(cgroup_mode)
# docker and podman: host cgroup namespace by default on v1, private on v2
if [ "$CGMODE" = v2 ]; then NS0='["time","user"]'; else NS0='["cgroup","time","user"]'; fi
# with systemd as pid 1 the daemons run as its services, and on v2 it makes their cgroups
SYSTEMD='' DRIVER=cgroupfs
[ -d /run/systemd/system ] && have systemctl && SYSTEMD=1
[ -n "$SYSTEMD" ] && [ "$CGMODE" = v2 ] && DRIVER=systemd
pod_parent() { # POD-UID -> a kubelet's cgroup for it
    if [ $DRIVER = systemd ]; then echo "kubepods-burstable-pod${1//-/_}.slice"; else echo "/kubepods/burstable/pod$1"; fi
}
AA=
grep -q Y /sys/module/apparmor/parameters/enabled 2>/dev/null && AA=1
aa_label() { # RUNTIME: what it puts a container under that asks for nothing
    case $1 in
        docker) echo "docker-default (enforce)" ;;
        podman) sed -n 's/^\(containers-default-[^ ]*\) .*/\1 (enforce)/p' /sys/kernel/security/apparmor/profiles | head -n 1 ;;
        containerd-cri) echo "cri-containerd.apparmor.d (enforce)" ;;
        *) echo unconfined ;;
    esac
}

ns_host() { # NS0 plus the names given
    jq -nc --argjson a "$NS0" '$a + $ARGS.positional | unique' --args "$@"
}
ns_less() { jq -nc --argjson a "$NS0" '$a - $ARGS.positional' --args "$@"; }

root_blockdev() {
    local mm
    mm=$(findmnt -no MAJ:MIN / | tr -d ' ')
    if [ -e "/sys/dev/block/$mm" ]; then
        local d; d=$(basename "$(readlink -f "/sys/dev/block/$mm")")
        [ -b "/dev/$d" ] && { echo "/dev/$d"; return; }
    fi
    for d in /dev/vda /dev/sda /dev/nvme0n1 /dev/loop0; do
        [ -b "$d" ] && { echo "$d"; return; }
    done
}
# the file a block weight goes to on v2: where there is one at all
IOWEIGHT=io.weight
compgen -G "/sys/fs/cgroup/*/io.bfq.weight" >/dev/null && IOWEIGHT=io.bfq.weight
majmin() { printf '%d:%d' "0x$(stat -c %t "$1")" "0x$(stat -c %T "$1")"; }

starttime() { # field 22 of /proc/PID/stat, safe for odd comm values; nothing for a zombie
    local s; s=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    s=${s##*) }
    set -- $s
    [ "$1" = Z ] && return 1 # pid 1 of a small VM may reap orphans late
    echo "${20}"
}

# ------------------------------------------------------------------ images --
copy_with_libs() { # BINARY DESTROOT [DESTPATH]
    local b=$1 r=$2 d=${3:-$1} l
    mkdir -p "$r$(dirname "$d")"
    cp -L "$b" "$r$d"
    ldd "$b" 2>/dev/null | grep -oE '/[^ ]+' | while read -r l; do
        [ -e "$r$l" ] || { mkdir -p "$r$(dirname "$l")"; cp -L "$l" "$r$l"; }
    done
}

build_rootfs() {
    local r=$STATE/rootfs a
    [ -e "$r/.done" ] && return
    rm -rf "$r"
    mkdir -p "$r"/{bin,etc,proc,sys,dev,tmp,root,run,var,home/app,usr/local/bin,host}
    chmod 1777 "$r/tmp"
    cp "$(command -v busybox)" "$r/bin/busybox"
    for a in $("$r/bin/busybox" --list); do
        [ "$a" = busybox ] || ln -s busybox "$r/bin/$a"
    done
    printf 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n' >"$r/etc/passwd"
    printf 'root:x:0:\napp:x:1000:\n' >"$r/etc/group"
    chown 1000:1000 "$r/home/app"
    # busybox applets drop a set-uid bit by themselves, so take the real sleep
    copy_with_libs /usr/bin/sleep "$r" /usr/local/bin/suid-sleep
    chmod 4755 "$r/usr/local/bin/suid-sleep"
    touch "$r/.done"
}

# docker-archive made by hand: docker load, podman load and ctr import all take it
build_archive() { # ROOTFS IMAGENAME OUT
    local w=$STATE/img.tmp id
    rm -rf "$w"; mkdir -p "$w/layer"
    tar -C "$1" --exclude=./.done --numeric-owner --sort=name --mtime=@1700000000 -cf "$w/layer/layer.tar" .
    id=$(sha256sum "$w/layer/layer.tar" | cut -d' ' -f1)
    jq -nc --arg d "sha256:$id" --arg a "$(dpkg --print-architecture)" '{
        architecture:$a, os:"linux", created:"2023-11-14T22:13:20Z",
        config:{Env:["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                Cmd:["/bin/sleep","1000000"], Labels:{"zoo.image":"1"}},
        rootfs:{type:"layers", diff_ids:[$d]},
        history:[{created:"2023-11-14T22:13:20Z", created_by:"zoo.sh"}]}' >"$w/config.json"
    mv "$w/config.json" "$w/$(sha256sum "$w/config.json" | cut -d' ' -f1).json"
    mv "$w/layer" "$w/$id"
    jq -nc --arg c "$(cd "$w" && ls ./*.json | sed 's#^\./##')" --arg n "$2" --arg l "$id/layer.tar" \
        '[{Config:$c, RepoTags:[$n], Layers:[$l]}]' >"$w/manifest.json"
    tar -C "$w" -cf "$3.tmp" . && mv "$3.tmp" "$3"
    rm -rf "$w"
}

build_images() {
    build_rootfs
    [ -e "$STATE/image.tar" ] || build_archive "$STATE/rootfs" "$IMAGE" "$STATE/image.tar"
    if [ -n "${ZOO_DEBIAN:-}" ] && [ ! -e "$STATE/debian.tar" ]; then
        local m s
        m=$(awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/*.sources 2>/dev/null)
        [ -n "$m" ] || m=$(awk '/^deb /{for(i=2;i<=NF;i++) if($i ~ /:\/\//){print $i; exit}}' /etc/apt/sources.list 2>/dev/null)
        # shellcheck source=/dev/null # the host's own
        s=$(. /etc/os-release; echo "${VERSION_CODENAME:-stable}")
        rm -rf "$STATE/debian"
        if nice debootstrap --variant=minbase "$s" "$STATE/debian" "$m" >"$STATE/debootstrap.log" 2>&1; then
            build_archive "$STATE/debian" "$DEBIMAGE" "$STATE/debian.tar"
        else
            log "debootstrap failed, see $STATE/debootstrap.log"
        fi
        rm -rf "$STATE/debian"
    fi
}

# ----------------------------------------------------------------- daemons --
note_created() { # remember folders that did not exist (or were empty) before
    local d
    for d; do
        if [ ! -e "$d" ] || [ -z "$(ls -A "$d" 2>/dev/null)" ]; then
            grep -qxF "$d" "$STATE/created" 2>/dev/null || echo "$d" >>"$STATE/created"
        fi
    done
}

as_unit() { # NAME COMMAND...: run the distribution's service with our command line
    local u=$1.service d=/run/systemd/system/$1.service.d
    [ -n "$SYSTEMD" ] && systemctl cat "$u" >/dev/null 2>&1 || return 1
    shift
    mkdir -p "$d"
    printf '[Service]\nExecStart=\nExecStart=%s\n' "$*" >"$d/zoo.conf"
    grep -qxF "$u" "$STATE/units" 2>/dev/null || echo "$u" >>"$STATE/units"
    systemctl daemon-reload
    systemctl start "$u"
}
stop_units() {
    local u
    [ -f "$STATE/units" ] || return 0
    while read -r u; do
        systemctl stop "${u%.service}.socket" "$u" 2>/dev/null
        rm -rf "/run/systemd/system/$u.d"
    done < <(tac "$STATE/units")
    rm -f "$STATE/units"
    systemctl daemon-reload
}
# only if something listens: a socket unit would start the daemon
answers() { [ -z "$SYSTEMD" ] || systemctl -q is-active "$1.service"; }

start_containerd() {
    answers containerd && ctr -a "$CTRD_SOCK" --connect-timeout 1s version >/dev/null 2>&1 && return 0
    note_created /run/containerd /var/lib/containerd /opt/containerd
    mkdir -p "$STATE/nocni" "$STATE/crilog"
    cat >"$STATE/containerd.toml" <<E
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "$CTRD_SOCK"
[plugins."io.containerd.internal.v1.opt"]
  path = "$STATE/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$IMAGE"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = $([ $DRIVER = systemd ] && echo true || echo false)
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$STATE/nocni"
E
    as_unit containerd "$(command -v containerd)" -c "$STATE/containerd.toml" && return 0
    setsid nohup containerd -c "$STATE/containerd.toml" >"$STATE/containerd.log" 2>&1 </dev/null &
    echo "$! $(starttime $!)" >"$STATE/containerd.pid"
    disown
    local i
    for i in $(seq 100); do
        ctr -a "$CTRD_SOCK" --connect-timeout 1s version >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    log "containerd did not come up, see $STATE/containerd.log"
    return 1
}

start_dockerd() {
    answers docker && docker -H "unix://$DOCKER_SOCK" version >/dev/null 2>&1 && return 0
    note_created /run/docker /var/lib/docker
    write_runtime_wrapper
    # after a crash its pid may still be there as a zombie, which dockerd takes for alive
    rm -f "$STATE/dockerd.self.pid"
    local extra=()
    [ -S "$CTRD_SOCK" ] && extra=(--containerd "$CTRD_SOCK")
    # no bridge, no packet filter rules, no sysctl: the host network stays as it is
    extra+=(--bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false
        --exec-opt "native.cgroupdriver=$DRIVER" --add-runtime "zoo-runc=$STATE/bin/zoo-runc")
    as_unit docker "$(command -v dockerd)" -H fd:// "${extra[@]}" && return 0
    setsid nohup dockerd -H "unix://$DOCKER_SOCK" --pidfile "$STATE/dockerd.self.pid" \
        "${extra[@]}" >"$STATE/dockerd.log" 2>&1 </dev/null &
    echo "$! $(starttime $!)" >"$STATE/dockerd.pid"
    disown
    local i
    for i in $(seq 150); do
        docker -H "unix://$DOCKER_SOCK" version >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    log "dockerd did not come up, see $STATE/dockerd.log"
    return 1
}

stop_daemon() { # NAME: only the process that we started, checked by its start time
    local pid st i
    [ -f "$STATE/$1.pid" ] || return 0
    read -r pid st <"$STATE/$1.pid"
    if [ -n "${pid:-}" ] && [ "$(starttime "$pid")" = "$st" ]; then
        kill "$pid" 2>/dev/null
        for i in $(seq 100); do [ "$(starttime "$pid")" = "$st" ] || break; sleep 0.1; done
        [ "$(starttime "$pid")" = "$st" ] && kill -KILL "$pid" 2>/dev/null
    fi
    rm -f "$STATE/$1.pid"
}

# ------------------------------------------------------------ book-keeping --
DK() { docker -H "unix://$DOCKER_SOCK" "$@"; }
lower() { [ "$1" != unlimited ] && [ "$1" -lt "$2" ] && echo "$1" || echo "$2"; }
PM() { # podman lowers its own process limit to pid_max and then cannot raise the container's without CAP_SYS_RESOURCE
    if [ "$1" = run ]; then
        shift
        local procs files
        procs=$(lower "$(ulimit -Hu)" "$(cat /proc/sys/kernel/pid_max)")
        files=$(lower "$(ulimit -Hn)" 1048576)
        set -- run --ulimit "nofile=$files:$files" --ulimit "nproc=$procs:$procs" "$@"
    fi
    podman "${PMRT[@]}" "$@"
}
PMRT=(--runtime runc)
[ "$CGMODE" = v2 ] && have crun && PMRT=(--runtime crun)
CT() { ctr -a "$CTRD_SOCK" "$@"; }
RL() { # podman as an ordinary user; where systemd can manage that user's cgroups, it does
    local run=$STATE/rl/run
    [ -e "$STATE/rl.manager" ] && run=/run/user/$RL_UID
    (cd / && setpriv --reuid "$RL_UID" --regid "$RL_UID" --init-groups --reset-env \
        env XDG_RUNTIME_DIR="$run" DBUS_SESSION_BUS_ADDRESS="unix:path=$run/bus" HOME="$STATE/rl/home" podman "${PMRT[@]}" "$@")
}
RUNC() { runc --root /run/runc "$@"; }
CRUN() {
    # crun 1.8 refuses a hybrid hierarchy whose cgroup2 tree has a controller;
    # give it a private mount namespace without that tree
    if [ "$CGMODE" = hybrid ]; then
        unshare -m --propagation slave sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null; exec crun --root /run/crun "$@"' sh "$@"
    else
        crun --root /run/crun "$@"
    fi
}

# record NAME RUNTIME LOOKUP TRUTH KERNEL FLAGS [ALSO]
record() {
    local aa=''
    [ -z "$AA" ] || aa=$(aa_label "$2")
    jq -n --arg name "$1" --arg runtime "$2" --arg lookup "$3" --argjson truth "$4" \
        --argjson kernel "$5" --arg flags "$6" --argjson also "${7:-[]}" --arg cg "$CGMODE" --arg aa "$aa" \
        --arg iow "$IOWEIGHT" '
        # the cgroup v1 files of a limit, as the runtimes write it on v2
        def v2: {
            "memory.max": ."memory.limit_in_bytes",
            "memory.swap.max": (if ."memory.memsw.limit_in_bytes" then ((."memory.memsw.limit_in_bytes" | tonumber) - (."memory.limit_in_bytes" | tonumber) | tostring) else null end),
            "memory.low": ."memory.soft_limit_in_bytes",
            "pids.max": ."pids.max",
            "cpu.max": (if ."cpu.cfs_quota_us" == null then null
                        else (if ."cpu.cfs_quota_us" == "-1" then "max" else ."cpu.cfs_quota_us" end) + " " + (."cpu.cfs_period_us" // "100000") end),
            "cpu.weight": (if ."cpu.shares" then (1 + ((."cpu.shares" | tonumber) - 2) * 9999 / 262142 | floor | tostring) else null end),
            "cpuset.cpus": ."cpuset.cpus",
            "io.max": (if ."blkio.throttle.read_iops_device" then ."blkio.throttle.read_iops_device" | split(" ") | .[0] + " rbps=max wbps=max riops=" + .[1] + " wiops=max" else null end),
            "io.bfq.weight": (if ."blkio.bfq.weight" and $iow == "io.bfq.weight" then "default " + ."blkio.bfq.weight" else null end),
            "io.weight": (if ."blkio.bfq.weight" and $iow == "io.weight" then "default " + (1 + ((."blkio.bfq.weight" | tonumber) - 10) * 9999 / 990 | floor | tostring) else null end)
            } | with_entries(select(.value != null));
        (if $cg == "v2" and $kernel.limits then {limits: ($kernel.limits | v2)} else {} end) as $lim
        | (if $aa == "" then {} else {apparmor: ($kernel.apparmor // (if $truth.privileged then "unconfined" else $aa end))} end) as $a
        | {name:$name, runtime:$runtime, lookup:$lookup, truth:$truth, kernel:(($kernel | del(.apparmor)) + $lim + $a), flags:$flags, also:$also}' \
        >"$STATE/cases/$1.json" || die "bad record for $1"
    rm -f "$STATE/skipped/$1"
}
skip() { # NAME REASON [optional]: an optional case does not fail `up`
    log "SKIP $1: $2"
    printf '%s%s\n' "${3:+optional: }" "$2" >"$STATE/skipped/$1"
    rm -f "$STATE/cases/$1.json"
}
PARPIDS=()
par() { # run a case in the background, at most $JOBS at a time
    while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do wait -n; done
    "$@" &
    PARPIDS+=($!)
}
wait_cases() { [ ${#PARPIDS[@]} = 0 ] || wait "${PARPIDS[@]}"; PARPIDS=(); }
wanted() { [[ $1 =~ $ONLY ]]; }

split_cmd() {
    FLAGS=(); CMD=()
    local seen='' a
    for a; do
        if [ -z "$seen" ] && [ "$a" = -- ]; then seen=1
        elif [ -n "$seen" ]; then CMD+=("$a")
        else FLAGS+=("$a"); fi
    done
}

# kernel expectations of an engine's defaults, overridden by $2
kern() { # CAPS OVERRIDES
    jq -nc --arg c "$1" --argjson ns "$NS0" --argjson o "$2" \
        '{CapInh:"0000000000000000",CapPrm:$c,CapEff:$c,CapBnd:$c,CapAmb:"0000000000000000",
          NoNewPrivs:0,Seccomp:2,euid:0,host_ns:$ns,rootfs_ro:false,limits:{}} * $o'
}

# what the engines already have: "name state" lines, read once
KNOWN_DK='' KNOWN_PM=''
read_known() {
    KNOWN_DK=$(DK ps -a --filter label=zoo=1 --format '{{.Names}} {{.State}}' 2>/dev/null)
    KNOWN_PM=$(PM ps -a --filter label=zoo=1 --format '{{.Names}} {{.State}}' 2>/dev/null)
}
known() { # LIST NAME -> its state, or nothing
    local n s
    while read -r n s; do
        [ "$n" = "$2" ] || continue
        case $s in running*|Up*) s=running ;; esac # podman 4 prints "Up 5 seconds ago"
        echo "$s"
        return
    done <<<"$1"
}

# dk NAME TRUTH KERNEL [flags...] [-- command...]
dk() {
    local name=$1 truth=$2 kernel=$3 err id
    shift 3
    wanted "$name" || return 0
    split_cmd "$@"
    [ ${#CMD[@]} -gt 0 ] || CMD=(/bin/sleep "$SLEEP")
    local st; st=$(known "$KNOWN_DK" "$name")
    if [ "$st" != running ]; then
        [ -n "$st" ] && DK rm -f "$name" >/dev/null 2>&1
        if ! err=$(DK run -d --name "$name" --label zoo=1 "${FLAGS[@]}" "$IMAGE" "${CMD[@]}" 2>&1 </dev/null); then
            DK rm -f "$name" >/dev/null 2>&1
            skip "$name" "$(tr '\n' ' ' <<<"$err" | cut -c1-300)"
            return 0
        fi
    fi
    record "$name" docker "docker:$name" "$truth" "$(kern $CAP_DOCKER "$kernel")" "${FLAGS[*]}"
}

# pm: same for podman
pm() {
    local name=$1 truth=$2 kernel=$3 err f net=(--network none) out=()
    shift 3
    wanted "$name" || return 0
    split_cmd "$@"
    [ ${#CMD[@]} -gt 0 ] || CMD=(/bin/sleep "$SLEEP")
    for f in "${FLAGS[@]}"; do
        case $f in --net|--network|--net=*|--network=*) net=() ;; esac
    done
    for f in "${FLAGS[@]}"; do # spellings that differ
        case $f in
            systempaths=unconfined) out+=(unmask=ALL) ;;
            *) out+=("$f") ;;
        esac
    done
    local st; st=$(known "$KNOWN_PM" "$name")
    if [ "$st" != running ]; then
        [ -n "$st" ] && PM rm -t 0 -f "$name" >/dev/null 2>&1
        if ! err=$(PM run -d --name "$name" --label zoo=1 "${net[@]}" "${out[@]}" "$IMAGE" "${CMD[@]}" 2>&1 </dev/null); then
            PM rm -t 0 -f "$name" >/dev/null 2>&1
            skip "$name" "$(tr '\n' ' ' <<<"$err" | cut -c1-300)"
            return 0
        fi
    fi
    record "$name" podman "podman:$name" "$truth" "$(kern $CAP_PODMAN "$kernel")" "${out[*]}"
}

# eng: the engine chosen by ZOO_ENGINE
if [ "$ENGINE" = podman ]; then
    eng() { pm "$@"; }; CAP_DEF=$CAP_PODMAN; ALLCAPS=(); EXECRT=()
else
    eng() { dk "$@"; }; CAP_DEF=$CAP_DOCKER; ALLCAPS=(--runtime zoo-runc); EXECRT=(--runtime zoo-runc)
    # a host with every capability needs no wrapper, and so no particular daemon
    ((16#$CAP_HOST == (1 << ${#CAPN[@]}) - 1)) && ALLCAPS=() EXECRT=()
fi

# oci NAME RUNTIME TRUTH KERNEL JQ-FILTER: runc or crun without any engine
oci() {
    local name=$1 rt=$2 truth=$3 kernel=$4 filter=$5 b run err opt=${6:-}
    wanted "$name" || return 0
    b=$STATE/bundle/$name
    if [ "$rt" = crun ]; then run=CRUN; else run=RUNC; fi
    if [ "$($run state "$name" 2>/dev/null | jq -r .status)" != running ]; then
        $run delete -f "$name" >/dev/null 2>&1
        rm -rf "$b"; mkdir -p "$b"
        (cd "$b" && runc spec) || { skip "$name" "runc spec failed" $opt; return 0; }
        jq --arg n "$name" --arg r "$STATE/rootfs" \
            '.process.terminal=false | .process.args=["/bin/sleep","1000000"] | .root.path=$r
             | .hostname=$n | .linux.cgroupsPath="/zoo/"+$n | .annotations={"zoo.name":$n} | '"$filter" \
            "$b/config.json" >"$b/c.json" && mv "$b/c.json" "$b/config.json"
        if ! (cd "$b" && $run run -d --pid-file "$b/pid" "$name" </dev/null >"$b/log" 2>&1); then
            skip "$name" "$(tr '\n' ' ' <"$b/log" | cut -c1-300)" $opt
            $run delete -f "$name" >/dev/null 2>&1
            return 0
        fi
    fi
    record "$name" "$rt" "$rt:$name" "$truth" "$kernel" "OCI config.json: $filter"
}

# exec_into ENGINE NAME MARKER ARGS...: a second process in a running container
exec_into() {
    local e=$1 name=$2 marker=$3 pid
    shift 3
    pid=$(lookup_pid "$e:$name") && [ -n "$pid" ] || return 1
    [ -n "$(find_marked "$pid" "$marker")" ] && return 0
    case $e in
        docker) DK exec -d "$@" "$name" /bin/sleep "$marker" </dev/null 2>&1 ;;
        podman) PM exec -d "$@" "$name" /bin/sleep "$marker" </dev/null >/dev/null 2>&1 ;;
    esac
    local i
    for i in $(seq 30); do
        [ -n "$(find_marked "$pid" "$marker")" ] && return 0
        sleep 0.1
    done
    return 1
}

# ------------------------------------------------------------------ lookup --
cg_dir() { # PID: folder of its pids cgroup (v1) or its cgroup (v2)
    if [ "$CGMODE" = v2 ]; then
        echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$1/cgroup")"
    else
        echo "/sys/fs/cgroup/pids$(awk -F: '$2=="pids"{print $3}' "/proc/$1/cgroup")"
    fi
}
find_marked() { # PID MARKER: a process in the same cgroup with MARKER as an argument
    local p d
    d=$(cg_dir "$1") || return
    while read -r p; do
        tr '\0' '\n' <"/proc/$p/cmdline" 2>/dev/null | grep -qxF -- "$2" && { echo "$p"; return; }
    done <"$d/cgroup.procs"
}
declare -A LOOKPID LOOKID
load_lookups() { # ask each engine once
    local names n p i ns
    names=$(DK ps -q --filter label=zoo=1 2>/dev/null)
    [ -n "$names" ] && while read -r n p i; do
        LOOKPID[docker:${n#/}]=$p; LOOKID[docker:${n#/}]=$i
    done < <(DK inspect -f '{{.Name}} {{.State.Pid}} {{.Id}}' $names 2>/dev/null)
    names=$(PM ps -q --filter label=zoo=1 2>/dev/null)
    [ -n "$names" ] && while read -r n p i; do
        LOOKPID[podman:$n]=$p; LOOKID[podman:$n]=$i
    done < <(PM inspect -f '{{.Name}} {{.State.Pid}} {{.Id}}' $names 2>/dev/null)
    [ -S "$CTRD_SOCK" ] && for ns in default k8s.io; do
        while read -r n p i; do
            [ "$i" = RUNNING ] && LOOKPID[ctr:$ns/$n]=$p
        done < <(CT -n $ns task ls 2>/dev/null)
    done
}
lookup_pid() { # LOOKUP -> host pid of the container's main process
    local kind=${1%%:*} n=${1#*:} p s
    if [ -n "${LOOKPID[$1]:-}" ]; then
        [ "${LOOKPID[$1]}" != 0 ] && echo "${LOOKPID[$1]}"
        return
    fi
    case $kind in
        docker) p=$(DK inspect -f '{{.State.Pid}}' "$n" 2>/dev/null) ;;
        podman) p=$(PM inspect -f '{{.State.Pid}}' "$n" 2>/dev/null) ;;
        rootless) p=$(RL inspect -f '{{.State.Pid}}' "$n" 2>/dev/null) ;;
        runc) p=$(RUNC state "$n" 2>/dev/null | jq -r 'select(.status=="running").pid') ;;
        crun) p=$(crun --root /run/crun state "$n" 2>/dev/null | jq -r 'select(.status=="running").pid') ;;
        ctr) p=$(CT -n "${n%%/*}" task ls 2>/dev/null | awk -v i="${n#*/}" '$1==i && $3=="RUNNING"{print $2}') ;;
        lxc) p=$(lxc-info -n "$n" -pH 2>/dev/null) ;;
        file) [ -f "$n" ] && read -r p s <"$n" && [ "$(starttime "$p")" = "$s" ] || p= ;;
    esac
    [ -n "${p:-}" ] && [ "$p" != 0 ] && [ -e "/proc/$p" ] && echo "$p"
}
lookup_id() {
    local kind=${1%%:*} n=${1#*:}
    [ -n "${LOOKID[$1]:-}" ] && { echo "${LOOKID[$1]}"; return; }
    case $kind in
        docker) DK inspect -f '{{.Id}}' "$n" ;;
        podman) PM inspect -f '{{.Id}}' "$n" ;;
        rootless) RL inspect -f '{{.Id}}' "$n" ;;
        ctr) echo "${n#*/}" ;;
        file) ;;
        *) echo "$n" ;;
    esac 2>/dev/null
}

# ------------------------------------------------------------------- cases --
cases_engine() {
    local dev mm seccomp=$STATE/seccomp-no-chmod.json z=0000000000000000
    dev=$(root_blockdev); mm=$(majmin "$dev")
    jq -n '{defaultAction:"SCMP_ACT_ALLOW", architectures:["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_AARCH64"],
            syscalls:[{names:["chmod"], action:"SCMP_ACT_ERRNO", args:[]}]}' >"$seccomp"

    eng zoo-default '{}' '{}'
    par eng zoo-privileged '{"privileged":true}' \
        "{\"CapEff\":\"$CAP_ALL\",\"CapPrm\":\"$CAP_ALL\",\"CapBnd\":\"$CAP_ALL\",\"Seccomp\":0}" \
        --privileged "${ALLCAPS[@]}"
    local c
    c=$(caps_hex "$CAP_DEF" +SYS_ADMIN)
    par eng zoo-cap-sysadmin '{"cap_add":["SYS_ADMIN"]}' "{\"CapEff\":\"$c\",\"CapPrm\":\"$c\",\"CapBnd\":\"$c\"}" --cap-add SYS_ADMIN
    c=$(caps_hex "$CAP_DEF" +NET_ADMIN +SYS_PTRACE)
    par eng zoo-cap-two '{"cap_add":["NET_ADMIN","SYS_PTRACE"]}' "{\"CapEff\":\"$c\",\"CapPrm\":\"$c\",\"CapBnd\":\"$c\"}" --cap-add NET_ADMIN --cap-add SYS_PTRACE
    par eng zoo-cap-all '{"cap_add":["ALL"]}' \
        "{\"CapEff\":\"$CAP_ALL\",\"CapPrm\":\"$CAP_ALL\",\"CapBnd\":\"$CAP_ALL\"}" --cap-add ALL "${ALLCAPS[@]}"
    par eng zoo-cap-none '{"cap_drop":["ALL"]}' "{\"CapEff\":\"$z\",\"CapPrm\":\"$z\",\"CapBnd\":\"$z\"}" --cap-drop ALL
    c=$(caps_hex "$CAP_DEF" -NET_RAW -CHOWN)
    par eng zoo-cap-drop-some '{"cap_drop":["NET_RAW","CHOWN"]}' "{\"CapEff\":\"$c\",\"CapPrm\":\"$c\",\"CapBnd\":\"$c\"}" --cap-drop NET_RAW --cap-drop CHOWN
    c=$(caps_hex 0 +NET_BIND_SERVICE)
    par eng zoo-cap-bindonly '{"cap_drop":["ALL"],"cap_add":["NET_BIND_SERVICE"]}' "{\"CapEff\":\"$c\",\"CapPrm\":\"$c\",\"CapBnd\":\"$c\"}" --cap-drop ALL --cap-add NET_BIND_SERVICE
    par eng zoo-nnp '{"no_new_privileges":true}' '{"NoNewPrivs":1}' --security-opt no-new-privileges
    par eng zoo-seccomp-unconfined '{"seccomp":"unconfined"}' '{"Seccomp":0}' --security-opt seccomp=unconfined
    par eng zoo-seccomp-custom '{"seccomp":"custom: chmod denied, fchmod/fchmodat allowed"}' '{}' --security-opt "seccomp=$seccomp"
    par eng zoo-net-host '{"net":"host"}' "{\"host_ns\":$(ns_host net)}" --net host
    par eng zoo-pid-host '{"pid":"host"}' "{\"host_ns\":$(ns_host pid)}" --pid host
    par eng zoo-ipc-host '{"ipc":"host"}' "{\"host_ns\":$(ns_host ipc)}" --ipc host
    par eng zoo-uts-host '{"uts":"host"}' "{\"host_ns\":$(ns_host uts)}" --uts host
    par eng zoo-cgroupns-host '{"cgroupns":"host"}' "{\"host_ns\":$(ns_host cgroup)}" --cgroupns host
    par eng zoo-cgroupns-private '{"cgroupns":"private"}' "{\"host_ns\":$(ns_less cgroup)}" --cgroupns private
    par eng zoo-net-shared '{"net":"container:zoo-default"}' '{}' --net container:zoo-default
    par eng zoo-pid-shared '{"pid":"container:zoo-default"}' '{}' --pid container:zoo-default
    par eng zoo-user1000 '{"user":"1000:1000"}' "{\"euid\":1000,\"CapEff\":\"$z\",\"CapPrm\":\"$z\"}" --user 1000:1000
    par eng zoo-mem-100m '{"memory":"100m"}' '{"limits":{"memory.limit_in_bytes":"104857600","memory.memsw.limit_in_bytes":"209715200"}}' --memory 100m
    par eng zoo-mem-noswap '{"memory":"100m","memory_swap":"100m"}' '{"limits":{"memory.limit_in_bytes":"104857600","memory.memsw.limit_in_bytes":"104857600"}}' --memory 100m --memory-swap 100m
    par eng zoo-mem-reservation '{"memory":"100m","memory_reservation":"50m"}' '{"limits":{"memory.limit_in_bytes":"104857600","memory.soft_limit_in_bytes":"52428800"}}' --memory 100m --memory-reservation 50m
    par eng zoo-pids-64 '{"pids_limit":64}' '{"limits":{"pids.max":"64"}}' --pids-limit 64
    par eng zoo-cpus-half '{"cpus":0.5}' '{"limits":{"cpu.cfs_quota_us":"50000","cpu.cfs_period_us":"100000"}}' --cpus 0.5
    par eng zoo-cpu-shares '{"cpu_shares":256}' '{"limits":{"cpu.shares":"256","cpu.cfs_quota_us":"-1"}}' --cpu-shares 256
    par eng zoo-cpuset-0 '{"cpuset_cpus":"0"}' '{"limits":{"cpuset.cpus":"0"}}' --cpuset-cpus 0
    par eng zoo-read-iops "{\"device_read_iops\":{\"$dev\":100}}" "{\"limits\":{\"blkio.throttle.read_iops_device\":\"$mm 100\"}}" --device-read-iops "$dev:100"
    par eng zoo-readonly '{"read_only":true}' '{"rootfs_ro":true}' --read-only
    par eng zoo-device "{\"device\":\"$dev\",\"device_perm\":\"r\"}" "{\"limits\":{\"devices.list\":\"b $mm r\"}}" --device "$dev:$dev:r"
    par eng zoo-ulimits '{"ulimit":{"nofile":256,"nproc":128}}' '{}' --ulimit nofile=256:256 --ulimit nproc=128:128
    par eng zoo-oomscore '{"oom_score_adj":500}' '{}' --oom-score-adj 500
    par eng zoo-unmasked '{"systempaths":"unconfined"}' '{}' --security-opt systempaths=unconfined
    [ -S "$DOCKER_SOCK" ] &&
        par eng zoo-docker-sock '{"mount":"/var/run/docker.sock"}' '{}' -v "$DOCKER_SOCK:/var/run/docker.sock"
    par eng zoo-hostroot '{"mount":"/ (host root)","mount_rw":true}' '{}' -v /:/host
    par eng zoo-host-etc-ro '{"mount":"/etc","mount_rw":false}' '{}' -v /etc:/host/etc:ro
    par eng zoo-host-proc '{"mount":"/proc","mount_rw":true}' '{}' -v /proc:/host/proc
    par eng zoo-secret-env '{"env_secret":["DB_PASSWORD","API_TOKEN"]}' '{}' -e DB_PASSWORD=not-a-real-password -e API_TOKEN=tok_0000000000
    par eng zoo-tty '{"tty":true,"interactive":true,"shell":true}' '{}' -i -t -- /bin/sh
    par eng zoo-restart-always '{"restart":"always"}' '{}' --restart always
    [ -z "$AA" ] || par eng zoo-aa-unconfined '{"apparmor":"unconfined"}' '{"apparmor":"unconfined"}' --security-opt apparmor=unconfined
    # set-uid root binary started by uid 1000: euid 0 and the bounding set's
    # capabilities without no-new-privileges, an ordinary uid 1000 process with it
    par eng zoo-suid '{"user":"1000:1000","suid_binary":true,"no_new_privileges":false}' '{"euid":0,"ruid":1000}' \
        --user 1000:1000 -- /usr/local/bin/suid-sleep $SLEEP
    par eng zoo-suid-nnp '{"user":"1000:1000","suid_binary":true,"no_new_privileges":true}' \
        "{\"euid\":1000,\"ruid\":1000,\"NoNewPrivs\":1,\"CapEff\":\"$z\",\"CapPrm\":\"$z\"}" \
        --user 1000:1000 --security-opt no-new-privileges -- /usr/local/bin/suid-sleep $SLEEP
    # could fork without bound / only up to 32 tasks; neither does
    # a systemd scope without a limit gets the manager's default
    local nolimit=max
    [ $DRIVER = systemd ] && nolimit=$(systemctl show -p DefaultTasksMax --value)
    par eng zoo-fork-nolimit '{"pids_limit":-1}' "{\"limits\":{\"pids.max\":\"$nolimit\"}}" --pids-limit -1 -- /bin/sh -c "while :; do sleep $SLEEP; done"
    par eng zoo-fork-limit '{"pids_limit":32}' '{"limits":{"pids.max":"32"}}' --pids-limit 32 -- /bin/sh -c "while :; do sleep $SLEEP; done"
    par eng zoo-kubepods "{\"cgroup_parent\":\"$(pod_parent $POD_UID)\",\"pod_uid\":\"$POD_UID\"}" '{}' --cgroup-parent "$(pod_parent $POD_UID)"

    # everything right that the engine can do for one container
    # shellcheck disable=SC2054 # the commas are --tmpfs's
    local hard=(--user 1000:1000 --cap-drop ALL --security-opt no-new-privileges --read-only
        --tmpfs /tmp:rw,noexec,nosuid,nodev,size=16m --memory 128m --memory-swap 128m
        --memory-reservation 64m --pids-limit 64 --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0
        --cgroupns private --ipc private --ulimit nofile=1024:1024 --ulimit nproc=128:128
        --restart on-failure:5)
    local hk
    hk="{\"euid\":1000,\"CapEff\":\"$z\",\"CapPrm\":\"$z\",\"CapBnd\":\"$z\",\"NoNewPrivs\":1,
        \"host_ns\":$(ns_less cgroup),\"rootfs_ro\":true,
        \"limits\":{\"memory.limit_in_bytes\":\"134217728\",\"memory.memsw.limit_in_bytes\":\"134217728\",
        \"memory.soft_limit_in_bytes\":\"67108864\",\"pids.max\":\"64\",\"cpu.cfs_quota_us\":\"50000\",
        \"cpu.shares\":\"512\",\"cpuset.cpus\":\"0\"}}"
    local ht='{"user":"1000:1000","cap_drop":["ALL"],"no_new_privileges":true,"read_only":true,"memory":"128m",
        "memory_swap":"128m","memory_reservation":"64m","pids_limit":64,"cpus":0.5,"cpu_shares":512,
        "cpuset_cpus":"0","cgroupns":"private","ipc":"private","restart":"on-failure:5",
        "ulimit":{"nofile":1024,"nproc":128}}'
    par eng zoo-gold "$(jq -c '.gold=true' <<<"$ht")" "$hk" "${hard[@]}"

    # drift: the same hardened container, then `exec --privileged` as root into it
    if wanted zoo-drift; then
        eng zoo-drift "$ht" "$hk" "${hard[@]}" "${EXECRT[@]}"
        if [ -e "$STATE/cases/zoo-drift.json" ] && err=$(exec_into "$ENGINE" zoo-drift 2000001 --privileged --user 0:0); then
            jq --arg h "$CAP_ALL" '.also=[{role:"exec --privileged --user 0:0", marker:"2000001",
                truth:{privileged_exec:true,user:"0:0"},
                kernel:({euid:0,CapEff:$h,CapPrm:$h,CapBnd:$h} + (.kernel | if .apparmor then {apparmor} else {} end))}]' "$STATE/cases/zoo-drift.json" \
                >"$STATE/cases/.t" && mv "$STATE/cases/.t" "$STATE/cases/zoo-drift.json"
        else
            skip zoo-drift "exec --privileged failed: ${err:-}"
        fi
    fi
}

cases_podman() { # what docker cannot do per container, and podman's own look
    local z=0000000000000000
    par pm zoo-pm-default '{}' '{}'
    par pm zoo-pm-privileged '{"privileged":true}' \
        "{\"CapEff\":\"$CAP_HOST\",\"CapPrm\":\"$CAP_HOST\",\"CapBnd\":\"$CAP_HOST\",\"Seccomp\":0}" --privileged
    par pm zoo-pm-userns '{"userns":"remapped","uid_map":"0 100000 65536"}' \
        "{\"euid\":100000,\"host_ns\":$(ns_less user),\"uid_map\":\"0 100000 65536\"}" \
        --uidmap 0:100000:65536 --gidmap 0:100000:65536
    par pm zoo-pm-ambient '{"user":"1000:1000","cap_drop":["ALL"],"cap_add":["NET_BIND_SERVICE"]}' \
        '{"euid":1000,"CapInh":"0000000000000400","CapPrm":"0000000000000400","CapEff":"0000000000000400","CapBnd":"0000000000000400","CapAmb":"0000000000000400"}' \
        --user 1000:1000 --cap-drop ALL --cap-add NET_BIND_SERVICE
    par pm zoo-pm-gold '{"gold":true,"userns":"remapped","uid_map":"0 200000 65536","user":"1000:1000","cap_drop":["ALL"],"no_new_privileges":true,"read_only":true,"memory":"128m","memory_swap":"128m","memory_reservation":"64m","pids_limit":64,"cpus":0.5,"cpu_shares":512,"cpuset_cpus":"0","cgroupns":"private"}' \
        "{\"euid\":201000,\"CapEff\":\"$z\",\"CapPrm\":\"$z\",\"CapBnd\":\"$z\",\"NoNewPrivs\":1,\"rootfs_ro\":true,
          \"host_ns\":$(ns_less user cgroup),\"uid_map\":\"0 200000 65536\",
          \"limits\":{\"memory.limit_in_bytes\":\"134217728\",\"memory.memsw.limit_in_bytes\":\"134217728\",\"pids.max\":\"64\",\"cpu.cfs_quota_us\":\"50000\",\"cpu.shares\":\"512\",\"cpuset.cpus\":\"0\"}}" \
        --uidmap 0:200000:65536 --gidmap 0:200000:65536 --user 1000:1000 --cap-drop ALL \
        --security-opt no-new-privileges --read-only --memory 128m --memory-swap 128m --memory-reservation 64m \
        --pids-limit 64 --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 --cgroupns private \
        --ulimit nofile=1024:1024 --ulimit nproc=128:128
    if wanted zoo-pm-drift; then
        pm zoo-pm-drift '{"user":"1000:1000","cap_drop":["ALL"],"pids_limit":64}' \
            "{\"euid\":1000,\"CapEff\":\"$z\",\"CapPrm\":\"$z\",\"CapBnd\":\"$z\",\"limits\":{\"pids.max\":\"64\"}}" \
            --user 1000:1000 --cap-drop ALL --pids-limit 64
        if [ -e "$STATE/cases/zoo-pm-drift.json" ] && exec_into podman zoo-pm-drift 2000002 --privileged --user 0:0; then
            jq --arg h "$CAP_HOST" '.also=[{role:"exec --privileged --user 0:0", marker:"2000002",
                truth:{privileged_exec:true,user:"0:0"}, kernel:({euid:0,CapEff:$h,CapPrm:$h,CapBnd:$h} + (.kernel | if .apparmor then {apparmor} else {} end))}]' \
                "$STATE/cases/zoo-pm-drift.json" >"$STATE/cases/.t" && mv "$STATE/cases/.t" "$STATE/cases/zoo-pm-drift.json"
        else
            skip zoo-pm-drift "podman exec --privileged failed"
        fi
    fi
}

cases_oci() {
    local c=0000000020000420 ns=$NS0 k
    k=$(jq -nc --arg c $c --argjson ns "$ns" '{CapInh:"0000000000000000",CapPrm:$c,CapEff:$c,CapBnd:$c,
        CapAmb:"0000000000000000",NoNewPrivs:1,Seccomp:0,euid:0,host_ns:$ns,rootfs_ro:true,limits:{}}')
    local spec='"cap_exact":["KILL","NET_BIND_SERVICE","AUDIT_WRITE"],"no_new_privileges":true,"read_only":true,"seccomp":"unconfined"'
    oci zoo-runc runc "{$spec}" "$k" '.'
    # docker 20.10 and podman 4.3 say that the kernel has no blkio weight; it does,
    # as blkio.bfq.weight, and runc writes that file
    local bw='{}' kf='.linux.resources.blockIO={"weight":500}'
    [ -e /sys/fs/cgroup/blkio/blkio.bfq.io_serviced ] || [ "$CGMODE" = v2 ] && bw='{"limits":{"blkio.bfq.weight":"500"}}'
    oci zoo-blkio-weight runc "{$spec,\"blkio_weight\":500}" "$(jq -c --argjson o "$bw" '. * $o' <<<"$k")" "$kf"
    oci zoo-runc-limits runc "{$spec,\"memory\":\"64m\",\"pids_limit\":16,\"cpus\":0.25}" \
        "$(jq -c '.limits={"memory.limit_in_bytes":"67108864","pids.max":"16","cpu.cfs_quota_us":"25000"}' <<<"$k")" \
        '.linux.resources.memory={"limit":67108864} | .linux.resources.pids={"limit":16} | .linux.resources.cpu={"quota":25000,"period":100000}'
    # no cgroupsPath: runc takes the caller's own cgroup of each controller as
    # the parent, so that the paths differ between the controllers
    oci zoo-runc-nopath runc "{$spec,\"cgroup_path\":\"relative to the caller\"}" "$k" 'del(.linux.cgroupsPath)'
    oci zoo-crun crun "{$spec}" "$k" '.' optional
}

cases_ctr() {
    local name=zoo-ctr err k
    if wanted $name; then
        if [ -z "$(lookup_pid "ctr:default/$name")" ]; then
            CT task rm -f $name >/dev/null 2>&1; CT c rm $name >/dev/null 2>&1
            if ! err=$(CT run -d --label zoo=1 --memory-limit 104857600 "$IMAGE" $name /bin/sleep $SLEEP 2>&1 </dev/null); then
                skip $name "$err" optional
            fi
        fi
        k=$(kern $CAP_DOCKER '{"NoNewPrivs":1,"Seccomp":0,"host_ns":["cgroup","time","user"],"limits":{"memory.limit_in_bytes":"104857600"}}')
        [ -n "$(lookup_pid "ctr:default/$name")" ] &&
            record $name containerd "ctr:default/$name" '{"memory":"100m","no_new_privileges":true,"seccomp":"unconfined"}' "$k" "ctr run --memory-limit 104857600"
    fi
    # a Kubernetes-like pod through containerd's CRI plugin (host network: no CNI needed)
    if wanted zoo-cri; then
        local out
        if [ ! -s "$STATE/cri.json" ] || [ -z "$(lookup_pid "ctr:k8s.io/$(jq -r '.containers.plain' "$STATE/cri.json" 2>/dev/null)")" ]; then
            [ -s "$STATE/cri.json" ] && /usr/bin/python3 "$HERE/cri.py" "$CTRD_SOCK" rm "$(jq -r .sandbox "$STATE/cri.json")" >/dev/null 2>&1
            rm -f "$STATE/cri.json"
            if out=$(/usr/bin/python3 "$HERE/cri.py" "$CTRD_SOCK" up "$IMAGE" "$CRI_POD_UID" "$STATE/crilog" "$(pod_parent $CRI_POD_UID)" 2>&1); then
                tail -1 <<<"$out" >"$STATE/cri.json"
            else
                skip zoo-cri "$(tail -1 <<<"$out" | cut -c1-300)" optional
            fi
        fi
        if [ -s "$STATE/cri.json" ]; then
            local z=0000000000000000 ns
            ns=$(ns_host net uts)
            record zoo-cri-sandbox containerd-cri "ctr:k8s.io/$(jq -r .sandbox "$STATE/cri.json")" \
                "{\"net\":\"host\",\"pod_uid\":\"$CRI_POD_UID\",\"sandbox\":true}" \
                "$(kern $CAP_DOCKER "{\"NoNewPrivs\":1,\"Seccomp\":0,\"host_ns\":$(ns_host net uts cgroup),\"rootfs_ro\":null,\"apparmor\":\"unconfined\"}")" "CRI RunPodSandbox, network NODE"
            record zoo-cri-plain containerd-cri "ctr:k8s.io/$(jq -r .containers.plain "$STATE/cri.json")" \
                "{\"net\":\"host\",\"pod_uid\":\"$CRI_POD_UID\",\"memory\":\"100m\",\"cpu_shares\":256,\"seccomp\":\"unconfined\"}" \
                "$(kern $CAP_DOCKER "{\"Seccomp\":0,\"host_ns\":$ns,\"limits\":{\"memory.limit_in_bytes\":\"104857600\",\"cpu.shares\":\"256\"}}")" "CRI CreateContainer"
            record zoo-cri-hard containerd-cri "ctr:k8s.io/$(jq -r .containers.hard "$STATE/cri.json")" \
                "{\"net\":\"host\",\"pod_uid\":\"$CRI_POD_UID\",\"user\":\"1000\",\"no_new_privileges\":true,\"read_only\":true,\"cap_drop\":[\"ALL\"],\"memory\":\"100m\",\"seccomp\":\"runtime/default\"}" \
                "$(kern $z "{\"euid\":1000,\"NoNewPrivs\":1,\"rootfs_ro\":true,\"host_ns\":$ns,\"limits\":{\"memory.limit_in_bytes\":\"104857600\"}}")" "CRI CreateContainer, hardened"
        fi
    fi
}

cases_other() {
    local name err k pid st i c
    name=zoo-lxc
    if wanted $name; then
        if [ -z "$(lookup_pid lxc:$name)" ]; then
            mkdir -p /var/lib/lxc/$name
            cat >/var/lib/lxc/$name/config <<E
lxc.uts.name = $name
lxc.rootfs.path = dir:$STATE/rootfs
lxc.net.0.type = empty
lxc.mount.auto = proc:mixed sys:ro
lxc.init.cmd = /bin/sleep $SLEEP
lxc.cap.drop = sys_module mac_admin mac_override sys_time
$(if [ "$CGMODE" = v2 ]; then printf 'lxc.cgroup2.pids.max = 64\nlxc.cgroup2.memory.max = 64M\n'
else printf 'lxc.cgroup.pids.max = 64\nlxc.cgroup.memory.limit_in_bytes = 64M\n'; fi)
lxc.apparmor.profile = unconfined
E
            if ! err=$(lxc-start -n $name -d -o "$STATE/lxc.log" -l INFO 2>&1 </dev/null); then
                skip $name "$err $(grep ERROR "$STATE/lxc.log" 2>/dev/null | tail -1)" optional
            fi
        fi
        c=$(caps_hex "$CAP_HOST" -SYS_MODULE -MAC_ADMIN -MAC_OVERRIDE -SYS_TIME)
        k=$(kern "$c" '{"Seccomp":0,"host_ns":["time","user"],"limits":{"memory.limit_in_bytes":"67108864","pids.max":"64"}}')
        [ -n "$(lookup_pid lxc:$name)" ] &&
            record $name lxc lxc:$name '{"cap_drop":["SYS_MODULE","MAC_ADMIN","MAC_OVERRIDE","SYS_TIME"],"memory":"64m","pids_limit":64,"seccomp":"unconfined"}' "$k" "lxc-start"
    fi
    name=zoo-bwrap # a sandbox without a cgroup of its own
    if wanted $name; then
        if [ -z "$(lookup_pid "file:$STATE/$name.pid")" ]; then
            setsid bwrap --unshare-all --uid 1000 --gid 1000 --ro-bind "$STATE/rootfs" / --proc /proc --dev /dev \
                --tmpfs /tmp --cap-drop ALL --new-session --info-fd 3 -- /bin/sleep $SLEEP \
                </dev/null >/dev/null 2>"$STATE/bwrap.log" 3>"$STATE/bwrap.info" &
            pid=$!; disown
            echo "$pid $(starttime $pid)" >"$STATE/bwrap-outer.pid"
            sleep_child "$pid" "$STATE/$name.pid" || skip $name "$(cat "$STATE/bwrap.log")" optional
        fi
        k=$(kern 0000000000000000 '{"euid":0,"NoNewPrivs":1,"Seccomp":0,"host_ns":["time"],"rootfs_ro":true,"uid_map":"1000 0 1"}')
        [ -n "$(lookup_pid "file:$STATE/$name.pid")" ] &&
            record $name bwrap "file:$STATE/$name.pid" '{"cap_drop":["ALL"],"no_new_privileges":true,"read_only":true,"userns":"1000 0 1","own_cgroup":false,"seccomp":"unconfined"}' "$k" "bwrap --unshare-all --uid 1000 --cap-drop ALL"
    fi
    name=zoo-unshare # namespaces only, all capabilities of the host
    if wanted $name; then
        if [ -z "$(lookup_pid "file:$STATE/$name.pid")" ]; then
            setsid unshare --fork --kill-child --mount --pid --net --ipc --uts --mount-proc /bin/sleep $SLEEP \
                </dev/null >/dev/null 2>"$STATE/unshare.log" &
            pid=$!; disown
            echo "$pid $(starttime $pid)" >"$STATE/unshare-outer.pid"
            sleep_child "$pid" "$STATE/$name.pid" || skip $name "$(cat "$STATE/unshare.log")" optional
        fi
        k=$(kern "$CAP_HOST" '{"Seccomp":0,"host_ns":["cgroup","time","user"]}')
        [ -n "$(lookup_pid "file:$STATE/$name.pid")" ] &&
            record $name unshare "file:$STATE/$name.pid" '{"cap_exact":["all of the host"],"own_cgroup":false,"seccomp":"unconfined","rootfs":"host"}' "$k" "unshare --mount --pid --net --ipc --uts"
    fi
    name=zoo-rootless
    if wanted $name; then
        start_rootless || skip $name "$(tail -1 "$STATE/rootless.log")" optional
        c='"own_cgroup":false' i='{}'
        [ -e "$STATE/rl.manager" ] && c='"pids_limit":64' i='{"pids.max":"64"}'
        k=$(kern $CAP_PODMAN "{\"euid\":$RL_UID,\"host_ns\":$(ns_less user),\"uid_map\":\"0 $RL_UID 1\",\"limits\":$i}")
        [ -n "$(lookup_pid rootless:$name)" ] &&
            record $name podman-rootless rootless:$name "{\"userns\":\"rootless\",\"owner_uid\":$RL_UID,$c}" "$k" "podman run --network none, as uid $RL_UID"
    fi
    name=zoo-nspawn
    if [ -n "${ZOO_NSPAWN:-}" ] && wanted $name; then
        local b; b=$(command -v systemd-nspawn || echo "$STATE/nspawn/usr/bin/systemd-nspawn")
        if [ -z "$(lookup_pid "file:$STATE/$name.pid")" ]; then
            rm -rf "$STATE/nspawn-root"; cp -a "$STATE/rootfs" "$STATE/nspawn-root"
            mkdir -p "$STATE/nspawn-root/usr/lib"; echo ID=zoo >"$STATE/nspawn-root/usr/lib/os-release"
            note_created /run/systemd/nspawn
            setsid "$b" -q --register=no --keep-unit --console=pipe -D "$STATE/nspawn-root" -M $name --private-network \
                --drop-capability=CAP_SYS_ADMIN /bin/sleep $SLEEP </dev/null >"$STATE/nspawn.log" 2>&1 &
            pid=$!; disown
            echo "$pid $(starttime $pid)" >"$STATE/nspawn-outer.pid"
            sleep_child "$pid" "$STATE/$name.pid" || skip $name "$(cat "$STATE/nspawn.log")" optional
        fi
        [ -n "$(lookup_pid "file:$STATE/$name.pid")" ] &&
            record $name nspawn "file:$STATE/$name.pid" '{"cap_drop":["SYS_ADMIN"]}' \
                '{"NoNewPrivs":0,"Seccomp":2,"euid":0}' "systemd-nspawn --private-network --drop-capability=CAP_SYS_ADMIN"
    fi
    if [ -n "${ZOO_DEBIAN:-}" ] && wanted zoo-debian && [ -e "$STATE/debian.tar" ]; then
        local keep=$IMAGE
        if [ "$ENGINE" = podman ]; then PM load -q -i "$STATE/debian.tar" >/dev/null 2>&1; else DK load -q -i "$STATE/debian.tar" >/dev/null 2>&1; fi
        IMAGE=$DEBIMAGE
        eng zoo-debian '{"image":"debootstrap minbase"}' '{}' -- /bin/bash -c "while :; do sleep $SLEEP; done"
        IMAGE=$keep
    fi
}

sleep_child() { # OUTER-PID FILE: wait until a descendant is our sleep, note it
    local i p c
    for i in $(seq 50); do
        p=$1
        while c=$(cat "/proc/$p/task/$p/children" 2>/dev/null) && [ -n "${c// /}" ]; do p=${c%% *}; done
        if [ "$p" != "$1" ] && tr '\0' ' ' <"/proc/$p/cmdline" 2>/dev/null | grep -q "^/bin/sleep $SLEEP"; then
            sleep 0.1
            echo "$p $(starttime "$p")" >"$2"
            return 0
        fi
        [ -e "/proc/$1" ] || return 1
        sleep 0.1
    done
    return 1
}

start_rootless() {
    [ -n "$(lookup_pid rootless:zoo-rootless)" ] && return 0
    if ! getent passwd $RL_USER >/dev/null; then
        useradd -M -u $RL_UID -U -d "$STATE/rl/home" -s /bin/sh $RL_USER >>"$STATE/rootless.log" 2>&1 || return 1
        touch "$STATE/rl.user"
    fi
    grep -q "^$RL_USER:" /etc/subuid || usermod --add-subuids 4700000-4765535 --add-subgids 4700000-4765535 $RL_USER
    mkdir -p "$STATE/rl/run" "$STATE/rl/home"
    chmod 711 "$STATE" "$STATE/rl"; chmod 700 "$STATE/rl/run"; chmod 644 "$STATE/image.tar"
    chown -R $RL_UID:$RL_UID "$STATE/rl/run" "$STATE/rl/home"
    local limit=()
    if [ $DRIVER = systemd ] && systemctl start "user@$RL_UID.service" 2>/dev/null && [ -S "/run/user/$RL_UID/bus" ]; then
        touch "$STATE/rl.manager"; limit=(--pids-limit 64)
    fi
    RL load -q -i "$STATE/image.tar" >>"$STATE/rootless.log" 2>&1
    RL rm -t 0 -f zoo-rootless >/dev/null 2>&1
    RL run -d --name zoo-rootless --label zoo=1 --network none "${limit[@]}" "$IMAGE" /bin/sleep $SLEEP >>"$STATE/rootless.log" 2>&1 </dev/null
}

# ------------------------------------------------------------ sub-commands --
do_up() {
    [ "$(id -u)" = 0 ] || die "must run as root"
    mkdir -p "$STATE"/{cases,skipped,bundle,bin}
    chmod 711 "$STATE"
    do_install
    build_images
    write_runtime_wrapper
    rm -f "$STATE"/skipped/*
    # which top-level cgroups were there before us
    [ -e "$STATE/cgroups.before" ] || find /sys/fs/cgroup -mindepth 1 -maxdepth 2 -type d >"$STATE/cgroups.before"

    have containerd && start_containerd && CT images ls -q 2>/dev/null | grep -qxF "$IMAGE" ||
        CT images import "$STATE/image.tar" >/dev/null 2>&1
    CT -n k8s.io images ls -q 2>/dev/null | grep -qxF "$IMAGE" || CT -n k8s.io images import "$STATE/image.tar" >/dev/null 2>&1
    if have dockerd && start_dockerd; then
        DK image inspect "$IMAGE" >/dev/null 2>&1 || DK load -q -i "$STATE/image.tar" >/dev/null 2>&1
    elif [ "$ENGINE" = docker ]; then
        log "docker does not work here: falling back to podman for its cases"
        ENGINE=podman
        eng() { pm "$@"; }; CAP_DEF=$CAP_PODMAN; ALLCAPS=(); EXECRT=()
    fi
    PM image exists "$IMAGE" 2>/dev/null || PM load -q -i "$STATE/image.tar" >/dev/null 2>&1
    read_known
    set_cap_all
    cases_engine
    cases_podman
    cases_oci
    cases_ctr
    cases_other
    wait_cases
    log "$(ls "$STATE/cases" | wc -l) cases up, $(ls "$STATE/skipped" | wc -l) skipped"
    ! grep -LE '^optional: ' "$STATE"/skipped/* 2>/dev/null | grep -q .
}

do_down() {
    [ -d "$STATE" ] || { log "nothing to do"; return 0; }
    local ids f pid st n
    # engines first, with their daemons; a daemon of ours that has died is
    # started once more, or its containers could not be removed
    { [ -f "$STATE/containerd.pid" ] || grep -qx containerd.service "$STATE/units" 2>/dev/null; } && have containerd && start_containerd
    { [ -f "$STATE/dockerd.pid" ] || grep -qx docker.service "$STATE/units" 2>/dev/null; } && have dockerd && start_dockerd
    if [ -S "$DOCKER_SOCK" ] && have docker; then
        ids=$(DK ps -aq --filter label=zoo=1 2>/dev/null)
        [ -n "$ids" ] && DK rm -f $ids >/dev/null 2>&1
        [ -f "$STATE/dockerd.pid" ] && reap_moby
        DK rmi -f "$IMAGE" "$DEBIMAGE" >/dev/null 2>&1
    fi
    if have podman; then
        ids=$(PM ps -aq --filter label=zoo=1 2>/dev/null)
        [ -n "$ids" ] && PM rm -t 0 -f $ids >/dev/null 2>&1
        PM rmi -f "$IMAGE" "$DEBIMAGE" >/dev/null 2>&1
    fi
    for f in "$STATE"/cases/*.json; do
        [ -e "$f" ] || continue
        n=$(jq -r .lookup "$f")
        case $n in
            runc:*) RUNC delete -f "${n#*:}" >/dev/null 2>&1 ;;
            crun:*) CRUN delete -f "${n#*:}" >/dev/null 2>&1 ;;
        esac
    done
    if [ -S "$CTRD_SOCK" ] && have ctr; then
        [ -s "$STATE/cri.json" ] && /usr/bin/python3 "$HERE/cri.py" "$CTRD_SOCK" rm "$(jq -r .sandbox "$STATE/cri.json")" >/dev/null 2>&1
        CT task rm -f zoo-ctr >/dev/null 2>&1; CT c rm zoo-ctr >/dev/null 2>&1
        CT images rm "$IMAGE" >/dev/null 2>&1
        CT -n k8s.io images ls -q 2>/dev/null | grep -E "^($IMAGE|sha256:)" | while read -r n; do CT -n k8s.io images rm "$n" >/dev/null 2>&1; done
    fi
    if [ -d /var/lib/lxc/zoo-lxc ]; then
        lxc-stop -k -n zoo-lxc >/dev/null 2>&1
        rm -rf /var/lib/lxc/zoo-lxc
    fi
    for n in bwrap unshare nspawn; do # the inner process by its recorded identity, then its parent
        for f in "$STATE/zoo-$n.pid" "$STATE/$n-outer.pid"; do
            [ -f "$f" ] || continue
            read -r pid st <"$f"
            [ -n "${pid:-}" ] && [ "$(starttime "$pid")" = "$st" ] && kill -KILL "$pid" 2>/dev/null
            rm -f "$f"
        done
    done
    if getent passwd $RL_USER >/dev/null && [ -d "$STATE/rl" ]; then
        RL rm -t 0 -f zoo-rootless >/dev/null 2>&1
        RL rmi -f "$IMAGE" >/dev/null 2>&1
        [ ! -e "$STATE/rl.manager" ] || systemctl stop "user@$RL_UID.service" "user-runtime-dir@$RL_UID.service" 2>/dev/null
        if pid=$(cat "$STATE/rl/run/libpod/tmp/pause.pid" 2>/dev/null) &&
            [ "$(stat -c %u "/proc/$pid" 2>/dev/null)" = $RL_UID ]; then
            kill -KILL "$pid" 2>/dev/null
        fi
        if [ -e "$STATE/rl.user" ]; then
            sleep 0.3
            userdel -f $RL_USER >/dev/null 2>&1
            sed -i "/^$RL_USER:/d" /etc/subuid /etc/subgid
        fi
    fi
    stop_daemon dockerd
    stop_daemon containerd
    stop_units
    if [ $DRIVER = systemd ]; then
        systemctl stop "$(pod_parent $POD_UID)" "$(pod_parent $CRI_POD_UID)" 2>/dev/null
        grep -qxF /sys/fs/cgroup/kubepods.slice "$STATE/cgroups.before" 2>/dev/null || systemctl stop kubepods.slice 2>/dev/null
    fi
    # folders and mounts that only we created
    if [ -f "$STATE/created" ]; then
        while read -r n; do
            case $n in
                /run/docker|/var/lib/docker|/run/containerd|/var/lib/containerd|/opt/containerd|/run/systemd/nspawn) ;;
                *) continue ;;
            esac
            awk -v p="$n/" 'index($5 "/", p) == 1 {print $5}' /proc/self/mountinfo | sort -r | while read -r f; do umount "$f" 2>/dev/null; done
            awk -v p="$n/" 'index($5 "/", p) == 1 {e=1} END {exit e}' /proc/self/mountinfo && rm -rf --one-file-system "$n"
        done <"$STATE/created"
    fi
    clean_cgroups
    awk -v p="$STATE/" 'index($5, p) == 1 {print $5}' /proc/self/mountinfo | sort -r | while read -r f; do umount "$f" 2>/dev/null; done
    if awk -v p="$STATE/" 'index($5, p) == 1 {e=1} END {exit e}' /proc/self/mountinfo; then
        # keep what is slow to build: images and the private nspawn
        find "$STATE" -mindepth 1 -maxdepth 1 ! -name image.tar ! -name debian.tar ! -name nspawn \
            -exec rm -rf --one-file-system {} +
    fi
    log "down"
}

reap_moby() { # our docker containers when no dockerd can be started any more
    local f id pid d
    for f in /var/lib/docker/containers/*/config.v2.json; do
        [ -e "$f" ] && [ "$(jq -r '.Config.Labels.zoo // empty' "$f")" = 1 ] || continue
        id=$(jq -r .ID "$f"); pid=$(jq -r .State.Pid "$f")
        grep -q "/$id" "/proc/$pid/cgroup" 2>/dev/null || continue
        d=$(awk '/^PPid/{print $2}' "/proc/$pid/status")
        kill -KILL "$pid" 2>/dev/null
        sleep 0.1
        tr '\0' ' ' <"/proc/$d/cmdline" 2>/dev/null | grep -q -- "-id $id" && kill -KILL "$d" 2>/dev/null
    done
}

clean_cgroups() { # empty groups with our names that were not there before `up`
    local c d t
    for c in /sys/fs/cgroup /sys/fs/cgroup/*; do
        for d in zoo docker libpod_parent kubepods kubepods.slice default lxc.payload.zoo-lxc lxc.monitor.zoo-lxc lxc.pivot payload supervisor; do
            t=$c/$d
            [ -d "$t" ] || continue
            grep -qxF "$t" "$STATE/cgroups.before" 2>/dev/null && continue
            find "$t" -depth -type d -exec rmdir {} \; 2>/dev/null
        done
    done
    return 0
}

do_list() {
    local f n r l p
    load_lookups
    printf '%-24s %-16s %-8s %s\n' NAME RUNTIME PID STATE
    while IFS=$'\t' read -r n r l; do
        if p=$(lookup_pid "$l"); then printf '%-24s %-16s %-8s %s\n' "$n" "$r" "$p" running
        else printf '%-24s %-16s %-8s %s\n' "$n" "$r" - gone; fi
    done < <(all_cases | jq -r '[.name,.runtime,.lookup]|@tsv')
    for f in "$STATE"/skipped/*; do
        [ -e "$f" ] && printf '%-24s %-16s %-8s skipped: %s\n' "$(basename "$f")" - - "$(head -c 120 "$f")"
    done
    return 0
}

all_cases() { cat "$STATE"/cases/*.json 2>/dev/null; }

do_expect() {
    local n l p m a ap
    load_lookups
    while IFS=$'\t' read -r n l a; do
        p=$(lookup_pid "$l") && [ -r "/proc/$p/cgroup" ] || { log "$n is gone"; continue; }
        ap=
        for m in $a; do ap+="$m $(find_marked "$p" "$m") "; done
        printf '%s\t%s\t%s\t%s\t%s\n' "$n" "$p" "$(lookup_id "$l")" "$ap" "$(tr '\n' '|' <"/proc/$p/cgroup")"
    done < <(all_cases | jq -r '[.name, .lookup, ([.also[].marker]|join(" "))]|@tsv') |
        jq -Rn --slurpfile cases <(all_cases) --arg img "$IMAGE" '
            ($cases | map({key:.name, value:.}) | from_entries) as $c |
            [inputs | split("\t") as [$n, $p, $id, $ap, $cg] | $c[$n]
             | ($ap | split(" ")) as $w
             | .also |= map(.marker as $m | ($w | index($m)) as $i
                            | del(.marker) + {pid: (if $i then ($w[$i + 1] | tonumber? // null) else null end)})
             | {name, runtime, pid: ($p | tonumber), id: (if $id == "" then null else $id end),
                image: (if (.runtime | test("docker|podman|containerd")) then $img else null end),
                truth, kernel, flags, also,
                cgroup: ($cg | split("|") | map(select(length > 0) | capture("^(?<h>[0-9]+):(?<c>[^:]*):(?<p>.*)$"))
                         | map({key: (if .c == "" then "unified" else .c end), value: .p}) | from_entries)}]'
}

# Compare the recorded expectations with the kernel's view.
do_verify() {
    local name pid key want got v ns last='' line bad=0 total=0
    local -A st
    diff_() {
        [ "$1" = "$2" ] && return
        printf 'DIFF %s pid=%s %s: want %s, kernel has %s\n' "$name" "$pid" "$key" "$1" "$2"
        bad=$((bad + 1))
    }
    while IFS=$'\t' read -r name pid key want; do
        if [ "$pid" != "$last" ]; then
            last=$pid; st=(); total=$((total + 1))
            [ -r "/proc/$pid/status" ] || { key=process; diff_ "pid $pid" "no such process"; continue; }
            while read -r line; do st[${line%%:*}]=${line#*:}; done <"/proc/$pid/status"
            st[cgroup]=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
        fi
        case $key in
            Cap*|NoNewPrivs|Seccomp) diff_ "$want" "${st[$key]//[[:space:]]/}" ;;
            ruid) set -- ${st[Uid]}; diff_ "$want" "$1" ;;
            euid) set -- ${st[Uid]}; diff_ "$want" "$2" ;;
            uid_map) read -r v <"/proc/$pid/uid_map"; set -- $v; diff_ "$want" "$*" ;;
            host_ns)
                got=
                for ns in cgroup ipc net pid time user uts; do
                    [ "/proc/$pid/ns/$ns" -ef "/proc/self/ns/$ns" ] && got+="$ns "
                done
                diff_ "$want" "${got% }" ;;
            rootfs_ro)
                got=false
                awk '$5=="/"{o=$6} END{exit !(o ~ /^ro(,|$)/)}' "/proc/$pid/mountinfo" && got=true
                diff_ "$want" "$got" ;;
            apparmor)
                got=$(cat "/proc/$pid/attr/apparmor/current" 2>/dev/null || cat "/proc/$pid/attr/current" 2>/dev/null)
                diff_ "$want" "$got" ;;
            *.*) # a cgroup file
                if [ "$CGMODE" = v2 ]; then
                    got=$(cat "/sys/fs/cgroup${st[cgroup]}/$key" 2>/dev/null)
                    [ "${key%%.*}" = io ] && grep -qxF "$want" <<<"$got" && got=$want
                    diff_ "$want" "$got"
                    continue
                fi
                v=$(awk -F: -v c="${key%%.*}" '$2==c{print $3}' "/proc/$pid/cgroup")
                got=$(cat "/sys/fs/cgroup/${key%%.*}$v/$key" 2>/dev/null)
                [ "$key" = devices.list ] && grep -qxF "$want" <<<"$got" && got=$want
                diff_ "$want" "$got" ;;
        esac
    done < <(do_expect | jq -r '
        .[] | (., (.name as $n | .also[] | .name = $n + " [" + .role + "]")) | . as $c | .kernel
        | (del(.limits, .host_ns) | to_entries[] | select(.value != null)),
          (if .host_ns then {key: "host_ns", value: (.host_ns | sort | join(" "))} else empty end),
          ((.limits // {}) | to_entries[])
        | [$c.name, ($c.pid // 0), .key, .value] | @tsv')
    log "verify: $total processes, $bad differences"
    [ $bad = 0 ] && [ $total -gt 0 ]
}

lock() {
    mkdir -p /run/lock 2>/dev/null
    exec 9>"/run/lock/zoo$(tr / _ <<<"$STATE").lock"
    flock -w 300 9 || die "another zoo.sh is at work"
}

case ${1:-} in
    up) lock; do_up 9>&- ;;
    down) lock; do_down 9>&- ;;
    list) do_list ;;
    expect) do_expect ;;
    verify) do_verify ;;
    install) mkdir -p "$STATE"; do_install ;;
    *) sed -n '3,23p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'; exit 2 ;;
esac

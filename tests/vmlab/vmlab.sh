#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# vmlab.sh - a throw-away Debian kernel in QEMU (software emulation), for what the machine at
# hand cannot show: AppArmor and pure cgroup v2; with --full a whole Debian with systemd, docker,
# podman and containerd. See README.md.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${VMLAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmlab}
KERNEL=${VMLAB_KERNEL:-linux-image-cloud-amd64}   # or linux-image-6.12-cloud-amd64, linux-image-amd64
ACCEL=${VMLAB_ACCEL:-tcg,thread=multi}
MACHINE=${VMLAB_MACHINE:-pc}
CPU=${VMLAB_CPU:-max}
SMP=${VMLAB_SMP:-2}
MEM=${VMLAB_MEM:-}                                # 1024; 3072 with --full

# Debian packages whose files make up the guest (unpacked, never installed here).
GUEST_PKGS=(busybox-static runc crun apparmor jq
  libc6 libgcc-s1 libstdc++6 libseccomp2 libcap2 libyajl2 libsystemd0 libgcrypt20 libgpg-error0
  liblz4-1 liblzma5 libzstd1 libjq1 libonig5)
GUEST_BINS=(usr/sbin/runc usr/bin/crun sbin/apparmor_parser usr/bin/jq usr/bin/aa-exec)
GUEST_MODULES=(virtio_pci virtio_console virtio_blk overlay null_blk loop veth dummy bridge
  inet_diag tcp_diag udp_diag unix_diag netlink_diag)
read -ra more <<<"${VMLAB_MODULES:-}"; GUEST_MODULES+=("${more[@]}")

# The full guest: Debian packages that are installed in it.
FULL_PKGS=(systemd systemd-sysv dbus libpam-systemd dbus-user-session libnss-systemd systemd-container
  apparmor docker.io containerd runc crun podman containernetworking-plugins iptables lxc bubblewrap busybox-static uidmap
  jq python3-minimal python3-grpcio iproute2 curl ca-certificates openssl procps kmod
  libprometheus-cpp-core1.0 libprometheus-cpp-pull1.0 libcpp-httplib0.11 libyaml-cpp0.7 libspdlog1.10 libfmt9
  libssl3 libcap2 libcap2-bin libcap-ng0 libseccomp2 libbpf1 libelf1 libsystemd0 libnl-3-200 libnl-genl-3-200
  libmnl0 libjsoncpp25 libstdc++6)
read -ra more <<<"${VMLAB_FULL_PKGS:-}"; FULL_PKGS+=("${more[@]}")
FULL_DISK=${VMLAB_FULL_DISK:-6G}     # what the guest sees; sparse

say() { printf 'vmlab: %s\n' "$*" >&2; }
die() { say "$*"; exit 125; }
usage() {
  cat >&2 <<'U'
usage: vmlab.sh build [--full] [--force]
       vmlab.sh run [--full] [OPTION]... -- COMMAND [ARG]...
       vmlab.sh info [--full]
run options:
  --full                   the guest with systemd, docker, podman and containerd
  --overlay DIR            put DIR's files into the guest, at /  (repeatable)
  --bin HOSTFILE[:GUEST]   put a program and the shared libraries ldd finds for it into the guest;
                           default place /usr/local/bin (repeatable)
  --get GUEST:HOST         copy a guest file or directory to HOST afterwards (repeatable)
  --env NAME=VALUE         set a variable for COMMAND (repeatable)
  --timeout SECONDS        for COMMAND (default 300; VMLAB_TIMEOUT)
  --append STRING          add to the kernel command line
  --no-profiles            do not load the sample AppArmor profiles
  --console FILE           keep the guest's console log
  --times                  print how long each stage took, on stderr
One argument after -- is a shell line; several are a program and its arguments.
Exit: COMMAND's own status; 124 timed out; 125 the lab itself failed; 2 usage.
U
  exit 2
}

# ---------------------------------------------------------------- build
apt_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else die "needs root for: $*"; fi
}
need_tools() {
  local miss=()
  if [ "${1:-}" = full ]; then
    command -v mmdebstrap >/dev/null || miss+=(mmdebstrap)
    [ -x /sbin/mke2fs ] || miss+=(e2fsprogs)
  fi
  command -v qemu-system-x86_64 >/dev/null || miss+=(qemu-system-x86)
  command -v cpio  >/dev/null || miss+=(cpio)
  command -v depmod >/dev/null || [ -x /sbin/depmod ] || miss+=(kmod)
  command -v xz    >/dev/null || miss+=(xz-utils)
  command -v flock >/dev/null && command -v setpriv >/dev/null || miss+=(util-linux)
  command -v dpkg-deb >/dev/null || die "needs a Debian-like host (dpkg-deb, apt-get)"
  [ ${#miss[@]} = 0 ] && return 0
  say "installing ${miss[*]}"
  local o=(-y -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 --no-install-recommends)
  if ! DEBIAN_FRONTEND=noninteractive apt_root apt-get install "${o[@]}" "${miss[@]}" >/dev/null 2>&1; then
    apt_root apt-get update -qq -o Acquire::Retries=3 >/dev/null
    DEBIAN_FRONTEND=noninteractive apt_root apt-get install "${o[@]}" "${miss[@]}" >/dev/null || die "apt-get install ${miss[*]} failed"
  fi
}
kernel_pkg() { # the package that holds the kernel: a meta package's first dependency, or itself
  local d
  # lists without it would leave the meta package, which has no kernel
  apt-cache show "$1" >/dev/null 2>&1 || apt_root apt-get update -qq -o Acquire::Retries=3 >/dev/null
  d=$(apt-cache depends --no-recommends --no-suggests "$1" 2>/dev/null | awk '$1=="Depends:" && $2 ~ /^linux-image-[0-9]/ {print $2; exit}')
  printf '%s\n' "${d:-$1}"
}
stamp_of() { # what the built image depends on
  { printf '%s\n' "$KERNEL" "${GUEST_PKGS[@]}" "${GUEST_BINS[@]}" "${GUEST_MODULES[@]}"
    cd "$HERE" && sha256sum vmlab.sh && find base -type f -print0 | sort -z | xargs -0 sha256sum; } | sha256sum | cut -d' ' -f1
}
IMG=$CACHE/$KERNEL

fetch_pkgs() ( # into $1: package names
  cd "$1"; shift
  apt-get download -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 "$@" >/dev/null 2>&1 ||
    { apt_root apt-get update -qq -o Acquire::Retries=3 >/dev/null &&
      apt-get download -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 "$@" >/dev/null; }
)
build() {
  local force=${1:-} stamp w k kver m f
  need_tools
  mkdir -p "$CACHE"
  exec 8>"$CACHE/.lock"; flock 8
  stamp=$(stamp_of)
  if [ "$force" != --force ] && [ -f "$IMG/stamp" ] && [ "$(cat "$IMG/stamp")" = "$stamp" ]; then
    exec 8>&-; return 0
  fi
  say "building $IMG"
  w=$(mktemp -d "$CACHE/.build.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$w'" EXIT
  mkdir -p "$w/debs" "$w/k" "$w/p" "$w/img" "$w/out"
  fetch_pkgs "$w/debs" "${GUEST_PKGS[@]}" || die "could not download the guest's packages"
  k=$(kernel_pkg "$KERNEL")   # after fetch_pkgs: that refreshes the lists if they were missing
  mkdir "$w/kdeb"; fetch_pkgs "$w/kdeb" "$k" || die "could not download $k"
  dpkg-deb -x "$w"/kdeb/*.deb "$w/k"
  for f in "$w"/debs/*.deb; do dpkg-deb -x "$f" "$w/p"; done
  kver=$(basename "$w"/k/lib/modules/* 2>/dev/null || basename "$w"/k/usr/lib/modules/*)
  [ -f "$w/k/boot/vmlinuz-$kver" ] || die "no kernel in $k"

  # skeleton: merged /usr, as Debian has it
  local i=$w/img
  mkdir -p "$i"/usr/{bin,sbin,lib,lib64,lib/x86_64-linux-gnu} "$i"/{proc,sys,dev,run,tmp,root,etc,var,lab,mnt}
  ln -s usr/bin "$i/bin"; ln -s usr/sbin "$i/sbin"; ln -s usr/lib "$i/lib"; ln -s usr/lib64 "$i/lib64"
  cp "$w/p/bin/busybox" "$i/usr/bin/busybox"
  while read -r f; do [ -e "$i/usr/bin/$f" ] || ln -s busybox "$i/usr/bin/$f"; done < <("$i/usr/bin/busybox" --list)

  # programs and the libraries they need
  local ld lp=$w/p/lib/x86_64-linux-gnu:$w/p/usr/lib/x86_64-linux-gnu out lib
  ld=$(find "$w/p" -name 'ld-linux-x86-64.so.2' | head -n 1)
  cp -L "$ld" "$i/usr/lib64/ld-linux-x86-64.so.2"
  ln -s ../../lib64/ld-linux-x86-64.so.2 "$i/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
  for f in "${GUEST_BINS[@]}" +libstdc++.so.6; do
    case $f in
      +*) lib=$(find "$w/p" -name "${f#+}" | head -n 1); out="x => $lib ("$'\n'$("$ld" --library-path "$lp" --list "$lib") ;;
      *)  [ -e "$w/p/$f" ] || die "$f is in none of the packages"
          cp "$w/p/$f" "$i/usr/$([[ $f == *sbin/* ]] && echo sbin || echo bin)/"
          out=$("$ld" --library-path "$lp" --list "$w/p/$f" 2>/dev/null || true) ;;
    esac
    if grep -q 'not found' <<<"$out"; then die "$f: $(grep 'not found' <<<"$out")"; fi
    while read -r lib; do cp -Ln "$lib" "$i/usr/lib/x86_64-linux-gnu/"; done < <(awk '$2=="=>" && $3 ~ /^\// {print $3}' <<<"$out")
  done
  # usual companions of C++ programs and of name look-ups
  for lib in libm.so.6 libpthread.so.0 libdl.so.2 librt.so.1 libresolv.so.2 libnss_files.so.2 libnss_dns.so.2; do
    f=$(find "$w/p" -name "$lib" | head -n 1); [ -z "$f" ] || cp -Ln "$f" "$i/usr/lib/x86_64-linux-gnu/"
  done
  mkdir -p "$i/etc/apparmor.d"; cp -r "$w/p/etc/apparmor" "$i/etc/"
  cp -r "$w"/p/etc/apparmor.d/{abi,tunables,abstractions} "$i/etc/apparmor.d/"
  mkdir -p "$i/usr/share"; cp -r "$w/p/usr/share/apparmor-features" "$i/usr/share/"
  cp -r "$HERE/base/." "$i/"
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' > "$i/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' > "$i/etc/group"
  printf '127.0.0.1 localhost vmlab\n' > "$i/etc/hosts"
  printf 'passwd: files\ngroup: files\nhosts: files\n' > "$i/etc/nsswitch.conf"
  printf 'PRETTY_NAME="vmlab"\nID=debian\n' > "$i/etc/os-release"
  ln -sf /proc/mounts "$i/etc/mtab"

  # a root for containers
  local r=$i/lab/rootfs
  mkdir -p "$r"/{bin,proc,sys,dev/pts,dev/shm,tmp,etc,root,var,run,home}
  cp "$w/p/bin/busybox" "$r/bin/busybox"
  while read -r f; do [ "$f" = busybox ] || ln -s busybox "$r/bin/$f"; done < <("$r/bin/busybox" --list)
  printf 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n' > "$r/etc/passwd"
  printf 'root:x:0:\napp:x:1000:\n' > "$r/etc/group"
  rm "$r/bin/busybox"; ln "$i/usr/bin/busybox" "$r/bin/busybox"   # one copy in the archive

  # modules: those named and what they need
  local mroot depmod; depmod=$(command -v depmod || echo /sbin/depmod)
  mroot=$w/k; [ -d "$w/k/lib/modules" ] || mroot=$w/k/usr
  find "$mroot/lib/modules" -name '*.ko.xz' -exec xz -dk {} +
  find "$mroot/lib/modules" -name '*.ko.xz' -delete
  "$depmod" -b "$mroot" "$kver"
  local md=$mroot/lib/modules/$kver
  for m in "${GUEST_MODULES[@]}"; do
    f=$(awk -F: -v m="/${m//[-_]/[-_]}.ko$" '$1 ~ m {print $1 $2; exit}' "$md/modules.dep")
    if [ -z "$f" ]; then
      grep -q "/${m//[-_]/[-_]}\.ko" "$md/modules.builtin" || say "module $m: not in $kver"
      continue
    fi
    for f in $f; do install -D -m 644 "$md/$f" "$i/usr/lib/modules/$kver/$f"; done
  done
  cp "$md/modules.builtin" "$md/modules.order" "$i/usr/lib/modules/$kver/"
  "$depmod" -b "$i/usr" "$kver" 2>/dev/null || "$depmod" -b "$i" "$kver"

  cp "$w/k/boot/vmlinuz-$kver" "$w/out/vmlinuz"
  cp "$w/k/boot/config-$kver" "$w/out/config"
  (cd "$i" && find . -print0 | LC_ALL=C sort -z | cpio --null -o -H newc -R 0:0 --quiet) > "$w/out/base.cpio"
  for f in "$w"/kdeb/*.deb "$w"/debs/*.deb; do printf '%s %s\n' "$(dpkg-deb -f "$f" Package)" "$(dpkg-deb -f "$f" Version)"; done > "$w/out/manifest.txt"
  printf '%s\n' "$kver" > "$w/out/kver"
  printf '%s\n' "$stamp" > "$w/out/stamp"
  rm -rf "$IMG"; mv "$w/out" "$IMG"
  rm -rf "$w"; trap - EXIT
  exec 8>&-
  say "built: kernel $kver, $(du -h "$IMG/vmlinuz" | cut -f1) + initramfs $(du -h "$IMG/base.cpio" | cut -f1)"
}

# ---------------------------------------------------------------- build --full
# shellcheck source=/dev/null # the host's own
SUITE=${VMLAB_SUITE:-$(. /etc/os-release 2>/dev/null; echo "${VERSION_CODENAME:-bookworm}")}
FIMG=$CACHE/full-$SUITE-$KERNEL
deb_sources() { # the host's own Debian archives for the suite, as one-line sources
  local n key=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -f "$key" ] && key="[signed-by=$key] " || key=''
  for n in "$SUITE" "$SUITE-updates" "$SUITE-security"; do
    apt-get indextargets --format "deb $key\$(REPO_URI) \$(RELEASE) \$(COMPONENT)" \
      'Created-By: Packages' 'Origin: Debian' "Codename: $n" 2>/dev/null
  done | grep . | sort -u
}
full_stamp() {
  { printf '%s\n' "$KERNEL" "$SUITE" "$FULL_DISK" "${FULL_PKGS[@]}"
    sed -n '/^# -* build --full/,/^# -* run/p' "$HERE/vmlab.sh"
    cd "$HERE" && find base full -type f -print0 | sort -z | xargs -0 sha256sum; } | sha256sum | cut -d' ' -f1
}
build_full() {
  local force=${1:-} stamp w k kver f md i m
  need_tools full
  mkdir -p "$CACHE"
  exec 7>"$CACHE/.lock-full"; flock 7
  find "$CACHE" -maxdepth 1 -name '.run.*' -mmin +1440 -exec rm -rf {} +   # left by runs that were killed
  stamp=$(full_stamp)
  if [ "$force" != --force ] && [ -f "$FIMG/stamp" ] && [ "$(cat "$FIMG/stamp")" = "$stamp" ]; then
    exec 7>&-; return 0
  fi
  [ "$(id -u)" = 0 ] || die "build --full makes files of many owners: run it as root once"
  say "building $FIMG"
  w=$(mktemp -d "$CACHE/.build.XXXXXX"); chmod 755 "$w"
  # shellcheck disable=SC2064
  trap "rm -rf --one-file-system '$w'" EXIT
  mkdir -p "$w/k" "$w/kdeb" "$w/out"
  [ -n "$(deb_sources)" ] || apt-get update -qq -o Acquire::Retries=3 >/dev/null
  [ -n "$(deb_sources)" ] || die "apt knows no Debian archive for $SUITE"
  k=$(kernel_pkg "$KERNEL"); fetch_pkgs "$w/kdeb" "$k" || die "could not download $k"
  dpkg-deb -x "$w"/kdeb/*.deb "$w/k"

  # /usr is merged by the hook; documentation and translations stay out
  local IFS=,
  deb_sources | mmdebstrap --quiet --mode=root --variant=minbase --architectures=amd64 \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include="${FULL_PKGS[*]}" \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "3"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    "$SUITE" "$w/root" - >"$w/log" 2>&1 || { tail -n 20 "$w/log" >&2; die "mmdebstrap failed"; }
  unset IFS
  local r=$w/root
  # what a test installs is to arrive whole, and from nowhere but the guest's own disk
  rm -f "$r"/etc/dpkg/dpkg.cfg.d/99mmdebstrap "$r"/etc/apt/apt.conf.d/99mmdebstrap "$r"/etc/apt/sources.list.d/*
  : > "$r/etc/apt/sources.list"; : > "$r/etc/resolv.conf"; : > "$r/etc/fstab"
  rm -rf "$r"/var/cache/apt/*.bin "$r"/var/cache/debconf/*-old "$r"/var/log/{apt,dpkg.log,bootstrap.log,alternatives.log}
  find "$r/usr/lib/python3" -name __pycache__ -prune -exec rm -rf {} +
  echo vmlab > "$r/etc/hostname"; printf '127.0.0.1 localhost\n127.0.1.1 vmlab\n' > "$r/etc/hosts"
  head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$r/etc/machine-id"; echo >> "$r/etc/machine-id"
  # /lab of the small guest, too
  mkdir -p "$r/lab"; cp "$HERE/base/lab/containers.sh" "$r/lab/"; cp -r "$HERE/base/etc/apparmor.d/." "$r/etc/apparmor.d/"
  local q=$r/lab/rootfs
  mkdir -p "$q"/{bin,proc,sys,dev/pts,dev/shm,tmp,etc,root,var,run,home}; cp "$r/bin/busybox" "$q/bin/busybox"
  while read -r f; do [ "$f" = busybox ] || ln -s busybox "$q/bin/$f"; done < <("$q/bin/busybox" --list)
  printf 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n' > "$q/etc/passwd"
  printf 'root:x:0:\napp:x:1000:\n' > "$q/etc/group"
  (cd "$HERE/full" && find lab etc -type f) | while read -r f; do install -D -m "$(stat -c %a "$HERE/full/$f")" "$HERE/full/$f" "$r/$f"; done
  # units: nothing that waits for hardware, runs by the clock, or is not asked for
  ln -sf ../vmlab.service "$r/etc/systemd/system/multi-user.target.wants/vmlab.service"
  for f in "${FULL_MASK[@]}"; do ln -sf /dev/null "$r/etc/systemd/system/$f"; done
  # seconds of every boot go into these, and only lxc without an explicit profile needs them
  mkdir -p "$r/etc/apparmor.d/disable"
  for f in lxc-containers usr.bin.lxc-start usr.bin.lxc-copy; do
    [ ! -e "$r/etc/apparmor.d/$f" ] || ln -sf "../$f" "$r/etc/apparmor.d/disable/$f"
  done
  for f in "${FULL_OFF[@]}"; do rm -f "$r"/etc/systemd/system/*.wants/"$f"; done
  ln -sf /lib/systemd/system/multi-user.target "$r/etc/systemd/system/default.target"

  # kernel: modules on the disk, the few needed to find it in an initramfs
  [ -d "$w/k/lib/modules" ] && md=$w/k/lib/modules || md=$w/k/usr/lib/modules
  kver=$(basename "$md"/*)
  [ -f "$w/k/boot/vmlinuz-$kver" ] || die "no kernel in $k"
  cp -r "$md" "$r/usr/lib/"; cp "$w/k/boot/config-$kver" "$r/boot/"
  find "$r/usr/lib/modules" -name '*.ko.xz' -exec xz -d {} +
  "$(command -v depmod || echo /sbin/depmod)" -b "$r" "$kver"
  i=$w/initrd; md=$r/usr/lib/modules/$kver
  mkdir -p "$i"/{bin,proc,sys,dev,root,lib}
  cp "$r/bin/busybox" "$i/bin/busybox"; cp "$HERE/full/init" "$i/init"
  for m in virtio_pci virtio_blk virtio_console; do
    # shellcheck disable=SC2013 # module paths have no spaces
    for f in $(awk -F: -v m="/$m.ko$" '$1 ~ m {print $1 $2; exit}' "$md/modules.dep"); do install -D -m 644 "$md/$f" "$i/lib/modules/$kver/$f"; done
  done
  cp "$md/modules.builtin" "$md/modules.order" "$i/lib/modules/$kver/"
  "$(command -v depmod || echo /sbin/depmod)" -b "$i" "$kver" 2>/dev/null
  (cd "$i" && find . -print0 | LC_ALL=C sort -z | cpio --null -o -H newc -R 0:0 --quiet) > "$w/out/initrd"
  cp "$w/k/boot/vmlinuz-$kver" "$w/out/vmlinuz"; cp "$w/k/boot/config-$kver" "$w/out/config"
  # shellcheck disable=SC2016
  dpkg-query --admindir="$r/var/lib/dpkg" -W -f '${Package} ${Version}\n' > "$w/out/manifest.txt"
  printf '%s %s\n' "$k" "$(dpkg-deb -f "$w"/kdeb/*.deb Version)" >> "$w/out/manifest.txt"
  (cd "$r" && find usr/lib usr/lib64 -name '*.so*' -printf '/%p\n') > "$w/out/libs.txt"
  chown 0:0 "$r"; chmod 755 "$r"
  /sbin/mke2fs -q -t ext4 -F -L vmlab -m 0 -J size=32 -E lazy_itable_init=1 -d "$r" "$w/out/root.img" "$FULL_DISK" >/dev/null || die "mke2fs failed"
  printf '%s\n' "$kver" > "$w/out/kver"
  printf '%s\n' "$stamp" > "$w/out/stamp"
  rm -rf "$FIMG"; mv "$w/out" "$FIMG"
  rm -rf --one-file-system "$w"; trap - EXIT
  exec 7>&-
  say "built: kernel $kver, $(wc -l < "$FIMG/manifest.txt") packages, disk $(du -h "$FIMG/root.img" | cut -f1)"
}
FULL_MASK=(apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer e2scrub_reap.service
  podman-auto-update.timer systemd-pcrphase.service systemd-pcrphase-sysinit.service getty@tty1.service getty-static.service
  modprobe@drm.service modprobe@efi_pstore.service modprobe@dm_mod.service modprobe@loop.service
  serial-getty@ttyS0.service systemd-networkd-wait-online.service systemd-update-utmp.service systemd-update-utmp-runlevel.service)
FULL_OFF=(docker.service docker.socket containerd.service lxc.service lxc-net.service lxc-monitord.service podman.service
  podman.socket podman-restart.service podman-auto-update.service machines.target remote-fs.target e2scrub_reap.service)

# ---------------------------------------------------------------- run
sq() { local s=${1//\'/\'\\\'\'}; printf "'%s'" "$s"; }
merge() { # DIR into stage, following the stage's /lib -> usr/lib and the like
  tar -C "$1" -cf - . | tar -C "$2" --keep-directory-symlink --no-same-owner -xpf -
}
run() {
  local overlays=() bins=() gets=() envs=() timeout=${VMLAB_TIMEOUT:-300} append='' console='' times=0 noprof=0 full=0
  while [ $# -gt 0 ]; do
    case $1 in
      --full) full=1; shift ;;
      --overlay) [ -d "${2:-}" ] || die "--overlay: no directory ${2:-}"; overlays+=("$2"); shift 2 ;;
      --bin) [ -f "${2%%:*}" ] || die "--bin: no file ${2%%:*}"; bins+=("$2"); shift 2 ;;
      --get) [[ ${2:-} == /*:?* ]] || die "--get wants /GUEST:HOST"; gets+=("$2"); shift 2 ;;
      --env) [[ ${2:-} =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || die "--env wants NAME=VALUE"; envs+=("$2"); shift 2 ;;
      --timeout) [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "--timeout wants seconds"; timeout=$2; shift 2 ;;
      --append) append=$2; shift 2 ;;
      --no-profiles) noprof=1; shift ;;
      --console) console=$2; shift 2 ;;
      --times) times=1; shift ;;
      --) shift; break ;;
      *) usage ;;
    esac
  done
  [ $# -gt 0 ] || usage
  local T0=$EPOCHREALTIME
  local boot=${VMLAB_BOOT_TIMEOUT:-60}
  if [ $full = 1 ]; then
    build_full; boot=${VMLAB_BOOT_TIMEOUT:-120}
    T=$(mktemp -d "$CACHE/.run.XXXXXX")   # beside the image: it is hard-linked, and the run's writes go here
  else
    build
    T=$(mktemp -d "${TMPDIR:-/tmp}/vmlab.XXXXXX")
  fi
  QPID=''; TAILS=()
  # shellcheck disable=SC2317 # called by the trap
  cleanup() {
    local p
    [ -n "$QPID" ] && kill -TERM "$QPID" 2>/dev/null && wait "$QPID" 2>/dev/null
    for p in "${TAILS[@]:-}"; do [ -n "$p" ] && kill "$p" 2>/dev/null; done
    rm -rf "$T"
    return 0
  }
  trap cleanup EXIT; trap 'exit 130' INT; trap 'exit 143' TERM; trap 'exit 129' HUP

  # what travels: overlays, programs and their libraries, the command
  local s=$T/stage d b src dst lib rc=0 g
  mkdir -p "$s"/usr/{bin,sbin,lib,lib64,local/bin} "$s/lab/run"
  ln -s usr/bin "$s/bin"; ln -s usr/sbin "$s/sbin"; ln -s usr/lib "$s/lib"; ln -s usr/lib64 "$s/lib64"
  for b in "${bins[@]:-}"; do
    [ -n "$b" ] || continue
    src=${b%%:*}; dst=/usr/local/bin/$(basename "$src"); [[ $b == *:* ]] && dst=${b#*:}
    mkdir -p "$s$(dirname "$dst")"; cp -L "$src" "$s$dst"; chmod 755 "$s$dst"
    lib=$(ldd "$src" 2>/dev/null || true)
    if grep -q 'not found' <<<"$lib"; then die "$src: $(grep 'not found' <<<"$lib" | head -n 1)"; fi
    while read -r lib; do
      # the full guest keeps its own libraries
      [ $full = 0 ] || ! grep -qxF -e "$lib" -e "/usr$lib" "$FIMG/libs.txt" || continue
      [ -e "$s$lib" ] || { mkdir -p "$s$(dirname "$lib")"; cp -L "$lib" "$s$lib"; }
    done < <(awk '$2=="=>" && $3 ~ /^\// {print $3} $1 ~ /^\// {print $1}' <<<"$lib")
  done
  for d in "${overlays[@]:-}"; do [ -z "$d" ] || merge "$d" "$s"; done
  {
    for b in "${envs[@]:-}"; do [ -z "$b" ] || printf 'export %s=%s\n' "${b%%=*}" "$(sq "${b#*=}")"; done
    if [ $# = 1 ]; then printf '%s\n' "$1"; else printf 'exec'; for b in "$@"; do printf ' %s' "$(sq "$b")"; done; echo; fi
  } > "$s/lab/run/cmd"
  echo "$timeout" > "$s/lab/run/limit"
  [ $noprof = 0 ] || : > "$s/lab/noprofiles"
  for g in "${gets[@]:-}"; do [ -z "$g" ] || printf '%s\n' "${g%%:*}"; done > "$s/lab/run/get"
  # a private copy of the image, under a lock: a rebuild meanwhile does no harm
  local disks=()
  if [ $full = 1 ]; then
    exec 7>"$CACHE/.lock-full"; flock -s 7
    ln "$FIMG/root.img" "$FIMG/vmlinuz" "$FIMG/initrd" "$T/"
    exec 7>&-
    rm "$s"/{bin,sbin,lib,lib64}
    tar -C "$s" --owner=0 --group=0 --numeric-owner -cf "$T/files.img" .
    truncate -s %1M "$T/files.img"
    disks=(-drive "if=virtio,format=raw,file=$T/root.img,snapshot=on,cache=unsafe,aio=threads"
           -drive "if=virtio,format=raw,file=$T/files.img,read-only=on,cache=unsafe")
  else
    exec 8>"$CACHE/.lock"; flock -s 8
    cp --reflink=auto "$IMG/vmlinuz" "$T/vmlinuz"
    { cat "$IMG/base.cpio"; cd "$s" && find . -print0 | cpio --null -o -H newc -R 0:0 --quiet; } > "$T/initrd"
    exec 8>&-
  fi
  rm -rf "$s"
  : > "$T/out"; : > "$T/err"; : > "$T/ctl"; : > "$T/tar"; : > "$T/console"

  local T1=$EPOCHREALTIME p devs=()
  for p in out err ctl tar; do
    devs+=(-chardev "file,id=$p,path=$T/$p" -device "virtserialport,chardev=$p,name=vmlab.$p")
  done
  # timeout(1) bounds it even if this script is killed; pdeathsig ends qemu with timeout(1).
  TMPDIR=$T timeout -k 5 $((timeout + boot)) setpriv --pdeathsig KILL -- \
    qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none \
    -M "$MACHINE" -accel "$ACCEL" -cpu "$CPU" -smp "$SMP" -m "${MEM:-$([ $full = 1 ] && echo 3072 || echo 1024)}" \
    -kernel "$T/vmlinuz" -initrd "$T/initrd" \
    -append "console=ttyS0 quiet panic=-1 $append" \
    -chardev "file,id=con,path=$T/console" -serial chardev:con \
    -device virtio-serial-pci "${devs[@]}" "${disks[@]}" </dev/null >"$T/qemu.log" 2>&1 &
  QPID=$!
  tail -s 0.05 -c +1 -f --pid=$QPID "$T/out" 2>/dev/null & TAILS+=($!)
  tail -s 0.05 -c +1 -f --pid=$QPID "$T/err" >&2 2>/dev/null & TAILS+=($!)
  local qrc=0; wait "$QPID" || qrc=$?; QPID=''
  wait "${TAILS[@]}" 2>/dev/null || true; TAILS=()
  local T2=$EPOCHREALTIME
  [ -z "$console" ] || cp "$T/console" "$console"

  rc=$(awk '$1=="exit" {print $2}' "$T/ctl")
  if [ -z "$rc" ]; then
    if [ $qrc = 124 ] || [ $qrc = 137 ]; then say "no answer from the guest in $((timeout + boot)) s"; rc=124
    else say "the guest ended without an answer (qemu status $qrc)"; rc=125; fi
    grep -a -m 5 -E 'Kernel panic|BUG:|Oops' "$T/console" >&2 || true
    tail -n 15 "$T/qemu.log" "$T/console" >&2
  elif ! grep -q '^done' "$T/ctl"; then say "the guest stopped while sending files"; [ "$rc" != 0 ] || rc=125
  fi
  [ "$rc" != 124 ] || say "timed out after $timeout s"

  if [ ${#gets[@]} -gt 0 ]; then
    mkdir "$T/files"
    [ ! -s "$T/tar" ] || tar -C "$T/files" --no-same-owner -xf "$T/tar" || { [ "$rc" != 0 ] || rc=125; }
    for g in "${gets[@]}"; do
      src=$T/files${g%%:*}; dst=${g#*:}
      if [ -d "$src" ]; then mkdir -p "$dst" && cp -a "$src/." "$dst/"
      elif [ -e "$src" ]; then mkdir -p "$(dirname "$dst")" && cp -a "$src" "$dst"
      else say "--get: the guest has no ${g%%:*}"; [ "$rc" != 0 ] || rc=125; fi
    done
  fi
  if [ $times = 1 ]; then
    awk -v a="$T0" -v b="$T1" -v c="$T2" '$1 ~ /^(boot|ready|exit|done)$/ {printf "vmlab: guest %s at %s s\n", $1, $NF} END {printf "vmlab: prepared in %.2f s, qemu ran %.2f s\n", b-a, c-b}' "$T/ctl" >&2
  fi
  exit "$rc"
}

info() {
  if [ "${1:-}" = --full ]; then build_full; IMG=$FIMG; else build; fi
  cat "$IMG/manifest.txt"
  # shellcheck disable=SC2012 # sizes of our own files, for people
  ls -l "$IMG" | awk 'NR>1 {print $5, $NF}'
  local o
  for o in LSM SECURITY_APPARMOR SECCOMP_FILTER USER_NS CGROUPS MEMCG BLK_CGROUP BLK_DEV_THROTTLING BLK_CGROUP_IOCOST \
      CFS_BANDWIDTH CPUSETS CGROUP_PIDS CGROUP_DEVICE CGROUP_BPF PSI PSI_DEFAULT_DISABLED DEBUG_INFO_BTF BPF_SYSCALL BPF_JIT BPF_LSM \
      PROC_EVENTS CONNECTOR CHECKPOINT_RESTORE KPROBES UPROBES FTRACE TASKSTATS AUDIT SECURITY_YAMA SECURITY_LANDLOCK \
      OVERLAY_FS EXT4_FS VIRTIO_PCI VIRTIO_CONSOLE NET_9P IKCONFIG; do
    grep -E "^(# )?CONFIG_${o}[= ]" "$IMG/config" || echo "CONFIG_$o absent"
  done
}

case ${1:-} in
  build) shift
    if [ "${1:-}" = --full ]; then build_full "${2:-}"; elif [ "${2:-}" = --full ]; then build_full "$1"; else build "$@"; fi ;;
  run) shift; run "$@" ;;
  info) info "${2:-}" ;;
  *) usage ;;
esac

#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash disable=SC2086,SC2013,SC2231 # busybox; lists travel in one variable
# /lab/containers.sh up|down|list|verify
#   up      starts the containers below and prints, as one JSON array, what each must look like
#   list    prints that array again
#   verify  compares it with what the kernel says; prints differences; exit 1 if any
#   down    stops and removes them
# LAB_SKIP="name name": leave those out.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
S=/run/lab; ROOTFS=/lab/rootfs; CG=/sys/fs/cgroup
CAPS14='"CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FSETID","CAP_FOWNER","CAP_MKNOD","CAP_NET_RAW","CAP_SETGID","CAP_SETUID","CAP_SETFCAP","CAP_SETPCAP","CAP_NET_BIND_SERVICE","CAP_SYS_CHROOT","CAP_KILL","CAP_AUDIT_WRITE"'
HEX14=00000000a80425fb
ALLCAPS='"CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_DAC_READ_SEARCH","CAP_FOWNER","CAP_FSETID","CAP_KILL","CAP_SETGID","CAP_SETUID","CAP_SETPCAP","CAP_LINUX_IMMUTABLE","CAP_NET_BIND_SERVICE","CAP_NET_BROADCAST","CAP_NET_ADMIN","CAP_NET_RAW","CAP_IPC_LOCK","CAP_IPC_OWNER","CAP_SYS_MODULE","CAP_SYS_RAWIO","CAP_SYS_CHROOT","CAP_SYS_PTRACE","CAP_SYS_PACCT","CAP_SYS_ADMIN","CAP_SYS_BOOT","CAP_SYS_NICE","CAP_SYS_RESOURCE","CAP_SYS_TIME","CAP_SYS_TTY_CONFIG","CAP_MKNOD","CAP_LEASE","CAP_AUDIT_WRITE","CAP_AUDIT_CONTROL","CAP_SETFCAP","CAP_MAC_OVERRIDE","CAP_MAC_ADMIN","CAP_SYSLOG","CAP_WAKE_ALARM","CAP_BLOCK_SUSPEND","CAP_AUDIT_READ","CAP_PERFMON","CAP_BPF","CAP_CHECKPOINT_RESTORE"'
SECCOMP='{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64"],"syscalls":[{"names":["kexec_load","init_module","finit_module","delete_module","reboot","swapon","swapoff","bpf","perf_event_open","keyctl","add_key","request_key","userfaultfd","ptrace"],"action":"SCMP_ACT_ERRNO","errnoRet":1}]}'
MASKED='"maskedPaths":["/proc/kcore","/proc/keys","/proc/timer_list","/sys/firmware"],"readonlyPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"]'

# defaults a container starts from; each definition overrides what it needs
reset() {
  RT=runc; AA=lab-default; MODE=enforce; SEC=1; NNP=false; CAPS=$CAPS14; HEX=$HEX14; BND=$CAPS14; BHEX=$HEX14
  USERNS=0; HOSTNET=0; HOSTPID=0; UIDGID='"uid":0,"gid":0'; RO=true; MASK=1; RES=''; WANT=''; PARENT=/docker; CGNS=1
  ARGS='"/bin/sleep","100000"'; CGPATH=''
}
id_of() { echo -n "vmlab-$1" | sha256sum | cut -d' ' -f1; }

config() { # name id
  ns='{"type":"mount"},{"type":"ipc"},{"type":"uts"}'
  [ $HOSTPID = 1 ] || ns="$ns,{\"type\":\"pid\"}"
  [ $HOSTNET = 1 ] || ns="$ns,{\"type\":\"network\"}"
  [ $CGNS = 1 ]    && ns="$ns,{\"type\":\"cgroup\"}"
  maps=''
  if [ $USERNS = 1 ]; then
    ns="$ns,{\"type\":\"user\"}"
    maps='"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}],'
  fi
  aa=''; [ -n "$AA" ] && aa=",\"apparmorProfile\":\"$AA\""
  sec=''; [ $SEC = 1 ] && sec=",\"seccomp\":$SECCOMP"
  mask=''; [ $MASK = 1 ] && mask=",$MASKED"
  cat <<J
{"ociVersion":"1.0.2",
 "process":{"terminal":false,"user":{$UIDGID},"args":[$ARGS],"env":["PATH=/bin"],"cwd":"/",
  "capabilities":{"bounding":[$BND],"effective":[$CAPS],"permitted":[$CAPS],"inheritable":[],"ambient":[]},
  "noNewPrivileges":$NNP$aa},
 "root":{"path":"$ROOTFS","readonly":$RO},"hostname":"$1",
 "annotations":{"io.vmlab.name":"$1"},
 "mounts":[
  {"destination":"/proc","type":"proc","source":"proc","options":["nosuid","noexec","nodev"]},
  {"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","strictatime","mode=755","size=65536k"]},
  {"destination":"/dev/pts","type":"devpts","source":"devpts","options":["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620"]},
  {"destination":"/dev/shm","type":"tmpfs","source":"shm","options":["nosuid","noexec","nodev","mode=1777","size=65536k"]},
  {"destination":"/tmp","type":"tmpfs","source":"tmpfs","options":["nosuid","nodev","mode=1777","size=16m"]}],
 "linux":{"cgroupsPath":"$CGPATH",$maps"namespaces":[$ns],
  "resources":{"devices":[{"allow":false,"access":"rwm"}]$RES}$mask$sec}}
J
}

want_ns() { [ "$1" = 1 ] && echo '"host"' || echo '"own"'; }

start() { # name
  name=$1
  for s in $LAB_SKIP; do [ "$s" = "$name" ] && return 0; done
  id=$(id_of "$name"); b=$S/bundles/$name; mkdir -p "$b"
  [ -n "$CGPATH" ] || CGPATH=$PARENT/$id
  config "$name" "$id" > "$b/config.json"
  if ! $RT --root $S/$RT create --bundle "$b" --pid-file "$b/pid" "$id" </dev/null >"$b/log" 2>&1 ||
     ! $RT --root $S/$RT start "$id" >>"$b/log" 2>&1; then
    echo "containers.sh: $name ($RT) did not start: $(tail -n 3 "$b/log")" >&2; FAILED=1
    $RT --root $S/$RT delete -f "$id" >/dev/null 2>&1
    return 1
  fi
  pid=$(cat "$b/pid")
  case "$AA" in ''|unconfined) label=unconfined ;; *) label="$AA ($MODE)" ;; esac
  [ $SEC = 1 ] && sm=2 || sm=0
  [ $NNP = true ] && nn=1 || nn=0
  [ $USERNS = 1 ] && um='"0 100000 65536"' || um='"0 0 4294967295"'
  [ $USERNS = 1 ] && un='"own"' || un='"host"'
  [ $CGNS = 1 ] && cn='"own"' || cn='"host"'
  cat > "$b/want.json" <<J
{"name":"$name","id":"$id","runtime":"$RT","pid":$pid,"cgroup":"$CGPATH",
 "apparmor":"$label","seccomp":$sm,"no_new_privs":$nn,"cap_eff":"$HEX","cap_bnd":"$BHEX","uid_map":$um,
 "ns":{"user":$un,"net":$(want_ns $HOSTNET),"pid":$(want_ns $HOSTPID),"mnt":"own","ipc":"own","uts":"own","cgroup":$cn},
 "limits":{$WANT}}
J
  echo "$name" >> $S/names
}

up() {
  mkdir -p $S/bundles; : > $S/names; FAILED=0
  modprobe -q null_blk nr_devices=1 gb=1 2>/dev/null
  DEV=$(cat /sys/block/nullb0/dev 2>/dev/null); MAJ=${DEV%:*}; MIN=${DEV#*:}
  NCPU=$(grep -c ^processor /proc/cpuinfo); LAST=$((NCPU-1))
  # io controller: what a limit on a device that exists looks like
  if [ -n "$DEV" ]; then
    IO=",\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":$MAJ,\"minor\":$MIN,\"rate\":1048576}],\"throttleWriteIOPSDevice\":[{\"major\":$MAJ,\"minor\":$MIN,\"rate\":200}]}"
    IOW=",\"io.max\":\"$DEV rbps=1048576 wbps=max riops=max wiops=200\""
  else IO=''; IOW=''; fi

  # 1 everything set, no capability, not root, two processes
  reset; NNP=true; CAPS=''; HEX=0000000000000000; BND=''; BHEX=$HEX; UIDGID='"uid":1000,"gid":1000'
  ARGS='"/bin/sh","-c","sleep 100000 & exec sleep 100000"'
  RES=",\"memory\":{\"limit\":67108864,\"reservation\":16777216,\"swap\":67108864},\"pids\":{\"limit\":50},\"cpu\":{\"shares\":512,\"quota\":50000,\"period\":100000,\"cpus\":\"0\"}$IO"
  WANT="\"memory.max\":\"67108864\",\"memory.low\":\"16777216\",\"pids.max\":\"50\",\"cpu.max\":\"50000 100000\",\"cpu.weight\":\"20\",\"cpuset.cpus\":\"0\"$IOW"
  start hardened

  # 2 what an engine gives when nothing is asked for: no limits
  reset; RO=false
  WANT='"memory.max":"max","memory.low":"0","pids.max":"max","cpu.max":"max 100000","cpu.weight":"100","cpuset.cpus":"","io.max":""'
  start default

  # 3 complain mode
  reset; RT=crun; AA=lab-complain; MODE=complain
  RES=',"memory":{"limit":134217728},"pids":{"limit":100}'
  WANT='"memory.max":"134217728","pids.max":"100","cpu.max":"max 100000"'
  start complain

  # 4 no AppArmor, no seccomp
  reset; RT=crun; AA=''; SEC=0; RES=',"cpu":{"quota":150000,"period":100000}'
  WANT='"memory.max":"max","cpu.max":"150000 100000"'
  start unconfined

  # 5 privileged: every capability, host pid and net, nothing masked, host cgroup namespace
  reset; RT=crun; AA=unconfined; SEC=0; CAPS=$ALLCAPS; BND=$ALLCAPS; HEX=000001ffffffffff; BHEX=$HEX; HOSTNET=1; HOSTPID=1; MASK=0; CGNS=0; RO=false
  WANT='"memory.max":"max","pids.max":"max"'
  start privileged

  # 6 user namespace
  reset; RT=crun; USERNS=1; NNP=true; RES=',"memory":{"limit":100663296},"pids":{"limit":64},"cpu":{"shares":2048}'
  WANT='"memory.max":"100663296","pids.max":"64","cpu.weight":"79"'
  start userns

  # 7 host network, enforce, seccomp off, weight given the cgroup v2 way
  reset; RT=crun; HOSTNET=1; SEC=0; RES=",\"unified\":{\"cpu.weight\":\"250\",\"memory.high\":\"50331648\",\"cpuset.cpus\":\"$LAST\"}"
  WANT="\"cpu.weight\":\"250\",\"memory.high\":\"50331648\",\"memory.max\":\"max\",\"cpuset.cpus\":\"$LAST\""
  start hostnet

  # 8 as a kubelet nests them: the limit is on the pod's group, the container's own says max
  P=/kubepods/burstable/pod0f3c1a52-6c1d-4f43-9a55-2f1f4f6f7a10
  mkdir -p $CG$P
  for d in /kubepods /kubepods/burstable $P; do
    echo "+cpu +memory +pids +cpuset +io" > $CG$d/cgroup.subtree_control
  done
  echo 83886080 > $CG$P/memory.max; echo 120 > $CG$P/pids.max
  reset; RT=crun; PARENT=$P
  WANT='"memory.max":"max","pids.max":"max"'
  start pod

  # a process put into a running container with more than the container itself has (exec)
  if [ -f $S/bundles/default/pid ]; then
    id=$(id_of default)
    if runc --root $S/runc exec -d --cap CAP_SYS_ADMIN --pid-file $S/exec.pid "$id" /bin/sleep 99999 </dev/null >$S/exec.log 2>&1; then
      :; else echo "containers.sh: exec: $(tail -n 2 $S/exec.log)" >&2; FAILED=1; fi
  fi
  list
  return $FAILED
}

list() {
  sep='['
  for n in $(cat $S/names); do printf '%s' "$sep"; cat $S/bundles/$n/want.json; sep=','; done
  [ "$sep" = '[' ] && printf '['
  echo ']'
}

verify() {
  list | jq -r '.[] | [.name,.pid,.cgroup,.apparmor,.seccomp,.no_new_privs,.cap_eff,.cap_bnd,.uid_map,(.ns|to_entries|map(.key+"="+.value)|join(",")),(.limits|to_entries|map(.key+"="+.value)|join(";"))] | map(tostring) | join("|")' > $S/want.txt
  bad=0
  while IFS='|' read -r name pid cg aa sm nn eff bnd um ns lim; do
    diff_() { [ "$2" = "$3" ] || { echo "$name: $1: want '$2', is '$3'"; bad=1; }; }
    st=/proc/$pid/status
    diff_ apparmor "$aa" "$(cat /proc/$pid/attr/apparmor/current)"
    diff_ seccomp "$sm" "$(awk '/^Seccomp:/{print $2}' $st)"
    diff_ nnp "$nn" "$(awk '/^NoNewPrivs:/{print $2}' $st)"
    diff_ capeff "$eff" "$(awk '/^CapEff:/{print $2}' $st)"
    diff_ capbnd "$bnd" "$(awk '/^CapBnd:/{print $2}' $st)"
    diff_ uid_map "$um" "$(awk '{print $1,$2,$3}' /proc/$pid/uid_map)"
    diff_ cgroup "0::$cg" "$(cat /proc/$pid/cgroup)"
    for kv in $(echo "$ns" | tr , ' '); do
      k=${kv%=*}; [ "$(readlink /proc/$pid/ns/$k)" = "$(readlink /proc/1/ns/$k)" ] && is=host || is=own
      diff_ "ns $k" "${kv#*=}" $is
    done
    OLD=$IFS; IFS=';'
    for kv in $lim; do diff_ "${kv%%=*}" "${kv#*=}" "$(cat $CG$cg/${kv%%=*} 2>&1)"; done
    IFS=$OLD
  done < $S/want.txt
  [ $bad = 0 ] && echo "verify: $(wc -l < $S/want.txt) containers as wanted"
  return $bad
}

down() {
  for rt in runc crun; do
    for d in $S/$rt/*; do [ -d "$d" ] && $rt --root $S/$rt delete -f "${d##*/}"; done
  done
  rm -rf $S
}

case "$1" in up|down|list|verify) $1 ;; *) echo "usage: containers.sh up|down|list|verify" >&2; exit 2 ;; esac

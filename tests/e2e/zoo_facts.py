# SPDX-License-Identifier: Apache-2.0
"""From `zoo.sh expect` to facts for the rules: the flags where they say it, the kernel for the rest."""
import os

import kernel
import oci_bundle
import seccomp_truth
from rules import NAMES, Container, Process

HOST_MAP = [(0, 0, 4294967295)]
SYS_ADMIN = 1 << 21
# What a runtime hides of /proc and /sys; a path that the host lacks need not be hidden.
MASKED = ["/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
          "/proc/sched_debug", "/proc/scsi", "/proc/acpi", "/sys/firmware"]
READ_ONLY = ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"]
KERNEL_MOUNTS = set("debugfs tracefs securityfs configfs bpf pstore efivarfs binfmt_misc".split())
PLAIN_DEVICES = {"c 1:3", "c 1:5", "c 1:7", "c 1:8", "c 1:9", "c 5:0", "c 5:1", "c 5:2", "c 10:200"}
SOCKETS = ["/run/dbus/system_bus_socket", "/run/rpcbind.sock", "/run/avahi-daemon/socket",
           "/run/systemd/resolve", "/run/systemd/notify", "/run/pcscd/pcscd.comm"]


def process(case, part, init):
    """`part` is the case itself or one of its `also`; what that leaves out is as in its init."""
    said = {**{k: init[k] for k in ("NoNewPrivs", "Seccomp", "apparmor") if k in init}, **part["kernel"]}
    now = kernel.status(part["pid"])
    uids = list(map(int, now["Uid"].split()))
    if "euid" in said:  # the flags decide; the file says the other three
        uids[0], uids[1] = said.get("ruid", said["euid"]), said["euid"]
    uid_map = [tuple(map(int, init["uid_map"].split()))] if "uid_map" in init else HOST_MAP
    shared = init.get("host_ns")
    if shared is None:
        kinds = ("cgroup", "ipc", "net", "pid", "time", "user", "uts", "mnt")
        shared = [k for k in kinds if kernel.namespace(part["pid"], k) == kernel.namespace("self", k)]
    sets = {k: int(said.get(k, now[k]), 16) for k in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    return Process(effective=sets["CapEff"], permitted=sets["CapPrm"], bounding=sets["CapBnd"],
                   inheritable=sets["CapInh"], ambient=sets["CapAmb"],
                   no_new_privs=said["NoNewPrivs"], seccomp=said["Seccomp"], uids=tuple(uids),
                   uid_map=uid_map, shared=frozenset(shared), label=said.get("apparmor"),
                   shell_on_terminal=bool(case["truth"].get("tty") and case["truth"].get("shell")),
                   joined=part is not case)


def with_filters(case, parts, processes):
    """All who have a filter have the container's: nobody in the zoo adds one."""
    profile = oci_bundle.profile(case)
    for part, one in zip(parts, processes):
        one.filters = int(kernel.status(part["pid"])["Seccomp_filters"])
        if profile and one.seccomp == 2:
            one.content = seccomp_truth.expected(one, profile, NAMES)


def smallest(values):
    numbers = [int(v) for v in values if v not in ("max", "-1") and int(v) < kernel.UNLIMITED]
    return min(numbers, default=None)


def cores(case, v2):
    if v2:
        pairs = [v.split() for v in kernel.cgroup_files(case["cgroup"], "cpu", "cpu.max")]
    else:
        pairs = zip(kernel.cgroup_files(case["cgroup"], "cpu", "cpu.cfs_quota_us"),
                    kernel.cgroup_files(case["cgroup"], "cpu", "cpu.cfs_period_us"))
    return min((int(q) / int(p) for q, p in pairs if q not in ("max", "-1")), default=None)


def shares(case, cases, kinds):
    """Whether another case, outside its pod, sits in one of its namespaces that is not the host's."""
    own = {k: kernel.namespace(case["pid"], k) for k in kinds}
    pod = case["truth"].get("pod_uid")
    return any(own[k] == kernel.namespace(other["pid"], k) != kernel.namespace("self", k)
               for other in cases if other is not case
               and not (pod and pod == other["truth"].get("pod_uid")) for k in kinds)


def device_access(case, host, privileged):
    if host.v2:  # a program decides, and only its existence can be seen
        programs = kernel.device_programs("/sys/fs/cgroup" + case["cgroup"]["unified"])
        return None if programs is None else verdict(programs and not privileged)
    path = case["cgroup"].get("devices", "/")
    listed = kernel.text(f"/sys/fs/cgroup/devices{path.rstrip('/')}/devices.list")
    for line in listed.splitlines():
        kind, number, access = line.split()
        plain = f"{kind} {number}" in PLAIN_DEVICES or (kind == "c" and number.startswith("136:"))
        if {"r", "w"} & set(access) and not plain:
            return "fail"
    return "pass"


def verdict(good):
    return "pass" if good else "fail"


def exposes(table, path):
    """Whether the place that a path of the host names is visible through one of the mounts."""
    real = os.path.realpath(path)
    if not os.path.lexists(real):
        return False
    under = kernel.covering(kernel.mounts("self"), real)
    inside = (under["root"].rstrip("/") + "/" + real[len(under["point"].rstrip("/")) + 1:]).rstrip("/")
    return any(m["device"] == under["device"] and (inside + "/").startswith(m["root"].rstrip("/") + "/")
               for m in table)


def file_systems(case, table, processes, host):
    truth, result = case["truth"], {}
    if truth.get("rootfs") != "host":  # else its own root is the host's, which these three leave open
        mount = truth.get("mount", "")
        result["FS-002"] = verdict(mount != "/ (host root)")
        if mount not in ("/ (host root)", "/proc") and case["runtime"] != "lxc":
            result["FS-003"] = verdict(not mount or mount.endswith(".sock"))  # FS-001's matter
    result["FS-001"] = verdict(not any(exposes(table, s) for s in
                                       ("/run/docker.sock", "/run/containerd/containerd.sock")))
    result["FS-011"] = verdict(not any(exposes(table, s) for s in SOCKETS))
    shared = processes[0].shared
    result["FS-004"] = verdict(not any(
        m["type"] in KERNEL_MOUNTS
        or (m["type"] == "proc" and m["device"] == host.proc_device and "pid" not in shared)
        or (m["type"] in ("cgroup", "cgroup2") and m["root"] == "/" and
            (not m["ro"] or "cgroup" not in shared)) for m in table))
    proc = [m for m in table if m["type"] == "proc" and m["point"] == "/proc"]
    if proc:
        points = {m["point"] for m in table}
        bare = [p for p in MASKED if os.path.exists(p) and p not in points]
        # What is only recommended decides too, at a lower price: left open where nothing else is bare.
        result["FS-005"] = "fail" if bare else None
        result["FS-006"] = verdict(all(kernel.covering(table, p)["ro"] for p in READ_ONLY
                                       if os.path.exists(p)))
    kernel_trees = [m for m in table if m["type"] in ("sysfs", "cgroup", "cgroup2")]
    admins = [bool(p.effective & SYS_ADMIN) and "user" in p.shared for p in processes]
    if any(not m["ro"] for m in kernel_trees) or (admins[0] and kernel_trees):
        result["FS-007"] = "fail"
    elif not any(admins):
        result["FS-007"] = "pass"
    result["FS-008"] = verdict(not any(peer in host.peers for m in table for peer in m["peers"]))
    return result


def privileged(init, table, devices, host):
    """The signature: everything that the host can give up to AUDIT_READ, no filter, and a way to use it."""
    gives = host.bounding & ((1 << 38) - 1)
    writable = any(not m["ro"] for p in ("/proc/sys", "/sys") if (m := kernel.covering(table, p))
                   and m["type"] in ("proc", "sysfs"))
    return gives & ~init.bounding == 0 and init.seccomp == 0 and (devices == "fail" or writable)


def limits(case, host):
    own = kernel.cgroup_files
    paths, result = case["cgroup"], {}
    reserved = own(paths, "memory", "memory.low" if host.v2 else "memory.soft_limit_in_bytes")
    hard = own(paths, "memory", "memory.max" if host.v2 else "memory.limit_in_bytes")
    if case["truth"].get("own_cgroup", True) and reserved:
        low = smallest(reserved[:1])
        result["RES-002"] = verdict(low and (smallest(hard) is None or low < smallest(hard)))
    result["RES-004"] = ("not_applicable" if not host.v2 and host.release >= (5, 16) else
                         verdict(smallest(hard) and smallest(hard) < host.memory * 0.9))
    weights = own(paths, "cpu", "cpu.weight" if host.v2 else "cpu.shares")
    usual = "100" if host.v2 else "1024"
    if weights and (weights[0] != usual or set(weights) == {usual}):
        result["RES-008"] = verdict(weights[0] != usual)
    effective = own(paths, "cpuset", "cpuset.cpus.effective" if host.v2 else "cpuset.effective_cpus")
    if effective:
        result["RES-009"] = verdict(kernel.cpu_list(effective[0]) < host.online)
    weight = [own(paths, "blkio", name) for name in
              (("io.bfq.weight", "io.weight") if host.v2 else ("blkio.bfq.weight", "blkio.weight"))]
    if not any(weight):  # The scheduler has none, or only the root group is theirs, which never has.
        result["RES-011"] = "not_applicable"
    elif not host.v2:
        result["RES-011"] = verdict("blkio_weight" in case["truth"])
    if case["runtime"] == "docker" and not case["kernel"]["rootfs_ro"]:  # it lies on the flags' disk
        result.update({"RES-012": "fail", "RES-014": "fail",
                       "RES-013": verdict("device_read_iops" in case["truth"])})
    return result


def oom(case, host):
    least = 0
    if case["truth"].get("pod_uid"):
        least = -998 if case["truth"].get("sandbox") else -997
    disabled = [] if host.v2 else kernel.cgroup_files(case["cgroup"], "memory", "memory.oom_control")
    own = case["truth"].get("own_cgroup", True)
    score = int(kernel.text(f"/proc/{case['pid']}/oom_score_adj"))
    return verdict(score >= least and not (own and disabled and "oom_kill_disable 1" in disabled[0]))


def on_disk(case):
    return verdict(os.stat(f"/proc/{case['pid']}/exe").st_nlink > 0)


def container(case, cases, host):
    """The facts of one case of the zoo."""
    parts = [case, *case["also"]]
    processes = [process(case, part, case["kernel"]) for part in parts]
    with_filters(case, parts, processes)
    table = kernel.mounts(case["pid"])
    devices = device_access(case, host, case["truth"].get("privileged"))
    extra = {**file_systems(case, table, processes, host), **limits(case, host),
             "DEV-001": devices, "RES-005": oom(case, host), "RUN-004": on_disk(case), "RUN-005": "pass",
             "RUN-001": verdict(not privileged(processes[0], table, devices, host))}
    memory = kernel.cgroup_files(case["cgroup"], "memory",
                                 "memory.max" if host.v2 else "memory.limit_in_bytes")
    return Container(
        processes=processes, read_only_root=case["kernel"].get("rootfs_ro"),
        shares_network=shares(case, cases, ["net"]),
        shares_other=shares(case, cases, ["pid", "mnt", "ipc", "uts"]),
        memory=smallest(memory), pids=smallest(kernel.cgroup_files(case["cgroup"], "pids", "pids.max")),
        cpu=cores(case, host.v2), limits_known=True,
        extra={control: status for control, status in extra.items() if status})

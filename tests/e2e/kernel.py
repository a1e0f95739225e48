# SPDX-License-Identifier: Apache-2.0
"""What the kernel says, read the plain way: a second opinion that shares no code with hullmark."""
import ctypes
import functools
import os
import re

UNLIMITED = 0x7FFFFFFFFFFF0000  # cgroup v1 memory: anything from here on is "no limit"


def text(path, default=None):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().rstrip("\n\0")
    except OSError:
        return default


def status(pid):
    lines = (line.partition(":") for line in text(f"/proc/{pid}/status", "").splitlines())
    return {key: value.strip() for key, _, value in lines}


def namespace(pid, kind):
    try:
        return os.readlink(f"/proc/{pid}/ns/{kind}")
    except OSError:
        return None


def mounts(pid):
    """mountinfo in file order; `ro` is the mount's own flag, never the super block's."""
    table = []
    for line in text(f"/proc/{pid}/mountinfo", "").splitlines():
        fields = line.split(" ")
        dash = fields.index("-")
        peers = [f[7:] for f in fields[6:dash] if f.startswith("shared:")]
        point = re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), fields[4])
        table.append({"device": fields[2], "root": fields[3], "point": point,
                      "ro": "ro" in fields[5].split(","), "type": fields[dash + 1], "peers": peers})
    return table


def covering(table, path):
    """The mount that a path lies on: the longest mount point, the last mounted of equals."""
    best = None
    for mount in table:
        point = mount["point"].rstrip("/") + "/"
        if (path + "/").startswith(point) and (best is None or len(mount["point"]) >= len(best["point"])):
            best = mount
    return best


def cgroup_layout():
    if os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
        return "v2"
    return "hybrid" if os.path.exists("/sys/fs/cgroup/unified/cgroup.procs") else "v1"


def cgroup_files(paths, controller, name):
    """Values of a file from a container's own group up to the root; [] where none has it.
    `paths` is the cgroup member of `zoo.sh expect`."""
    if cgroup_layout() == "v2":
        top, path = "/sys/fs/cgroup", paths.get("unified", "/")
    else:
        top, path = f"/sys/fs/cgroup/{controller}", paths.get(controller, "/")
    values = []
    while True:
        value = text(f"{top}{path.rstrip('/')}/{name}")
        if value is not None:
            values.append(value)
        if path in ("/", ""):
            return values
        path = os.path.dirname(path)


def device_programs(path):
    """Number of device programs in force on a cgroup v2 directory, its ancestors' included: bpf(2)."""
    bpf, prog_query, cgroup_device, effective = 321, 16, 6, 1  # x86-64's number, then linux/bpf.h
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # target_fd, attach_type, query_flags, attach_flags, prog_ids (64 bit), prog_cnt
        attributes = (ctypes.c_uint32 * 16)(directory, cgroup_device, effective)
        if ctypes.CDLL(None).syscall(bpf, prog_query, ctypes.byref(attributes), 64):
            return None
        return attributes[6]
    finally:
        os.close(directory)


class Host:
    """This machine, once."""

    def __init__(self):
        self.layout = cgroup_layout()
        self.v2 = self.layout == "v2"
        self.bounding = int(status(1)["CapBnd"], 16)
        self.cpus = os.cpu_count()
        self.pid_max = int(text("/proc/sys/kernel/pid_max"))
        self.memory = int(re.search(r"MemTotal:\s+(\d+)", text("/proc/meminfo"))[1]) * 1024
        self.swap = len(text("/proc/swaps", "").splitlines()) > 1
        self.apparmor = text("/sys/module/apparmor/parameters/enabled") == "Y"
        self.selinux = text("/sys/fs/selinux/enforce") is not None
        self.online = cpu_list(text("/sys/devices/system/cpu/online"))
        self.mounts = mounts("self")
        self.proc_device = covering(self.mounts, "/proc")["device"]
        self.reads_filters = True  # what hullmark may do, not the machine: see judge.py
        self.peers = {peer for mount in self.mounts for peer in mount["peers"]}

    @functools.cached_property
    def release(self):
        return tuple(int(n) for n in re.match(r"(\d+)\.(\d+)", os.uname().release).groups())


def cpu_list(words):
    cpus = set()
    for part in filter(None, (words or "").split(",")):
        first, _, last = part.partition("-")
        cpus.update(range(int(first), int(last or first) + 1))
    return cpus

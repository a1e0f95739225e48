# SPDX-License-Identifier: Apache-2.0
"""What every control must say, written down from the catalogue's text and nothing else.

A rule takes plain facts and gives "pass", "fail", "not_applicable", or None where the facts at hand do
not decide. Facts come from what containers were started with and from the kernel, never from hullmark.
"""
from dataclasses import dataclass, field

NAMES = """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT
SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ
PERFMON BPF CHECKPOINT_RESTORE""".split()


def caps(names):
    return sum(1 << NAMES.index(name) for name in names.split())


@dataclass
class Process:
    effective: int
    permitted: int
    bounding: int
    no_new_privs: int
    seccomp: int
    uids: tuple              # as the initial user namespace sees them
    uid_map: list            # (inside, outside, count)
    shared: frozenset        # kinds of namespaces shared with the host
    inheritable: int = 0
    ambient: int = 0
    label: str | None = None  # AppArmor's; None where it is off
    shell_on_terminal: bool = False
    joined: bool = False      # put into the container by exec
    filters: int | None = None  # how many
    content: dict = field(default_factory=dict)  # control -> status, of a filter whose profile is known

    @property
    def held(self):
        return self.effective | self.permitted

    def inside(self, outside):
        for first, start, count in self.uid_map:
            if start <= outside < start + count:
                return first + outside - start
        return None


@dataclass
class Container:
    processes: list
    read_only_root: bool | None = None
    shares_network: bool | None = None  # with another container, outside its pod
    shares_other: bool | None = None    # pid, mnt, ipc or uts
    memory: int | None = None           # smallest on the way up; None: unlimited
    pids: int | None = None
    cpu: float | None = None            # cores
    limits_known: bool = False
    extra: dict = field(default_factory=dict)  # control -> status, from facts of one place only

    @property
    def init(self):
        return self.processes[0]


def verdict(good):
    return None if good is None else "pass" if good else "fail"


DEFAULT = caps("CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP "
               "NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE")
BIND = caps("NET_BIND_SERVICE")

# control: capabilities that no task may hold, effective or permitted
FORBIDDEN = {
    "CAP-001": caps("SYS_ADMIN"),
    "CAP-002": caps("SYS_MODULE"),
    "CAP-003": caps("SYS_RAWIO"),
    "CAP-004": caps("DAC_READ_SEARCH"),
    "CAP-005": caps("SYS_PTRACE"),
    "CAP-006": caps("BPF PERFMON"),
    "CAP-007": caps("NET_ADMIN"),
    "CAP-008": caps("NET_RAW"),
    "CAP-009": caps("MKNOD"),
    "CAP-010": caps("SYS_BOOT SYS_TIME SYS_TTY_CONFIG SYS_PACCT SYSLOG WAKE_ALARM BLOCK_SUSPEND"),
    "CAP-011": caps("MAC_OVERRIDE MAC_ADMIN AUDIT_CONTROL AUDIT_READ"),
    "CAP-012": caps("SYS_RESOURCE SYS_NICE IPC_LOCK IPC_OWNER LEASE LINUX_IMMUTABLE NET_BROADCAST "
                    "CHECKPOINT_RESTORE"),
}
NAMED = sum(FORBIDDEN.values())  # the masks are disjoint

NAMESPACES = {"NS-001": "pid", "NS-002": "net", "NS-003": "ipc", "NS-004": "uts", "NS-005": "mnt",
              "NS-006": "user", "NS-007": "cgroup"}


def apparmor(p, c, h):
    if not h.apparmor:
        return "not_applicable"
    if p.label is None:
        return None
    return verdict(p.label.endswith(("(enforce)", "(kill)")))


def cgroup_namespace(p, c, h):
    return "not_applicable" if h.layout == "v1" else verdict("cgroup" not in p.shared)


def no_effective_unless_root(p, c, h):
    if p.inside(p.uids[1]) == 0:
        return "not_applicable"
    return verdict(not p.effective & ~BIND)


def not_host_root(p, c, h):
    maps_root = any(start == 0 and count > 0 for _, start, count in p.uid_map)
    return verdict(not maps_root or (0 not in p.uids and not p.effective))


def no_identity_escalation(p, c, h):
    real, *others = (p.inside(uid) for uid in p.uids)
    return verdict(real == 0 or 0 not in others)


def not_stronger_than_init(p, c, h):
    i = c.init
    return verdict(not p.bounding & ~i.bounding and not p.permitted & ~i.bounding and
                   p.no_new_privs >= i.no_new_privs and bool(p.seccomp) >= bool(i.seccomp) and
                   not p.shared - i.shared)


def bounded(p, c, h):
    allowed = DEFAULT | p.permitted
    everything = p.held | p.inheritable | p.ambient
    return verdict(not p.bounding & ~allowed or (p.no_new_privs and not everything & ~DEFAULT))


def enough_filters(p, c, h):
    if p.seccomp == 1:
        return "pass"
    if p.seccomp == 0 and c.init.seccomp == 0:
        return "not_applicable"
    if p.filters is None or c.init.filters is None:
        return None
    return verdict(p.filters >= max(1, c.init.filters if p.joined else 1))


def content(control):
    def rule(p, c, h):
        if p.seccomp == 0:
            return "not_applicable"
        if p.seccomp == 1:
            return "pass"
        return p.content.get(control) if h.reads_filters else "unknown"
    return rule


# control: rule over one process; a container's status is its worst process'
PROCESS_RULES = {
    **{control: (lambda p, c, h, mask=mask: verdict(not p.held & mask))
       for control, mask in FORBIDDEN.items()},
    "CAP-013": lambda p, c, h: verdict(not p.held & ~NAMED & ~DEFAULT),
    "CAP-014": lambda p, c, h: verdict(not (p.held | p.ambient) & ~BIND),
    "CAP-015": bounded,
    "CAP-016": lambda p, c, h: verdict(not p.ambient & ~BIND and not p.inheritable),
    "CAP-017": no_effective_unless_root,
    "PRV-001": lambda p, c, h: verdict(p.no_new_privs == 1),
    "PRV-002": no_identity_escalation,
    "PRV-004": not_stronger_than_init,
    "SCP-001": lambda p, c, h: verdict(p.seccomp in (1, 2)),
    "SCP-002": enough_filters,
    **{control: content(control) for control in ("SCP-003", "SCP-004", "SCP-005", "SCP-006")},
    "LSM-001": apparmor,
    "LSM-002": lambda p, c, h: None if h.selinux else "not_applicable",
    **{control: (lambda p, c, h, kind=kind: verdict(kind not in p.shared))
       for control, kind in NAMESPACES.items() if control != "NS-007"},
    "NS-007": cgroup_namespace,
    "USR-001": lambda p, c, h: verdict(all(p.inside(uid) != 0 for uid in p.uids)),
    "USR-002": not_host_root,
    "RUN-002": lambda p, c, h: verdict(not p.shell_on_terminal),
}


def limited(rule):
    return lambda c, h: rule(c, h) if c.limits_known else None


# control: rule over a container
CONTAINER_RULES = {
    "RUN-003": lambda c, h: "not_applicable",  # A single look has learned nothing.
    "NS-009": lambda c, h: None if c.shares_network is None else verdict(not c.shares_network),
    "NS-010": lambda c, h: None if c.shares_other is None else verdict(not c.shares_other),
    "FS-009": lambda c, h: verdict(c.read_only_root),
    "RES-001": limited(lambda c, h: verdict(c.memory is not None and c.memory < h.memory * 0.9)),
    "RES-003": limited(lambda c, h: None if h.swap else "not_applicable"),
    "RES-006": limited(lambda c, h: verdict(c.pids is not None and c.pids <= 4096 and
                                            c.pids < h.pid_max / 2)),
    "RES-007": limited(lambda c, h: verdict(c.cpu is not None and c.cpu < h.cpus)),
}

WORST_FIRST = ("fail", "unknown", "pass", "not_applicable")


def expected(container, host):
    """control -> status, for every control that the facts decide."""
    result = dict(container.extra)
    for control, rule in PROCESS_RULES.items():
        found = {rule(process, container, host) for process in container.processes}
        if None not in found:
            result[control] = next(status for status in WORST_FIRST if status in found)
    for control, rule in CONTAINER_RULES.items():
        status = rule(container, host)
        if status is not None:
            result[control] = status
    return result

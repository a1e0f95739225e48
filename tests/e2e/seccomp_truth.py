# SPDX-License-Identifier: Apache-2.0
"""What seccomp controls must say of a process whose filter was made of a known profile.

A profile is what the OCI runtime specification calls linux.seccomp; it is asked by trying arguments, never by
reading a filter. Groups and families of calls are the benchmark's data.
"""
import itertools

import kernel

CONTROLS = {}  # Of the benchmark, by id: see learn().
PERMITTED = {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"}
LEVELS = ["info", "low", "medium", "high", "critical"]
NEW_USER = 0x10000000
# Calls of the benchmark that x86-64 itself has not, but only its 32-bit ABI.
FOREIGN_ONLY = {"umount", "stime", "clock_settime64", "clock_adjtime64", "bdflush", "vm86", "vm86old",
                "pciconfig_read", "pciconfig_write", "pciconfig_iobase"}
USER_NAMESPACES_OFF = {"user/max_user_namespaces": 0, "kernel/unprivileged_userns_clone": 0}


def learn(document):
    """What `hullmark controls --format json` says of the benchmark."""
    CONTROLS.update({control["id"]: control for control in document["controls"]})


def parameters(control):
    return CONTROLS[control]["params"]


def setting(name):
    said = kernel.text(f"/proc/sys/{name}")
    return None if said is None else int(said)


def is_off(settings):
    return any(setting(name) == value for name, value in settings.items())


# ---- profiles ----

def holds(condition, arguments):
    value, operand = arguments[condition["index"]], condition["value"]
    return {"SCMP_CMP_EQ": value == operand, "SCMP_CMP_NE": value != operand,
            "SCMP_CMP_LT": value < operand, "SCMP_CMP_LE": value <= operand,
            "SCMP_CMP_GT": value > operand, "SCMP_CMP_GE": value >= operand,
            "SCMP_CMP_MASKED_EQ": value & operand == condition.get("valueTwo", 0)}[condition["op"]]


class Profile:
    def __init__(self, document):
        self.default = document["defaultAction"]
        self.foreign = "SCMP_ARCH_X86" in document.get("architectures", [])
        self.rules = {}
        for entry in document.get("syscalls") or []:
            for name in entry["names"]:
                self.rules.setdefault(name, []).append((entry["action"], entry.get("args") or []))

    def action(self, call, arguments):
        for action, conditions in self.rules.get(call, []):
            # One that is as the default is left out by runtimes: another may hold for the same arguments.
            if action != self.default and all(holds(c, arguments) for c in conditions):
                return action
        return self.default

    def tried(self, call, argument, values):
        """Whether the call is permitted for some of these values of an argument, and denied for some."""
        about = {c["index"]: {c["value"], c.get("valueTwo", 0)}
                 for _, conditions in self.rules.get(call, []) for c in conditions}
        if argument is not None:
            about[argument] = values
        places = sorted(about)
        answers = set()
        for chosen in itertools.product(*({0, 1, 0x4000, *about[p]} if p != argument else values
                                          for p in places)):
            arguments = [0] * 6
            for place, value in zip(places, chosen):
                arguments[place] = value
            answers.add(self.action(call, arguments) in PERMITTED)
        return True in answers, False in answers

    def use(self, text):
        """(permitted, denied) of what a benchmark calls a use: "clone arg0 & 0x10000000"."""
        call, _, condition = text.partition(" ")
        if not condition:
            return self.tried(call, None, ())
        name, relation, numbers = condition.split(" ", 2)
        numbers = [int(n, 0) for n in numbers.split(",")]
        if relation == "&":
            values = {1 << bit for bit in range(32) if numbers[0] >> bit & 1} | {numbers[0]}
        elif relation == "=":
            values = set(numbers)
        else:
            values = {1, 2, 0x40000, 0x400000} - set(numbers)
        return self.tried(call, int(name[3:]), values)

    def permits(self, text):
        return self.use(text)[0]


# ---- verdicts ----

def can_make_user_namespace(profile):
    return not is_off(USER_NAMESPACES_OFF) and any(map(profile.permits, (
        f"clone arg0 & {NEW_USER}", f"unshare arg0 & {NEW_USER}", "clone3")))


def usable(about, process, profile, names):
    """Whether a process can have what calls need."""
    needed = sum(1 << names.index(name.removeprefix("CAP_")) for name in about["needs"])
    if not needed:
        return True
    can_hold = process.held if process.no_new_privs else process.held | process.bounding
    if about["user_namespace"]:
        return bool(can_hold & needed) or can_make_user_namespace(profile)
    return bool(can_hold & needed) and "user" in process.shared


def settings(about):
    return {name: int(value) for name, value in (one.split(" = ") for one in about["off"])}


def exists(text, profile):
    return profile.foreign or text.split(" ")[0] not in FOREIGN_ONLY


def dangerous(process, profile, names):
    at = parameters("SCP-003")
    return any(exists(use, profile) and profile.permits(use)
               for group in at["groups"]
               if LEVELS.index(group["level"]) >= LEVELS.index(at["min_level"])
               and not is_off(settings(group)) and usable(group, process, profile, names)
               for use in group["calls"])


def has_open_sibling(process, profile, names):
    at = parameters("SCP-004")
    ring = (setting("kernel/io_uring_disabled") != 2 and profile.permits("io_uring_setup")
            and profile.permits("io_uring_enter"))
    for family in at["families"]:
        if LEVELS.index(family["level"]) < LEVELS.index(at["min_level"]):
            continue
        if not usable(family, process, profile, names):
            continue
        native = [use for use in family["calls"] if use.split(" ")[0] not in FOREIGN_ONLY]
        denied = any(profile.use(use) == (False, True) for use in native)
        permitted = any(profile.permits(use) for use in native + family["newer"])
        if denied and (permitted or (family["io_uring"] and ring)):
            return True
    return False


def verdict(good):
    return "pass" if good else "fail"


def expected(process, profile, names):
    """What a process that has this filter alone makes of the controls on its content."""
    return {"SCP-003": verdict(not dangerous(process, profile, names)),
            "SCP-004": verdict(not has_open_sibling(process, profile, names)),
            # libseccomp ends whoever calls by an ABI that a profile does not name.
            "SCP-005": "pass",
            "SCP-006": verdict(profile.default not in PERMITTED)}

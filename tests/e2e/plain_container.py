# SPDX-License-Identifier: Apache-2.0
"""Containers made with nothing but system calls: namespaces, a root directory and a cgroup of their own."""
import contextlib
import ctypes
import os
import pathlib
import signal
import sys
import tempfile
import time

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID = 0x20000, 0x4000000, 0x8000000, 0x20000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH, PR_SET_NAME, PR_SET_PDEATHSIG = 2, 15, 1
SYS_PIVOT_ROOT = {"x86_64": 155}.get(os.uname().machine, 41)
PATIENCE = 60


def must(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def mount(source, target, kind, flags=0, data=""):
    must(libc.mount(os.fsencode(source), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), data.encode() or None))


def own_root(folder):
    """A tmpfs as the root directory, the host's below /old for the moment."""
    mount("none", "/", "none", MS_REC | MS_PRIVATE)
    mount("plain", folder, "tmpfs")
    for name in ("old", "proc", "many"):
        os.mkdir(f"{folder}/{name}")
    os.chdir(folder)
    must(libc.syscall(SYS_PIVOT_ROOT, b".", b"old"))
    os.chdir("/")


def pids_root():
    """Where a cgroup of a container can be made, in v1, hybrid and v2."""
    return pathlib.Path(next(folder for folder in ("/sys/fs/cgroup/pids", "/sys/fs/cgroup")
                             if os.path.exists(folder + "/cgroup.procs")))


def remove_cgroup(group):
    """With what is below it. Its processes leave it a moment after they were waited for."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            for below in [path for path in group.iterdir() if path.is_dir()]:
                below.rmdir()
            return group.rmdir()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


class PlainContainer:
    """Its first process calls furnish() while the host's root is at /old, then act(), and waits.

    pid: of that process, as the host counts. pids: how many it may have. end() leaves nothing behind.
    """

    def __init__(self, name, act=lambda: None, furnish=lambda: None, pids="max"):
        self.group = pids_root() / name
        self.group.mkdir()
        (self.group / "pids.max").write_text(str(pids), encoding="ascii")
        self.folder = tempfile.mkdtemp(prefix="plain-container-")
        ready, told = os.pipe()
        self.parent = os.fork()
        if self.parent == 0:
            with contextlib.suppress(BaseException):
                os.close(ready)
                self.become(furnish, act, told)
            os._exit(1)
        os.close(told)
        with os.fdopen(ready, "rb") as words:
            if words.read(6) != b"ready\n":
                self.end()
                raise RuntimeError(f"{name}: the container could not be made")
        with open(f"/proc/{self.parent}/task/{self.parent}/children", encoding="ascii") as children:
            self.pid = int(children.read().split()[0])

    def become(self, furnish, act, told):
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        must(libc.unshare(CLONE_NEWPID))
        child = os.fork()
        if child == 0:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            os.setsid()  # Else it shares its turns with those who look at it, see sched(7) on autogroups.
            try:
                (self.group / "cgroup.procs").write_text("0", encoding="ascii")
                must(libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC))
                own_root(self.folder)
                furnish()
                must(libc.umount2(b"/old", MNT_DETACH))
                act()
                os.write(told, b"ready\n")
                os.close(told)
                while True:
                    signal.pause()
            except BaseException as error:
                print("plain container:", repr(error), file=sys.stderr, flush=True)
                os._exit(1)
        os.close(told)
        os.waitpid(child, 0)
        os._exit(0)

    def end(self):
        with contextlib.suppress(FileNotFoundError):
            children = pathlib.Path(f"/proc/{self.parent}/task/{self.parent}/children").read_text(encoding="ascii")
            for child in children.split():
                os.kill(int(child), signal.SIGKILL)
        os.waitpid(self.parent, 0)
        os.rmdir(self.folder)
        remove_cgroup(self.group)

# SPDX-License-Identifier: Apache-2.0
"""A container of each runtime that a zoo has up, made as its users make one: it sleeps until it is removed."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

PATIENCE = 120
STATE = pathlib.Path(os.environ.get("ZOO_STATE", "/var/lib/zoo"))
ZOO = pathlib.Path(__file__).resolve().parent.parent / "zoo"
IMAGE = "localhost/zoo-busybox:1"
SLEEP = ("/bin/sleep", "1000000")
SOCKET = "/run/containerd/containerd.sock"
ROOT = pathlib.Path("/sys/fs/cgroup")
HYBRID = (ROOT / "unified").is_dir()


def said(*command, check=True):
    return subprocess.run(command, check=check, capture_output=True, text=True, timeout=PATIENCE).stdout.strip()


def members(pid):
    """Who is in the cgroup of a process or below it: of its pids controller, or of v2."""
    lines = [line.split(":", 2) for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8").splitlines()]
    folder = next((ROOT / "pids" / path[1:] for _, controllers, path in lines if controllers == "pids"), None)
    folder = folder or next(ROOT / path[1:] for number, _, path in lines if number == "0")
    found = set()
    for below, _, _ in os.walk(folder):
        with contextlib.suppress(OSError):  # It has been removed meanwhile.
            found |= {int(each) for each in (pathlib.Path(below) / "cgroup.procs").read_text(encoding="ascii").split()}
    return found


class Container:
    """pid: of its init. id: what its runtime calls it, which its cgroup's path has. exec: the command that executes
    another one in it, script: that executes a line of the shell; they end with the status of that."""

    def __init__(self, name):
        self.name = self.id = name
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="runtime-container-"))
        try:
            self.start()
        except BaseException:
            self.remove()
            raise

    @property
    def script(self):
        return (*self.exec, "sh", "-c")

    def start(self):
        raise NotImplementedError

    def end(self):
        """Whether it runs, has ended, or was never started: nothing of it is left."""
        raise NotImplementedError

    def remove(self):
        self.end()
        shutil.rmtree(self.folder)

    def launch(self, *command, **options):
        """What it starts inherits its outputs: no pipe of ours."""
        log = self.folder / "log"
        with open(log, "wb") as out:
            ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=PATIENCE, **options)
        if ended.returncode:
            raise RuntimeError(f"{self.name}: {log.read_text(encoding='utf-8', errors='replace')[-1000:]}")


class Docker(Container):
    program = ("docker",)
    options = ()

    def start(self):
        self.launch(*self.program, "run", "-d", "--label", "zoo=1", "--network", "none", *self.options, "--name", self.name, IMAGE, *SLEEP)
        self.id, pid = said(*self.program, "inspect", "-f", "{{.Id}} {{.State.Pid}}", self.name).split()
        self.pid = int(pid)
        self.exec = (*self.program, "exec", self.name)

    def end(self):
        said(*self.program, "rm", "-f", self.name, check=False)


class Podman(Docker):
    program = ("podman", "--runtime", "runc" if HYBRID else "crun")
    # It cannot raise what it has lowered for itself.
    options = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")

    def end(self):
        said(*self.program, "rm", "-t", "0", "-f", self.name, check=False)


class Runc(Container):
    program = ("runc", "--root", "/run/runc")

    def bundle(self):
        """The runtime's own defaults, with a place to put programs."""
        self.launch("runc", "spec", cwd=self.folder)
        file = self.folder / "config.json"
        spec = json.loads(file.read_text(encoding="utf-8"))
        # What ctr starts would have -998 of a containerd that systemd has started, and be spared.
        spec["process"].update(terminal=False, args=SLEEP, oomScoreAdj=0)
        spec["root"]["path"] = str(STATE / "rootfs")
        spec["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev"]})
        spec["linux"]["cgroupsPath"] = f"/zoo/{self.name}"
        file.write_text(json.dumps(spec), encoding="utf-8")

    def start(self):
        self.bundle()
        self.launch(*self.program, "run", "-d", "--pid-file", "pid", self.name, cwd=self.folder)
        self.pid = int((self.folder / "pid").read_text(encoding="ascii"))
        self.exec = (*self.program, "exec", self.name)

    def end(self):
        said(*self.program, "delete", "-f", self.name, check=False)


class Crun(Runc):
    program = ("crun", "--root", "/run/crun")
    if HYBRID:  # It refuses the tree of cgroup2 beside others.
        program = ("unshare", "-m", "--propagation", "slave", "sh", "-c",
                   f'umount {ROOT}/unified && exec crun --root /run/crun "$@"', "sh")


class Ctr(Runc):
    program = ("ctr", "-a", SOCKET)

    def start(self):
        self.bundle()
        self.launch(*self.program, "run", "-d", "--null-io", "--config", self.folder / "config.json", self.name)
        self.find()

    def find(self):
        tasks = [line.split() for line in said(*self.program, "task", "ls").splitlines()]
        self.pid = next(int(pid) for name, pid, _ in tasks if name == self.id)
        # The shell is each exec's own: so is the name.
        self.exec = ("sh", "-c", f'exec {" ".join(self.program)} task exec --exec-id "kill-$$" {self.id} "$@"', "sh")

    def end(self):
        said(*self.program, "task", "rm", "-f", self.name, check=False)
        said(*self.program, "container", "rm", self.name, check=False)


class Cri(Ctr):
    """The first container of a pod; what the kubelet would execute in it comes through containerd as well."""

    program = ("ctr", "-a", SOCKET, "-n", "k8s.io")
    client = ("/usr/bin/python3", ZOO / "cri.py", SOCKET)
    sandbox = None
    made = 0

    def start(self):
        Cri.made += 1
        pod = f"5c0ffee0-1111-4222-8333-{os.getpid():08x}{Cri.made:04x}"
        by_systemd = not HYBRID and pathlib.Path("/run/systemd/system").is_dir()  # As the zoo configures containerd.
        self.parent = f"kubepods-burstable-pod{pod.replace('-', '_')}.slice" if by_systemd else f"kubepods/burstable/pod{pod}"
        parent = self.parent if by_systemd else f"/{self.parent}"
        answer = json.loads(said(*self.client, "up", IMAGE, pod, self.folder, parent).splitlines()[-1])
        self.sandbox, self.id = answer["sandbox"], answer["containers"]["plain"]
        self.find()

    def end(self):
        """With the pod's cgroup, as a kubelet removes it."""
        if self.sandbox is None:
            return
        said(*self.client, "rm", self.sandbox, check=False)
        if self.parent.endswith(".slice"):
            said("systemctl", "stop", self.parent)
        for folder in (*ROOT.glob(self.parent), *ROOT.glob(f"*/{self.parent}")):
            folder.rmdir()


class Lxc(Container):
    """Its init executes scripts: what lxc-attach does is in a cgroup below the container's, ".lxc"."""

    def start(self):
        at = ("-P", self.folder, "-n", self.name)
        inside = self.folder / self.name / "inside"
        inside.mkdir(parents=True)
        for fifo in ("lines", "ends"):
            os.mkfifo(inside / fifo)
        (inside / "init").write_text("""while read -r line </host/lines; do
  sh -c "$line"
  echo $? >/host/ends
done
""", encoding="ascii")
        (self.folder / self.name / "config").write_text(f"""lxc.uts.name = {self.name}
lxc.rootfs.path = dir:{STATE}/rootfs
lxc.net.0.type = empty
lxc.mount.auto = proc:mixed sys:ro
lxc.mount.entry = tmpfs tmp tmpfs nosuid,nodev 0 0
lxc.mount.entry = {inside} host none bind 0 0
lxc.init.cmd = /bin/sh /host/init
lxc.apparmor.profile = unconfined
""", encoding="utf-8")
        self.launch("lxc-start", *at, "-d")
        self.pid = int(said("lxc-info", *at, "-pH"))
        self.exec = ("lxc-attach", *at, "--")
        self.by_init = ("sh", "-c", f'cd {inside} && printf "%s\\n" "$1" >lines && read -r end <ends && exit "$end"', "sh")

    @property
    def script(self):
        return self.by_init

    def end(self):
        said("lxc-stop", "-P", self.folder, "-k", "-n", self.name, check=False)


MAKERS = {"docker": Docker, "podman": Podman, "runc": Runc, "crun": Crun, "containerd": Ctr, "containerd-cri": Cri, "lxc": Lxc}


def up():
    """The runtimes of the zoo's running containers."""
    lines = [line.split() for line in said(ZOO / "zoo.sh", "list").splitlines()]
    return {fields[1] for fields in lines if fields[3] == "running"}

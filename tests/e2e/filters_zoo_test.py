#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What hullmark says of the seccomp filters in the zoo, against the kernel's own notes and against containers
that are started with the profiles it writes.

    filters_zoo_test.py HULLMARK [SCHEMA]      exit 77: this kernel tells nobody what filters permit
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = "hullmark"
SCHEMA = ROOT / "docs/schema/seccomp-1.schema.json"
IMAGE = "localhost/zoo-busybox:1"

# As strace -f -c has it, of a shell of busybox that sleeps.
OBSERVED = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 30.00    0.000300          10        30         1 execve
 20.00    0.000200          10        20           write
 10.00    0.000100          10        10           fork
 10.00    0.000100          10        10           wait4
 10.00    0.000100          10        10           clone
 10.00    0.000100          10        10           rt_sigaction
  5.00    0.000050          10         5           nanosleep
  5.00    0.000050          10         5           clock_nanosleep
  0.00    0.000000           0         1         1 mkdir
------ ----------- ----------- --------- --------- ----------------
100.00    0.001000          10       101         2 total
"""


def run(*command, expect=0):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != expect:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def hullmark(*arguments, **how):
    return run(PROGRAM, *arguments, **how)


def asked(container):
    return json.loads(hullmark("seccomp", container, "--format", "json"))


def decisions(answers):
    """Of each call; what is refused is refused, with an error that is the runtime's choice for what it does not know."""
    return {call: ("errno" if said["answer"].startswith("errno") else said["answer"], json.dumps(said.get("cases")))
            for call, said in answers["calls"].items()}


class Filters(unittest.TestCase):
    def test_the_kernel_notes_the_same_of_every_filter(self):
        snapshot = json.loads(hullmark("snapshot"))
        self.assertEqual([p for p in snapshot["vantage"]["problems"] if p["id"].startswith("seccomp")], [])
        tasks = [t for t in snapshot["processes"] if isinstance(t["leader"].get("filters"), int)]
        noted = [f for f in snapshot["seccomp_filters"] if isinstance(f["permitted"], list)]
        numbers = sum(64 * (len(f["permitted"]) + len(f["permitted_compat"])) for f in noted)
        self.assertTrue(tasks and len(noted) == len(snapshot["seccomp_filters"]))
        print(f"filters: {len(tasks)} processes have {len(noted)} different filters of "
              f"{len(snapshot['seccomp_programs'])} programs; the kernel notes the same of {numbers} numbers")

    def test_what_is_open_beside_what_is_refused(self):
        text = hullmark("seccomp", "zoo-seccomp-custom")
        self.assertIn("change a file's mode: chmod denied, fchmod, fchmodat", " ".join(text.split()))
        report = asked("zoo-seccomp-custom")
        native = report["filters"][0]["abis"]["x86_64"]["calls"]
        self.assertEqual([native[c]["answer"] for c in ("chmod", "fchmod")], ["errno 1", "allow"])
        self.assertTrue(report["filters"][0]["kernel_agrees"])

    def test_reports_have_their_schema(self):
        import jsonschema  # pylint: disable=import-outside-toplevel
        schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
        for name in ("zoo-default", "zoo-seccomp-custom", "zoo-privileged"):
            jsonschema.validate(asked(name), schema)

    def test_without_bpf_nothing_is_known(self):
        without = ["setpriv", "--bounding-set", "-bpf,-perfmon,-sys_admin", PROGRAM, "seccomp", "zoo-default"]
        self.assertIn("unknown", run(*without, expect=3))
        hullmark("seccomp", "zoo-nobody", expect=2)


    def test_who_is_stopped_tells_the_same(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
            config.write("collect: {source: proc}\n")
            config.flush()
            proc = ["--config", config.name, "seccomp", "zoo-default", "--format", "json"]
            self.assertIn("unknown", json.loads(hullmark(*proc, expect=3))["filters"][0])
            stopped = json.loads(hullmark(*proc, "--allow-stop"))["filters"][0]
        self.assertFalse(stopped["kernel_agrees"], "who is stopped tells no notes")
        told = asked("zoo-default")["filters"][0]
        self.assertEqual({**stopped, "kernel_agrees": True}, told)


class Profiles(unittest.TestCase):
    """Containers of docker that are started with what hullmark wrote."""

    def setUp(self):
        self.name = "zoo-filters-test"
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.addCleanup(subprocess.run, ["docker", "rm", "-f", self.name], capture_output=True, check=False)

    def start(self, profile, script):
        path = pathlib.Path(self.folder.name) / "profile.json"
        path.write_text(profile, encoding="utf-8")
        run("docker", "run", "-d", "--name", self.name, "--network", "none", "--security-opt", f"seccomp={path}",
            IMAGE, "sh", "-c", script)

    def test_a_profile_decides_as_the_filter_did(self):
        for like in ("zoo-default", "zoo-seccomp-custom"):
            subprocess.run(["docker", "rm", "-f", self.name], capture_output=True, check=False)
            with self.subTest(like):
                before = asked(like)["filters"][0]
                self.start(hullmark("seccomp", like, "--format", "oci"), "sleep 1000")
                after = asked(self.name)["filters"][0]
                for abi, answers in before["abis"].items():
                    self.assertEqual(decisions(after["abis"][abi]).items() ^ decisions(answers).items(), set(), abi)

    def test_a_tighter_profile_starts_a_container(self):
        observed = pathlib.Path(self.folder.name) / "observed"
        observed.write_text(OBSERVED, encoding="utf-8")
        self.start(hullmark("seccomp", "zoo-default", "--format", "oci", "--observed", str(observed)),
                   "mkdir /made; chmod 700 /made || echo refused; echo started; sleep 1000")
        run("docker", "exec", self.name, "true")
        said = run("sh", "-c", f"docker logs {self.name} 2>&1")
        self.assertIn("refused", said)
        self.assertIn("started", said)
        native = asked(self.name)["filters"][0]["abis"]["x86_64"]["calls"]
        self.assertEqual([native[c]["answer"] for c in ("mkdir", "chmod", "keyctl")],
                         ["allow", "errno 1", "errno 1"])


def main():
    global PROGRAM, SCHEMA  # pylint: disable=global-statement
    PROGRAM = sys.argv.pop(1)
    if len(sys.argv) > 1 and sys.argv[1].endswith(".json"):
        SCHEMA = pathlib.Path(sys.argv.pop(1))
    vantage = json.loads(hullmark("audit", "--format", "json"))["vantage"]
    told = [p["text"] for p in vantage["problems"] if p["id"] == "seccomp-content"]
    if told:
        print(f"filters_zoo_test: skipped: {told[0]}", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=1)


if __name__ == "__main__":
    main()

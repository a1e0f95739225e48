#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gives the real program files that are wrong: exit 2, a message that names the place, no report, no crash.

    bad_input_test.py PROGRAM SOURCE        SOURCE: the top of the source tree
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, SOURCE = None, None
USAGE = 2
# A folder without write permission has to stop root too.
OBEDIENT = ["setpriv", "--bounding-set", "-dac_override"] if os.geteuid() == 0 else []


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hullmark-bad-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.good = (SOURCE / "tests/golden/cases/docker/snapshot.json").read_text()
        self.benchmark = (SOURCE / "checks/benchmarks/default.yaml").read_text()

    def run_program(self, *arguments):
        return subprocess.run([*OBEDIENT, PROGRAM, *map(str, arguments)], capture_output=True, timeout=120)

    def refuses(self, *arguments, says):
        done = self.run_program(*arguments)
        errors = done.stderr.decode()
        self.assertEqual(done.returncode, USAGE, errors[-2000:])
        self.assertEqual(done.stdout, b"")
        self.assertRegex(errors, says)
        self.assertLess(len(errors), 4000, "an error is told in a few lines")
        self.assertNotRegex(errors, r"[\x00-\x09\x0b-\x1f\x7f]|Sanitizer|terminate called")

    def refuses_snapshot(self, text, says):
        path = self.folder / "snapshot.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        for form in ("text", "json"):
            self.refuses("audit", "--snapshot", path, "--format", form, says="snapshot.json: " + says)

    # ---- snapshots

    def test_what_is_not_json(self):
        whole = self.good.encode()
        for text in (b"", b"\0", b"{", b"[]", b"null", b"snapshot", whole[:-2], whole[:len(whole) // 2], whole + b"{}",
                     b"\xff\xfe" + whole, whole.replace(b'"docker', b'"\xc3(docker', 1), b"[" * 100_000):
            with self.subTest(text=text[:20], size=len(text)):
                self.refuses_snapshot(text, r"\S")

    def test_any_cut_is_seen(self):
        whole = self.good.encode()
        for cut in range(1, len(whole), len(whole) // 16):
            with self.subTest(cut=cut):
                self.refuses_snapshot(whole[:cut], "byte [0-9]+: no JSON")

    def test_a_huge_one(self):
        path = self.folder / "huge.json"
        with open(path, "wb") as file:
            file.truncate((512 << 20) + 1)
        self.refuses("audit", "--snapshot", path, says=r"huge\.json: larger than 512 MiB")

    def test_another_schema(self):
        self.refuses_snapshot(self.good.replace("hullmark.snapshot/1", "hullmark.snapshot/2"), r"/schema: .*hullmark\.snapshot/2")
        self.refuses_snapshot(self.good.replace('"schema"', '"scheme"', 1), "/schema")
        self.refuses_snapshot((SOURCE / "tests/golden/cases/docker/report.json").read_text(), "/")

    def contradict(self, change, says):
        snapshot = json.loads(self.good)
        change(snapshot)
        self.refuses_snapshot(json.dumps(snapshot), says)

    def test_contradictions(self):
        def at(table, row, member, value):
            return lambda snapshot: snapshot[table][row].__setitem__(member, value)

        containers = [row for row, each in enumerate(json.loads(self.good)["containers"]) if each["init"] is not None]
        first = containers[0]
        for change, says in (
                (at("containers", first, "init", 99_999), f"/containers/{first}/init"),
                (at("containers", first, "init", -1), f"/containers/{first}/init"),
                (at("containers", first, "init", "0"), f"/containers/{first}/init"),
                (at("containers", first, "parent", first), f"/containers/{first}/parent: is inside itself"),
                (at("containers", first, "runtime", "dokcer"), f"/containers/{first}/runtime"),
                (at("containers", first, "unheard_of", 1), ".*unheard_of"),
                (lambda snapshot: snapshot["containers"][first].pop("cgroup"), ".*cgroup"),
                (lambda snapshot: snapshot["containers"][first]["members"].reverse() or
                 snapshot["containers"][first]["members"].append(snapshot["containers"][first]["members"][0]), ".*out of order"),
                (lambda snapshot: snapshot["processes"].reverse(), "/processes/1: is out of order"),
                (lambda snapshot: snapshot["processes"].append(snapshot["processes"][-1]), ".*is out of order"),
                (lambda snapshot: snapshot.pop("vantage"), ".*vantage"),
                (lambda snapshot: snapshot.__setitem__("taken_at", 1e300), "/taken_at"),
                (at("cgroups", 1, "parent", 1), "/cgroups/1/parent")):
            with self.subTest(says=says):
                self.contradict(change, says)

    def test_a_member_twice(self):
        self.refuses_snapshot(self.good.replace('"vantage":', '"vantage":{},"vantage":', 1), r"\S")

    def test_not_a_file(self):
        self.refuses("audit", "--snapshot", self.folder, says="not a regular file")
        self.refuses("audit", "--snapshot", self.folder / "absent", says="No such file")
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        self.refuses("audit", "--snapshot", fifo, says="not a regular file")

    # ---- benchmarks

    def refuses_benchmark(self, text, says):
        path = self.folder / "bench.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        snapshot = SOURCE / "tests/golden/cases/docker/snapshot.json"
        for command in (("audit", "--snapshot", snapshot), ("check-config",), ("controls",)):
            self.refuses(*command, "--benchmark", path, says=r"bench\.yaml:" + says)

    def line_of(self, text):
        return self.benchmark[:self.benchmark.index(text)].count("\n") + 1

    def replaced(self, old, new):
        self.assertIn(old, self.benchmark)
        return self.benchmark.replace(old, new, 1)

    def test_wrong_words(self):
        severity = "    severity: critical\n"
        line = self.line_of(severity)
        for text, says in (
                (self.replaced(severity, severity + "    colour: red\n"), f"{line + 1}: .*colour"),
                (self.replaced(severity, severity + severity), f"{line + 1}: "),
                (self.replaced(severity, "    severity: dreadful\n"), f"{line}: .*severity"),
                (self.replaced(severity, "    severity: [critical]\n"), f"{line}: .*severity"),
                (self.replaced("    weight: 125\n", "    weight: heavy\n"), f"{self.line_of('    weight: 125')}: .*weight"),
                (self.replaced("    weight: 125\n", "    weight: 1e9\n"), f"{self.line_of('    weight: 125')}: .*weight"),
                (self.replaced("  - id: CAP-001\n", "  - id: CAP-999\n"), f"{self.line_of('  - id: CAP-001')}: .*CAP-999"),
                (self.replaced("  - id: CAP-002\n", "  - id: CAP-001\n"), f"{self.line_of('  - id: CAP-002')}: .*CAP-001"),
                (self.replaced(severity, "    severity: critical\n   bad indentation: 1\n"), "[0-9]+: ")):
            with self.subTest(says=says):
                self.refuses_benchmark(text, says)

    def test_what_is_no_benchmark(self):
        for text in ("", "\n", "just words\n", "[]\n", "{", "a: b\n", "\tx: 1\n", b"title: \xff\xfe\n", b"\0\0\0",
                     "---\na: 1\n---\nb: 2\n", "%YAML 9.9\n---\n{}\n", "a: !!python/object:os.system x\n", "[" * 5_000):
            with self.subTest(text=text[:20]):
                self.refuses_benchmark(text, " ?[0-9]*:? ?")

    def test_a_bomb(self):
        bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
            f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12))
        self.refuses_benchmark(bomb, "[0-9]+: ")
        self.refuses_benchmark("a: &a [*a]\n", "[0-9]+: ")

    def test_a_huge_benchmark(self):
        self.refuses("controls", "--benchmark", self.write("big.yaml", "#" * (2 << 20)), says=r"big\.yaml: larger than 1 MiB")

    def test_a_folder_for_a_benchmark(self):
        self.refuses("controls", "--benchmark", self.folder, says="not a regular file")

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return self.folder / name

    # ---- output

    def test_an_output_that_cannot_be_written_loses_nothing(self):
        snapshot = self.write("snapshot.json", self.good)
        closed = self.folder / "closed"
        closed.mkdir()
        (closed / "report").write_text("the last good one")
        closed.chmod(0o555)
        self.addCleanup(closed.chmod, 0o755)
        for path in (closed / "report", closed / "new", self.folder, self.folder / "absent/report", snapshot / "report"):
            with self.subTest(path=path):
                self.refuses("audit", "--snapshot", snapshot, "--output", path, says=re.escape(str(path)))
        self.assertEqual([path.name for path in closed.iterdir()], ["report"])
        self.assertEqual((closed / "report").read_text(), "the last good one")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["closed", "snapshot.json"])

    def test_a_full_disk(self):
        snapshot = self.write("snapshot.json", self.good)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, "audit", "--snapshot", snapshot], stdout=full, stderr=subprocess.PIPE, timeout=120)
        self.assertEqual(done.returncode, USAGE)
        self.assertIn(b"No space left", done.stderr)

    def test_a_refused_snapshot_leaves_the_last_report(self):
        bad = self.write("bad.json", self.good[:-3])
        report = self.write("report", "the last good one")
        self.refuses("audit", "--snapshot", bad, "--output", report, says="bad.json")
        self.assertEqual(report.read_text(), "the last good one")

    # ---- options

    def test_options(self):
        for arguments in ((), ("audti",), ("audit", "--frobnicate"), ("audit", "--format", "xml"), ("audit", "--class", "pod"),
                          ("audit", "--fail-on", "info"), ("audit", "--min-score", "101"), ("audit", "--min-score", "much"),
                          ("audit", "--min-coverage", "2"), ("audit", "--at", "yesterday"), ("audit", "--snapshot"),
                          ("audit", "--format", "json", "--view", "cis"), ("explain", "CAP-000"), ("snapshot", "extra"),
                          ("audit", "--log-level", "loud"), ("audit", "--color", "red")):
            with self.subTest(arguments=arguments):
                self.refuses(*arguments, says=r"hullmark: \S")


if __name__ == "__main__":
    PROGRAM, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
    unittest.main(argv=sys.argv[:1])

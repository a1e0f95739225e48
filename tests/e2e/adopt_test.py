#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How a site adopts hullmark: baselines, diff, the shipped waivers, and every command of docs/adopting.md,
with the real program on the fixture host `workloads`.

    adopt_test.py PROGRAM SOURCE        SOURCE: the top of the source tree
"""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
PROGRAM, SOURCE = None, pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/fixtures"))
from compose import compose  # noqa: E402

AS_ROOT = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user"]
AT = ["--at", "2027-01-01T00:00:00Z"]  # The waivers hold then.
INFRASTRUCTURE = "infrastructure: {namespace: [kube-system, kube-flannel, monitoring, ingress]}\n"


def run(*arguments, **how):
    how = {"capture_output": True, "text": True, "timeout": 120, **how}
    return subprocess.run([*AS_ROOT, PROGRAM, *map(str, arguments)], **how)


def roots(tree):
    return ["--plain-roots", "--proc-root", f"{tree}/proc", "--sys-root", f"{tree}/sys", "--cgroup-root", f"{tree}/sys/fs/cgroup"]


def full(container):
    pod = container["kubernetes"]
    return f"{pod['namespace']}/{pod['pod']}/{container['name']}" if pod else container["name"]


class OnTheNode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = pathlib.Path(tempfile.mkdtemp(prefix="hullmark-adopt-"))
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.tree = cls.top / "node"
        compose("workloads", cls.tree)
        cls.snapshot = cls.top / "node.snapshot"
        # On a machine that is overloaded a claim may take longer than it is waited for.
        for _ in range(5):
            done = run("snapshot", *roots(cls.tree), "--output", cls.snapshot)
            assert done.returncode == 0, done.stderr
            cls.facts = json.loads(cls.snapshot.read_text())
            if all(each["claims"] for each in cls.facts["containers"] if each["class"] == "container"):
                return
        raise AssertionError("not every container could be named")

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def write(self, name, document):
        path = self.folder / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        path.chmod(0o644)
        return path

    def audit(self, *arguments, status=0, snapshot=None):
        done = run("audit", "--snapshot", snapshot or self.snapshot, *arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def report(self, *arguments, **how):
        return json.loads(self.audit("--format", "json", *arguments, **how).stdout)

    def valid(self, schema, path):
        validate = [sys.executable, SOURCE / "tests/golden/validate.py", SOURCE / f"docs/schema/{schema}-1.schema.json", path]
        done = subprocess.run(validate, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def changed(self, change):
        """The snapshot with each container's record passed through `change`."""
        facts = json.loads(json.dumps(self.facts))
        for container in facts["containers"]:
            change(container)
        return self.write("changed.snapshot", facts)


# Which container each waiver is for.
WAIVERS = {"kube-proxy": "kube-system/kube-proxy-x7k2m/kube-proxy", "calico": "kube-system/calico-node-b4tzd/calico-node",
           "cilium": "kube-system/cilium-vw92k/cilium-agent", "flannel": "kube-flannel/kube-flannel-ds-zr8jb/kube-flannel",
           "csi-node": "kube-system/ebs-csi-node-6nd7q/ebs-plugin", "node-exporter": "monitoring/node-exporter-hq5jt/node-exporter",
           "gpu-device-plugin": "kube-system/nvidia-device-plugin-daemonset-k9w7c/nvidia-device-plugin-ctr",
           "ingress": "ingress/traefik-7c9f6d8b5-lq2wz/traefik", "docker-in-docker": "dind", "ci-runner": "gitlab-runner"}
# What a waiver leaves at severity high or above, since it can be mended without giving the job up.
LEFT = {"ci-runner": {"CAP-009"}}


class Waivers(OnTheNode):
    def waived(self, name, snapshot=None):
        report = self.report("--waivers", SOURCE / f"docs/waivers/{name}.yaml", *AT, snapshot=snapshot)
        findings = {full(c): [f for f in c["findings"] if f["status"] == "waived"] for c in report["containers"]}
        return report, {who for who, some in findings.items() if some}

    def test_each_file_has_a_case(self):
        self.assertEqual(sorted(WAIVERS), sorted(path.stem for path in (SOURCE / "docs/waivers").glob("*.yaml")))

    def test_each_covers_its_container_and_no_other(self):
        for name, who in WAIVERS.items():
            with self.subTest(waiver=name):
                checked = run("check-config", "--waivers", SOURCE / f"docs/waivers/{name}.yaml")
                self.assertEqual(checked.returncode, 0, checked.stderr)
                report, covered = self.waived(name)
                self.assertEqual(covered, {who})
                self.assertEqual({waiver["state"] for waiver in report["waivers"]}, {"active"})
                container = next(c for c in report["containers"] if full(c) == who)
                left = {f["id"] for f in container["findings"] if f["status"] == "fail" and f["severity"] in ("high", "critical")}
                self.assertEqual(left, LEFT.get(name, set()))
                self.assertFalse(any(f["status"] == "waived" for f in report["host"]["findings"]))

    def test_each_names_no_control_that_its_container_passes(self):
        for name, who in WAIVERS.items():
            with self.subTest(waiver=name):
                text = (SOURCE / f"docs/waivers/{name}.yaml").read_text()
                report, _ = self.waived(name)
                container = next(c for c in report["containers"] if full(c) == who)
                waived = {f["id"] for f in container["findings"] if f["status"] == "waived"}
                self.assertEqual(set(re.findall(r"[A-Z]{2,3}-\d{3}", text.split("waivers:")[1])), waived)

    def test_a_neighbour_in_another_guise_is_not_covered(self):
        """Another namespace, image, name, or the word of a user: every key counts."""
        def elsewhere(container):
            if container["kubernetes"]:
                container["kubernetes"]["namespace"] = "shop"
            else:
                container["name"] += "2"

        def another_image(container):
            container["image"] = container["image"] and "evil.example/" + container["image"]

        def by_a_user(container):
            if container["claims"]:
                container["claims"]["trust"] = "user"
        for change in (elsewhere, another_image, by_a_user):
            snapshot = self.changed(change)
            for name in WAIVERS:
                with self.subTest(waiver=name, change=change.__name__):
                    self.assertEqual(self.waived(name, snapshot)[1], set())

    def test_the_true_risks_are_on_top(self):
        config = self.write("hullmark.yaml", INFRASTRUCTURE)
        options = [option for name in WAIVERS for option in ("--waivers", SOURCE / f"docs/waivers/{name}.yaml")]
        plain = self.audit("--config", config).stdout
        with_waivers = self.audit("--config", config, *options, *AT).stdout
        top = lambda text: re.findall(r"^  [A-F] +[\d.]+  (\S+)", text.split("COULD BE")[0], re.M)
        self.assertTrue(top(plain)[0].startswith("debug-node1"), plain[:3000])
        self.assertTrue(top(with_waivers)[0].startswith("debug-node1"), with_waivers[:3000])
        # Whose filters cannot be read here come after those of whom it is known.
        self.assertEqual({name.split("-")[0] for name in top(with_waivers)[:6]},
                         {"debug", "legacy", "portainer", "cart", "registry", "gitlab"})
        for text in (plain, with_waivers):
            screen = text.split("DETAILS")[0]
            self.assertLessEqual(screen.count("\n"), 41)
            self.assertRegex(screen, r"INFRASTRUCTURE +8 containers")


class Baseline(OnTheNode):
    def setUp(self):
        super().setUp()
        self.accepted = self.write("accepted.json", self.audit("--format", "json").stdout)

    def worse(self):
        """Every container made anew under another id; the postgres runs as root without no_new_privs."""
        facts = json.loads(json.dumps(self.facts))
        for container in facts["containers"]:
            container["id"] = container["id"][::-1]
            if container["name"] == "postgres":
                task = facts["processes"][container["init"]]["leader"]
                task["status"]["no_new_privs"] = False
        return self.write("worse.snapshot", facts)

    def test_what_is_accepted_violates_nothing(self):
        self.audit("--fail-on", "high", status=1)
        self.audit("--min-score", "100", status=1)
        for snapshot in (None, self.changed(lambda container: container.update(id=container["id"][::-1]))):
            done = self.audit("--baseline", self.accepted, "--fail-on", "low", "--min-score", "100", snapshot=snapshot)
            self.assertIn("NEW SINCE", done.stdout)
            self.assertIn("Nothing: no violation and no container", done.stdout)
            self.assertNotIn("NEEDS ATTENTION TODAY", done.stdout)
        self.audit("--baseline", self.accepted, "--min-coverage", "1", status=3)

    def test_what_is_new_does(self):
        worse = self.worse()
        done = self.audit("--baseline", self.accepted, "--fail-on", "medium", snapshot=worse, status=1)
        self.assertIn("1 new findings of severity medium or above fail", done.stderr)
        self.assertRegex(done.stdout.split("COULD BE")[0], r"medium +db-0/postgres +containerd +PRV-001")
        self.audit("--baseline", self.accepted, "--fail-on", "high", snapshot=worse)
        self.audit("--baseline", self.accepted, "--min-score", "60", snapshot=worse, status=1)
        path = self.write("new.json", self.audit("--baseline", self.accepted, "--format", "json", snapshot=worse).stdout)
        self.valid("report", path)
        report = json.loads(path.read_text())
        new = [(full(c), f["id"]) for c in report["containers"] for f in c["findings"] if f.get("new")]
        self.assertEqual(new, [("shop/db-0/postgres", "PRV-001")])
        self.assertEqual((report["baseline"]["new_violations"], report["baseline"]["gone"]), (1, 0))

    def test_a_container_of_another_name_is_new(self):
        snapshot = self.changed(lambda c: c.update(name="other", id=c["id"][::-1]) if c["name"] == "portainer" else None)
        report = self.report("--baseline", self.accepted, snapshot=snapshot)
        self.assertEqual([full(c) for c in report["containers"] if c.get("new")], ["other"])
        self.audit("--baseline", self.accepted, "--fail-on", "critical", snapshot=snapshot, status=1)

    def refused(self, path, *says):
        for arguments in (("audit", "--snapshot", self.snapshot, "--baseline", path), ("diff", path, self.accepted)):
            done = run(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done)
            for part in says:
                self.assertIn(part, done.stderr)

    def test_a_wrong_file_is_named_with_its_place(self):
        whole = self.accepted.read_text()
        report = json.loads(whole)
        report["containers"][3]["findings"][5]["status"] = "fine\x1b[31m"
        self.refused(self.write("damaged.json", report), "damaged.json: /containers/3/findings/5/status: ", r"fine\x1b[31m")
        self.refused(self.write("cut.json", whole[:5000]), "cut.json: byte ", "no JSON from here on")
        self.refused(self.write("foreign.json", {"Results": []}), "foreign.json: /schema: this is no report of hullmark")
        self.refused(self.write("other.json", whole.replace("report/1", "report/7", 1)), 'is "hullmark.report/7"')
        self.refused(self.write("empty.json", ""), "empty.json: ")
        self.refused(self.folder / "absent.json", "absent.json: No such file")
        self.refused(self.folder, "not a regular file")
        huge = self.folder / "huge.json"
        with huge.open("w") as file:
            file.truncate(1 << 34)
        self.refused(huge, "huge.json: larger than ")
        done = run("audit", "--snapshot", self.snapshot, "--baseline", self.snapshot)
        self.assertEqual(done.returncode, 2)
        self.assertIn("this is a snapshot: judge it first", done.stderr)

    def test_both_cannot_be_standard_input(self):
        for arguments in (("audit", "--snapshot", "-", "--baseline", "-"), ("diff", "-", "-")):
            self.assertEqual(run(*arguments, stdin=subprocess.DEVNULL).returncode, 2)


class Diff(Baseline):
    def diff(self, *arguments, status=0):
        done = run("diff", *arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def test_nothing_changed(self):
        for old, new in ((self.accepted, self.accepted), (self.snapshot, self.snapshot), (self.snapshot, self.accepted)):
            document = json.loads(self.diff(old, new, "--format", "json", "--fail-on", "low").stdout)
            self.assertEqual((document["changes"], document["scores"], document["caveats"]), ([], [], []))

    def test_what_changed_is_told_and_valid(self):
        worse = self.worse()
        path = self.write("diff.json", self.diff(self.accepted, worse, "--format", "json").stdout)
        self.valid("diff", path)
        document = json.loads(path.read_text())
        self.assertEqual([(c["kind"], c["container"]["pod"], c.get("control", {}).get("id")) for c in document["changes"]],
                         [("violation_appeared", "db-0", "PRV-001")])
        self.assertEqual([s["container"]["pod"] for s in document["scores"]], ["db-0"])
        self.assertEqual(document["summary"]["new_violations"]["medium"], 1)
        self.assertRegex(self.diff(self.accepted, worse).stdout, r"(?s)APPEARED\n  medium +PRV-001 .*in db-0/postgres")
        self.assertRegex(self.diff(worse, self.accepted).stdout, r"(?s)RESOLVED\n  medium +PRV-001 .*now pass")
        self.diff(self.accepted, worse, "--fail-on", "high")
        self.diff(self.accepted, worse, "--fail-on", "medium", status=1)
        self.diff(worse, self.accepted, "--fail-on", "low")

    def test_who_came_and_went(self):
        report = json.loads(self.accepted.read_text())
        report["containers"] = [c for c in report["containers"] if c["name"] not in ("debugger", "dind")]
        report["containers"][0]["name"] = "x\x1b[2J\u202e"
        fewer = self.write("fewer.json", report)
        came = self.diff(fewer, self.accepted)
        self.assertRegex(came.stdout, r"NEW CONTAINERS\n  F +0.0 +debug-node1/debugger")
        for text in (came.stdout, self.diff(self.accepted, fewer).stdout):
            self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
        path = self.write("diff.json", self.diff(self.accepted, fewer, "--format", "json").stdout)
        self.valid("diff", path)
        self.assertEqual(json.loads(path.read_text())["summary"]["container_gone"], 2)

    def test_what_cannot_be_read_any_more_is_not_resolved(self):
        report = json.loads(self.accepted.read_text())
        finding = next(f for c in report["containers"] for f in c["findings"] if f["status"] == "fail")
        finding["status"] = "unknown"
        dim = self.write("dim.json", report)
        self.assertRegex(self.diff(self.accepted, dim).stdout, r"CANNOT BE READ ANY MORE\n.*\(was fail\)")

    def test_colour_is_asked_for(self):
        self.assertIn("\x1b[1m", self.diff(self.accepted, self.accepted, "--color", "always").stdout)


class Documentation(OnTheNode):
    def test_the_manual_has_every_option(self):
        manual = (SOURCE / "docs/man/hullmark.1").read_text().replace("\\", "")
        for command in ("audit", "diff", "agent"):
            for option in set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", run(command, "--help").stdout, re.M)):
                self.assertIn(option, manual, command)

    def commands(self):
        lines = (SOURCE / "docs/adopting.md").read_text().splitlines()
        return [line.strip() for line in lines if line.startswith("    ")]

    def test_every_command_of_the_guide_runs(self):
        """As one script, with /etc, the collector's folder and the port of the test's own."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        etc, prom = self.folder / "etc/hullmark", self.folder / "prom"
        for folder in (etc, prom, self.folder / "bin", self.folder / "state"):
            folder.mkdir(parents=True)
        config = self.write("etc/hullmark/hullmark.yaml", INFRASTRUCTURE)
        guide = (SOURCE / "docs/adopting.md").read_text()
        self.assertIn(INFRASTRUCTURE, guide)
        wrapper = self.write("bin/hullmark", f"""#!/bin/sh
command=$1; shift
case " $*" in
*--snapshot*) set -- --config {config} "$@" ;;
*) case $command in
   audit|snapshot) set -- --config {config} {' '.join(roots(self.tree))} "$@" ;;
   agent) set -- --config {config} {' '.join(roots(self.tree))} --listen 127.0.0.1:{port} --state-dir "" --events-file "" "$@" ;;
   esac ;;
esac
exec {' '.join([*AS_ROOT, str(PROGRAM)])} "$command" "$@"
""")
        wrapper.chmod(0o755)
        commands = self.commands()
        self.assertGreater(len(commands), 15)
        script = "set -em\n"
        for command in commands:
            command = command.replace("/etc/hullmark", str(etc)).replace("/var/lib/prometheus/node-exporter", str(prom))
            command = command.replace("127.0.0.1:9723", f"127.0.0.1:{port}")
            command = command.replace("docs/waivers", str(SOURCE / "docs/waivers")).replace(" dashboards/", f" {SOURCE}/dashboards/")
            script += f"echo '+' {command.rstrip('&')!r} >&2\n{command}\n"
        environment = {**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-c", script], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        self.assertIn("hullmark_container_score{", (self.folder / "metrics.prom").read_text())
        self.assertIn("Nothing: no violation and no container", done.stdout)
        self.assertIn("waived by 4 waivers", done.stdout)


if __name__ == "__main__":
    PROGRAM = pathlib.Path(sys.argv[1]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line of the real program: exit statuses, outputs, what is refused.

    cli_test.py PROGRAM SNAPSHOT BENCHMARK CHECKS
"""
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

PROGRAM, SNAPSHOT, BENCHMARK, CHECKS = None, None, None, None
METRICS = pathlib.Path(__file__).resolve().parents[2] / "docs/metrics.md"
ROOT = os.geteuid() == 0
ANOTHER = ROOT and os.stat("/").st_mode & 1  # Whether a program can be run as another user.


def run(*arguments, **how):
    how = {"capture_output": True, "text": True, "timeout": 60, **how}
    return subprocess.run([PROGRAM, *map(str, arguments)], **how)


def audit(*arguments, snapshot=None, **how):
    return run("audit", "--snapshot", snapshot or SNAPSHOT, *arguments, **how)


class InAFolder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def refuses(self, result, *parts):
        self.assertEqual(result.returncode, 2, result)
        self.assertEqual(result.stdout, "")
        for part in parts:
            self.assertIn(str(part), result.stderr)


class Output(InAFolder):
    def test_a_new_file_is_made_and_an_old_one_replaced(self):
        target = self.folder / "report"
        for _ in range(2):
            result = audit("--output", target)
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
            self.assertIn("2 containers", target.read_text())
            target.write_text("old")
        self.assertEqual([target], list(self.folder.iterdir()), "a draft is left behind")

    @unittest.skipUnless(ANOTHER or not ROOT, "others cannot get below / here")
    def test_standard_output_has_three_names(self):
        program, snapshot = shutil.copy(PROGRAM, self.folder), shutil.copy(SNAPSHOT, self.folder)
        self.folder.chmod(0o755)
        # Not as root: a program that takes /dev/stdout for a file would replace it on this host.
        how = {"user": 65534} if ROOT else {}
        command = [program, "audit", "--snapshot", snapshot]
        reports = [subprocess.run(command + options, capture_output=True, timeout=60, **how)
                   for options in ([], ["--output", "-"], ["--output", "/dev/stdout"])]
        for report in reports:
            self.assertEqual((report.returncode, report.stderr), (0, b""))
            self.assertEqual(report.stdout, reports[0].stdout)
        self.assertFalse(os.path.lexists("-"))

    def test_a_pipe_is_written_to(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True)
        self.addCleanup(reader.kill)
        self.assertEqual(audit("--output", pipe).returncode, 0)
        self.assertEqual(reader.communicate(timeout=60)[0], audit().stdout)
        self.assertTrue(stat.S_ISFIFO(os.lstat(pipe).st_mode))

    @unittest.skipUnless(ROOT, "making a device needs root")
    def test_a_device_is_written_to(self):
        for name, minor, status in (("null", 3, 0), ("full", 7, 2)):
            device = self.folder / name
            os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, minor))
            result = audit("--output", device)
            if "Permission denied" in result.stderr:
                self.skipTest(f"devices do not work in {self.folder}")
            self.assertEqual(result.returncode, status, result)
            self.assertTrue(stat.S_ISCHR(os.lstat(device).st_mode))

    def test_a_link_is_neither_followed_nor_replaced(self):
        target, link = self.folder / "target", self.folder / "link"
        target.write_text("old")
        for to in (target, self.folder / "nowhere"):
            with self.subTest(to=to.name):
                link.symlink_to(to)
                self.refuses(audit("--output", link), link, "symbolic link")
                self.assertEqual(os.readlink(link), str(to))
                link.unlink()
        self.assertEqual(target.read_text(), "old")
        self.assertEqual([target], list(self.folder.iterdir()))

    def test_a_folder_is_refused(self):
        self.refuses(audit("--output", self.folder), self.folder)
        self.refuses(audit("--output", self.folder / "no" / "report"), "No such file")

    def test_the_snapshot_command_follows_the_same_rules(self):
        link = self.folder / "link"
        link.symlink_to(self.folder / "nowhere")
        result = run("snapshot", "--output", link)
        self.assertIn(result.returncode, (2, 3), result)  # 3: this host cannot be looked at.
        self.assertEqual([link], list(self.folder.iterdir()))


class Textfile(InAFolder):
    def setUp(self):
        super().setUp()
        self.target = self.folder / "hullmark.prom"

    def test_the_metrics_are_replaced_and_the_report_is_printed(self):
        for old in (None, "old"):
            if old:
                self.target.write_text(old)
            result = audit("--textfile", self.folder)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn("2 containers", result.stdout)
            text = self.target.read_text()
            self.assertEqual(text.count("\nhullmark_container_score{"), 2)
            self.assertIn("\nhullmark_host_score ", text)
            self.assertEqual([self.target], list(self.folder.iterdir()), "a draft is left behind")

    def test_a_collector_may_read_it(self):
        result = subprocess.run([PROGRAM, "audit", "--snapshot", SNAPSHOT, "--textfile", self.folder],
                                capture_output=True, timeout=60, umask=0o077)
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual(stat.S_IMODE(self.target.stat().st_mode), 0o644)

    def test_what_is_no_file_is_left_alone(self):
        elsewhere = self.folder / "elsewhere"
        elsewhere.write_text("old")
        self.target.symlink_to(elsewhere)
        self.refuses(audit("--textfile", self.folder), self.target)
        self.assertTrue(self.target.is_symlink())
        self.assertEqual(elsewhere.read_text(), "old")
        self.target.unlink()
        self.target.mkdir()
        self.refuses(audit("--textfile", self.folder), self.target)

    def test_no_folder_is_a_mistake(self):
        self.refuses(audit("--textfile", self.folder / "no"), "No such file")
        (self.folder / "file").write_text("")
        self.refuses(audit("--textfile", self.folder / "file"), "Not a directory")

    def test_a_link_of_ones_own_is_followed_and_anothers_is_not(self):
        folder, link = self.folder / "folder", self.folder / "link"
        folder.mkdir()
        link.symlink_to(folder)
        self.assertEqual(audit("--textfile", link).returncode, 0)
        (folder / "hullmark.prom").unlink()
        if not ROOT:
            self.skipTest("only root can make a link of another user's")
        os.lchown(link, 65534, 65534)
        self.refuses(audit("--textfile", link), link, "not trusted")
        (folder / "below").mkdir()
        self.refuses(audit("--textfile", link / "below"), link, "not trusted")
        self.assertEqual([folder / "below"], list(folder.iterdir()))

    def test_promtool_has_nothing_to_say(self):
        self.assertIsNotNone(shutil.which("promtool"), "promtool is missing: Debian's package prometheus")
        self.assertEqual(audit("--textfile", self.folder).returncode, 0)
        with self.target.open() as body:
            said = subprocess.run(["promtool", "check", "metrics"], stdin=body, capture_output=True, text=True,
                                  timeout=60)
        self.assertEqual((said.returncode, said.stdout, said.stderr), (0, "", ""))


class Thresholds(InAFolder):
    """On a snapshot of one default and one privileged docker container."""

    def test_each_has_its_status(self):
        document = json.loads(pathlib.Path(SNAPSHOT).read_text())
        document["host"]["unix_sockets_read"] = {"error": "denied", "errno": 13}
        dim = self.folder / "dim.json"
        dim.write_text(json.dumps(document))
        for options, status in (
            ([], 0),
            (["--fail-on", "critical"], 1),
            (["--fail-on", "critical", "--select", "zoo-default"], 0),
            (["--min-score", "100"], 1),
            (["--min-score", "0"], 0),
            (["--min-coverage", "1"], 3),
            (["--min-coverage", "0"], 0),
            (["--min-coverage", "1", "--fail-on", "low"], 3),
        ):
            with self.subTest(options=options):
                result = audit(*options, snapshot=dim)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertIn("container", result.stdout, "the report is written all the same")
                self.assertEqual(bool(result.stderr), status != 0, result.stderr)

    def test_a_threshold_is_a_number_in_its_range(self):
        for option, values in (("--min-score", ("nan", "-nan", "inf", "-1", "101", "", "7x", "x\x1b[31m")),
                               ("--min-coverage", ("nan", "NAN", "inf", "1.1", "-0.1"))):
            for value in values:
                with self.subTest(option=option, value=value):
                    result = audit(f"{option}={value}")
                    self.refuses(result, option)
                    self.assertNotIn("\x1b", result.stderr)
        self.refuses(audit("--fail-on", "severe"), "--fail-on")


class Time(InAFolder):
    def test_a_moment_is_taken(self):
        for text in ("2026-02-28T23:59:59Z", "2028-02-29T00:00:00z", "2026-11-21T20:15:00.25+01:00",
                     "1970-01-01T00:00:00Z", "2026-11-21T20:15:00-02:30"):
            with self.subTest(text=text):
                self.assertEqual(audit("--at", text).returncode, 0)

    def test_what_is_none_is_refused(self):
        for text in ("2026-02-31T00:00:00Z", " 2026-1-1T1:1:1Z", "2026-11-21T20:15:60Z", "2026-13-01T00:00:00Z",
                     "2026-00-01T00:00:00Z", "2026-11-00T00:00:00Z", "2026-11-21T24:00:00Z",
                     "2026-11-21T20:60:00Z", "2026-11-21 20:15:00Z", "2026-11-21T20:15:00", "2026-11-21T20:15:00.Z",
                     "2026-11-21T20:15:00+1:00", "2026-11-21T20:15:00+24:00", "2026-11-21T20:15:00Zx",
                     "2026-11-21T+1:15:00Z", "2026-11-21T 1:15:00Z", "1969-12-31T23:59:59Z", "2026-11-21", "now"):
            with self.subTest(text=text):
                self.refuses(audit("--at", text), "--at", "2026-11-21T20:15:00Z")


class Commands(InAFolder):
    def test_check_config_says_what_will_be_done(self):
        result = run("check-config")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for part in ("compiled in: benchmark hullmark", "It judges 80 controls: ",
                     " info. Every 50 points of exposure halve the score. Grades: A up to 7 points, B 20, C 50, "
                     "D 100, F above. What could not be read costs 100.0 % of a violation; below a coverage of "
                     "80.0 % there is no grade."):
            self.assertIn(part, " ".join(result.stdout.split()))

    def test_check_config_names_file_and_line(self):
        file = self.folder / "b.yaml"
        file.write_text("id: x\nno: 1\n")
        file.chmod(0o644)
        self.refuses(run("check-config", "--benchmark", file), f"{file}:")

    def test_names_of_files_do_not_reach_the_terminal_raw(self):
        file = self.folder / "\x1b[31mb.yaml"
        shutil.copyfile(BENCHMARK, file)
        file.chmod(0o644)
        for result in (run("check-config", "--benchmark", file), audit("--benchmark", self.folder / "\x1bno"),
                       audit("--output", self.folder / "\x1b" / "no"), audit(snapshot=self.folder / "\x1bno")):
            self.assertNotIn("\x1b", result.stdout + result.stderr)
            self.assertIn(r"\x1b", result.stdout + result.stderr)

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full here")
    def test_what_could_not_be_written_is_no_success(self):
        for command in (["check-config"], ["controls"], ["explain", "CAP-001"], ["audit", "--snapshot", SNAPSHOT]):
            with self.subTest(command=command), open("/dev/full", "w") as full:
                result = run(*command, capture_output=False, stdout=full, stderr=subprocess.PIPE)
                self.assertEqual(result.returncode, 2, result)
                self.assertIn("standard output: No space left", result.stderr)

    def test_hints_call_the_program_as_the_caller_did(self):
        for name in ("hullmark", "./build/hullmark", "/opt/h\x1b/hullmark"):
            with self.subTest(name=name):
                how = {"executable": PROGRAM, "capture_output": True, "text": True, "timeout": 60}
                shown = name.replace("\x1b", r"\x1b")
                report = subprocess.run([name, "audit", "--snapshot", SNAPSHOT], **how).stdout
                self.assertIn(f'"{shown} explain ID"', report)
                self.assertIn(f"'{shown} --help'", subprocess.run([name, "nosuch"], **how).stderr)
                self.assertIn(f"'{shown} controls'", subprocess.run([name, "explain", "X"], **how).stderr)

    def test_help_fits_a_terminal(self):
        for command in ((), ("audit",), ("snapshot",), ("diff",), ("controls",), ("explain",), ("check-config",)):
            result = subprocess.run(["hullmark", *command, "--help"], executable=PROGRAM, capture_output=True,
                                    text=True, timeout=60)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual([], [line for line in result.stdout.splitlines() if len(line) > 80], command)

    def test_usage_errors_are_exit_2(self):
        for arguments in ([], ["nosuch"], ["audit", "--nosuch"], ["explain"], ["explain", "XXX-001"],
                          ["audit", "--view", "cis", "--format", "json"]):
            with self.subTest(arguments=arguments):
                self.refuses(run(*arguments), "hullmark: ")


class Documentation(unittest.TestCase):
    def test_the_page_of_checks_is_the_benchmarks(self):
        page = run("controls", "--format", "markdown")
        self.assertEqual((page.returncode, page.stderr), (0, ""))
        self.assertTrue(pathlib.Path(CHECKS).read_text() == page.stdout, "stale: run ./dev docs")

    def test_the_page_of_metrics_is_the_programs(self):
        page = run("controls", "--metrics")
        self.assertEqual((page.returncode, page.stderr), (0, ""))
        self.assertTrue(METRICS.read_text() == page.stdout, "stale: run ./dev docs")

    def test_the_page_says_all_of_every_control(self):
        page = pathlib.Path(CHECKS).read_text().replace("\\", "")
        for control in json.loads(run("controls", "--format", "json").stdout)["controls"]:
            texts = [control["title"], control["rationale"], control["reads"], *control["remediation"].values(),
                     f"\n### {control['id']}\n", f"{control['severity']}, {control['weight']} points",
                     f"judged per {control['scope']}", *control["refs"]["cis_docker"], *control["refs"]["attack"]]
            for text in filter(None, texts):
                self.assertIn(text if text[0] == "\n" else text.replace("\n", " "), page, control["id"])


class Selection(InAFolder):
    def test_nothing_to_judge_meets_no_threshold(self):
        for threshold in (["--fail-on", "low"], ["--min-score", "0"], ["--min-coverage", "0"]):
            with self.subTest(threshold=threshold):
                self.refuses(audit("--select", "nosuch", *threshold), "--select nosuch")

    def test_nothing_to_judge_is_said(self):
        result = audit("--select", "nosuch")
        self.assertEqual(result.returncode, 0)
        self.assertIn("--select nosuch matches no container of class container,vm", result.stderr)

    def test_each_idle_pattern_is_said(self):
        result = audit("--select", "zoo-*", "--select", "no\x1b[31m", "--fail-on", "critical")
        self.assertEqual(result.returncode, 1)
        self.assertIn(r"--select no\x1b[31m matches", result.stderr)
        self.assertNotIn("zoo-*", result.stderr)

    def test_an_id_selects(self):
        report = json.loads(audit("--format", "json").stdout)
        identity = report["containers"][0]["id"]
        for pattern in (identity, identity[:12], identity[:5] + "*"):
            result = audit("--select", pattern, "--format", "json")
            self.assertEqual([c["id"] for c in json.loads(result.stdout)["containers"]], [identity])
            self.assertEqual(result.stderr, "")

    def test_a_host_without_a_process_was_not_looked_at(self):
        document = json.loads(pathlib.Path(SNAPSHOT).read_text())
        for table in ("processes", "threads", "containers"):
            document[table] = []
        empty = self.folder / "empty.json"
        empty.write_text(json.dumps(document))
        for result in (audit(snapshot=empty), run("diff", SNAPSHOT, empty), run("diff", empty, SNAPSHOT)):
            self.assertEqual((result.returncode, result.stdout), (3, ""), result.stderr)
            self.assertIn("not one process", result.stderr)

    def test_no_snapshot_is_a_mistake(self):
        self.refuses(audit(snapshot=self.folder / "no"), "No such file")
        (self.folder / "bad").write_text("{}")
        self.refuses(audit(snapshot=self.folder / "bad"), self.folder / "bad")


class Site(InAFolder):
    """Configuration, overrides and waivers."""

    WAIVER = "{control: %s, select: %s, reason: because, owner: us, expires: %s}"

    def write(self, name, text):
        file = self.folder / name
        file.write_text(text)
        file.chmod(0o644)
        return file

    def waiver(self, control="RUN-001", select="{}", expires="2030-12-31", more=""):
        text = self.WAIVER % (control, select, expires)
        return self.write("w.yaml", "waivers:\n  - " + text[:-1] + more + "}\n")

    def report(self, *arguments):
        result = audit("--format", "json", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_thresholds_ignore_what_is_waived(self):
        critical = self.waiver("'{RUN-001,CAP-*}'", more=", allow_critical: true")
        self.assertEqual(audit("--fail-on", "critical").returncode, 1)
        self.assertEqual(audit("--fail-on", "critical", "--waivers", critical).returncode, 0)
        everything = self.waiver("'*'", more=", allow_critical: true")
        self.assertEqual(audit("--fail-on", "low", "--waivers", everything).returncode, 0)
        self.assertEqual(audit("--min-score", "99").returncode, 1)

    def test_a_waiver_changes_the_score_and_nothing_else(self):
        before = self.report()
        after = self.report("--waivers", self.waiver("PRV-001"))
        self.assertEqual([each["state"] for each in after["waivers"]], ["active"])
        for old, new in zip(before["containers"], after["containers"]):
            self.assertEqual(old["score_raw"], new["score_raw"])
            self.assertEqual(old["exposure"] - 6, new["exposure"])
            for one, other in zip(old["findings"], new["findings"]):
                if one["id"] == "PRV-001":
                    self.assertEqual((other["status"], other["waiver"]["owner"]), ("waived", "us"))
                    self.assertEqual(one["evidence"], other["evidence"])
                else:
                    self.assertEqual(one, other)

    def test_a_date_holds_until_its_end(self):
        for at, state in (("2030-12-31T23:59:59Z", "expiring"), ("2031-01-01T00:00:00Z", "expired")):
            report = self.report("--waivers", self.waiver("PRV-001"), "--at", at)
            self.assertEqual([(each["state"], each["findings"]) for each in report["waivers"]], [(state, 2)])

    def test_several_files(self):
        first, second = self.waiver("PRV-001").rename(self.folder / "first.yaml"), self.waiver("RES-001")
        report = self.report("--waivers", first, "--waivers", second)
        self.assertEqual([each["source"] for each in report["waivers"]], [f"{first}:2", f"{second}:2"])

    def test_labels_are_of_those_who_have_them(self):
        waivers = self.waiver("PRV-001", "{label: {app: web}}")
        report = self.report("--waivers", waivers)
        self.assertEqual([each["name"] for each in report["containers"] for finding in each["findings"]
                          if finding["status"] == "waived"], ["zoo-default"])
        self.assertEqual(audit("--waivers", waivers).stderr, "")

    def test_labels_that_a_snapshot_was_not_asked_for_are_told(self):
        waivers = self.waiver("PRV-001", "{label: {tier: web, app: '*'}}")
        result = audit("--waivers", waivers)
        self.assertEqual(result.returncode, 0)
        self.assertIn(f"{SNAPSHOT}: taken without the label tier: a selector that names it matches no container", result.stderr)
        self.assertNotIn("label app", result.stderr)
        config = self.write("c.yaml", "select: {label: {tier: '*'}}")
        self.assertIn("label tier", audit("--config", config).stderr)

    def test_whom_the_configuration_selects_is_in_the_report(self):
        config = self.write("c.yaml", "select: {name: 'zoo-*', not: {label: {app: w*}}}\nclasses: [container]")
        options = self.report("--config", config)["options"]
        self.assertEqual(options["site_select"], {"name": ["zoo-*"], "not": {"label": {"app": "w*"}}})
        self.assertEqual(options["class"], ["container"])

    def test_overrides_are_told(self):
        file = self.write("o.yaml", "controls: [{id: FS-009, disabled: true, reason: elsewhere}, {id: PRV-001, weight: 7}]")
        report = self.report("--overrides", file)
        self.assertEqual([(each["control"], each["what"]) for each in report["overrides"]],
                         [("FS-009", "disabled"), ("PRV-001", "weight")])
        for container in report["containers"]:
            found = {finding["id"]: finding for finding in container["findings"]}
            self.assertEqual(found["FS-009"]["status"], "manual")
            self.assertIn("elsewhere", found["FS-009"]["note"])
            self.assertEqual(found["PRV-001"]["points"], 7)
        self.assertIn("FS-009 off (elsewhere)", audit("--overrides", file).stdout)

    def test_the_configuration_names_the_rest_and_options_come_first(self):
        waivers, overrides = self.waiver("PRV-001"), self.write("o.yaml", "scoring: {unknown: 0.5}")
        config = self.write("c.yaml", f"waivers: [{waivers}]\noverrides: {overrides}\nselect: {{name: '*-default'}}\n")
        report = self.report("--config", config)
        self.assertEqual([each["name"] for each in report["containers"]], ["zoo-default"])
        self.assertEqual(len(report["waivers"]), 1)
        self.assertEqual(report["overrides"][0]["what"], "unknown")
        other = self.write("p.yaml", "scoring: {unknown: 0.25}")
        self.assertEqual(self.report("--config", config, "--overrides", other)["overrides"][0]["to"], "0.25")
        config.write_text("classes: [pause]\n")
        self.assertEqual(self.report("--config", config)["containers"], [])
        self.assertEqual(len(self.report("--config", config, "--class", "container")["containers"]), 2)

    def test_what_is_wrong_is_named_with_its_line(self):
        for option, text in (("--config", "\nlisten: nowhere\n"), ("--overrides", "\ncontrols: [{id: XXX-001, weight: 1}]\n"),
                             ("--waivers", "\nwaivers: [{control: CAP-001}]\n")):
            file = self.write("bad.yaml", text)
            for command in (audit, lambda *more: run("check-config", *more)):
                with self.subTest(option=option):
                    self.refuses(command(option, file), f"{file}:2: ")
            file.chmod(0o666)
            self.refuses(audit(option, file), "not trusted")
            self.refuses(audit(option, self.folder / "absent"), "absent")

    def test_check_config_says_what_the_files_do(self):
        waivers = self.write("w.yaml", "waivers:\n" + "".join(f"  - {self.WAIVER % each}\n" for each in (
            ("PRV-001", "{namespace: [prod, 'test-*'], not: {name: db}}", "2090-12-31"),
            ("CAP-*", "{}", "2020-01-01"), ("NS-999", "{label: {app: web}}", "2090-12-31"))))
        overrides = self.write("o.yaml", "controls: [{id: FS-009, disabled: true, reason: elsewhere}]")
        config = self.write("c.yaml", f"overrides: {overrides}\nwaivers: [{waivers}]\n")
        result = run("check-config", "--config", config)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        text = " ".join(result.stdout.split())
        for part in ("Judged are all containers of class container, vm.", "It judges 79 controls",
                     "FS-009 is switched off: elsewhere. It is reported as manual",
                     "PRV-001 (1 control) is accepted of containers with namespace prod or test-*, not (name db) until "
                     "2090-12-31: because. Owner: us", "every container and the host until 2020-01-01",
                     "WARNING: it has expired", "WARNING: no control that is judged is called NS-999",
                     "NS-999 (0 controls) is accepted of containers with label app web until",
                     "allow_critical is not given"):
            self.assertIn(part, text)
        self.assertNotIn("labels", text)
        for line in result.stdout.splitlines():
            self.assertTrue(len(line) <= 80 or " " not in line.strip(), line)


class Trust(InAFolder):
    """Who may write the benchmark decides the verdicts."""

    def setUp(self):
        super().setUp()
        self.file = self.folder / "b.yaml"
        shutil.copyfile(BENCHMARK, self.file)
        self.file.chmod(0o644)

    def check(self, path=None, **how):
        return run("check-config", "--benchmark", path or self.file, **how)

    def accepts(self, path=None, **how):
        result = self.check(path, **how)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result)

    def test_a_private_file_is_accepted_by_any_path(self):
        self.accepts()
        self.accepts("b.yaml", cwd=self.folder)
        (self.folder / "below").mkdir()
        self.accepts("../b.yaml", cwd=self.folder / "below")
        self.accepts(f"{self.folder}/below/.././/b.yaml")

    def test_others_may_not_write_the_file(self):
        for mode in (0o666, 0o664, 0o646):
            with self.subTest(mode=oct(mode)):
                self.file.chmod(mode)
                self.refuses(self.check(), self.file.resolve(), "not trusted")

    def test_every_command_asks(self):
        self.file.chmod(0o666)
        self.refuses(audit("--benchmark", self.file), self.file.resolve())
        self.refuses(run("controls", "--benchmark", self.file), self.file.resolve())

    def test_others_may_not_write_a_folder_above(self):
        deep = self.folder / "a" / "b"
        deep.mkdir(parents=True)
        shutil.move(self.file, deep)
        deep.parent.chmod(0o777)
        self.refuses(self.check(deep / "b.yaml"), f"{deep.parent.resolve()}: not trusted")
        self.refuses(self.check("b.yaml", cwd=deep), f"{deep.parent.resolve()}: not trusted")
        deep.parent.chmod(0o1777)
        self.accepts(deep / "b.yaml")

    def test_a_link_is_as_good_as_its_way(self):
        for name, to in (("absolute", self.file), ("relative", "b.yaml"), ("folder", ".")):
            (self.folder / name).symlink_to(to)
        self.accepts(self.folder / "absolute")
        self.accepts(self.folder / "relative")
        self.accepts(self.folder / "folder" / "folder" / "b.yaml")
        (self.folder / "loop").symlink_to("loop")
        self.refuses(self.check(self.folder / "loop"), "loop")
        bad = self.folder / "bad"
        bad.mkdir()
        bad.chmod(0o777)
        (bad / "link").symlink_to(self.file)
        self.refuses(self.check(bad / "link"), f"{bad.resolve()}: not trusted")

    def test_only_files_are_read(self):
        os.mkfifo(self.folder / "pipe")
        for name in ("pipe", "", "no", "b.yaml/x"):
            with self.subTest(name=name):
                self.refuses(self.check(self.folder / name), self.folder.resolve())

    @unittest.skipUnless(ROOT, "giving files away needs root")
    def test_the_owner_counts(self):
        os.chown(self.file, 65534, 0)
        self.refuses(self.check(), f"{self.file.resolve()}: not trusted", "65534")
        os.chown(self.file, 0, 0)
        self.accepts()
        os.chown(self.folder, 65534, 0)
        self.refuses(self.check(), f"{self.folder.resolve()}: not trusted")
        os.chown(self.folder, 0, 0)
        link = self.folder / "link"
        self.folder.chmod(0o1777)
        link.symlink_to("b.yaml")
        os.lchown(link, 65534, 0)
        self.refuses(self.check(link), f"{link}: not trusted")

    @unittest.skipUnless(ANOTHER, "becoming somebody else needs root, and a / that others may search")
    def test_a_user_trusts_root_and_himself(self):
        program = shutil.copy(PROGRAM, self.folder)
        self.folder.chmod(0o755)
        for owner, status in ((0, 0), (65534, 0), (65533, 2)):
            with self.subTest(owner=owner):
                os.chown(self.file, owner, 0)
                command = [program, "check-config", "--benchmark", self.file]
                result = subprocess.run(command, user=65534, capture_output=True, timeout=60)
                self.assertEqual(result.returncode, status, result)


if __name__ == "__main__":
    PROGRAM, SNAPSHOT, BENCHMARK, CHECKS = sys.argv[1:5]
    unittest.main(argv=sys.argv[:1])

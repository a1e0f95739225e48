#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hooks of the real agent, with receivers that are slow, dead, wrong or hostile: hooks_test.py PROGRAM HOST"""
import collections
import hashlib
import hmac
import json
import os
import pathlib
import shutil
import signal
import ssl
import sys
import tempfile
import threading
import unittest

import agent_test
from agent_test import PATIENCE, WithAgent, ask, eventually, free_port, metric
from hook_receiver import Receiver, add_container
from web_test import Authority

VIOLATIONS = {"violation_appeared", "violation_resolved", "violation_changed"}


class Hooked(WithAgent):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o755)  # Programs of hooks run as somebody else.
        self.proc = self.folder / "proc"
        shutil.copytree(agent_test.HOST / "proc", self.proc, symlinks=True)

    def receiver(self, **how):
        receiver = Receiver(**how)
        self.addCleanup(receiver.close)
        return receiver

    def write_config(self, hooks):
        path = self.folder / "hullmark.yaml"
        path.write_text(f"events: {{debounce: 1}}\nscan: {{interval: 200ms}}\nhooks:\n{hooks}")
        return path

    def start_with(self, hooks, *options, **how):
        site = ("--config", self.write_config(hooks))
        return self.start(*options, site=site, proc=self.proc, state=str(self.folder / "state"),
                          events=str(self.folder / "events.jsonl"), **how)

    def events(self, kinds=VIOLATIONS):
        lines = (self.folder / "events.jsonl").read_text().splitlines()
        return [event for event in map(json.loads, lines) if event["kind"] in kinds]

    def secret(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def children(self, agent, name):
        found = []
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
            except OSError:
                continue
            if f"\nPPid:\t{agent.process.pid}\n" in text and text.startswith(f"Name:\t{name}\n"):
                found.append(int(status.parent.name))
        return found

    def courier(self, agent):
        return eventually(lambda: self.children(agent, "hullmark-hooks"), "a courier")[0]

    def count(self, port, result, hook="h"):
        line = metric(port, "hullmark_hook_deliveries_total", f'hook="{hook}",result="{result}"')
        return int(line.split()[-1]) if line else 0

    @staticmethod
    def url(receiver, path="/", scheme="http", host="127.0.0.1"):
        return f"{scheme}://{host}:{receiver.port}{path}"


class Webhooks(Hooked):
    def test_events_arrive_as_cloudevents_in_their_order(self):
        receiver = self.receiver()
        agent = self.start_with(f"  - {{name: h, webhook: {{url: '{self.url(receiver, '/in?a=b')}'}}}}\n")
        port = agent.port()
        first = receiver.wait(5, PATIENCE)[0]
        eventually(lambda: len(receiver.taken) == len(self.events()), "all of them")
        self.assertEqual([heard.event for heard in receiver.taken], self.events())
        self.assertEqual(len({heard.key for heard in receiver.taken}), len(receiver.taken))
        self.assertEqual(first.path, "/in?a=b")
        self.assertEqual(first.headers["Content-Type"], "application/cloudevents+json; charset=utf-8")
        self.assertRegex(first.headers["User-Agent"], r"^hullmark/\d")
        self.assertEqual(first.headers["Host"], f"127.0.0.1:{receiver.port}")
        self.assertNotIn("Authorization", first.headers)
        body = json.loads(first.body)
        self.assertEqual((body["specversion"], body["id"], body["type"]),
                         ("1.0", first.key, "hullmark.violation_appeared"))
        self.assertEqual(receiver.connections, 1, "one connection for all of them")
        eventually(lambda: self.count(port, "delivered") == len(receiver.taken), "counted")
        self.assertEqual(metric(port, "hullmark_hook_queue_length").split()[-1], "0")
        self.assertEqual(metric(port, "hullmark_feature_ok", '"hooks"').split()[-1], "1")
        self.assertIsNotNone(metric(port, "hullmark_hook_last_success_timestamp_seconds", 'hook="h"'))
        self.assertIsNotNone(metric(port, "process_cpu_seconds_total", '"courier"'))

    def test_filters(self):
        receiver = self.receiver()
        url = self.url(receiver)
        self.start_with(
            f"  - {{name: critical, severity: critical, webhook: {{url: '{url}critical'}}}}\n"
            f"  - {{name: caps, control: 'CAP-*', webhook: {{url: '{url}caps'}}}}\n"
            f"  - {{name: others, select: {{runtime: podman}}, webhook: {{url: '{url}others'}}}}\n"
            f"  - {{name: docker, select: {{runtime: docker}}, webhook: {{url: '{url}docker'}}}}\n"
            f"  - {{name: born, events: [container_appeared], webhook: {{url: '{url}born'}}}}\n")
        eventually(lambda: {heard.path for heard in receiver.taken} == {"/critical", "/caps", "/docker", "/born"}, "four")
        by_path = collections.defaultdict(list)
        eventually(lambda: (self.folder / "events.jsonl").exists(), "events")
        events = self.events(VIOLATIONS | {"container_appeared"})
        wanted = {"/critical": [e for e in events if e.get("severity") == "critical"],
                  "/caps": [e for e in events if e.get("control", {}).get("id", "").startswith("CAP-")],
                  "/docker": [e for e in events if e["kind"] in VIOLATIONS and (e["container"] or {}).get("runtime") == "docker"],
                  "/born": [e for e in events if e["kind"] == "container_appeared"]}
        eventually(lambda: len(receiver.taken) >= sum(map(len, wanted.values())), "all")
        for heard in receiver.taken:
            by_path[heard.path].append(heard.event)
        self.assertEqual(by_path, wanted)

    def secure_receiver(self, authority, mutual=False):
        authority.make("server")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.folder / "server.crt", authority.folder / "server.key")
        if mutual:
            context.load_verify_locations(authority.folder / "ca.crt")
            context.verify_mode = ssl.CERT_REQUIRED
        return self.receiver(context=context)

    def test_tls_with_a_token_a_signature_and_a_certificate(self):
        authority = Authority(self.folder)
        authority.make("client", "clientAuth")
        receiver = self.secure_receiver(authority, mutual=True)
        url, ca = self.url(receiver, "/", "https"), self.folder / "ca.crt"
        tls = f"ca: {ca}, cert: {self.folder}/client.crt, key: {self.folder}/client.key"
        token, key = self.secret("token", "T0KEN-of-mine\n"), self.secret("hmac", "S3CRET-of-mine\n")
        agent = self.start_with(
            f"  - {{name: t, webhook: {{url: '{url}t', {tls}, token_file: {token}}}}}\n"
            f"  - {{name: s, webhook: {{url: '{url}s', {tls}, hmac_file: {key}}}}}\n", before=["env", "LC_ALL=C"])
        eventually(lambda: {heard.path for heard in receiver.taken} == {"/t", "/s"}, "both")
        for heard in receiver.taken:
            if heard.path == "/t":
                self.assertEqual(heard.headers["Authorization"], "Bearer T0KEN-of-mine")
            else:
                digest = hmac.new(b"S3CRET-of-mine", heard.body, hashlib.sha256).hexdigest()
                self.assertEqual(heard.headers["X-Hullmark-Signature"], f"sha256={digest}")
                wrong = hmac.new(b"another", heard.body, hashlib.sha256).hexdigest()
                self.assertNotIn(wrong, heard.headers["X-Hullmark-Signature"])
        port, courier = agent.port(), self.courier(agent)
        told = "\n".join(agent.lines) + ask(port, "/metrics")[2].decode() + ask(port, "/api/v1/report")[2].decode()
        for process in (agent.process.pid, courier):
            told += pathlib.Path(f"/proc/{process}/cmdline").read_text()
        for path in (self.folder / "state").rglob("*"):
            told += path.read_text() if path.is_file() else ""
        self.assertNotRegex(told, "T0KEN|S3CRET")

    def untrusted(self, receiver, ca, ends=("untrusted",)):
        agent = self.start_with(f"  - {{name: h, webhook: {{url: '{self.url(receiver, '/', 'https')}', ca: {ca}}}}}\n")
        port = agent.port()
        agent.said("hook h: (%s);" % "|".join(ends))
        eventually(lambda: any(self.count(port, end) for end in ends), "counted")
        self.assertEqual(receiver.heard, [], "nothing is said to it")

    def test_a_certificate_of_somebody_else(self):
        other = self.folder / "other"
        other.mkdir()
        Authority(other)
        self.untrusted(self.secure_receiver(Authority(self.folder)), other / "ca.crt")

    def test_a_certificate_for_another_name(self):
        receiver = self.secure_receiver(Authority(self.folder))  # For 127.0.0.1.
        agent = self.start_with(f"  - {{name: h, webhook: {{url: '{self.url(receiver, '/', 'https', 'localhost')}', "
                                f"ca: {self.folder}/ca.crt}}}}\n")
        agent.said("hook h: untrusted")
        self.assertEqual(receiver.heard, [])

    def test_a_receiver_that_wants_a_certificate(self):
        # With TLS 1.3 it closes after our handshake: its alert may or may not come before that.
        self.untrusted(self.secure_receiver(Authority(self.folder), mutual=True), self.folder / "ca.crt",
                       ("untrusted", "unconnected"))

    def test_names_are_found_in_etc_hosts(self):
        receiver = self.receiver()
        self.start_with(f"  - {{name: h, webhook: {{url: '{self.url(receiver, '/', 'http', 'LocalHost')}'}}}}\n")
        receiver.wait(1, PATIENCE)

    def test_alertmanager(self):
        receiver = self.receiver()
        self.start_with(f"  - {{name: h, severity: high, webhook: {{url: '{self.url(receiver)}', format: alertmanager}}}}\n")
        receiver.wait(3, PATIENCE)
        for heard in receiver.taken:
            self.assertEqual((heard.path, heard.headers["Content-Type"]), ("/api/v2/alerts", "application/json"))
            [alert] = json.loads(heard.body)
            self.assertEqual(alert["labels"]["alertname"], "HullmarkViolation")
            self.assertIn(alert["labels"]["severity"], ("high", "critical"))
            self.assertLess(alert["startsAt"], alert["endsAt"])

    def test_redirects_are_not_followed(self):
        elsewhere, receiver = self.receiver(), self.receiver()
        receiver.answer = lambda *_: (307, {"Location": self.url(elsewhere)}, b"")
        agent = self.start_with(f"  - {{name: h, webhook: {{url: '{self.url(receiver)}'}}}}\n")
        agent.said("hook h: refused, status 307")
        receiver.wait(2, PATIENCE, "heard")
        self.assertEqual(elsewhere.heard, [])

    def test_no_proxy_is_asked(self):
        receiver, proxy = self.receiver(), self.receiver()
        address = f"http://127.0.0.1:{proxy.port}"
        self.start_with(f"  - {{name: h, webhook: {{url: '{self.url(receiver)}'}}}}\n",
                        before=["env", f"http_proxy={address}", f"HTTP_PROXY={address}", f"ALL_PROXY={address}"])
        receiver.wait(5, PATIENCE)
        self.assertEqual(proxy.heard, [])

    GARBAGE = [b"", b"\0" * 200_000, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, b"HTTP/1.1 " + b"2" * 5_000,
               b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 99999 x\r\n\r\n", b"HTTP/1.1 100 x\r\n\r\n" * 5_000,
               b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx"]

    def test_garbage(self):
        receiver = self.receiver()
        receiver.answer = lambda number, _: self.GARBAGE[(number - 1) % len(self.GARBAGE)] if number <= 2 * len(self.GARBAGE) else 200
        agent = self.start_with(f"  - {{name: h, severity: critical, webhook: {{url: '{self.url(receiver)}', timeout: 2s}}}}\n")
        courier = self.courier(agent)
        agent.said("hook h: (garbage|unconnected)")
        receiver.wait(4, PATIENCE, "heard")
        self.assertEqual(self.courier(agent), courier, "it is alive")

    def test_what_is_refused_comes_later_and_in_order(self):
        receiver = self.receiver()
        receiver.answer = lambda number, _: 500 if number <= 3 else 200
        agent = self.start_with(f"  - {{name: h, severity: high, webhook: {{url: '{self.url(receiver)}'}}}}\n")
        agent.said("hook h: refused, status 500")
        agent.said("hook h: delivered again")
        eventually(lambda: len(receiver.taken) == len([e for e in self.events() if e["severity"] in ("high", "critical")]), "all")
        by_container = collections.defaultdict(list)
        for heard in receiver.taken:
            by_container[(heard.event["container"] or {}).get("id")].append(heard.event["id"])
        for ids in by_container.values():
            self.assertEqual(ids, sorted(ids))
        times = [heard.at for heard in receiver.heard[:4]]
        self.assertGreater(times[1] - times[0], 0.45, "a second, less half of it by chance")

    def test_what_the_receiver_cannot_read_goes_to_the_dead(self):
        receiver = self.receiver()
        receiver.answer = lambda number, _: 422 if number == 1 else 204
        agent = self.start_with(f"  - {{name: h, webhook: {{url: '{self.url(receiver)}'}}}}\n")
        agent.said(r"hook h: h-[0-9a-f]+-1 is rejected: it goes to h\.dead")
        receiver.wait(3, PATIENCE)
        [dead] = map(json.loads, (self.folder / "state/hooks/h.dead").read_text().splitlines())
        self.assertEqual((dead["key"], dead["reason"]), (receiver.heard[0].key, "rejected"))
        self.assertEqual(json.loads(dead["body"]), json.loads(receiver.heard[0].body))
        port = agent.port()
        eventually(lambda: metric(port, "hullmark_hook_dead_letters_total", 'reason="rejected"').endswith(" 1"), "counted")

    def test_retry_after_is_obeyed(self):
        receiver = self.receiver()
        receiver.answer = lambda number, _: (429, {"Retry-After": "3"}, b"") if number == 1 else 200
        self.start_with(f"  - {{name: h, webhook: {{url: '{self.url(receiver)}'}}}}\n")
        first, second = receiver.wait(2, PATIENCE, "heard")[:2]
        self.assertGreaterEqual(second.at - first.at, 2.9)
        self.assertEqual(first.key, second.key)

    def test_a_slow_hook_delays_no_other_and_no_scan(self):
        slow, quick, ending = self.receiver(), self.receiver(), threading.Event()
        slow.answer = lambda *_: ending.wait(PATIENCE) and 200
        self.addCleanup(ending.set)
        agent = self.start_with(f"  - {{name: slow, webhook: {{url: '{self.url(slow)}', timeout: 30s}}}}\n"
                                f"  - {{name: quick, webhook: {{url: '{self.url(quick)}'}}}}\n")
        port = agent.port()
        slow.wait(1, PATIENCE, "heard")
        eventually(lambda: len(quick.taken) == len(self.events()), "the other one is told everything")
        before = agent_test.scans(port)
        eventually(lambda: agent_test.scans(port) >= before + 3, "scans go on")
        self.assertEqual((len(slow.heard), slow.taken), (1, []))
        self.assertLess(agent.stop()[1], 2, "it ends at once")

    def test_an_answer_that_does_not_come_ends_at_the_timeout(self):
        receiver, ending = self.receiver(), threading.Event()
        self.addCleanup(ending.set)

        def never(number, _):
            if number > 1:
                return 200
            ending.wait(PATIENCE)
            return 200
        receiver.answer = never
        agent = self.start_with(f"  - {{name: h, webhook: {{url: '{self.url(receiver)}', timeout: 500ms}}}}\n")
        agent.said("hook h: timeout")
        first, second = receiver.wait(2, PATIENCE, "heard")[:2]
        self.assertLess(second.at - first.at, 5)

    def test_a_reload_brings_and_takes_hooks(self):
        receiver = self.receiver()
        agent = self.start_with("  []\n")
        agent.said("ready")
        self.assertEqual(self.children(agent, "hullmark-hooks"), [])
        self.write_config(f"  - {{name: h, webhook: {{url: '{self.url(receiver)}'}}}}\n")
        agent.process.send_signal(signal.SIGHUP)
        agent.said("reloaded")
        self.courier(agent)
        add_container(self.proc, 1)
        receiver.wait(5, PATIENCE)
        self.write_config(f"  - {{name: h, webhook: {{url: '{self.url(receiver)}', token_file: {self.folder}/none}}}}\n")
        agent.process.send_signal(signal.SIGHUP)
        agent.said("not reloaded, all stays as it was: .*none")
        self.write_config("  []\n")
        agent.process.send_signal(signal.SIGHUP)
        eventually(lambda: not self.children(agent, "hullmark-hooks"), "no courier is needed")

    def refused(self, hook, pattern):
        agent = self.start_with(f"  - {{name: h, {hook}}}\n")
        self.assertEqual(agent.process.wait(PATIENCE), 2)
        agent.said(pattern)
        self.assertNotIn("T0KEN", "\n".join(agent.lines))

    def test_what_is_not_trusted_or_wrong_is_refused(self):
        authority = Authority(self.folder)
        authority.make("server")
        ca = self.folder / "ca.crt"
        token = self.secret("token", "T0KEN\n")
        https = f"webhook: {{url: 'https://127.0.0.1/', ca: {ca}"
        token.chmod(0o640)
        self.refused(f"{https}, token_file: {token}}}", "token: not trusted: .* may read the token")
        token.chmod(0o600)
        token.write_text("T0KEN\nsecond\n")
        self.refused(f"{https}, token_file: {token}}}", "token: must hold one line")
        self.refused(f"webhook: {{url: 'https://h/', ca: {token}}}", "hook h: ca holds no certificate")
        self.refused(f"{https}, cert: {self.folder}/server.crt, key: {self.folder}/ca.key}}", "hook h: key is not the key")
        ca.chmod(0o666)
        self.refused(f"{https}}}", r"ca\.crt: not trusted")
        program = self.folder / "program"
        program.write_text("#!/bin/sh\n")
        self.refused(f"command: {{path: {program}}}", "program: user hullmark may not run it")
        program.chmod(0o777)
        self.refused(f"command: {{path: {program}}}", "program: not trusted")


class Kills(Hooked):
    """What is told while the receiver is down, and kill -9 of everything in between. HULLMARK_HOOK_CONTAINERS=1000 makes
    more than 10,000 events of it; as many letters are told in daemon_test each time."""

    CONTAINERS = int(os.environ.get("HULLMARK_HOOK_CONTAINERS", "40"))
    PATIENCE = 300  # A look at so many takes a while where the machine is busy.

    def setUp(self):
        super().setUp()
        self.addCleanup(setattr, agent_test, "PATIENCE", agent_test.PATIENCE)
        agent_test.PATIENCE = self.PATIENCE

    def clones(self, begin, end):
        for number in range(begin, end):
            add_container(self.proc, number)

    def test_nothing_is_lost_and_nothing_told_twice_after_it_was_acknowledged(self):
        port = free_port()
        hooks = f"  - {{name: h, events: [container_appeared, violation_appeared, violation_resolved, container_gone, " \
                f"grade_changed], webhook: {{url: 'http://127.0.0.1:{port}/'}}}}\n"
        kinds = VIOLATIONS | {"container_appeared", "container_gone", "grade_changed"}
        self.clones(0, self.CONTAINERS)
        agent = self.start_with(hooks)
        agent.said("hook h: unconnected")
        os.kill(self.courier(agent), signal.SIGKILL)
        agent.said("the courier killed by signal 9")
        self.clones(self.CONTAINERS, self.CONTAINERS + 10)
        eventually(lambda: len(self.events({"container_appeared"})) >= self.CONTAINERS + 10, "seen")
        agent.kill()
        agent = self.start_with(hooks)
        agent.said("ready")
        for number in range(self.CONTAINERS):
            status = self.proc / str(20000 + number) / "status"
            status.with_name("new").write_text(status.read_text().replace("NoNewPrivs:\t0", "NoNewPrivs:\t1"))
            status.with_name("new").rename(status)
        eventually(lambda: len(self.events({"violation_resolved"})) >= self.CONTAINERS, "resolved")
        agent.kill()
        waiting = len(self.events(kinds))
        self.assertGreaterEqual(waiting, 10 * self.CONTAINERS)

        receiver = self.receiver(port=port)
        kills = 0
        for part in (0.1, 0.3, 0.5, 0.7):
            agent = self.start_with(hooks)
            receiver.wait(int(part * waiting), self.PATIENCE)
            os.kill(self.courier(agent), signal.SIGKILL)
            receiver.wait(int((part + 0.1) * waiting), self.PATIENCE)
            agent.kill()
            kills += 2
        agent = self.start_with(hooks)
        all_keys = eventually(lambda: len({h.key for h in receiver.taken}) >= waiting and [h.key for h in receiver.taken], "all")
        web = agent.port()
        eventually(lambda: metric(web, "hullmark_hook_queue_length").split()[-1] == "0", "nothing waits")
        events = self.events(kinds)
        told = {heard.event["id"] for heard in receiver.taken}
        self.assertEqual(told, {event["id"] for event in events}, "none is lost")
        twice = [key for key, count in collections.Counter(all_keys).items() if count > 1]
        self.assertLessEqual(len(twice), kills, "only what was under way when something was killed")
        by_key = {heard.key: heard.event["id"] for heard in receiver.taken}
        self.assertEqual(len(by_key), len(told), "one key for each event, over all lives")
        last = {}
        for heard in receiver.taken:
            lane, number = (heard.event["container"] or {}).get("id"), heard.event["id"]
            self.assertLessEqual(last.get(lane, 0), number, "in order")
            last[lane] = number
        spent = receiver.taken[-1].at - receiver.taken[0].at
        print(f"hooks: {len(events)} events while the receiver was down, {kills} kills, {len(twice)} told twice, "
              f"{len(receiver.taken) / spent:.0f} deliveries a second")


class Programs(Hooked):
    def test_a_program_is_run_for_each_event(self):
        out, program = self.folder / "out", self.folder / "program"
        out.mkdir()
        out.chmod(0o1777)
        program.write_text(f"#!/bin/sh\ncat >>{out}/letters\nid -u >>{out}/users\nenv >>{out}/environment\n"
                           f"[ -e {out}/failed ] || {{ touch {out}/failed; echo no >&2; exit 3; }}\n")
        program.chmod(0o755)
        agent = self.start_with(f"  - {{name: h, severity: high, command: {{path: {program}, args: [x]}}}}\n",
                                before=["env", "SECRET=T0KEN"])
        agent.said("hook h: .*program: refused, status 3: no")
        wanted = eventually(lambda: [e for e in self.events() if e["severity"] in ("high", "critical")], "events")
        port = agent.port()
        eventually(lambda: self.count(port, "delivered") == len(wanted), "all are told")
        letters = list(map(json.loads, (out / "letters").read_text().splitlines()))
        self.assertEqual(len(letters), len(wanted) + 1, "the first one twice")
        self.assertEqual({letter["data"]["id"] for letter in letters}, {event["id"] for event in wanted})
        self.assertNotIn("T0KEN", (out / "environment").read_text())
        if os.geteuid() == 0:
            self.assertNotIn("0", (out / "users").read_text().split())
        self.assertEqual(self.children(agent, "hullmark-hooks"), [], "no courier is needed")


class Confinement(Hooked):
    def test_the_courier_has_nothing(self):
        receiver = self.receiver()
        agent = self.start_with(f"  - {{name: h, webhook: {{url: '{self.url(receiver)}'}}}}\n")
        receiver.wait(1, PATIENCE)
        courier = pathlib.Path(f"/proc/{self.courier(agent)}")
        status = (courier / "status").read_text()
        for pattern in (r"\nCapPrm:\t0{16}\nCapEff:\t0{16}\n", r"\nNoNewPrivs:\t1\n", r"\nSeccomp:\t2\n"):
            self.assertRegex(status, pattern)
        if os.geteuid() == 0:
            self.assertNotRegex(status, r"\nUid:\t0\t")
            self.assertRegex(status, r"\nCapBnd:\t0{16}\n")
            environment = (courier / "environ").read_bytes()
            self.assertNotIn(b"HOME=", environment)
            open_files = [os.readlink(fd) for fd in (courier / "fd").iterdir() if int(fd.name) > 2]
            self.assertEqual([name for name in open_files if not name.startswith("socket:")], [])


if __name__ == "__main__":
    agent_test.PROGRAM, agent_test.HOST = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=1)

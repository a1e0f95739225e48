# SPDX-License-Identifier: Apache-2.0
"""A receiver of webhooks that does what a test tells it to, and a host with many containers."""
import http.server
import json
import os
import re
import shutil
import threading
import time


class Heard:
    """One request as it came."""

    def __init__(self, handler, body):
        self.path, self.headers, self.body, self.at = handler.path, dict(handler.headers), body, time.monotonic()
        self.key = handler.headers["Idempotency-Key"]

    @property
    def event(self):
        return json.loads(self.body)["data"]


class Receiver:
    """`answer(number, heard)` gives a status, (status, headers, body), or bytes that are sent as they are; it may take
    its time. What was answered with 2xx is in `taken`."""

    def __init__(self, port=0, context=None):
        self.answer = lambda number, heard: 200
        self.heard, self.taken, self.connections, self.came = [], [], 0, threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                receiver.connections += 1

            def do_POST(self):
                heard = Heard(self, self.rfile.read(int(self.headers["Content-Length"])))
                with receiver.came:
                    receiver.heard.append(heard)
                    number = len(receiver.heard)
                    receiver.came.notify_all()
                self.reply(receiver.answer(number, heard), heard)

            do_GET = do_POST

            def reply(self, answer, heard):
                if isinstance(answer, bytes):
                    self.wfile.write(answer)
                    self.close_connection = True
                    return
                status, headers, body = answer if isinstance(answer, tuple) else (answer, {}, b"ok")
                if 200 <= status < 300:
                    with receiver.came:
                        receiver.taken.append(heard)
                        receiver.came.notify_all()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # Clients that go away are part of the tests.

        self.server = Server(("127.0.0.1", port), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def wait(self, count, patience, what="taken"):
        with self.came:
            if not self.came.wait_for(lambda: len(getattr(self, what)) >= count, patience):
                raise AssertionError(f"{len(getattr(self, what))} {what}, not {count}")
            return list(getattr(self, what))

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def add_container(proc, number):
    """One more container like that of the host `privileged`."""
    model, pid = proc / "1120", 20000 + number
    path = proc / str(pid)
    shutil.copytree(model, path, symlinks=True)
    status = (path / "status").read_text().replace("\t1120", f"\t{pid}")
    (path / "status").write_text(status)
    (path / "stat").write_text((path / "stat").read_text().replace("1120 (sh)", f"{pid} (sh)"))
    identity = f"{number:064x}"
    (path / "cgroup").write_text(f"0::/system.slice/docker-{identity}.scope\n")
    for kind in ("cgroup", "ipc", "mnt", "net", "pid"):
        link = path / "ns" / kind
        inode = int(re.search(r"\d+", os.readlink(link))[0]) + 10_000 * (number + 1)
        link.unlink()
        link.symlink_to(f"{kind}:[{inode}]")
    return identity

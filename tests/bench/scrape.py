#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What serving 100,000 series costs: scrape.py SERVE_BENCH [ROUNDS]

CPU of the gateway per scrape, plain and gzip, from /proc/PID/task/*/schedstat; and Prometheus'
scrape_duration_seconds beside that of a static file server with the same bytes, in the same run.
"""
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "dashboards"))
import stack  # noqa: E402 (lies there)

SCRAPES = 15


def cpu(pid):
    """Milliseconds that all threads of a process have run."""
    return sum(int(task.read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e6


def get(address, encoding, buffer=bytearray(1 << 20)):
    """Bytes of the body; read in large pieces, so that the client sets no pace."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(f"GET /metrics HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: {encoding}\r\n"
                           "Connection: close\r\n\r\n".encode())
        head, received = b"", 0
        while count := connection.recv_into(buffer):
            received += count
            if b"\r\n\r\n" not in head:
                head += bytes(buffer[:count])
    head = head.split(b"\r\n\r\n", 1)[0]
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise RuntimeError(head.decode())
    return received - len(head) - 4


def cost(pid, address, encoding, rounds):
    get(address, encoding)
    before = cpu(pid)
    sizes = {get(address, encoding) for _ in range(rounds)}
    return (cpu(pid) - before) / rounds, sizes.pop()


def scrape_durations(folder, targets):
    """Median of Prometheus' own figure for each target, scraped in turns by one Prometheus each."""
    medians = []
    for at, target in enumerate(targets):
        place = folder / f"prometheus{at}"
        place.mkdir()
        with stack.prometheus(place, target) as url:
            enough = f"count_over_time(scrape_samples_scraped[60s]) >= {SCRAPES} and on () up == 1"
            stack.wait_for("scrapes", lambda: stack.ask(url, "query", query=enough)["result"], 300)
            [series] = stack.ask(url, "query", query="scrape_duration_seconds[60s]")["result"]
            [samples] = stack.ask(url, "query", query="scrape_samples_scraped")["result"]
            medians.append((statistics.median(float(value) for _, value in series["values"]), samples["value"][1]))
    return medians


def main():
    program, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o755)
        (folder / "www").mkdir()
        address, copy = f"127.0.0.1:{stack.free_port()}", folder / "www/metrics"
        with subprocess.Popen([program, address, copy], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as served:
            pid, series = served.stdout.readline().split()
            print(f"{int(series):,} series, medians and means of {rounds} scrapes")
            for encoding in ("identity", "gzip"):
                milliseconds, size = cost(pid, address, encoding, rounds)
                print(f"{'gateway, ' + encoding:34} {milliseconds:10.2f} ms CPU {size:>12,} bytes")
            static = f"127.0.0.1:{stack.free_port()}"
            with stack.running([sys.executable, "-m", "http.server", static.split(":")[1], "--bind", "127.0.0.1",
                                "--directory", folder / "www"], folder / "static.log"):
                stack.wait_for("the file server", lambda: stack.fetch(f"http://{static}/metrics"), 30)
                (ours, samples), (theirs, others) = scrape_durations(folder, [address, static])
            print(f"{'scrape_duration, gateway':34} {ours * 1e3:10.1f} ms     {samples} samples")
            print(f"{'scrape_duration, static file':34} {theirs * 1e3:10.1f} ms     {others} samples")
            print(f"{'gateway / static file':34} {ours / theirs:10.2f}        goal 1.2")
            served.stdin.close()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Egress for long and with much at once: streams that are held, a million
requests whose answers must be their own, and beside them clients and a server
that send a byte a second.  Prints what it holds at each step.

usage: soak.py [build-folder [requests [connections [rounds]]]]"""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import egress as bench

HOST, PORT, EGRESS, SLOW = "soak.test", 19543, 19528, 19544
POLICY = f"""
network:
  allow:
    - endpoint: {HOST}
      paths: [/ok/*]
    - endpoint: slow.test
      ports: [80]
      protocols: [http]
"""
NGINX = """
daemon off; worker_processes 1; pid {d}/pid; error_log stderr crit;
worker_rlimit_nofile 60000;
events {{ worker_connections 50000; }}
http {{
    access_log off; client_body_temp_path {d}/1; proxy_temp_path {d}/2;
    fastcgi_temp_path {d}/3; uwsgi_temp_path {d}/4; scgi_temp_path {d}/5;
    keepalive_requests 100000000; client_body_timeout 600s;
    http2_max_concurrent_streams 200;
    server {{
        listen 127.0.0.1:{port} ssl http2 backlog=4096;
        ssl_certificate {d}/o.pem; ssl_certificate_key {d}/o.key;
        if ($request_method = GET) {{ return 200 $request_uri; }}
        location / {{ proxy_pass http://127.0.0.1:{slow}; }}
    }}
}}
"""


def held(pid):
    """Descriptors, and KiB of memory."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().split("\n")
    of = {k: int(v.split()[0]) for k, _, v in (x.partition(":") for x in text)
          if v.endswith("kB")}
    return len(os.listdir(f"/proc/{pid}/fd")), of["Pss"]


def say(pid, what):
    fds, kib = held(pid)
    print(f"{what:44} {fds:6} descriptors {kib:8} KiB", flush=True)
    return kib


def slow_server():
    """A byte a second, for ever."""
    s = socket.create_server(("127.0.0.1", SLOW), backlog=512)

    def one(c):
        try:
            for b in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100000:
                c.sendall(bytes([b]))
                time.sleep(1)
        except OSError:
            pass

    def accept():
        while True:
            threading.Thread(target=one, args=(s.accept()[0],),
                             daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def slow_clients(n):
    """Half of them with a head that does not end, half with an answer."""
    def one(i):
        try:
            s = socket.create_connection(("127.0.0.1", EGRESS))
            if i % 2:
                s.sendall(b"GET http://slow.test/ HTTP/1.1\r\n"
                          b"Host: slow.test\r\n\r\n")
                while s.recv(100):
                    pass
            while True:
                s.sendall(b"G")
                time.sleep(1)
        except OSError:
            pass

    for i in range(n):
        threading.Thread(target=one, args=(i,), daemon=True).start()


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    build = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 \
        else root / "build"
    requests = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    connections = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 4
    soak = [build / "test/bench/soak", "-c", str(connections)]
    where = [str(EGRESS), HOST]
    threading.stack_size(1 << 17)
    with tempfile.TemporaryDirectory() as name:
        d = pathlib.Path(name)
        os.chmod(d, 0o755)
        bench.HOST = HOST
        bench.certificates(d)
        (d / "conf").write_text(NGINX.format(d=d, port=PORT, slow=SLOW))
        (d / "policy.yaml").write_text(POLICY)
        procs = [
            subprocess.Popen(["nginx", "-p", d, "-e", "stderr", "-c",
                              d / "conf"]),
            subprocess.Popen([build / "test/system/egress_run", "-p",
                              str(EGRESS), "-u", d / "ca.pem", "-r",
                              f"{HOST}=127.0.0.1:{PORT}", "-r",
                              f"slow.test=127.0.0.1:{SLOW}",
                              build / "src/egress/openshell-egress",
                              d / "policy.yaml"], stderr=subprocess.DEVNULL)]
        try:
            time.sleep(1)
            pid = bench.child_of(procs[1].pid)
            slow_server()
            before = say(pid, "at rest")
            p = subprocess.Popen([*soak, "-i", "20", *where],
                                 stdout=subprocess.PIPE, text=True)
            n = int(p.stdout.readline().split()[1])
            time.sleep(10)
            kib = say(pid, f"{n} streams, held")
            print(f"{'each':44} {(kib - before) / n:26.1f} KiB")
            p.wait()
            time.sleep(2)
            say(pid, "they are gone")
            slow_clients(400)
            for i in range(rounds):
                out = subprocess.run([*soak, "-m", "20", "-n",
                                      str(requests // rounds), *where],
                                     check=True, capture_output=True,
                                     text=True).stdout.split()
                say(pid, f"{out[0]} requests in {out[2]} s, {out[1]} wrong")
        finally:
            for p in procs:
                p.send_signal(signal.SIGTERM)


main()

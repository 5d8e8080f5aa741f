#!/usr/bin/env python3
"""Egress beside haproxy: HTTPS GET of 1 KiB, kept alive, 32 connections, TLS
on both sides.  Egress judges method and path and records every request;
haproxy only forwards.  Rounds alternate; prints CPU per request of each
(user and system time of the proxy's process) and their ratio.

usage: egress.py [build-folder [seconds [rounds]]]"""
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ORIGIN, HAPROXY, EGRESS = 19443, 19444, 19128
HOST = "api.github.com"
POLICY = f"""
network:
  allow:
    - endpoint: {HOST}
      methods: [GET, HEAD]
      paths: [/repos/*, /zen, "/users/*/repos"]
    - endpoint: pypi.org
      methods: [GET]
  deny:
    - endpoint: {HOST}
      paths: ["/repos/*/secrets/**"]
"""
ONE, OTHER = ["taskset", "-c", "0"], ["taskset", "-c", "1"]


def sh(*argv, **kw):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, **kw)


def certificates(d):
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    sh("openssl", "req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem",
       "-subj", "/CN=bench", "-days", "2", cwd=d)
    sh("openssl", "req", *new, "-keyout", "o.key", "-out", "o.csr",
       "-subj", "/CN=" + HOST, cwd=d)
    (d / "x").write_text(f"subjectAltName=DNS:{HOST}\n")
    sh("openssl", "x509", "-req", "-in", "o.csr", "-CA", "ca.pem", "-CAkey",
       "ca.key", "-CAcreateserial", "-out", "o.crt", "-days", "2",
       "-extfile", "x", cwd=d)
    (d / "o.pem").write_text((d / "o.crt").read_text() +
                             (d / "o.key").read_text())


def configure(d):
    (d / "body").write_text("x" * 1024)
    head = """
global
    nbthread 1
    maxconn 2000
    ssl-server-verify required
defaults
    mode http
    timeout client 60s
    timeout server 60s
    timeout connect 5s
    option http-keep-alive
"""
    (d / "origin.cfg").write_text(head + f"""
frontend origin
    bind 127.0.0.1:{ORIGIN} ssl crt {d}/o.pem
    http-request return status 200 content-type text/plain file {d}/body
""")
    (d / "proxy.cfg").write_text(head + f"""
frontend in
    bind 127.0.0.1:{HAPROXY} ssl crt {d}/o.pem alpn http/1.1
    default_backend out
backend out
    http-reuse always
    server s 127.0.0.1:{ORIGIN} ssl verify required ca-file {d}/ca.pem sni \
str({HOST}) verifyhost {HOST}
""")
    (d / "policy.yaml").write_text(POLICY)


def cpu(pid):
    """Seconds of user and system time so far."""
    f = pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(f[0]) / 1e9


def child_of(pid):
    kids = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return int(kids.split()[0])


def measure(build, pid, seconds, *args):
    load = [*OTHER, build / "test/bench/load", "-c", "32"]
    before = cpu(pid)
    out = subprocess.run([*load, "-s", str(seconds), *map(str, args)],
                         check=True, capture_output=True, text=True).stdout
    spent = cpu(pid) - before
    n, took, errors = out.split()
    assert int(errors) == 0, out
    return spent / int(n) * 1e6, int(n) / float(took)


def start(build, d):
    procs = [
        subprocess.Popen([*OTHER, "haproxy", "-db", "-f", d / "origin.cfg"]),
        subprocess.Popen([*ONE, "haproxy", "-db", "-f", d / "proxy.cfg"]),
        subprocess.Popen([*OTHER, build / "test/system/egress_run", "-p",
                          str(EGRESS), "-u", d / "ca.pem", "-r",
                          f"{HOST}=127.0.0.1:{ORIGIN}",
                          build / "src/egress/openshell-egress",
                          d / "policy.yaml"], stderr=subprocess.DEVNULL)]
    time.sleep(1)
    egress = child_of(procs[2].pid)
    sh("taskset", "-cp", "0", str(egress))
    return procs, procs[1].pid, egress


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    build = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 \
        else root / "build"
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 3
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    if shutil.which("haproxy") is None:
        sys.exit("haproxy is not installed")
    with tempfile.TemporaryDirectory() as name:
        d = pathlib.Path(name)
        os.chmod(d, 0o755)
        certificates(d)
        configure(d)
        procs, haproxy, egress = start(build, d)
        got = {"haproxy": [], "egress": []}
        try:
            for _ in range(rounds):
                got["haproxy"].append(measure(build, haproxy, int(seconds),
                                              HAPROXY, HOST, "/repos/a"))
                got["egress"].append(measure(build, egress, int(seconds),
                                             "-x", EGRESS, 443, HOST,
                                             "/repos/a"))
        finally:
            for p in procs:
                p.send_signal(signal.SIGTERM)
    us = {}
    for k, v in got.items():
        us[k] = statistics.median(x[0] for x in v)
        rate = statistics.median(x[1] for x in v)
        print(f"{k:8} {us[k]:6.1f} us CPU per request {rate:8.0f} req/s")
    print(f"ratio    {us['egress'] / us['haproxy']:6.2f}  (target: at most "
          "1.5)")


main()

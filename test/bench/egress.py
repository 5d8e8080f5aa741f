#!/usr/bin/env python3
"""Egress beside haproxy, TLS on both sides, nginx as the origin: small answers
on 32 kept-alive connections, a connection for each request, answers of a
mebibyte, requests of 200 KB, and what one connection waits.  Egress judges
method and path by a hundred endpoints and records every request; haproxy only
forwards.  Then HTTP/2 with a hundred streams beside nginx as a proxy that
terminates TLS, if h2load is there.  Rounds take turns; prints CPU time per
request of the proxy's process (user and system) and the ratios.

usage: egress.py [build-folder [seconds [rounds [job...]]]]"""
import os
import pathlib
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ORIGIN, HAPROXY, EGRESS = 19443, 19444, 19128
NGINX = 19447
HOST = "api.github.com"
POLICY = f"""
network:
  allow:
    - endpoint: {HOST}
      methods: [GET, HEAD]
      paths: [/repos/*, /zen, "/users/*/repos"]
    - endpoint: {HOST}
      methods: [POST]
      paths: [/upload/*]
    - endpoint: pypi.org
      methods: [GET]
""" + "".join(f"""
    - endpoint: api{i}.example.com
      methods: [GET]
      paths: [/repos/*, "/users/*/repos"]
""" for i in range(98)) + f"""
  deny:
    - endpoint: {HOST}
      paths: ["/repos/*/secrets/**"]
"""
JOBS = {    # what load is told, the path, the goal of the ratio
    "kept alive, 1 KiB": (["-c", "32"], "/repos/a", 1.15),
    "a connection each": (["-n"], "/repos/a", 1.0),
    "1 MiB answers": (["-c", "4"], "/repos/big", 1.0),
    "200 KB requests": (["-c", "4", "-b", "200000"], "/upload/a", 1.0),
}
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
    (d / "www/repos").mkdir(parents=True)
    (d / "www/repos/a").write_text("x" * 1024)
    (d / "www/repos/big").write_text("x" * (1 << 20))
    (d / "origin.cfg").write_text(f"""
daemon off; worker_processes 1; pid {d}/nginx.pid; error_log stderr crit;
events {{ worker_connections 2000; }}
http {{
    access_log off; client_body_temp_path {d}/body; proxy_temp_path {d}/pt;
    fastcgi_temp_path {d}/ft; uwsgi_temp_path {d}/ut; scgi_temp_path {d}/st;
    keepalive_requests 1000000; client_max_body_size 10m;
    client_body_buffer_size 1m; sendfile on;
    server {{
        listen 127.0.0.1:{ORIGIN} ssl backlog=1024; root {d}/www;
        ssl_certificate {d}/o.pem; ssl_certificate_key {d}/o.key;
        # the whole request first, then the answer
        location /upload/ {{ proxy_pass http://127.0.0.1:{ORIGIN + 3}; }}
    }}
    server {{
        listen 127.0.0.1:{ORIGIN + 3};
        location / {{ return 200 "taken\\n"; }}
    }}
}}
""")
    (d / "proxy.cfg").write_text(f"""
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
frontend in
    bind 127.0.0.1:{HAPROXY} ssl crt {d}/o.pem alpn http/1.1
    default_backend out
backend out
    http-reuse always
    server s 127.0.0.1:{ORIGIN} ssl verify required ca-file {d}/ca.pem sni \
str({HOST}) verifyhost {HOST}
""")
    (d / "policy.yaml").write_text(POLICY)


def configure_nginx(d):
    (d / "nginx.cfg").write_text(f"""
daemon off; master_process off; pid {d}/proxy.pid; error_log stderr crit;
events {{ worker_connections 2000; }}
http {{
    access_log off; client_body_temp_path {d}/b2; proxy_temp_path {d}/p2;
    fastcgi_temp_path {d}/f2; uwsgi_temp_path {d}/u2; scgi_temp_path {d}/s2;
    keepalive_requests 10000000;
    upstream origin {{
        server 127.0.0.1:{ORIGIN}; keepalive 200; keepalive_requests 10000000;
    }}
    server {{
        listen 127.0.0.1:{NGINX} ssl http2;
        ssl_certificate {d}/o.pem; ssl_certificate_key {d}/o.key;
        location / {{
            proxy_pass https://origin; proxy_http_version 1.1;
            proxy_set_header Connection ""; proxy_set_header Host {HOST};
            proxy_ssl_verify on; proxy_ssl_trusted_certificate {d}/ca.pem;
            proxy_ssl_name {HOST}; proxy_ssl_server_name on;
        }}
    }}
}}
""")


def relay(to, tunnel):
    """A port that leads to that one, h2load knows no proxy."""
    listener = socket.create_server(("127.0.0.1", 0))

    def one(a):
        b = socket.create_connection(("127.0.0.1", to))
        if tunnel:
            b.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n"
                      "\r\n".encode())
            b.recv(4096)
        for s in (a, b):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            for s in select.select([a, b], [], [])[0]:
                got = s.recv(1 << 18)
                if not got:
                    return
                (b if s is a else a).sendall(got)

    def accept():
        while True:
            threading.Thread(target=one, args=(listener.accept()[0],),
                             daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def h2load(pid, port, seconds):
    before = cpu(pid)
    out = subprocess.run([*OTHER, "h2load", "-D", str(seconds), "-c", "1", "-m",
                          "100", "--connect-to", f"127.0.0.1:{port}",
                          f"https://{HOST}/repos/a"], check=True,
                         capture_output=True, text=True).stdout
    n = int(out.split("requests: ")[1].split(", ")[3].split()[0])
    assert n > 0 and " 0 failed, 0 errored" in out, out
    return (cpu(pid) - before) / n * 1e6, n / seconds


def print_h2(d, egress, seconds, rounds):
    p = subprocess.Popen([*ONE, "nginx", "-p", d, "-e", "stderr", "-c",
                          d / "nginx.cfg"])
    time.sleep(1)
    ways = {"egress": (egress, relay(EGRESS, True)),
            "nginx": (p.pid, relay(NGINX, False))}
    got = {k: [] for k in ways}
    try:
        for _ in range(rounds):
            for k, (pid, port) in ways.items():
                got[k].append(h2load(pid, port, seconds))
        print_job("HTTP/2, 100 streams", got, 1.0, "nginx")
    finally:
        p.kill()


def cpu(pid):
    """Seconds of user and system time so far."""
    f = pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(f[0]) / 1e9


def child_of(pid):
    kids = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return int(kids.split()[0])


def load(build, how, where):
    out = subprocess.run([*OTHER, build / "test/bench/load",
                          *map(str, how), *map(str, where)], check=True,
                         capture_output=True, text=True).stdout.split()
    assert int(out[2]) == 0, out
    return float(out[0]), float(out[1])


def measure(build, pid, how, where):
    """CPU microseconds per request, and requests per second."""
    before = cpu(pid)
    n, took = load(build, how, where)
    return (cpu(pid) - before) / n * 1e6, n / took


def pss(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(x for x in text.split("\n") if x.startswith("Pss:"))
               .split()[1])


def start(build, d):
    procs = [
        subprocess.Popen([*OTHER, "nginx", "-p", d, "-e", "stderr", "-c",
                          d / "origin.cfg"]),
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


def print_job(name, got, goal, peer="haproxy"):
    us = {k: statistics.median(x[0] for x in v) for k, v in got.items()}
    rate = {k: statistics.median(x[1] for x in v) for k, v in got.items()}
    print(f"{name:18} egress {us['egress']:7.1f} us {rate['egress']:7.0f}/s   "
          f"{peer} {us[peer]:7.1f} us {rate[peer]:7.0f}/s   ratio "
          f"{us['egress'] / us[peer]:5.2f} (goal: at most {goal})",
          flush=True)


def print_latency(build, ways, seconds):
    for name, (_, where) in ways.items():
        p50, p99 = load(build, ["-c", "1", "-l", "-s", seconds], where)
        print(f"{'one connection':18} {name:8} median {p50:.0f} us, 99th "
              f"percentile {p99:.0f} us")


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    build = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 \
        else root / "build"
    if not build.is_dir():
        sys.exit(__doc__)
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    wanted = sys.argv[4:]
    for name in ("haproxy", "nginx"):
        if shutil.which(name) is None:
            sys.exit(f"{name} is not installed")
    with tempfile.TemporaryDirectory() as name:
        d = pathlib.Path(name)
        os.chmod(d, 0o755)
        certificates(d)
        configure(d)
        configure_nginx(d)
        procs, haproxy, egress = start(build, d)
        ways = {"haproxy": (haproxy, [HAPROXY, HOST]),
                "egress": (egress, ["-x", EGRESS, 443, HOST])}
        print(f"idle: egress {pss(egress)} KiB, haproxy {pss(haproxy)} KiB")
        try:
            for name, (how, path, goal) in JOBS.items():
                if wanted and name not in wanted:
                    continue
                got = {k: [] for k in ways}
                for _ in range(rounds):
                    for k, (pid, where) in ways.items():
                        got[k].append(measure(build, pid, [
                            *how, "-s", seconds], [*where, path]))
                print_job(name, got, goal)
            if shutil.which("h2load") and (not wanted or "h2" in wanted):
                print_h2(d, egress, seconds, rounds)
            if not wanted:
                print_latency(build, {k: (p, [*w, "/repos/a"])
                                      for k, (p, w) in ways.items()}, seconds)
        finally:
            for p in procs:
                p.send_signal(signal.SIGTERM)


if __name__ == "__main__":
    main()

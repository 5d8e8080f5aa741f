"""Real servers behind egress: nginx, haproxy and node, each version of HTTP on
either side, with what they do that a test's own server does not."""
import hashlib
import json
import os
import shutil
import subprocess

import proxy
import pytest
import shell

POLICY = """
network:
  allow:
    - endpoint: echo.test
      paths: ["/ok/**"]
"""
PORT = 3310
NGINX = """
daemon off; worker_processes 1; pid {d}/pid; error_log stderr crit;
events {{ worker_connections 200; }}
http {{
    access_log off; client_body_temp_path {d}/1; proxy_temp_path {d}/2;
    fastcgi_temp_path {d}/3; uwsgi_temp_path {d}/4; scgi_temp_path {d}/5;
    absolute_redirect off; gzip on; gzip_types text/plain; gzip_min_length 1;
    server {{
        listen 127.0.0.1:{port} ssl http2; root {d}/www; keepalive_requests 100;
        ssl_certificate {pem}; ssl_certificate_key {pem};
        location = /ok/echo {{
            return 200 "$request_method $request_uri $content_length";
        }}
        location = /ok/204 {{ return 204; }}
        location = /ok/go {{ return 302 /ok/echo; }}
        location /ok/upload {{
            proxy_pass http://127.0.0.1:{other}; client_max_body_size 0;
        }}
    }}
    server {{
        listen 127.0.0.1:{other};
        location / {{ return 200 "$request_method $request_uri"; }}
    }}
}}
"""
HAPROXY = """
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
frontend in
    bind 127.0.0.1:{port} ssl crt {pem} alpn h2,http/1.1
    http-request return status 204 if {{ path /ok/204 }}
    http-request redirect location /ok/echo code 302 if {{ path /ok/go }}
    http-request wait-for-body time 10s if METH_POST
    http-request return status 200 content-type text/plain lf-string "\
%[method] %[pathq] %[req.hdr(content-length)]"
"""
NODE = """
const http2 = require("http2"), fs = require("fs"), pem = fs.readFileSync(
    "{pem}"), big = fs.readFileSync("{d}/www/ok/big");
http2.createSecureServer({{key: pem, cert: pem, allowHTTP1: true}},
        (q, r) => {{
    if (q.url == "/ok/204") {{ r.writeHead(204); return r.end(); }}
    if (q.url == "/ok/go") {{
        r.writeHead(302, {{location: "/ok/echo"}}); return r.end();
    }}
    if (q.url == "/ok/big") return r.end(big);
    if (q.url == "/ok/events") {{
        r.writeHead(200, {{"content-type": "text/event-stream"}});
        let n = 0, t = setInterval(() => {{
            r.write(`data: ${{++n}}\\n\\n`);
            if (n == 5) {{ clearInterval(t); r.end(); }}
        }}, 10);
        return;
    }}
    let n = 0;
    q.on("data", x => n += x.length).on("end", () => r.end(
        `${{q.method}} ${{q.url}} ${{q.headers["content-length"] || ""}}`));
}}).listen({port}, "127.0.0.1");
"""
SERVERS = {"nginx": ["nginx", "-e", "stderr", "-c"],
           "haproxy": ["haproxy", "-db", "-f"], "node": ["node"]}
TEXTS = {"nginx": NGINX, "haproxy": HAPROXY, "node": NODE}


def listens(port):
    with open("/proc/net/tcp", encoding="ascii") as f:
        return f":{port:04X} 00000000:0000 0A" in f.read()


@pytest.fixture(scope="module", params=list(SERVERS))
def origin(request, pytestconfig, tmp_path_factory):
    """(name, egress in front of it)."""
    name, d = request.param, tmp_path_factory.mktemp(request.param)
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed here")
    (d / "www/ok").mkdir(parents=True)
    (d / "www/ok/big").write_bytes(bytes(range(256)) * 8192)
    pem = os.path.join(shell.WORLD, "good.pem")
    (d / "conf").write_text(TEXTS[name].format(
        d=d, pem=pem, port=PORT, other=PORT + 1))
    for p in [d, *d.parents][:3]:
        os.chmod(p, 0o755)
    server = subprocess.Popen([*SERVERS[name], str(d / "conf")])
    shell.wait_until(lambda: listens(PORT), 20, f"{name} listens")
    p = proxy.Proxy(pytestconfig.getoption("--build"), str(d), POLICY,
                    {"echo.test": PORT}, 3206,
                    os.path.join(shell.WORLD, "ca.pem"))
    yield name, p
    p.close()
    server.terminate()
    server.wait(20)


def curl(p, *args, version="--http2"):
    r = subprocess.run(["curl", "-sS", "--max-time", "30", version, "--cacert",
                        p.ca, "-x", f"http://127.0.0.1:{p.port}", *args],
                       capture_output=True, check=False)
    assert r.returncode == 0, r
    return r.stdout


VERSIONS = ["--http1.1", "--http2"]


@pytest.mark.parametrize("version", VERSIONS)
def test_each_kind_of_exchange(origin, version, tmp_path):
    name, p = origin
    at = "https://echo.test/ok/"
    (tmp_path / "body").write_bytes(b"x" * 300_000)
    body = f"@{tmp_path}/body"
    for n in range(8):
        assert curl(p, at + f"echo?{n}", version=version).split()[:2] == \
            [b"GET", b"/ok/echo?%d" % n]
    got = curl(p, "-I", at + "echo", at + "204", "-w", "%{http_code}\n",
               version=version)
    assert b"200\n" in got and b"204\n" in got, got
    assert curl(p, "-L", at + "go", version=version).startswith(b"GET /ok/echo")
    where = at + ("upload" if name == "nginx" else "echo")
    path = where.removeprefix("https://echo.test").encode()
    if name != "haproxy":   # whose buffer is 16 KiB
        for more in ([], ["-H", "Transfer-Encoding: chunked"],
                     ["-H", "Expect: 100-continue"]):
            if "chunked" in str(more) and version == "--http2":
                continue
            got = curl(p, "--data-binary", body, *more, where, version=version)
            assert got.split()[:2] == [b"POST", path], got
    got = curl(p, "-d", "x", where, where, where, version=version)
    assert got.count(b"POST " + path) == 3, got
    r = curl(p, "-o", "/dev/null", "-w", "%{http_code} %{http_version}",
             "https://echo.test/no", version=version)
    assert r.split()[0] == b"403", r
    assert r.split()[1] == (b"2" if version == "--http2" else b"1.1")


@pytest.mark.parametrize("version", VERSIONS)
def test_files_ranges_and_what_has_not_changed(origin, version):
    name, p = origin
    if name == "haproxy":
        pytest.skip("haproxy has no files")
    at, want = "https://echo.test/ok/big", bytes(range(256)) * 8192
    got = curl(p, at, at, version=version)
    assert hashlib.sha256(got).digest() == hashlib.sha256(want * 2).digest()
    if name == "node":
        got = curl(p, "https://echo.test/ok/events", version=version)
        assert got.split() == [x for n in range(1, 6)
                               for x in (b"data:", b"%d" % n)]
        return
    assert curl(p, "-r", "100-299", at, version=version) == want[100:300]
    head = curl(p, "-I", at, version=version).decode().lower()
    tag = next(x for x in head.splitlines() if x.startswith("etag: "))
    got = curl(p, "-w", "%{http_code}", "-H",
               "If-None-Match: " + tag.removeprefix("etag: "), at,
               version=version)
    assert got == b"304", got
    got = curl(p, "--compressed", "https://echo.test/ok/echo", "-D", "-",
               version=version)
    assert b"content-encoding: gzip" in got.lower() and b"GET" in got


def test_many_streams_of_h2load(origin):
    """The load through a tunnel of its own: h2load knows no proxy."""
    _, p = origin
    if shutil.which("h2load") is None:
        pytest.skip("h2load is not installed here")
    relay = proxy.Origin(lambda c: proxy.join(c.sock, p.tunnel("echo.test", 443)))
    for more in (["-m", "100"], ["--h1"]):
        r = subprocess.run(["h2load", "-n", "3000", "-c", "5", *more,
                            "--connect-to", f"127.0.0.1:{relay.port}",
                            "https://echo.test/ok/echo"],
                           capture_output=True, text=True, check=False)
        assert "3000 succeeded, 0 failed, 0 errored" in r.stdout, \
            r.stdout
    relay.close()


def test_its_records_are_of_what_it_was_asked(origin):
    """What comes back is of the request, whoever asked with it."""
    _, p = origin
    many = [f"https://echo.test/ok/echo?{i}" for i in range(60)]
    got = curl(p, "--parallel", "--parallel-max", "20", "-w",
               "\n%{json}\n", *many)
    urls = [json.loads(x)["url_effective"] for x in got.decode().splitlines()
            if x.startswith("{")]
    assert sorted(urls) == sorted(many)

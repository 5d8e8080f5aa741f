"""The same request has the same answer by every way in.

Each row is one request. It is made by every way that can make it, from one
program inside; what is compared is the verdict, the words of the answer, and
what the log says of it.
"""
import json
import os

import hosts
import pytest
import shell

POLICY = f"""
network:
  allow:
    - endpoint: echo.test
      ports: [443, 8443]
      methods: [GET, POST]
      paths: [/a/*, /status/*]
    - endpoint: echo.test
      ports: [80]
      protocols: [http]
    - endpoint: "*.echo.test"
      ports: [443, 80]
    - endpoint: {hosts.RELAY}
      ports: [80, 8080]
      protocols: [http]
      methods: [GET]
    - endpoint: api.github.com
      binaries: [/usr/bin/curl]
    - endpoint: evil.test
    - endpoint: evil.test
      ports: [80]
      protocols: [http]
    - endpoint: metadata.evil.test
      ports: [443, 80]
  deny:
    - endpoint: sub.echo.test
      paths: [/secret/*]
    - endpoint: evil.test
      methods: [POST]
    - endpoint: pypi.org
"""
NAMES = ["echo.test", "sub.echo.test", "deep.sub.echo.test", "api.github.com",
         "evil.test", "metadata.evil.test", "pypi.org", "other.test",
         hosts.RELAY, "10.11.12.13", "169.254.169.254", "127.0.0.1"]
REQUESTS = [("GET", "/a/x"), ("POST", "/a/x"), ("DELETE", "/a/x"),
            ("GET", "/secret/x"), ("GET", "/a/../secret/x"),
            ("GET", "/a/%2e%2e/b")]
PLACES = [("https", 443), ("http", 80), ("https", 8443), ("http", 8080),
          ("https", 22)]

with open(os.path.join(os.path.dirname(hosts.__file__), "http2.py"),
          encoding="utf-8") as f:
    HTTP2 = f.read()

INSIDE = HTTP2 + r"""
import json, socket, ssl, struct, sys

def exactly(s, mark):
    d = b""
    while mark not in d:
        x = s.recv(65536)
        if not x: return d, b""
        d += x
    return d.split(mark, 1)

def response(s):
    head, rest = exactly(s, b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    if len(lines[0].split()) < 2: return None
    n = next((int(x.split(":")[1]) for x in lines
              if x.lower().startswith("content-length")), 0)
    while len(rest) < n:
        x = s.recv(65536)
        if not x: break
        rest += x
    return int(lines[0].split()[1]), rest.decode("utf-8", "replace")

def is_address(host):
    try:
        socket.inet_aton(host)
        return True
    except OSError:
        return False

def proxy():
    return socket.create_connection(("127.0.0.1", 3128), 20)

def connect(host, port):
    s = proxy()
    s.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\n"
              f"Host: {host}:{port}\r\n\r\n".encode())
    status, body = response(s)
    return (s, None) if status == 200 else (None, body)

def socks(host, port, by_address):
    s = proxy()
    s.sendall(b"\5\1\0")
    s.recv(2)
    if by_address:
        a = b"\1" + socket.inet_aton(socket.gethostbyname(host))
    else:
        a = b"\3" + bytes([len(host)]) + host.encode()
    s.sendall(b"\5\1\0" + a + struct.pack("!H", port))
    code = s.recv(10)[1]
    return (s, None) if code == 0 else (None, {2: "no"}.get(code, code))

def direct(host, port):
    return socket.create_connection((host, port), 20), None

WAYS = {
    "connect": connect,
    "socks": lambda h, p: socks(h, p, False),
    "socks-address": lambda h, p: socks(h, p, True),
    "direct": direct,
}

def ask(way, scheme, host, port, method, path):
    usual = {"http": 80, "https": 443}[scheme]
    where = host if port == usual else f"{host}:{port}"
    text = (f"{method} {path} HTTP/1.1\r\nHost: {where}\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n")
    try:
        if way == "absolute":
            s = proxy()
            text = text.replace(path, f"http://{where}{path}", 1)
        else:
            s, refused = WAYS[way.removeprefix("h2-")](host, port)
            if refused is not None and way.endswith("connect"):
                return ["request", 403, refused]
            if refused is not None:
                return ["connection", refused]
        if scheme == "https":
            c = ssl.create_default_context()
            if way.startswith("h2-"):
                c.set_alpn_protocols(["h2"])
            s = c.wrap_socket(s, server_hostname=host)
        if way.startswith("h2-"):
            c = Client(where, sock=s, tls=False)
            c.scheme = scheme
            a = c.get(path, method=method)
            if not a.heads: return ["connection", a.reset]
            return ["request", a.status, a.body.decode("utf-8", "replace")]
        s.sendall(text.encode())
        got = response(s)
        return ["request", *got] if got else ["connection", "no"]
    except (ConnectionResetError, BrokenPipeError, socket.gaierror):
        return ["connection", "no"]
    except ssl.SSLError as e:
        return ["connection", "no" if "ACCESS_DENIED" in e.reason else
                e.reason]
    except OSError as e:
        return ["connection", repr(e)]

rows = json.loads(sys.argv[1])
for row in rows:
    more = ["absolute"] if row[0] == "http" else []
    if row[0] == "https" and row[2] == 443:
        more = ["h2-connect", "h2-direct"]
    out = {w: ask(w, *row) for w in [*WAYS, *more]}
    print(json.dumps([row, out]))
"""


def rows(name):
    return [[scheme, name, port, method, path]
            for scheme, port in PLACES for method, path in REQUESTS]


def verdict(got):
    """What is the same, whatever the way."""
    if got[0] == "connection":
        return ("denied" if got[1] == "no" else got[1],)
    status, body = got[1:]
    try:
        said = json.loads(body)
    except ValueError:
        said = {}
    if said.get("error") == "policy_denied":
        return ("denied", said["layer"], said["reason"], said["rule"])
    if said.get("error"):
        return (said["error"],)
    return (status, said.get("target"))


def ask_all(box, wanted):
    r = box.exec("box", "python3", "-c", INSIDE, json.dumps(wanted),
                 timeout=120)
    got = [json.loads(line) for line in r.out.splitlines()]
    assert len(got) == len(wanted), r
    return got


# Words are compared within a layer: what refuses a connection is said of the
# connection, and the absolute form has none. Where a way has no words the log
# has them: test_the_log_...
def agree(row, ways):
    found = {w: verdict(g) for w, g in ways.items()}
    short = {v[:1] if v[0] in ("denied", "ssrf_denied") else v
             for v in found.values()}
    short = {("denied",) if v == ("ssrf_denied",) else v for v in short}
    assert len(short) == 1, (row, found)
    for layer in ("l4", "l7"):
        words = {v for v in found.values() if v[1:2] == (layer,)}
        assert len(words) <= 1, (row, found)


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


@pytest.mark.parametrize("name", NAMES)
def test_every_way_gives_the_same_answer(box, world, name):
    # 127/8 is the sandbox's own when it is dialled: no way out at all.
    for row, ways in ask_all(box, rows(name)):
        if name.startswith("127."):
            for w in [w for w in ways if w.endswith("direct")]:
                assert ways.pop(w)[1] != 200, (row, ways)
        agree(row, ways)


def test_the_matrix_has_allowed_and_denied_rows(box):
    every = [verdict(g) for n in ("echo.test", "sub.echo.test")
             for _, ways in ask_all(box, rows(n)) for g in ways.values()]
    assert sum(v[0] == 200 for v in every) > 40, every
    assert sum(v[0] == "denied" for v in every) > 40, every


@pytest.mark.parametrize("host,port", [
    ("echo.test", 444), ("api.github.com", 443), ("pypi.org", 443),
    ("sub.echo.test", 9000), ("1.2.3.4", 443), (hosts.RELAY, 22)])
def test_the_log_has_the_same_words_for_each_way(box, host, port):
    before = len(box.audit(kind="net_open", host=host, verdict="denied"))
    ((_, ways),) = ask_all(box, [["https", host, port, "GET", "/a/x"]])
    # A name that may have no connection at all has no address either.
    asked = [w for w in ways if not (host == "pypi.org" and
                                     w in ("socks-address", "direct",
                                           "h2-direct"))]
    got = shell.wait_until(
        lambda: (lambda r: r if len(r) == len(asked) else None)(
            box.audit(kind="net_open", host=host,
                      verdict="denied")[before:]),
        what=f"{len(asked)} records")
    for key in ("reason", "rule", "exe", "port", "policy_hash"):
        assert len({r.get(key) for r in got}) == 1, (key, got)


EXPLAINED = [
    # request, how it is denied, what the explanation says
    (["https", "other.test", 443, "GET", "/x"],
     ["policy update box --add-endpoint other.test:443"]),
    (["https", "echo.test", 443, "GET", "/secret/x"],
     ["GET https://echo.test/secret/x", "path /secret/x is not in [",
      "policy update box --add-allow 'echo.test:443:GET:/secret/x'"]),
    (["https", "echo.test", 443, "DELETE", "/a/x"],
     ["method DELETE is not in [", "echo.test:443:DELETE:/a/x"]),
    (["http", "metadata.evil.test", 80, "GET", "/a/x"],
     ["GET http://metadata.evil.test/a/x", "leads to 169.254.169.254",
      "allowed_ips"]),
    (["https", "api.github.com", 443, "GET", "/a/x"],
     ["it is only for [/usr/bin/curl], and the program is /usr/bin/python3",
      "add it to binaries"]),
    (["https", "evil.test", 443, "POST", "/a/x"],
     ["policy.yaml:", "a deny beats every allow: narrow "]),
]
ITS_OWN = ("when", "by", "sha256", "started", "address")


def explained(box, record):
    number = record["_"]["metadata"]["sequence"]
    r = box.ok("audit", "explain", f"#{number}")
    first, *rest = r.out.splitlines()
    fields = {x[2:10].strip(): x[11:] for x in rest}
    assert fields["by"].startswith("/usr/bin/python3"), r
    assert fields["sandbox"] == "box" and "generation" in fields["policy"], r
    return "\n".join([first] + [x for x in rest
                               if x[2:10].strip() not in ITS_OWN])


@pytest.mark.parametrize("row,words", EXPLAINED)
def test_every_way_is_explained_alike(box, row, words):
    def denied():
        return [r for r in box.audit(host=row[1], verdict="denied")
                if r["kind"] in ("http", "net_open", "finding")]
    before = len(denied())
    ((_, ways),) = ask_all(box, [row])
    for way, got in ways.items():
        assert verdict(got)[0] in ("denied", "ssrf_denied"), (way, got)
    # A name that may have no connection at all has no address either.
    asked = [w for w in ways if row[1] != "other.test" or
             w not in ("socks-address", "direct", "h2-direct")]
    records = shell.wait_until(
        lambda: (lambda r: r if len(r) >= len(asked) else None)(
            denied()[before:]), what=f"{len(asked)} records")
    texts = {explained(box, r) for r in records}
    assert len(texts) == 1, "\n---\n".join(texts)
    for w in words:
        assert w in next(iter(texts)), (w, texts)
    # What the agent is told says the same.
    for got in ways.values():
        if got[0] == "request" and "next_steps" in got[2]:
            steps = " ".join(json.loads(got[2])["next_steps"])
            reason = json.loads(got[2])["reason"]
            assert reason in next(iter(texts)), got
            for w in words:
                if w.startswith("policy update"):
                    assert w in steps, (w, steps)

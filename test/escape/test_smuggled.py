"""Attacks on what bodies are judged by: one meaning for the judge, another for
the server."""
import json

import pytest

POLICY = """
network:
  allow:
    - endpoint: echo.test
      paths: [/graphql]
      graphql: {operations: [query], fields: [viewer]}
    - endpoint: echo.test
      paths: [/mcp]
      mcp: {methods: [tools/call], tools: [read], arguments: {path: /srv/**}}
    - endpoint: github.com
      git: {operations: [fetch, push], refs: ["refs/heads/agent/*"]}
"""
TALK = r"""
import json, re, socket, ssl, sys, zlib, gzip
def open_(host):
    s = socket.create_connection(("127.0.0.1", 3128)); s.settimeout(6)
    s.sendall(b"CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n\r\n"
              % (host, host))
    d = b""
    while b"\r\n\r\n" not in d: d += s.recv(65536)
    c = ssl.create_default_context(); c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    return c.wrap_socket(s, server_hostname=host.decode())
def ask(path, body, *fields, host=b"echo.test", framing=None, after=b"",
        kind=b"application/json", method=b"POST"):
    s = open_(host)
    if framing is None: framing = b"Content-Length: %d" % len(body)
    head = b"\r\n".join([method + b" " + path + b" HTTP/1.1",
        b"Host: " + host, *([b"Content-Type: " + kind] if kind else []),
        framing, *fields]) + b"\r\n\r\n"
    s.sendall(head + body + after)
    d = b""
    try:
        while True:
            x = s.recv(65536)
            if not x: break
            d += x
            if not after and b"\r\n\r\n" in d: break
    except OSError: pass
    return re.findall(rb"HTTP/1\.1 (\d+)", d)
"""


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


def talk(sh, script):
    r = sh.exec("box", "python3", "-c", TALK + script, timeout=60)
    return json.loads(r.out or "null"), r


# Each must be refused, and nothing of it arrive anywhere.
TRICKS = {
    "an alias that looks like what is allowed":
        ("/graphql", '{"query":"{viewer: deleteAll{id}}"}'),
    "a second operation behind the one that is named":
        ("/graphql", '{"query":"query A{viewer{id}} mutation B{drop}",'
         '"operationName":"A"}'),
    "a fragment with what is not allowed":
        ("/graphql", '{"query":"{...F} fragment F on Query{users{id}}"}'),
    "an inline fragment without a type":
        ("/graphql", '{"query":"{...{users{id}}}"}'),
    "a comment that ends at another line end":
        ("/graphql", '{"query":"{viewer{id} #\\u2028users{id}\\n}"}'),
    "a string that ends early for old readers":
        ("/graphql", '{"query":"{viewer(a:[\\"\\"\\"x\\" ]){id}}'
         'mutation{drop}#\\"\\"\\"]){id}}"}'),
    "a batch with one more":
        ("/graphql", '[{"query":"{viewer{id}}"},{"query":"{users{id}}"}]'),
    "a batch inside a batch":
        ("/graphql", '[[{"query":"{users{id}}"}]]'),
    "a query under a key in capitals":
        ("/graphql", '{"query":"{viewer{id}}","QUERY":"{users{id}}"}'),
    "a stored operation":
        ("/graphql", '{"query":"{viewer{id}}","documentId":"1"}'),
    "an operation in the target":
        ("/graphql?query=%7Busers%7Bid%7D%7D", '{"query":"{viewer{id}}"}'),
    "a method twice":
        ("/mcp", '{"jsonrpc":"2.0","id":1,"method":"tools/call","method":'
         '"admin/drop","params":{"name":"read","arguments":{"path":"/srv/a"'
         '}}}'),
    "a method twice, in an escape":
        ("/mcp", '{"jsonrpc":"2.0","id":1,"method":"tools/call",'
         '"\\u006dethod":"admin/drop","params":{"name":"read","arguments":'
         '{"path":"/srv/a"}}}'),
    "a tool twice, in another case":
        ("/mcp", '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
         '{"name":"read","Name":"drop","arguments":{"path":"/srv/a"}}}'),
    "parameters twice, with a long s":
        ("/mcp", '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
         '{"name":"read","arguments":{"path":"/srv/a"}},"param\\u017f":'
         '{"name":"drop"}}'),
    "an argument that the batch's other member has":
        ("/mcp", '[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
         '{"name":"read","arguments":{"path":"/srv/a"}}},{"jsonrpc":"2.0",'
         '"id":2,"method":"tools/call","params":{"name":"read"}}]'),
    "a path as an object":
        ("/mcp", '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
         '{"name":"read","arguments":{"path":{"0":"/srv/a"}}}}'),
    "a path with dots":
        ("/mcp", '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
         '{"name":"read","arguments":{"path":"/srv/../etc/shadow"}}}'),
    "something behind the end":
        ("/mcp", '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
         '{"name":"read","arguments":{"path":"/srv/a"}}}{"method":"x"}'),
}


def test_no_trick_of_writing_gets_by(box, world):
    got, r = talk(box, f"""
tricks = {TRICKS!r}
out = {{}}
for what, (path, body) in tricks.items():
    out[what] = ask(path.encode(), body.encode())
print(json.dumps({{k: [x.decode() for x in v] for k, v in out.items()}}))
""")
    assert got is not None, r
    wrong = {k: v for k, v in got.items() if v != ["403"]}
    assert not wrong
    assert world.requests(host="echo.test") == []


def test_no_trick_of_sending_gets_by(box, world):
    """Framing, charsets, compression, methods; a good body is the bait."""
    got, r = talk(box, r"""
good = (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":'
        b'"read","arguments":{"path":"/srv/a"}}}')
bad = good.replace(b"read", b"drop")
chunks = b"".join(b"1\r\n%c\r\n" % x for x in bad) + b"0\r\n\r\n"
te = b"Transfer-Encoding: chunked"
out = {
    "pieces": ask(b"/mcp", chunks, framing=te),
    "gzip": ask(b"/mcp", gzip.compress(bad), b"Content-Encoding: gzip"),
    "deflate": ask(b"/mcp", zlib.compress(bad),
                   b"Content-Encoding: deflate"),
    "a bomb": ask(b"/mcp", gzip.compress(b" " * 50000000),
                  b"Content-Encoding: gzip"),
    "two encodings": ask(b"/mcp", good, b"Content-Encoding: identity",
                         b"Content-Encoding: gzip"),
    "utf-16": ask(b"/mcp", bad.decode().encode("utf-16"),
                  kind=b"application/json; charset=utf-16"),
    "utf-7": ask(b"/mcp", good, kind=b"application/json; charset=utf-7"),
    "a mark": ask(b"/mcp", b"\xef\xbb\xbf" + good),
    "no type": ask(b"/mcp", good, kind=None),
    "a form": ask(b"/mcp", b"method=drop",
                  kind=b"application/x-www-form-urlencoded"),
    "two types": ask(b"/mcp", good, b"Content-Type: text/plain"),
    "a type by another name": ask(b"/mcp", good, b"Content_Type: text/x"),
    "an encoding by another name": ask(b"/mcp", good,
                                       b"Content_Encoding: gzip"),
    "a call in the target": ask(b"/mcp?method=drop", good),
    "a put": ask(b"/mcp", good, method=b"PUT"),
    "a get": ask(b"/mcp", good, method=b"GET"),
    "another method": ask(b"/mcp", good,
                          b"X-HTTP-Method-Override: PUT"),
}
print(json.dumps({k: [x.decode() for x in v] for k, v in out.items()}))
""")
    assert got is not None, r
    wrong = {k: v for k, v in got.items() if v != ["403"]}
    assert not wrong
    assert world.requests(host="echo.test") == []


def test_a_request_behind_a_good_one_is_judged_too(box, world):
    got, r = talk(box, r"""
def body(tool):
    return (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":'
            b'"%s","arguments":{"path":"/srv/a"}}}' % tool)
def one(tool, length=None):
    b = body(tool)
    return (b"POST /mcp HTTP/1.1\r\nHost: echo.test\r\nContent-Type: "
            b"application/json\r\nContent-Length: %d\r\n\r\n"
            % (length or len(b))) + b
print(json.dumps([x.decode() for x in ask(b"/mcp", body(b"read"),
    after=one(b"drop") + one(b"read") +
          b"GET /mcp HTTP/1.1\r\nHost: echo.test\r\n"
          b"Connection: close\r\n\r\n")]))
""")
    assert got == ["200", "403", "200", "403"], r
    assert len(world.requests(host="echo.test")) == 2


def test_no_trick_of_a_push_gets_by(box, world):
    got, r = talk(box, r"""
o, n, z = b"1" * 40, b"2" * 40, b"0" * 40
def line(b): return b"%04x" % (len(b) + 4) + b
def cmd(ref, a=o, b=n): return a + b" " + b + b" " + ref
good, main = b"refs/heads/agent/x", b"refs/heads/main"
pushes = {
    "the second": line(cmd(good) + b"\0caps") + line(cmd(main)) + b"0000",
    "behind a NUL": line(cmd(good) + b"\0" + main) + line(cmd(main))
        + b"0000",
    "removed": line(cmd(good, o, z) + b"\0") + b"0000",
    "dots": line(cmd(b"refs/heads/agent/../main")) + b"0000",
    "a newline": line(cmd(good + b"\n" + main)) + b"0000",
    "behind a delimiter": line(cmd(good)) + b"0001" + line(cmd(main))
        + b"0000",
    "a certificate": line(b"push-cert\0caps") + line(cmd(main))
        + line(b"push-cert-end\n") + b"0000",
    "without an end": line(cmd(good)),
    "a length of four": line(cmd(good)) + b"0004" + line(cmd(main))
        + b"0000",
}
out = {k: ask(b"/org/hello.git/git-receive-pack", v, host=b"github.com",
       kind=b"application/x-git-receive-pack-request")
       for k, v in pushes.items()}
print(json.dumps({k: [x.decode() for x in v] for k, v in out.items()}))
""")
    assert got is not None, r
    wrong = {k: v for k, v in got.items() if v != ["403"]}
    assert not wrong
    assert world.requests(host="github.com") == []

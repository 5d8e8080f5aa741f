"""Attacks on egress by a client that speaks HTTP/2 as it likes."""
import json
import os

import hosts
import pytest

with open(os.path.join(os.path.dirname(hosts.__file__), "http2.py"),
          encoding="utf-8") as f:
    CLIENT = f.read()

POLICY = """
network:
  allow:
    - endpoint: echo.test
      methods: [GET, POST]
      paths: ["/ok/**"]
    - endpoint: h2.test
      methods: [GET, POST]
      paths: ["/ok/**"]
"""


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


def said(sh, code, timeout=60):
    r = sh.exec("box", "python3", "-c", CLIENT + code, timeout=timeout)
    assert r.out, r
    return json.loads(r.out.splitlines()[-1])


GET = [(":method", "GET"), (":scheme", "https")]
AT = (":authority", "echo.test")
OK = (":path", "/ok/x")
REFUSED = [
    # who is asked for
    ("another authority", [*GET, (":authority", "h2.test"), OK]),
    ("another port", [*GET, (":authority", "echo.test:444"), OK]),
    ("a user before the host", [*GET, (":authority", "h2.test@echo.test"),
                                OK]),
    ("another Host", [*GET, AT, OK, ("host", "h2.test")]),
    ("Host alone, and another", [*GET, OK, ("host", "h2.test")]),
    ("two authorities", [*GET, AT, (":authority", "h2.test"), OK]),
    ("no authority", [*GET, OK]),
    ("an authority with a line's end",
     [*GET, (":authority", "echo.test\r\nx: y"), OK]),
    # what is asked for
    ("an absolute path", [*GET, AT, (":path", "https://h2.test/ok/x")]),
    ("a path of a proxy", [*GET, AT, (":path", "http://echo.test/no")]),
    ("an empty path", [*GET, AT, (":path", "")]),
    ("a path with a blank", [*GET, AT, (":path", "/ok/x HTTP/1.1")]),
    ("a path with a second request",
     [*GET, AT, (":path", "/ok/x HTTP/1.1\r\nHost: echo.test\r\n\r\nGET /no")]),
    ("a path that climbs", [*GET, AT, (":path", "/ok/../no")]),
    ("a path that climbs in disguise", [*GET, AT, (":path", "/ok/%2e%2e/no")]),
    ("two paths", [*GET, AT, OK, (":path", "/no")]),
    ("a star", [(":method", "OPTIONS"), (":scheme", "https"), AT,
                (":path", "*")]),
    ("a method with a second request",
     [(":method", "GET /no HTTP/1.1\r\nHost: echo.test\r\n\r\nGET"),
      (":scheme", "https"), AT, OK]),
    ("another scheme", [(":method", "GET"), (":scheme", "http"), AT, OK]),
    ("a strange scheme", [(":method", "GET"), (":scheme", "file"), AT, OK]),
    # what would be another message in HTTP/1
    ("a transfer coding", [*GET, AT, OK, ("transfer-encoding", "chunked")]),
    ("a connection", [*GET, AT, OK, ("connection", "x")]),
    ("an upgrade", [*GET, AT, OK, ("upgrade", "websocket")]),
    ("te for gzip", [*GET, AT, OK, ("te", "gzip")]),
    ("a line's end in a value", [*GET, AT, OK, ("x", "a\r\ny: b")]),
    ("a line feed in a value", [*GET, AT, OK, ("x", "a\nGET /no HTTP/1.1")]),
    ("a NUL in a value", [*GET, AT, OK, ("x", "a\0b")]),
    ("a colon in a name", [*GET, AT, OK, ("x: y\r\nz", "a")]),
    ("a capital in a name", [*GET, AT, OK, ("X", "a")]),
    ("a pseudo-field at the end", [*GET, AT, ("x", "y"), OK]),
    ("an unknown pseudo-field", [*GET, AT, OK, (":other", "y")]),
    ("two lengths", [*GET, AT, OK, ("content-length", "1"),
                     ("content-length", "2")]),
    ("a length of nothing", [*GET, AT, OK, ("content-length", "5")]),
    # another protocol
    ("a tunnel", [(":method", "CONNECT"), (":authority", "h2.test:443")]),
    ("a WebSocket (RFC 8441)",
     [(":method", "CONNECT"), (":protocol", "websocket"),
      (":scheme", "https"), AT, OK]),
    # another request by a field
    ("another method by a field", [*GET, AT, OK,
                                   ("x-http-method-override", "DELETE")]),
    ("another path by a field", [*GET, AT, OK, ("x-original-url", "/no")]),
]


def test_nothing_that_is_not_one_plain_request_leaves(box, world):
    got = said(box, f"""
out = []
for what, fields in {REFUSED!r}:
    c = Client("echo.test")
    c.head(1, fields)
    s = c.answer(1)
    out.append([what, s.status if s.heads else None, s.reset,
                c.goaway is not None or c.closed])
    c.sock.close()
print(json.dumps(out))
""")
    assert len(got) == len(REFUSED)
    assert [x for x in got if not (x[1] in (400, 403) or x[2] == 1 or
                                   x[3])] == []
    assert world.requests() == []


def test_a_body_is_as_long_as_it_says(box, world):
    got = said(box, """
out = []
for host in ("echo.test", "h2.test"):
    for length, body in ("5", b"hello GET /no"), ("50", b"hello"):
        c = Client(host)
        s = c.get("/ok/x", method="POST", more=[("content-length", length)],
                  body=body)
        out.append([s.reset, s.heads])
print(json.dumps(out))
""")
    assert got == [[1, []]] * 4
    assert all(r["length"] == 5 for r in world.requests())


def test_what_follows_a_body_is_no_request(box, world):
    """Chunks in a body of HTTP/2 are bytes of it, to every server."""
    body = b"0\r\n\r\nGET /no HTTP/1.1\r\nHost: echo.test\r\n\r\n"
    assert said(box, f"""
c = Client("echo.test")
print(json.dumps(c.get("/ok/x", method="POST", body={body!r}).status))
""") == 200
    (seen,) = world.requests()
    assert (seen["target"], seen["length"]) == ("/ok/x", len(body))


def test_a_requests_trailers_do_not_leave(box, world):
    assert said(box, """
c = Client("h2.test")
c.head(1, c.fields("/ok/x", "POST"), end=False)
c.data(1, b"body", end=False)
c.head(1, [("authorization", "Basic eDp5"), ("x-trail", "y")])
print(json.dumps(c.answer(1).json()["trailers"]))
""") == []


FLOODS = {
    "rapid reset": """
for i in range(20000):
    n = 2 * i + 1
    c.head(n, c.fields("/ok/x"))
    c.send(RST, 0, n, struct.pack("!I", 8))
""",
    "pings": "for i in range(100000): c.send(PING, 0, 0, b'abcdefgh')",
    "settings": "for i in range(100000): c.send(SETTINGS, 0, 0)",
    "empty data": """
c.head(1, c.fields("/ok/x", "POST"), end=False)
for i in range(100000): c.send(DATA, 0, 1)
""",
    "windows": """
for i in range(100000): c.send(WINDOW, 0, 0, struct.pack("!I", 1))
""",
    "priorities": """
for i in range(100000): c.send(PRIORITY, 0, 2 * i + 3, struct.pack("!IB", 0, 1))
""",
    "a head without end": """
c.send(HEADERS, 1, 1, c.literal("x", "y"))
for i in range(100000): c.send(CONT, 0, 1, c.literal("x" * 50, "y" * 1000))
""",
    "a head that unpacks to megabytes": """
e = hpack.Encoder()
c.send(HEADERS, 5, 1, e.encode([(":method", "GET"), (":scheme", "https"),
    (":authority", "echo.test"), (":path", "/ok/x"), ("x", "y" * 3000)])
    + b"\\xbe" * 4000)
for i in range(100000): c.send(PING, 0, 0, b'abcdefgh')
""",
    "resets by our own fault": """
for i in range(20000):
    c.head(2 * i + 1, c.fields("/ok/x", more=[("X", "y")]))
""",
}


QUICK = ["rapid reset", "settings", "a head without end",
         "resets by our own fault"]


def test_a_flood_ends_its_connection_and_no_other(box, world, slow):
    for what in FLOODS if slow else QUICK:
        world.mark()
        got = said(box, """
other = Client("h2.test")
first = other.get("/ok/x").status
c = Client("echo.test")
try:
""" + "\n".join("    " + x for x in FLOODS[what].splitlines()) + """
except OSError:     # of which those of ssl are some
    pass
c.sock.settimeout(30)
c.until(lambda: False)
print(json.dumps([c.closed, first, other.get("/ok/x").status]))
""")
        assert got == [True, 200, 200], what
        assert len(world.requests(host="echo.test")) < 200, what


def test_a_reader_that_does_not_read_pins_little(box):
    """A hundred large answers asked for, and none read."""
    got = said(box, """
cs = []
for i in range(4):
    c = Client("h2.test", settings=struct.pack("!HI", 4, 0))
    for j in range(100):
        c.ask("/ok/x")
    cs.append(c)
d = Client("h2.test")
print(json.dumps(d.get("/ok/x").status))
""")
    assert got == 200

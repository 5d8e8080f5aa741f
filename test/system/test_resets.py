"""A server, or a client, that is gone after each single byte of an exchange:
nothing hangs, no answer goes to another request, nothing stays."""
import concurrent.futures
import socket
import struct

import proxy
import pytest
import shell
from http2 import (CONT, DATA, HEADERS, PING, PREFACE, RST, SETTINGS, Client,
                   Peer, Server, frame)

POLICY = """
network:
  allow:
    - endpoint: h1.test
      ports: [80]
      protocols: [http]
    - endpoint: full.test
      ports: [80]
      protocols: [http]
    - endpoint: h2.test
      ports: [80]
      protocols: [h2c]
"""
ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
              b"3;x\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n",
    "hint": b"HTTP/1.1 103 Hints\r\nLink: <x>\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "empty": b"HTTP/1.1 204 No\r\n\r\n",
    "close": b"HTTP/1.1 200 OK\r\n\r\nhello",
}
FRAMES = [      # of stream n
    lambda n: frame(HEADERS, 4, n, _fields((":status", "103"), ("x", "y"))),
    lambda n: frame(HEADERS, 0, n, _fields((":status", "200"))),
    lambda n: frame(CONT, 4, n, _fields(("content-length", "5"))),
    lambda n: frame(DATA, 8, n, b"\2hel\0\0"),
    lambda n: frame(PING, 0, 0, b"12345678"),
    lambda n: frame(DATA, 0, n, b"lo"),
    lambda n: frame(HEADERS, 5, n, _fields(("x", "y"))),
]


def _fields(*pairs):
    return b"".join(Peer.literal(k, v) for k, v in pairs)


def _cut(c, data, how):
    """Sends that much, and goes."""
    c.send(data)
    if how == "rst":
        c.reset()
    raise ConnectionError


def plain(c):
    """/cut/KIND/BYTES/HOW, or an answer that says which request it is of."""
    while True:
        head = c.until(b"\r\n\r\n")
        if not head:
            return
        target = head.split(b" ")[1].decode()
        if target.startswith("/cut/"):
            _, _, kind, at, how = target.split("/")
            _cut(c, ANSWERS[kind][:int(at)], how)
        if b"chunked" in head:
            c.until(b"0\r\n\r\n")
        else:
            c.exactly(int(proxy.field(head, b"content-length") or b"0"))
        c.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
               % (len(target), target.encode()))


def full(c):
    c.until(b"\r\n\r\n")
    c.send(b"HTTP/1.1 413 Full\r\nContent-Length: 4\r\n\r\nfull")


class Cutting(Server):
    seen = []

    def on_cut(self, n, path, s):
        _, _, at, how = path.split("/")
        _cut(self.wire, b"".join(f(n) for f in FRAMES)[:int(at)], how)

    def on_fine(self, n, path, s):
        self.reply(n, path.encode() + b"|" + s.body)


def framed(c):
    server = Cutting(c.sock, lambda event, **what: Cutting.seen.append(
        (what.get("target"), what.get("length"))), "", "h2.test")
    server.wire = c
    try:
        server.serve()
    except (EOFError, AssertionError):
        pass


class Pair:
    """An egress, and an origin of each version."""

    def __init__(self, build, folder):
        self.h1, self.h2 = proxy.Origin(plain), proxy.Origin(framed)
        self.full = proxy.Origin(full)
        self.proxy = proxy.Proxy(build, folder, POLICY, {
            "h1.test": self.h1.port, "h2.test": self.h2.port,
            "full.test": self.full.port}, 3205)

    def settled(self):
        """Nothing of any exchange is left."""
        for o in (self.h1, self.h2):
            o.hang_up()
        shell.wait_until(lambda: self.proxy.connections() == 0, 30,
                         "egress has closed what was open")


@pytest.fixture(scope="module")
def pair(pytestconfig, tmp_path_factory):
    p = Pair(pytestconfig.getoption("--build"),
             str(tmp_path_factory.mktemp("resets")))
    yield p
    p.proxy.close()
    p.h1.close()
    p.h2.close()


def each(run, cases, at_once=12):
    """What was wrong with them, many at a time."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        return [x for x in pool.map(lambda c: run(*c), cases) if x is not None]


def fine(p, tag):
    """Is a request on a connection of its own answered, with its answer?"""
    s = p.tunnel("h1.test")
    s.sendall(f"GET /{tag} HTTP/1.1\r\nHost: h1.test\r\n\r\n".encode())
    got = proxy.Reader(s).answer()
    s.close()
    return got is not None and got[2] == f"/{tag}".encode()


# ---- servers ----
def cut_plain(p, kind, at, how):
    whole, tag = ANSWERS[kind], f"{kind}-{at}-{how}"
    s = p.tunnel("h1.test")
    s.sendall(f"GET /cut/{kind}/{at}/{how} HTTP/1.1\r\n"
              f"Host: h1.test\r\n\r\n".encode())
    r = proxy.Reader(s)
    got = r.answer()
    if got is None:
        return tag, "no answer"
    ok = got[0] == 502 or got[2] is None    # it is said, or cut
    if at < whole.index(b"\r\n\r\n", whole.index(b" 20")) + 4:
        ok = got[0] == 502
    elif kind == "close" and how == "fin":
        ok = got[2] == whole[19:at]
    elif kind != "close" and at == len(whole) and (how == "fin" or not ok):
        ok = got[::2] in ((200, b"hello"), (204, b""))
    after = None
    if got[2] is not None:
        try:
            s.sendall(f"GET /{tag} HTTP/1.1\r\nHost: h1.test\r\n\r\n".encode())
            after = r.answer()
        except OSError:     # it may close
            pass
    s.close()
    if after is not None and after[2] != f"/{tag}".encode():
        return tag, "the next request's answer", after
    if not fine(p, tag):
        return tag, "another's answer"
    return None if ok else (tag, got)


def test_a_server_may_go_after_each_byte(pair):
    cases = [(pair.proxy, kind, at, how) for kind, whole in ANSWERS.items()
             for at in range(len(whole) + 1) for how in ("fin", "rst")]
    wrong = each(cut_plain, cases)
    assert not wrong, wrong[:9]
    assert len(cases) > 400
    pair.settled()


def too_much(p, n):
    """A client that goes on sending while it is refused."""
    s = p.tunnel("full.test")
    s.sendall(f"POST /{n} HTTP/1.1\r\nHost: full.test\r\n"
              "Content-Length: 3000000\r\n\r\n".encode())
    try:
        for _ in range(30):
            s.sendall(b"x" * 100000)
    except OSError:
        pass        # it was told, and cut
    got = proxy.Reader(s).answer()
    s.close()
    return None if got is not None and got[::2] == (413, b"full") else (n, got)


def test_a_server_that_refuses_and_goes_is_heard(pair):
    """It has not read all, so its end is a reset; its answer came before (but
    for a few that its own kernel throws away with the reset)."""
    wrong = each(too_much, [(pair.proxy, n) for n in range(100)], 4)
    assert len(wrong) <= 5, wrong[:9]
    pair.settled()


def cut_framed(p, at, whole, how):
    c = Client("h2.test", sock=p.tunnel("h2.test"), tls=False)
    other = c.ask("/wait")
    c.until(lambda: c.stream(other).body or c.stream(other).reset is not None)
    s = c.get(f"/cut/{at}/{how}")
    tag = f"fine/{at}-{how}"
    after = c.get("/" + tag)
    c.sock.close()
    if after.status != 200 or after.body != f"/{tag}|".encode():
        return tag, "the next request's answer", after.heads, after.body
    final = max((int(dict(h).get(":status", 0)) for h in s.heads), default=0)
    if s.ended and s.reset is None and final == 200 and s.body == b"hello":
        return None if at == whole else (tag, "it is whole")
    if final == 200 and s.ended and s.reset is None:
        return tag, "it is whole, and short"
    return None if final in (0, 103, 200, 502) else (tag, s.heads)


def test_a_server_of_http2_may_go_after_each_byte(pair):
    whole = sum(len(f(1)) for f in FRAMES)
    cases = [(pair.proxy, at, whole, how) for at in range(whole + 1)
             for how in ("fin", "rst")]
    # one by one: they share the connection that is cut
    wrong = each(cut_framed, cases, 1)
    assert not wrong, wrong[:9]
    pair.settled()


# ---- clients ----
def head(method, path, *fields):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: h1.test", *fields,
                        "", ""]).encode()


REQUESTS = {
    "get": head("GET", "/GET"),
    "post": head("POST", "/POST", "Content-Length: 9") + b"the-whole",
    "chunks": head("POST", "/CHUNKS", "Transfer-Encoding: chunked") +
              b"3\r\nthe\r\n6\r\n-whole\r\n0\r\n\r\n",
    "proxy": head("GET", "http://h1.test/PROXY"),
    "CONNECT": head("CONNECT", "h1.test:80").replace(
        b"Host: h1.test\r\n", b"") + head("GET", "/INSIDE"),
}


def leave(s, how):
    if how == "rst":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, proxy.LINGER)
    s.close()


def cut_client(p, kind, at, how):
    s = p.connect() if kind in ("proxy", "CONNECT") else p.tunnel("h1.test")
    s.sendall(REQUESTS[kind][:at])
    leave(s, how)


def test_a_client_may_go_after_each_byte(pair):
    """And what it did not say is not said for it."""
    pair.h1.got.clear()
    cases = [(pair.proxy, kind, at, how) for kind, whole in REQUESTS.items()
             for at in range(len(whole)) for how in ("fin", "rst")]
    each(cut_client, cases)
    pair.settled()
    got = bytes(pair.h1.got)
    for never in (b"GET /GET", b"/PROXY", b"/INSIDE", b"the-whole",
                  b"0\r\n\r\n"):
        assert never not in got, never
    assert fine(pair.proxy, "after")


def test_a_client_of_http2_may_go_after_each_byte(pair):
    Cutting.seen.clear()
    head_ = [(":method", "POST"), (":scheme", "http"),
             (":authority", "h2.test"), (":path", "/fine/cut")]
    data = PREFACE + frame(SETTINGS, 0, 0) + \
        frame(HEADERS, 0, 1, _fields(*head_[:2])) + \
        frame(CONT, 4, 1, _fields(*head_[2:])) + frame(DATA, 0, 1, b"hel") + \
        frame(HEADERS, 4, 3, _fields(*head_)) + \
        frame(RST, 0, 3, struct.pack("!I", 8)) + \
        frame(DATA, 9, 1, b"\2lo\0\0")

    def run(at, how):
        s = pair.proxy.tunnel("h2.test")
        s.sendall(data[:at])
        leave(s, how)

    each(run, [(at, how) for at in range(len(data)) for how in ("fin", "rst")])
    pair.settled()
    assert Cutting.seen == []       # no request was whole
    c = Client("h2.test", sock=pair.proxy.tunnel("h2.test"), tls=False)
    assert c.get("/fine/now").body == b"/fine/now|"


def test_a_client_that_goes_while_it_is_answered_leaves_nothing(pair):
    """After each byte of an answer that it read."""
    def run(at, how):
        s = pair.proxy.tunnel("h1.test")
        s.sendall(head("GET", "/x" * 40))
        left = at
        while left > 0:
            left -= len(s.recv(left))
        leave(s, how)

    each(run, [(at, how) for at in range(0, 120) for how in ("fin", "rst")])
    pair.settled()
    assert fine(pair.proxy, "after")

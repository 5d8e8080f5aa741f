"""WebSockets inside HTTP/2 (RFC 8441): the same decision, the same frames."""
import json
import os

import hosts
import pytest
import shell

WORLD = os.path.dirname(hosts.__file__)
CLIENT = "".join(open(os.path.join(WORLD, name), encoding="utf-8").read()
                 for name in ("http2.py",))
with open(os.path.join(WORLD, "ws.py"), encoding="utf-8") as f:
    CLIENT += f"""
import types
ws = types.ModuleType("ws")
exec({f.read()!r}, ws.__dict__)

class Talk:
    def __init__(self, c, path, more=(), protocol="websocket"):
        self.c, self.n, self.at = c, c.next, 0
        c.next += 2
        c.head(self.n, [(":method", "CONNECT"), (":protocol", protocol),
                        (":scheme", "https"), (":path", path),
                        (":authority", c.host),
                        ("sec-websocket-version", "13"), *more], end=False)
        self.s = c.stream(self.n)
        c.until(lambda: self.s.heads or self.s.reset is not None)

    def send(self, op, data=b"", **how):
        self.c.data(self.n, ws.frame(op, data, masked=True, **how), end=False)

    def exactly(self, n):
        self.c.until(lambda: len(self.s.body) >= self.at + n or self.s.ended
                     or self.s.reset is not None)
        got = self.s.body[self.at:self.at + n]
        if len(got) < n:
            raise EOFError
        self.at += n
        return got

    def get(self):
        return ws.read_frame(self.exactly)

    def say(self, text):
        self.send(1, text)
        return self.get()[1].decode()
"""

POLICY = """
network:
  allow:
    - endpoint: echo.test
    - endpoint: sub.echo.test
      methods: [GET]
    - endpoint: deep.sub.echo.test
      graphql: {operations: [query]}
"""


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


def run(sh, code, timeout=60):
    r = sh.exec("box", "python3", "-c", CLIENT + code, timeout=timeout)
    assert r.code == 0, r
    return r.out.splitlines()


def test_frames_pass_both_ways_beside_other_requests(box, world):
    out = run(box, """
c = Client("echo.test")
a = Talk(c, "/ws/echo")
b = Talk(c, "/ws/chat", [("sec-websocket-protocol", "chat"),
                         ("origin", "https://x.test")])
print(c.settings[8], a.s.heads, sorted(b.s.heads[0]))
print(a.say("one"), b.say("two"), c.get("/echo").status, a.say("three"))
data = os.urandom(40_000) if "os" in globals() else bytes(40_000)
a.send(2, data)
print(a.get()[1] == data)
a.send(8, struct.pack("!H", 1000))
print(a.get()[:2], end=" ")
c.until(lambda: a.s.ended)
print(a.s.ended, b.say("still there"))
c.send(RST, 0, b.n, struct.pack("!I", 8))
print(c.get("/echo").status)
""")
    assert out[0] == "1 [[(':status', '200')]] [(':status', '200'), " \
        "('sec-websocket-protocol', 'chat')]", out
    assert out[1:] == ["one two 200 three", "True",
                       "(8, b'\\x03\\xe8') True still there", "200"], out
    asked = [q for q in world.requests() if q["target"] == "/ws/echo"][0]
    fields = {k.lower(): v for k, v in asked["fields"]}
    assert asked["method"] == "GET" and fields["upgrade"] == "websocket"
    keys = {dict((k.lower(), v) for k, v in q["fields"])["sec-websocket-key"]
            for q in world.requests() if q["target"].startswith("/ws/")}
    assert len(keys) == 2, keys
    ended = shell.wait_until(lambda: [
        r for r in box.audited(kind="net_close", host="echo.test")
        if "client's connection broke" in r["reason"]], what="its end")
    assert ended


def test_it_is_offered_and_opened_only_where_one_may_begin(box, world):
    out = run(box, """
c = Client("sub.echo.test")
t = Talk(c, "/ws/echo")
print(c.settings.get(8), t.s.heads, t.s.reset, c.get("/echo").status)
c = Client("echo.test")
t = Talk(c, "/ws/echo", protocol="connect-udp")
print(t.s.status if t.s.heads else t.s.reset)
t = Talk(c, "/ws/echo", [("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==")])
print(t.s.status)
t = Talk(c, "/ws/refused")
print(t.s.status)
c.host = "other.test"
t = Talk(c, "/ws/echo")
print(t.s.status)
""")
    assert out == ["None [] 1 200", "501", "400", "403", "403"], out
    assert [q["target"] for q in world.requests()] == [
        "/echo", "/ws/refused"]


def test_messages_are_judged_and_a_new_policy_ends_it(sh):
    sh.start("box", POLICY)
    t = sh.term("sandbox", "exec", "box", "--", "python3", "-c", CLIENT + """
def gql(text):
    return json.dumps({"type": "subscribe", "id": "1",
                       "payload": {"query": text}})
c = Client("deep.sub.echo.test")
a = Talk(c, "/ws/echo", [("sec-websocket-extensions", "permessage-deflate")])
print(len(a.say(gql("{a}"))) > 9)
a.send(1, gql("mutation{a}"))
print(a.get()[1][2:40])
b = Talk(c, "/ws/echo")
print("open", len(b.say(gql("{a}"))) > 9, flush=True)
print("code", struct.unpack("!H", b.get()[1][:2])[0], flush=True)
""")
    t.expect("not permitted by policy: mutation")
    t.expect("open True")
    sh.ok("policy", "set", "box", "--policy", sh.write(
        "less.yaml", "network: {allow: [{endpoint: echo.test}]}"), "--wait")
    t.expect("code 1012")
    assert t.wait() == 0
    got = sh.audited(kind="http", host="deep.sub.echo.test",
                     verdict="denied")
    assert "mutation" in json.dumps(got)

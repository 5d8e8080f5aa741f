"""A WebSocket begins only where the policy says, and stays one."""
import json
import os

import hosts
import pytest
import shell

with open(os.path.join(os.path.dirname(hosts.__file__), "ws.py"),
          encoding="utf-8") as f:
    CLIENT = f.read()

POLICY = """
network:
  allow:
    - endpoint: echo.test
    - endpoint: echo.test
      ports: [80]
      protocols: [ws]
    - endpoint: sub.echo.test
      methods: [GET]
    - endpoint: deep.sub.echo.test
      protocols: [wss]
      paths: [/ws/echo]
"""


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


def run(sh, code, timeout=60):
    return sh.exec("box", "python3", "-c", CLIENT + code, timeout=timeout)


def test_frames_pass_both_ways(box, world):
    r = run(box, """
for url in ("wss://echo.test/ws/echo", "ws://echo.test/ws/echo"):
    c = Client(url)
    print(c.status, c.say("hello"), c.say("x" * 300) == "x" * 300)
    data = os.urandom(2_000_000)
    c.send(BINARY, data)
    got = b""
    while len(got) < len(data):
        got += c.get()[1]
    print(got == data)
    c.send(PING, "are you there")
    print(c.get()[:2])
    c.send(TEXT, "one ", fin=False)
    c.send(0, "two")
    print(c.get()[1:3], c.get()[1:3])
    c.send(CLOSE, struct.pack("!H", 1000))
    print(c.close_code())
    try:
        c.more()
    except EOFError:
        print("ended")
""")
    one = ("101 hello True\nTrue\n(10, b'are you there')\n"
           "(b'one ', False) (b'two', True)\n1000\nended\n")
    assert r.out == one * 2, r
    ws = world.events(event="ws")
    assert ws and all(e["masked"] for e in ws), ws


def test_its_beginning_and_its_end_are_recorded_with_what_passed(box):
    before = len(box.audit(kind="net_close"))
    run(box, """
c = Client("wss://echo.test/ws/echo")
c.say("x" * 1000)
c.send(CLOSE, struct.pack("!H", 1000))
c.close_code()
""")
    got = shell.wait_until(
        lambda: box.audit(kind="net_close")[before:], what="the record")[0]
    assert got["_"]["traffic"] == {"bytes_in": 1002, "bytes_out": 1002}, got
    assert "code 1000 (WebSocket, 1 messages out, 1 in)" in got["reason"], got
    opened = [r for r in box.audit(kind="net_open")
              if r.get("reason") == "the WebSocket is open"]
    assert opened and opened[-1]["host"] == "echo.test", opened


def test_unknown_extensions_are_not_offered_and_protocols_are(box, world):
    r = run(box, """
c = Client("wss://echo.test/ws/chat", ["Sec-WebSocket-Protocol: chat, more",
    "Sec-WebSocket-Extensions: x-anything, permessage-deflate; x",
    "Origin: https://x.test"])
print(c.status, [f for f in c.fields if f.startswith("sec-websocket-p")])
print(c.say("hi"))
""")
    assert r.out == "101 ['sec-websocket-protocol: chat']\nhi\n", r
    fields = {k.lower(): v for k, v in world.requests()[-1]["fields"]}
    assert fields["sec-websocket-protocol"] == "chat, more"
    assert fields["origin"] == "https://x.test"
    assert "sec-websocket-extensions" not in fields


def test_compression_is_agreed_on_and_its_frames_pass(box, world):
    r = run(box, """
c = Client("wss://echo.test/ws/deflate", ["Sec-WebSocket-Extensions: "
    "x-anything, permessage-deflate;client_max_window_bits ,x"])
print([f for f in c.fields if f.startswith("sec-websocket-e")])
d = Deflate()
for i in range(3):      # the window is kept from one to the next
    c.send(TEXT, d.pack(b"over and over again"), rsv=4)
    print(d.unpack(c.get()[1]))
c.sock.sendall(frame(PING, b"x", masked=True, rsv=4))
print(c.close_code(), c.reason)
""")
    assert r.out == ("['sec-websocket-extensions: permessage-deflate']\n" +
                     "b'over and over again'\n" * 3 +
                     "1002 a frame that begins no message says that it is "
                     "compressed\n"), r
    assert world.events(event="offer")[0]["text"] == (
        "permessage-deflate; client_max_window_bits")
    assert all(e["packed"] for e in world.events(event="ws"))


def test_a_client_of_another_make_compresses_and_is_understood(boxes, world):
    """Its windows are kept, and then its messages are read."""
    pytest.importorskip("websockets")
    code = """
import asyncio, ssl, sys, websockets
sys.stdout.reconfigure(line_buffering=True)
async def main():
    c = Client("tcp://echo.test:443")
    s = c.sock
    s.setblocking(False)
    async with websockets.connect("wss://echo.test/ws/deflate", sock=s,
            ssl=ssl.create_default_context(),
            server_hostname="echo.test") as w:
        print([e.name for e in w.extensions])
        for text in ("one", "one more", "x" * 200_000):
            await w.send(text)
            print(await w.recv() == text)
        await (await w.ping())
        print("pong")
asyncio.run(main())
"""
    for policy in (POLICY, POLICY.replace(
            "network:", "network:\n  inspect: {secrets: block}", 1)):
        box = boxes(policy)
        r = run(box, code)
        assert r.out == ("['permessage-deflate']\nTrue\nTrue\nTrue\n"
                         "pong\n"), r


def test_what_may_only_be_read_opens_no_websocket(box, world):
    r = run(box, """
c = Client("wss://sub.echo.test/ws/echo")
print(c.status)
print(c.body())
""")
    status, _, body = r.out.partition("\n")
    assert status == "403", r
    got = json.loads(body)
    assert got["error"] == "policy_denied"
    assert got["protocol"] == "websocket"
    assert got["rule_missing"]["type"] == "websocket_allow"
    assert "does not name the protocol wss" in got["reason"], got
    assert world.requests() == []
    assert box.audited(kind="http", host="sub.echo.test", verdict="denied")


def test_wss_lets_through_what_its_path_says_and_nothing_else(box, world):
    r = run(box, """
print(Client("wss://deep.sub.echo.test/ws/echo").say("in"))
print(Client("wss://deep.sub.echo.test/ws/chat").status)
print(Client("wss://deep.sub.echo.test/ws/../echo").status)
""")
    assert r.out == "in\n403\n403\n", r
    got = box.exec("box", "curl", "-sS", "-o", "/dev/null", "-w",
                   "%{http_code}", "https://deep.sub.echo.test/ws/echo")
    assert got.out == "403", got
    assert [q["target"] for q in world.requests()] == ["/ws/echo"]


def test_without_an_entry_not_even_a_packet_leaves(box, world):
    r = run(box, 'print(Client("wss://other.test/ws/echo").status)')
    assert r.out == "403\n", r
    assert world.packets(hosts.HOSTS["other.test"]) == []


def test_a_server_may_refuse_and_the_connection_goes_on(box):
    r = run(box, """
c = Client("wss://echo.test/ws/refused")
print(c.status, c.body().strip())
c.sock.sendall(b"GET /status/500 HTTP/1.1\\r\\nHost: echo.test\\r\\n\\r\\n")
print(c.head()[0])
""")
    assert r.out == "403 no WebSocket today\n500\n", r


@pytest.mark.parametrize("what,why", [
    ("badaccept", "not of this request"), ("extension", "not offered"),
    ("protocol", "not offered"), ("h2c", "not websocket")])
def test_a_wrong_answer_to_the_handshake_is_not_passed_on(box, what, why):
    r = run(box, f"""
c = Client("wss://echo.test/ws/{what}")
print(c.status)
print(c.body())
""")
    assert r.out.startswith("502\n") and why in r.out, r


@pytest.mark.parametrize("lines", [
    "Sec-WebSocket-Key: YWJj", "Sec-WebSocket-Version: 8",
    "Content-Length: 5", "Transfer-Encoding: chunked",
    "Connection: Sec-WebSocket-Key", "Sec-WebSocket-Accept: x",
    "Sec-WebSocket-Protocol: a,,b"])
def test_a_wrong_handshake_is_refused(box, world, lines):
    r = run(box, f"""
c = Client("wss://echo.test/ws/echo", [{lines!r}])
print(c.status)
""")
    assert r.out == "400\n", r
    assert world.requests() == []


@pytest.mark.parametrize("bad", [
    'frame(TEXT, "x")', 'frame(TEXT, "x", masked=True, rsv=4)',
    'frame(3, "x", masked=True)', 'frame(PING, "x" * 126, masked=True)',
    'frame(PING, "x", masked=True, fin=False)',
    'frame(0, "x", masked=True)',
    'b"\\x82\\xff" + b"\\0" * 7 + b"\\x01" + b"\\0" * 5',
    'frame(CLOSE, b"\\x03\\xee", masked=True)'])
def test_a_client_that_breaks_the_framing_is_closed(box, world, bad):
    r = run(box, f"""
c = Client("wss://echo.test/ws/echo")
print(c.say("before"))
c.sock.sendall({bad})
print(c.close_code())
""")
    assert r.out == "before\n1002\n", r
    ws = world.events(event="ws")
    assert [e["data"] for e in ws if e["op"] == 1] == ["before"], ws


@pytest.mark.parametrize("bad", ["masked", "rsv", "kind", "longping"])
def test_a_server_that_breaks_the_framing_is_closed(box, world, bad):
    r = run(box, f"""
c = Client("wss://echo.test/ws/{bad}")
print(c.get()[1], c.close_code())
""")
    assert r.out == "b'good' 1014\n", r
    told = shell.wait_until(lambda: world.events(event="ws"), what="a close")
    assert (told[0]["code"], told[0]["masked"]) == (1002, True), told


def test_a_cut_in_the_middle_of_a_frame_is_seen_as_one(box):
    r = run(box, """
c = Client("wss://echo.test/ws/midway")
print(c.get()[1], c.close_code())
""")
    assert r.out == "b'good' None\n", r


def test_bytes_before_the_answer_wait_for_it(box, world):
    r = run(box, """
c = Client("wss://echo.test/ws/echo", raw=frame(TEXT, "early", masked=True))
print(c.status, c.get()[1])
c = Client("wss://echo.test/ws/refused",
    raw=b"GET /status/500 HTTP/1.1\\r\\nHost: other.test\\r\\n\\r\\n")
print(c.status, c.body().strip())
print(c.head()[0])
""")
    assert r.out == "101 b'early'\n403 no WebSocket today\n403\n", r
    assert [q["target"] for q in world.requests()] == [
        "/ws/echo", "/ws/refused"]


def test_a_policy_that_no_longer_allows_it_closes_it(sh):
    sh.start("box", POLICY)
    t = sh.term("sandbox", "exec", "box", "--", "python3", "-c", CLIENT + """
c = Client("wss://deep.sub.echo.test/ws/echo")
d = Client("wss://echo.test/ws/echo")
print(c.say("one"), d.say("two"), flush=True)
print("code", c.close_code(), flush=True)
print(d.say("three"))
""")
    t.expect("one two")
    sh.ok("policy", "set", "box", "--policy", sh.write(
        "less.yaml", "network: {allow: [{endpoint: echo.test}]}"), "--wait")
    t.expect("code 1012")
    t.expect("three")
    assert t.wait() == 0
    got = sh.audited(kind="net_close", host="deep.sub.echo.test")[0]
    assert got["verdict"] == "denied" and "policy" in got["reason"], got

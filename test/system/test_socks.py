"""SOCKS5 on the proxy's port: the same judge, the same verdicts."""
import hosts
import pytest

POLICY = f"""
network:
  allow:
    - endpoint: echo.test
    - endpoint: echo.test
      ports: [80]
      protocols: [http]
    - endpoint: echo.test
      ports: [9418]
      protocols: [tcp]
    - endpoint: api.github.com
      methods: [GET]
      paths: [/zen]
    - endpoint: {hosts.RELAY}
      ports: [8080]
      protocols: [http]
    - endpoint: echo.test
      ports: [81]
      protocols: [tcp]
    - endpoint: nowhere.test
      ports: [81]
      protocols: [tcp]
    - endpoint: metadata.evil.test
      ports: [22]
"""
SOCKS = """
import socket, struct, sys
def ask(request, greeting=b"\\5\\1\\0", more=b""):
    s = socket.create_connection(("127.0.0.1", 3128), 20)
    s.sendall(greeting)
    got = s.recv(2)
    if got != b"\\5\\0":
        return s, got
    s.sendall(request + more)
    head = b""
    while len(head) < 10:
        x = s.recv(10 - len(head))
        if not x: break
        head += x
    return s, head
def name(host, port, command=1):
    host = host if isinstance(host, bytes) else host.encode()
    return (bytes([5, command, 0, 3, len(host)]) + host +
            struct.pack("!H", port))
def addr(text, port):
    return b"\\5\\1\\0\\1" + socket.inet_aton(text) + struct.pack("!H", port)
def code(*args, **kw):
    s, head = ask(*args, **kw)
    return head[1] if len(head) == 10 and head[2:] == \
        b"\\0\\1\\0\\0\\0\\0\\0\\0" else repr(head)
"""


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


def run(sh, code):
    return sh.exec("box", "python3", "-c", SOCKS + code)


def curl(sh, *args):
    return sh.exec("box", "curl", "-sS", "--max-time", "20", *args)


@pytest.mark.both
@pytest.mark.parametrize("url", [
    "https://echo.test/x", "http://echo.test/x", "https://api.github.com/zen"])
def test_curl_with_a_name(sh, url):
    sh.start("box", POLICY)
    r = curl(sh, "-o", "/dev/null", "-w", "%{http_code}",
             "--socks5-hostname", "127.0.0.1:3128", url)
    assert (r.code, r.out) == (0, "200"), r


def test_curl_with_an_address(box):
    r = curl(box, "-o", "/dev/null", "-w", "%{http_code}", "--socks5",
             "127.0.0.1:3128", f"http://{hosts.RELAY}:8080/x")
    assert (r.code, r.out) == (0, "200"), r


def test_requests_inside_are_judged_as_everywhere(box, world):
    url = "https://api.github.com/user"
    ways = [curl(box, "--socks5-hostname", "127.0.0.1:3128", url).out,
            curl(box, url).out]
    assert ways[0] == ways[1] and "policy_denied" in ways[0], ways
    assert world.requests() == []


@pytest.mark.parametrize("what,want", [
    ('name("other.test", 443)', "2"),
    ('name("echo.test", 22)', "2"),
    ('name("127.0.0.1", 22)', "2"),
    ('addr("127.0.0.1", 18080)', "2"),
    ('addr("44.128.6.1", 443)', "2"),
    ('name("metadata.evil.test", 22)', "2"),
    ('name("echo.test", 81)', "5"),
    ('name("nowhere.test", 81)', "4"),
    ('name("echo.test", 443, 2)', "7"),
    ('name("echo.test", 443, 3)', "7"),
    ('b"\\5\\1\\0\\2abcd\\0\\120"', "8"),
    ('name(b"echo.test\\0.other.test", 443)', "1"),
    ('name("2130706433", 443)', "1"),
    ('name("echo.test", 0)', "1"),
])
def test_each_refusal_has_its_number(box, world, what, want):
    r = run(box, f"print(code({what}))")
    assert r.out == want + "\n", r
    assert world.events(event="request") == []
    assert world.packets(hosts.HOSTS["other.test"], "127.0.0.1") == []


def test_a_denial_is_recorded_with_the_reason_a_connect_would_have(box):
    run(box, 'print(code(name("other.test", 444)))')
    curl(box, "https://other.test:444/")
    got = box.audited(kind="net_open", host="other.test", verdict="denied")
    got = [r for r in got if r["port"] == 444]
    assert len(got) == 2, got
    for key in ("reason", "rule", "policy_hash"):
        assert got[0].get(key) == got[1].get(key), got


@pytest.mark.parametrize("greeting,want", [
    ('b"\\5\\1\\2"', "b'\\x05\\xff'"),
    ('b"\\5\\0"', "b'\\x05\\xff'"),
    ('b"\\5\\2\\2\\0"', "0"),
])
def test_only_no_authentication_is_spoken(box, greeting, want):
    r = run(box, f'print(code(name("echo.test", 443), {greeting}))')
    assert r.out == want + "\n", r


def test_socks4_and_tls_to_the_proxy_are_told_how_to_ask(box):
    r = run(box, """
for first in (b"\\4\\1\\0\\120\\0\\0\\0\\1x\\0", b"\\x16\\3\\1\\2\\0\\1\\0"):
    s = socket.create_connection(("127.0.0.1", 3128), 20)
    s.sendall(first)
    print(s.recv(100)[:12])
""")
    assert r.out == "b'HTTP/1.1 400'\n" * 2, r


def test_bytes_sent_with_the_request_go_the_same_way(box, world):
    r = run(box, """
s, head = ask(name("echo.test", 80),
    more=b"GET /early HTTP/1.1\\r\\nHost: echo.test\\r\\n\\r\\n")
print(head[1], s.recv(12))
s, head = ask(name("echo.test", 80),
    more=b"GET /early HTTP/1.1\\r\\nHost: other.test\\r\\n\\r\\n")
print(head[1], s.recv(12))
s, head = ask(name("echo.test", 9418),
    more=b"GET /tcp HTTP/1.1\\r\\nHost: any\\r\\n\\r\\n")
print(head[1], s.recv(12))
""")
    assert r.out == ("0 b'HTTP/1.1 200'\n0 b'HTTP/1.1 403'\n"
                     "0 b'HTTP/1.1 200'\n"), r
    assert [q["target"] for q in world.requests()] == ["/early", "/tcp"]


def test_byte_by_byte_is_the_same(box):
    r = run(box, """
import time
s = socket.create_connection(("127.0.0.1", 3128), 20)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for b in b"\\5\\1\\0":
    s.send(bytes([b])); time.sleep(0.01)
print(s.recv(2))
for b in name("echo.test", 443):
    s.send(bytes([b])); time.sleep(0.01)
print(s.recv(10)[1])
""")
    assert r.out == "b'\\x05\\x00'\n0\n", r


def test_who_asks_is_known_by_this_way_too(sh):
    sh.start("box", """
network:
  allow:
    - {endpoint: echo.test, binaries: [/usr/bin/curl]}
""")
    r = curl(sh, "-o", "/dev/null", "-w", "%{http_code}",
             "--socks5-hostname", "127.0.0.1:3128", "https://echo.test/")
    assert (r.code, r.out) == (0, "200"), r
    r = run(sh, 'print(code(name("echo.test", 443)))')
    assert r.out == "2\n", r

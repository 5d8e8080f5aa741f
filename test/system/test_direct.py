"""Programs that know of no proxy: names inside, and what is dialled."""
import json
import re

import hosts
import pytest
import shell

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
    - endpoint: "*.echo.test"
      binaries: [/usr/bin/curl]
    - endpoint: {hosts.EVIL}
      ports: [8080]
      protocols: [http]
    - endpoint: metadata.evil.test
"""
NO_PROXY = "unset ALL_PROXY all_proxy HTTP_PROXY http_proxy HTTPS_PROXY " \
    "https_proxy; "
ASK = """
import socket, struct, sys
def ask(name, kind=1, tcp=False, server="127.0.0.1"):
    q = b"\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0"
    for label in name.split(".") if name else ():
        q += bytes([len(label)]) + label.encode()
    q += b"\\0" + struct.pack("!HH", kind, 1)
    if tcp:
        s = socket.create_connection((server, 53), 10)
        s.sendall(struct.pack("!H", len(q)) + q)
        a = s.recv(4096)[2:]
    else:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(10)
        s.sendto(q, (server, 53))
        a = s.recv(4096)
    return a[3] & 15, socket.inet_ntoa(a[-4:]) if a[7] else None
"""


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


def bare(sh, script, **run):
    return sh.sh("box", NO_PROXY + script, **run)


def python(sh, code):
    return sh.exec("box", "python3", "-c", ASK + code)


def status(sh, url, *more):
    return bare(sh, "curl -sS --max-time 20 -o /dev/null -w '%{http_code}' "
                + " ".join(more) + " '" + url + "'")


# ---- names ----
def test_a_name_that_may_be_reached_has_an_address(box, world):
    r = python(box, """
a = ask("echo.test")
print(a[0], a[1].startswith("198.19."), a == ask("ECHO.test", tcp=True))
print(ask("api.github.com")[1] != a[1], ask("echo.test") == a)
print(socket.gethostbyname("echo.test") == a[1])
""")
    assert r.out == "0 True True\nTrue True\nTrue\n", r
    assert world.events(event="dns") == []


@pytest.mark.parametrize("name", [
    "other.test", "x.api.github.com", "github.com", "c2vjcmv0.evil.test",
    "sub.deep.sub.echo.test", "1.0.19.198.in-addr.arpa", "localhost.test"])
@pytest.mark.parametrize("tcp", [False, True])
def test_every_other_name_does_not_exist(box, world, name, tcp):
    r = python(box, f"print(ask({name!r}, tcp={tcp}))")
    assert r.out == "(3, None)\n", r
    assert world.events(event="dns") == []
    assert box.audited(kind="dns", host=name, verdict="denied")


@pytest.mark.parametrize("kind", [2, 5, 15, 16, 28, 33, 65, 255])
def test_a_name_has_an_ipv4_address_and_nothing_else(box, world, kind):
    r = python(box, f'print(ask("echo.test", {kind}), ask("other.test", '
               f'{kind}))')
    assert r.out == "(0, None) (3, None)\n", r
    assert world.events(event="dns") == []


def test_a_refusal_gives_the_reason_a_connect_would_get(box):
    python(box, 'ask("no.test")')
    box.exec("box", "curl", "-sS", "https://no.test/")
    got = [box.audited(kind=k, host="no.test", verdict="denied")[-1]
           for k in ("dns", "net_open")]
    assert got[0]["reason"] == got[1]["reason"] == "no rule names no.test"
    r = bare(box, "command -v dig >/dev/null && dig no.test || echo "
             "'(no rule names no.test)'")
    assert "(no rule names no.test)" in r.out, r


def test_names_beyond_the_limit_get_no_address(sh):
    sh.start("box", 'network: {allow: [{endpoint: "*.echo.test"}]}\n')
    r = python(sh, """
seen = {}
for i in range(4200):
    code, a = ask("n%d.echo.test" % i)
    seen.setdefault(code, set()).add(a)
print({k: len(v) for k, v in seen.items()})
print(ask("n1.echo.test")[0])
""")
    assert r.out == "{0: 4096, 2: 1}\n0\n", r


@pytest.mark.parametrize("packet", [
    b"", b"\0" * 11, b"\xff" * 40, b"\0" * 2000,
    b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1",
    b"\x12\x34\x81\0\0\1\0\0\0\0\0\0\4echo\4test\0\0\1\0\1"])
def test_what_is_no_question_does_no_harm(box, packet):
    r = python(box, f"""
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto({packet!r}, ("127.0.0.1", 53))
t = socket.create_connection(("127.0.0.1", 53), 10)
t.sendall(struct.pack("!H", {len(packet)}) + {packet!r})
print(ask("echo.test")[0])
""")
    assert r.out == "0\n", r


def test_many_silent_connections_for_names_end(box):
    r = python(box, """
s = [socket.create_connection(("127.0.0.1", 53), 10) for _ in range(40)]
for c in s: c.close()
print(ask("echo.test", tcp=True)[0])
""")
    assert r.out == "0\n", r


# ---- connections ----
@pytest.mark.both
@pytest.mark.parametrize("url", [
    "https://echo.test/x", "http://echo.test/x", "https://api.github.com/zen"])
def test_a_program_without_a_proxy_gets_what_it_may(sh, url):
    sh.start("box", POLICY)
    r = status(sh, url)
    assert (r.code, r.out) == (0, "200"), r


def test_requests_inside_are_judged_as_everywhere(box, world):
    ways = [bare(box, "curl -sS https://api.github.com/user").out,
            box.sh("box", "curl -sS https://api.github.com/user").out]
    assert ways[0] == ways[1] and "policy_denied" in ways[0], ways
    assert world.requests() == []


def test_any_protocol_may_pass_where_the_policy_says_tcp(box, world):
    r = bare(box, "python3 -c '" + """
import socket
s = socket.create_connection(("echo.test", 9418), 20)
s.sendall(b"GET /tcp HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
print(s.recv(12))
""" + "'")
    assert r.out == "b'HTTP/1.1 200'\n", r
    assert [q["target"] for q in world.requests()] == ["/tcp"]


def test_node_fetch_and_its_websocket_need_no_proxy(box, world):
    r = bare(box, "command -v node >/dev/null || { echo none; exit; }; "
             "node --experimental-websocket -e '" + """
fetch("https://echo.test/node").then(r => r.json()).then(j => {
    console.log(j.target);
    const w = new WebSocket("wss://echo.test/ws/chat", ["chat"]);
    w.onopen = () => w.send("hello");
    w.onmessage = m => { console.log(m.data, w.protocol); w.close(1000); };
    w.onclose = e => console.log(e.code);
    w.onerror = e => console.log("error", e.message);
});
""" + "'")
    if r.out == "none\n":
        pytest.skip("no node here")
    assert r.out == "/node\nhello chat\n1000\n", r


@pytest.mark.parametrize("url", [
    "https://echo.test:444/", "http://echo.test:8080/",
    "https://44.128.6.1/", "http://44.128.6.1/", "http://127.1.2.3:18080/",
    "http://169.254.169.254/", "http://10.11.12.13/", "http://198.19.255.1/",
    "http://198.18.0.1:3129/",
    "http://224.0.0.1/", "http://255.255.255.255/"])
def test_a_place_that_may_not_be_reached(box, world, url):
    r = status(box, url, "--connect-timeout 5")
    assert r.out == "403" or (r.code in (7, 35, 52, 56) and
                              r.out == "000"), r
    assert world.requests() == []
    address = re.match(r"https?://([^/:]*)", url).group(1)
    assert world.packets(address) == []


def test_a_refusal_is_explained_in_what_is_spoken(box, world):
    r = bare(box, "curl -sSi http://echo.test:8080/x")
    head, _, body = r.out.replace("\r", "").partition("\n\n")
    got = json.loads(body)
    assert head.startswith("HTTP/1.1 403") and \
        got["error"] == "policy_denied" and got["layer"] == "l4", r
    assert got["reason"].startswith("port 8080 is not in"), got
    r = bare(box, "curl -sS https://echo.test:8443/x")
    assert r.code == 35 and "access denied" in r.err, r
    r = python(box, """
for first in (b"SSH-2.0-x\\r\\n", b"\\0\\1\\2", b""):
    s = socket.create_connection((ask("echo.test")[1], 22), 20)
    s.sendall(first)
    try:
        print(s.recv(1))
    except OSError as e:
        print(e.strerror)
""")
    assert r.out == "Connection reset by peer\n" * 3, r
    assert world.requests() == []


def test_a_refused_place_is_recorded_as_a_connect_would_be(box):
    bare(box, "curl -sS https://echo.test:445/; curl -sS https://1.2.3.4/")
    box.sh("box", "curl -sS https://echo.test:445/; "
           "curl -sS https://1.2.3.4/")
    for host, port in (("echo.test", 445), ("1.2.3.4", 443)):
        got = shell.wait_until(
            lambda h=host, p=port: [
                r for r in box.audit(kind="net_open", host=h,
                                     verdict="denied")
                if r["port"] == p][1:], what="two records")
        got = [r for r in box.audit(kind="net_open", host=host,
                                    verdict="denied") if r["port"] == port]
        assert got[0]["reason"] == got[1]["reason"], got
        assert got[0].get("exe") == got[1].get("exe"), got


def test_a_name_that_leads_where_none_may_is_refused(box, world):
    assert status(box, "https://metadata.evil.test/").out == "403"
    assert world.packets(hosts.METADATA) == []


def test_an_address_that_a_rule_names_is_reached_as_itself(box, world):
    r = status(box, f"http://{hosts.EVIL}:8080/x")
    assert r.out == "200", r
    assert world.requests(address=hosts.EVIL)


def test_who_asks_is_known_by_this_way_too(box):
    assert status(box, "https://sub.echo.test/").out == "200"
    r = bare(box, """python3 -c '
import urllib.request
urllib.request.urlopen("https://sub.echo.test/")'""")
    assert "ACCESS_DENIED" in r.err, r
    got = box.audited(kind="net_open", host="sub.echo.test",
                      verdict="denied")[-1]
    assert "it is only for [/usr/bin/curl]" in got["reason"], got


def test_an_ipv6_socket_is_known_as_well(box):
    r = python(box, """
import ssl
s = socket.socket(socket.AF_INET6)
s.connect(("::ffff:" + ask("echo.test")[1], 80))
s.sendall(b"GET /six HTTP/1.1\\r\\nHost: echo.test\\r\\n\\r\\n")
print(s.recv(12))
for to in (("2606:4700::1111", 443), ("64:ff9b::102:304", 80)):
    try:
        socket.create_connection(to, 5)
    except OSError as e:
        print(e.strerror)
""")
    assert r.out == "b'HTTP/1.1 200'\n" + "Network is unreachable\n" * 2, r
    got = box.audited(kind="http", path="/six")[-1]
    assert got["exe"].startswith("/usr/bin/python3"), got


def test_curl_that_resolves_before_it_asks_socks(box, world):
    r = bare(box, "curl -sS --socks5 127.0.0.1:3128 -o /dev/null "
             "-w '%{http_code}' https://echo.test/x")
    assert r.out == "200", r
    r = bare(box, "curl -sS --socks5 127.0.0.1:3128 https://198.19.77.7/")
    assert r.code == 97, r


@pytest.mark.parametrize("sni", ["other.test", "api.github.com"])
def test_the_server_name_must_be_the_one_that_was_asked_for(box, world, sni):
    r = python(box, f"""
import ssl
c = ssl.create_default_context()
s = socket.create_connection((ask("echo.test")[1], 443), 20)
try:
    c.wrap_socket(s, server_hostname={sni!r})
except ssl.SSLError as e:
    print(e.reason)
""")
    assert r.out == "TLSV1_UNRECOGNIZED_NAME\n", r
    assert world.packets(hosts.HOSTS[sni]) == []


def test_what_is_not_tcp_goes_nowhere(box, world):
    r = python(box, """
for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
    for to in ("1.1.1.1", "198.19.0.1", "198.18.0.1", "44.128.6.1"):
        try:
            s = socket.socket(socket.AF_INET, kind, 0 if
                kind == socket.SOCK_DGRAM else socket.IPPROTO_ICMP)
            s.sendto(b"x" * 16, (to, 53))
            print("sent")
        except OSError as e:
            print(e.strerror)
""")
    assert "sent" not in r.out and len(r.out.splitlines()) == 8, r
    assert world.packets("1.1.1.1", "198.19.0.1", "44.128.6.1") == []


def test_a_server_of_the_sandboxs_own_is_reached_on_loopback_only(box):
    r = python(box, """
import threading
s = socket.socket(); s.bind(("0.0.0.0", 0)); s.listen(5)
port = s.getsockname()[1]
socket.create_connection(("127.0.0.1", port), 5).close()
print("reached")
try:
    c = socket.create_connection(("44.128.6.1", port), 5)
    print(c.recv(1))
except OSError as e:
    print(e.strerror)
""")
    assert r.out == "reached\nConnection reset by peer\n", r


def test_a_new_policy_decides_what_names_there_are(sh):
    sh.start("box", "network: {allow: [{endpoint: echo.test}]}\n")
    both = 'print(ask("echo.test")[0], ask("api.github.com")[0])'
    assert python(sh, both).out == "0 3\n"
    sh.ok("policy", "set", "box", "--policy", sh.write(
        "p.yaml", "network: {allow: [{endpoint: api.github.com}]}"),
        "--wait")
    assert python(sh, both).out == "3 0\n"

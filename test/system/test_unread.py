"""TLS that passes unread, from its first byte or after STARTTLS."""
import subprocess

import hosts
import pytest
import shell

POLICY = f"""
network:
  allow:
    - endpoint: echo.test
      protocols: [tls]
    - endpoint: {hosts.RELAY}
      ports: [8443]
      protocols: [tls]
    - endpoint: api.github.com
    - endpoint: mail.test
      ports: [465, 587, 25, 143, 110, 389, 5432, 3306]
      protocols: [smtps]
    - endpoint: "*.mail.test"
      ports: [587, 143, 110, 389, 5432]
      protocols: [tls]
"""

# A way() is a connected socket, whatever led there.
INSIDE = r"""
import smtplib, imaplib, poplib, socket, ssl, struct, sys
def proxy():
    return socket.create_connection(("127.0.0.1", 3128), 20)
def connect(host, port):
    s = proxy()
    s.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n".encode())
    got = b""
    while not got.endswith(b"\r\n\r\n"):
        x = s.recv(1)
        if not x: raise OSError(got)
        got += x
    if b" 200 " not in got.split(b"\r\n")[0]: raise OSError(got)
    return s
def socks(host, port):
    s = proxy()
    s.sendall(b"\5\1\0"); s.recv(2)
    s.sendall(b"\5\1\0\3" + bytes([len(host)]) + host.encode() +
              struct.pack("!H", port))
    code = s.recv(10)[1]
    if code != 0: raise OSError(f"socks {code}")
    return s
def direct(host, port):
    return socket.create_connection((host, port), 20)
WAYS = dict(connect=connect, socks=socks, direct=direct)
def world():  # trusts the world's own authority, as a program that pins would
    c = ssl.create_default_context()
    c.load_verify_locations(cadata=CA)
    return c
class SMTP(smtplib.SMTP):
    def _get_socket(self, host, port, timeout):
        return way(host, port)
def rest(s):
    d = b""
    try:
        while True:
            x = s.recv(65536)
            if not x: break
            d += x
    except OSError as e: d += f"<{e.strerror}>".encode()
    return d
def hello(name):
    c = world(); c.check_hostname = False
    i, o = ssl.MemoryBIO(), ssl.MemoryBIO()
    t = c.wrap_bio(i, o, server_hostname=name)
    try: t.do_handshake()
    except ssl.SSLWantReadError: pass
    return o.read()
def until(s, mark):
    d = b""
    while mark not in d:
        x = s.recv(65536)
        if not x: return d
        d += x
    return d
"""
SMTP = """
for way in WAYS.values():
    m = SMTP("mail.test", 587, timeout=20)
    m.starttls(context=world())
    m.login("me", "secret-word")
    m.sendmail("a@mail.test", ["b@mail.test"], "hello there")
    m.quit()
    print("sent")
"""


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


def inside(box, code, way="connect"):
    with open(shell.WORLD + "/ca.pem", encoding="ascii") as f:
        ca = f.read()
    return box.exec("box", "python3", "-c", INSIDE +
                    f"CA = {ca!r}\nway = WAYS[{way!r}]\n" + code)


# ---- TLS at once ----
def test_tls_passes_unread_and_is_recorded(box, world):
    r = inside(box, r"""
for way in WAYS.values():
    s = world().wrap_socket(way("echo.test", 443),
                            server_hostname="echo.test")
    s.sendall(b"GET /unread HTTP/1.1\r\nHost: x\r\n"
              b"Connection: close\r\n\r\n")
    print(rest(s)[:12])
""")
    assert r.out == "b'HTTP/1.1 200'\n" * 3, r
    assert [q["target"] for q in world.requests()] == ["/unread"] * 3
    got = shell.wait_until(lambda: box.audit(
        kind="net_close", host="echo.test",
        reason="TLS that passed unread")[2:], what="three records")[-1]
    assert got["_"]["dst_endpoint"]["ip"] == hosts.RELAY and \
        got["_"]["traffic"]["bytes_out"] > 300 and \
        got["_"]["traffic"]["bytes_in"] > 300, got


def test_a_hello_for_another_server_goes_nowhere(box, world):
    r = inside(box, """
def dotted(hello):  # longer by the dot, in all its lengths
    hello = bytearray(hello)
    def longer(at, n):
        v = int.from_bytes(hello[at:at + n], "big") + 1
        hello[at:at + n] = v.to_bytes(n, "big")
    at = hello.index(b"echo.test")
    for n in (3, at - 2, at - 5, at - 7): longer(n, 2)
    longer(6, 3)
    e = 44 + hello[43]
    e += 2 + int.from_bytes(hello[e:e + 2], "big")
    longer(e + 1 + hello[e], 2)
    hello[at + 9:at + 9] = b"."
    return bytes(hello)
for way in WAYS.values():
    for name, change in (("other.test", bytes), (None, bytes),
                         ("echo.test", dotted)):
        s = way("echo.test", 443)
        s.sendall(change(hello(name)))
        print(rest(s)[:7].hex())
""")
    assert r.out == "15030100020270\n" * 9, r
    shell.wait_until(lambda: len(box.audit(
        kind="finding", host="echo.test", reason="the TLS server name is "
        "not the CONNECT host")) >= 6, what="six records")
    assert len(box.audit(kind="finding", host="echo.test",
                         reason="the TLS hello names no server")) >= 3
    assert not world.events(event="request")


def test_an_address_takes_tls_without_a_name(box, world):
    r = inside(box, f"""
c = world(); c.check_hostname = False
s = c.wrap_socket(way("{hosts.RELAY}", 8443))
s.sendall(b"GET /bare HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
print(rest(s)[:12])
try:
    c.wrap_socket(way("{hosts.RELAY}", 8443), server_hostname="echo.test")
except OSError as e:
    print(e.reason)
""")
    assert r.out == "b'HTTP/1.1 200'\nTLSV1_UNRECOGNIZED_NAME\n", r


def test_what_is_no_tls_goes_nowhere(box, world):
    r = inside(box, r"""
for first in (b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00",
        b"\x17\x03\x03\x00\x05hello", b"\x80\x2e\x01\x00\x02"):
    s = way("echo.test", 443)
    s.sendall(first)
    print(rest(s)[:4] in (b"", b"<Con"))  # ended, or reset
""")
    assert r.out == "True\n" * 4, r
    assert world.requests() == []


@pytest.mark.parametrize("after", [
    b"GET /behind HTTP/1.1\r\n\r\n",
    b"\x16\x03\x03\x00\x05\x01\x00\x00\x01\x00"])
def test_after_the_hello_come_records_and_no_other_hello(box, world, after):
    before = len(box.audit(kind="finding", host="echo.test"))
    r = inside(box, f"""
s = way("echo.test", 443)
s.sendall(hello("echo.test") + {after!r})
print(len(rest(s)) < 8000)
""")
    assert r.out == "True\n", r
    shell.wait_until(lambda: len(box.audit(
        kind="finding", host="echo.test")) > before, what="a record")
    assert world.requests() == []


# ---- STARTTLS ----
def test_mail_is_sent_after_starttls(box, world):
    r = inside(box, SMTP)
    assert r.out == "sent\n" * 3, r
    clear = [e["line"] for e in world.events(event="clear")]
    assert [x.split()[0].upper() for x in clear] == ["EHLO", "STARTTLS"] * 3
    under = world.events(event="mail")
    assert "hello there" in [e["line"] for e in under]
    assert {e["sni"] for e in under} == {"mail.test"}
    assert box.audited(kind="net_close", host="mail.test",
                       reason="TLS that passed unread")


def test_mail_is_sent_where_tls_begins_at_once(box, world):
    r = inside(box, """
s = world().wrap_socket(way("mail.test", 465), server_hostname="mail.test")
print(until(s, b"\\r\\n"))
""")
    assert "220 mail.test" in r.out, r


def test_nothing_but_the_way_to_tls_is_said_in_clear(box, world):
    r = inside(box, r"""
for line in ("AUTH PLAIN AG1lAHNlY3JldC13b3Jk", "MAIL FROM:<a@b>", "DATA",
        "VRFY secret-word", "BDAT 5 LAST", "EHLO mail.test\x00",
        "EHLO mail.test\nMAIL FROM:<a@b>", "STARTTLS secret-word"):
    s = way("mail.test", 587)
    until(s, b"\r\n")
    s.sendall(b"EHLO me\r\n"); until(s, b"8BITMIME\r\n")
    s.sendall(line.encode() + b"\r\n")
    print(until(s, b"\r\n")[:3].decode())
""")
    assert r.out.split() == ["530"] * 5 + ["421"] * 2 + ["530"], r
    clear = {e["line"] for e in world.events(event="clear")}
    assert clear <= {"EHLO me", ""}, clear
    assert box.audited(kind="finding", host="mail.test", verdict="denied")


def test_a_client_that_was_refused_may_still_begin_tls(box, world):
    r = inside(box, """
m = SMTP("mail.test", 587, timeout=20)
m.ehlo()
try: m.login("me", "secret-word")
except smtplib.SMTPException as e: print("no")
m.starttls(context=world())
m.login("me", "secret-word")
print("yes")
""")
    assert r.out == "no\nyes\n", r
    assert not [e for e in world.events(event="clear")
                if "secret" in e["line"] or "AUTH" in e["line"]]
    got = box.audited(kind="finding", host="mail.test", verdict="denied")
    assert "AUTH in clear, before STARTTLS" in [g["reason"] for g in got]


def test_starttls_that_somebody_took_away_is_not_done_without(box, world):
    r = inside(box, """
m = SMTP("strip.mail.test", 587, timeout=20)
try: m.starttls(context=world())
except smtplib.SMTPException as e: print("no", "not supported" in str(e))
print(m.docmd("MAIL", "FROM:<a@b>")[0])
""")
    assert r.out == "no True\n530\n", r
    assert box.audited(kind="finding", host="strip.mail.test", reason="MAIL "
                       "in clear, before STARTTLS, which the server did not "
                       "offer")


def test_what_a_server_adds_in_clear_never_arrives(box):
    r = inside(box, r"""
OID = b"\x30\x1d\2\1\1\x77\x18\x80\x16" b"1.3.6.1.4.1.1466.20037"
for host, port, say in (("inject.mail.test", 587, b"STARTTLS\r\n"),
        ("early.mail.test", 587, b"EHLO me\r\n"),
        ("inject.mail.test", 143, b"a STARTTLS\r\n"),
        ("early.mail.test", 143, b"a CAPABILITY\r\n"),
        ("inject.mail.test", 110, b"STLS\r\n"),
        ("inject.mail.test", 5432, b"\0\0\0\x08\x04\xd2\x16\x2f"),
        ("inject.mail.test", 389, OID)):
    s = way(host, port)
    if port not in (389, 5432) and host[0] != "e": until(s, b"\r\n")
    s.sendall(say)
    print(rest(s))
""")
    assert r.code == 0 and len(r.out.splitlines()) == 7, r
    assert not [x for x in ("inject", "early", "preauth", "x05")
                if x in r.out.lower()], r
    for host, n in (("inject.mail.test", 5), ("early.mail.test", 2)):
        shell.wait_until(lambda h=host, k=n: len(box.audit(
            kind="finding", host=h, verdict="denied")) >= k, what=host)


def test_what_a_client_sends_ahead_never_arrives(box, world):
    r = inside(box, r"""
for port, say in ((587, b"STARTTLS\r\nEHLO me\r\nMAIL FROM:<a@b>\r\n"),
        (143, b"a STARTTLS\r\nb LOGIN me secret\r\n"),
        (110, b"STLS\r\nUSER me\r\n"),
        (5432, b"\0\0\0\x08\x04\xd2\x16\x2f\0\0\0\x09\0\3\0\0\0")):
    s = way("mail.test", port)
    if port != 5432: until(s, b"\r\n")
    s.sendall(say)
    print(rest(s)[:3])
""")
    assert r.code == 0 and len(r.out.splitlines()) == 4, r
    assert world.events(event="clear") == []
    shell.wait_until(lambda: len(box.audit(
        kind="finding", host="mail.test", reason="bytes in clear follow the "
        "request for TLS")) >= 4, what="four records")


def test_a_server_that_will_not_is_not_talked_to_in_clear(box, world):
    r = inside(box, """
m = SMTP("refuse.mail.test", 587, timeout=20)
m.ehlo()
print(m.docmd("STARTTLS")[0], m.docmd("MAIL", "FROM:<a@b>")[0])
s = way("refuse.mail.test", 5432)
s.sendall(b"\\0\\0\\0\\x08\\x04\\xd2\\x16\\x2f")
print(s.recv(1))
s.sendall(b"\\0\\0\\0\\x13\\0\\3\\0\\0user\\0secret\\0")
print(rest(s)[:13])
""")
    assert r.out == "454 530\nb'N'\nb'E\\x00\\x00\\x00USFATAL\\x00V'\n", r
    assert not [e for e in world.events(event="clear") if "MAIL" in e["line"]
                or "736563726574" in e["line"]]


def test_a_server_that_speaks_on_in_clear_is_cut(box, world):
    r = inside(box, """
s = way("clear.mail.test", 587)
until(s, b"\\r\\n")
s.sendall(b"STARTTLS\\r\\n")
print(until(s, b"\\r\\n")[:4])
s.sendall(hello("clear.mail.test"))
print(b"220" in rest(s))
""")
    assert r.out in ("b'220 '\nFalse\n", "b'421 '\nFalse\n"), r


def test_after_starttls_the_name_must_be_the_one_allowed(box, world):
    for name, why in (("other.test", "is not the CONNECT host"),
                      (None, "names no server")):
        r = inside(box, f"""
m = SMTP("mail.test", 587, timeout=20)
c = world(); c.check_hostname = False
m.ehlo(); print(m.docmd("STARTTLS")[0])
try: c.wrap_socket(m.sock, server_hostname={name!r})
except ssl.SSLError as e: print(e.reason)
""")
        assert r.out == "220\nTLSV1_UNRECOGNIZED_NAME\n", r
        assert any(why in g["reason"] for g in box.audited(
            kind="finding", host="mail.test", verdict="denied"))
    assert world.events(event="mail") == []


def test_imap_and_pop3_begin_tls_too(box, world):
    r = inside(box, """
class IMAP(imaplib.IMAP4):
    def _create_socket(self, timeout): return way(self.host, self.port)
m = IMAP("mail.test", 143)
try: m.login("me", "secret-word")
except Exception as e: print("no", e)
m.starttls(world())
print(m.login("me", "secret-word")[0])
class POP(poplib.POP3):
    def _create_socket(self, timeout): return way(self.host, self.port)
p = POP("mail.test", 110)
try: p.user("me")
except poplib.error_proto as e: print("no", e)
p.stls(world())
print(p.user("me"), p.stat())
""")
    assert r.out.count("no ") == 2 and "OK\n" in r.out and \
        "(0, 0)" in r.out, r
    assert not [e for e in world.events(event="clear")
                if "secret" in e["line"] or "USER" in e["line"]]


def test_ldap_and_mysql_begin_tls_too(box, world):
    r = inside(box, r"""
s = way("mail.test", 389)
s.sendall(b"\x30\x0c\2\1\1\x60\7\2\1\3\4\0\x80\0")
print(s.recv(64).hex())
s.sendall(b"\x30\x1d\2\1\2\x77\x18\x80\x16" b"1.3.6.1.4.1.1466.20037")
print(s.recv(64).hex())
s = world().wrap_socket(s, server_hostname="mail.test")
s.sendall(b"\x30\x0c\2\1\3\x60\7\2\1\3\4\0\x80\0")
print(s.recv(64)[5])
s = way("mail.test", 3306)
print(b"8.0.1" in s.recv(256))
ask = b"\x20\0\0\1" + b"\0\x0a\0\0" + b"\0" * 28
s.sendall(ask)
s = world().wrap_socket(s, server_hostname="mail.test")
print(s.recv(64).hex())
s = way("mail.test", 3306); s.recv(256)
s.sendall(b"\x24\0\0\1" + b"\0\2\0\0" + b"\0" * 32)
print(s.recv(64)[4:13])
""")
    assert r.out.splitlines() == [
        "301d0204000000016115" "0a010d0400040e" + b"StartTLS first".hex(),
        "300f020400000002" "78070a010004000400", "97", "True",
        "0700000300000002000000", "b'\\xffW\\x0c#HY000'"], r
    assert b"secret".hex() not in str(world.events(event="clear"))


def test_a_new_policy_ends_what_has_not_come_to_tls(sh):
    sh.start("box", POLICY)
    p = sh.popen("sandbox", "exec", "box", "--", "python3", "-c", INSIDE + """
s = connect("mail.test", 587)
print(until(s, b"\\r\\n")); sys.stdout.flush()
print(rest(s)[:4])
""", stdout=subprocess.PIPE)
    assert b"220" in p.stdout.readline()
    sh.ok("policy", "set", "box", "--policy",
          sh.policy(POLICY.replace("465, 587, ", "")), "--wait")
    assert b"220" not in p.communicate(timeout=20)[0] and p.returncode == 0
    assert sh.audited(kind="net_close", host="mail.test",
                      reason="ended by a change of the policy")

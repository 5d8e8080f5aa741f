"""Attacks through what passes unread: fronting, and words before TLS."""
import pytest

POLICY = """
network:
  allow:
    - {endpoint: echo.test, protocols: [tls]}
    - {endpoint: mail.test, ports: [587, 5432], protocols: [smtps]}
"""
TALK = r"""
import socket, ssl
def tunnel(host, port):
    s = socket.create_connection(("127.0.0.1", 3128), 20)
    s.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n".encode())
    got = b""
    while not got.endswith(b"\r\n\r\n"): got += s.recv(1)
    s.settimeout(3)
    return s
def hello(name):
    c = ssl.create_default_context()
    i, o = ssl.MemoryBIO(), ssl.MemoryBIO()
    try: c.wrap_bio(i, o, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError: pass
    return o.read()
def keyless(h):  # shares no key, so that the server asks for another hello
    at = 44 + h[43]
    at += 2 + int.from_bytes(h[at:at + 2], "big")
    at += 1 + h[at]
    out, p = b"", at + 2
    while p < len(h):
        kind, n = h[p:p + 2], int.from_bytes(h[p + 2:p + 4], "big")
        body = h[p + 4:p + 4 + n]
        if kind == b"\x00\x33": body = b"\x00\x00"
        out += kind + len(body).to_bytes(2, "big") + body
        p += 4 + n
    h = h[9:at] + len(out).to_bytes(2, "big") + out
    h = b"\x01" + len(h).to_bytes(3, "big") + h
    return b"\x16\x03\x01" + len(h).to_bytes(2, "big") + h
def heard(s):
    d = b""
    try:
        while True:
            x = s.recv(65536)
            if not x: return d
            d += x
    except OSError: return d
"""


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


def test_class_47_fronting_by_the_second_hello(box, world):
    """The first hello has the name that may be, the second, which the server
    asks for, another one of the same server."""
    r = box.exec("box", "python3", "-c", TALK + r"""
for second in ("echo.test", "other.test"):
    s = tunnel("echo.test", 443)
    s.sendall(keyless(hello("echo.test")))
    first = s.recv(65536)
    assert first[0] == 0x16 and first[11:15].hex() == "cf21ad74", first
    s.sendall(b"\x14\x03\x03\0\1\1" + hello(second))
    print(len(heard(s)) > 60)
""", timeout=60)
    # even the right one has no answer but an alert: a hello that shares what
    # it did not share before is not what this server waits for
    assert r.code == 0 and r.out.splitlines()[1] == "False", r
    assert box.audited(kind="finding", host="echo.test", reason="the TLS "
                       "server name is not the CONNECT host")


def test_class_47_fronting_by_hellos_that_nobody_asked_for(box):
    r = box.exec("box", "python3", "-c", TALK + r"""
s = tunnel("echo.test", 443)
s.sendall(keyless(hello("echo.test")) + b"\x14\x03\x03\0\1\1" +
          hello("other.test"))
print(len(heard(s)))
""", timeout=60)
    assert r.code == 0 and int(r.out) < 200, r
    assert box.audited(kind="finding", host="echo.test",
                       reason="a TLS handshake goes on before its server "
                       "answered")


@pytest.mark.parametrize("port,sent", [
    (587, [b"EHLO x\r\n", b"NOOP exfiltrated\r\n",
           b"MAIL FROM:<exfiltrated@x>\r\n"]),
    (587, [b"EHLO x\r\nSTARTTLS\r\nexfiltrated\r\n"]),
    (587, [b"STARTTLS\r\n", b"exfiltrated\r\n"]),
    (587, [b"EHLO exfiltrated=1;x\r\n"]),
    (5432, [b"\0\0\0\x14\0\3\0\0exfiltrated\0"])])
def test_class_48_words_in_clear_before_tls(box, world, port, sent):
    """An endpoint for TLS alone takes no message on the way to it."""
    r = box.exec("box", "python3", "-c", TALK + f"""
s = tunnel("mail.test", {port})
if {port} == 587: s.recv(4096)
for x in {sent!r}:
    s.sendall(x)
    try: s.recv(4096)
    except OSError: break
""", timeout=60)
    assert r.code in (0, 1), r
    assert "exfiltrated" not in str(world.events(event="clear"))
    assert b"exfiltrated".hex() not in str(world.events(event="clear"))
    assert world.events(event="mail") == []

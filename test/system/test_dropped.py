"""What is not TCP to IPv4: it goes nowhere, and the log says who tried."""
import pytest
import shell

POLICY = """
network:
  allow:
    - endpoint: echo.test
"""
SEND = r"""
import socket, sys
for family, to, port, n in eval(sys.argv[1]):
    try:
        s = socket.socket(getattr(socket, family), socket.SOCK_DGRAM)
        for _ in range(n):
            try: s.sendto(b"x" * 32, (to, port)); print("sent")
            except OSError as e: last = e.strerror
        print(last)
    except OSError as e:
        print(e.strerror)
    globals().setdefault("keep", []).append(s)
import time; time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


def send(box, what, stay=1):
    r = box.exec("box", "python3", "-c", SEND, repr(what), str(stay))
    assert r.code == 0 and "sent" not in r.out, r
    return r.out.splitlines()


def record(box, **want):
    return box.audited(timeout=15, kind="net_open", verdict="denied",
                       **want)[-1]


DATAGRAMS = [("44.128.6.1", 443, "UDP leaves no sandbox"),
             ("8.8.8.8", 53, "no other resolver is asked"),
             ("224.0.0.251", 5353, "UDP leaves no sandbox")]


def test_a_datagram_is_recorded_with_who_sent_it(box, world):
    said = send(box, [("AF_INET", to, port, 1) for to, port, _ in DATAGRAMS])
    assert said == ["Operation not permitted"] * 3
    for to, port, words in DATAGRAMS:
        got = record(box, host=to, port=port)
        assert words in got["reason"] and got["action"] == "udp", got
        assert got["exe"].startswith("/usr/bin/python3"), got
        assert got["_"]["connection_info"]["protocol_num"] == 17, got
    assert world.packets(*(to for to, _, _ in DATAGRAMS)) == []


def test_quic_to_a_name_that_is_allowed_is_told_by_the_name(box):
    r = box.exec("box", "python3", "-c", "import socket, time\n"
                 "s = socket.socket(type=socket.SOCK_DGRAM)\n"
                 "to = socket.gethostbyname('echo.test')\n"
                 "try: s.sendto(b'x', (to, 443))\n"
                 "except OSError as e: print(e.strerror)\ntime.sleep(1)")
    assert r.out == "Operation not permitted\n", r
    got = record(box, host="echo.test", action="udp")
    assert "HTTP/3" in got["reason"], got
    line = [x for x in box.ok("logs", "box").out.splitlines()
            if "UDP echo.test:443" in x]
    assert line and "DENY" in line[0] and "python3" in line[0], line


SIX = ["2606:4700::1111", "fd00:ec2::254", "64:ff9b::a9fe:a9fe"]


def test_ipv6_goes_nowhere_and_is_recorded(box):
    r = box.exec("box", "python3", "-c", f"""
import socket, time
keep = []
for to in {SIX}:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        s = socket.socket(socket.AF_INET6, kind)
        keep.append(s)
        try: s.connect((to, 443)); s.send(b"x"); print("sent")
        except OSError as e: print(e.strerror)
time.sleep(1)
""")
    assert r.out == ("Network is unreachable\n"
                     "Operation not permitted\n") * 3, r
    for to in SIX:
        assert record(box, host=to, action="tcp")["port"] == 443
        got = record(box, host=to, action="udp")
        assert got["exe"].startswith("/usr/bin/python3"), got


def test_many_are_one_record_with_their_number(box):
    send(box, [("AF_INET", "44.128.6.7", 9, 300)])
    first = record(box, host="44.128.6.7")
    assert first["action"] == "udp", first

    def counted():
        return sum(int(r["reason"].split("(")[-1].split()[0]) for r in
                   box.audit(kind="net_open", host="44.128.6.7")
                   if " packets)" in r["reason"])

    shell.wait_until(lambda: counted() >= 200, 30, "they are counted")
    assert counted() <= 300
    assert len(box.audit(kind="net_open", host="44.128.6.7")) <= 6


def test_a_flood_to_everywhere_does_not_swell_the_log(box, world):
    before = len(box.audit(kind="net_open"))
    send(box, [("AF_INET", f"44.1.{i // 250}.{i % 250}", 1 + i, 20)
               for i in range(1500)], stay=0)
    shell.wait_until(
        lambda: [r for r in box.audit(kind="net_open", action="ip")
                 if "too many to be told apart" in r["reason"]], 30,
        "what is too much is counted")
    assert len(box.audit(kind="net_open")) - before < 200
    r = box.sh("box", "curl -sS -o /dev/null -w '%{http_code}' "
               "https://echo.test/after")
    assert r.out == "200", r

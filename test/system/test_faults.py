"""Faults that are not ours: the answer and the log say what they are."""
import json

import pytest

HOSTS = ["expired.evil.test", "wrongname.evil.test", "selfsigned.evil.test",
         "untrusted.evil.test", "oldtls.evil.test", "plaintext.evil.test",
         "servfail.evil.test", "nowhere.test", "badhttp.evil.test"]
POLICY = """
network:
  allow:
""" + "".join(f"    - endpoint: {h}\n" for h in HOSTS) + """
    - {endpoint: echo.test, ports: [81], protocols: [http]}
    - {endpoint: echo.test, ports: [444], protocols: [https]}
    - {endpoint: echo.test, ports: [446], protocols: [tls]}
    - {endpoint: echo.test, ports: [447], protocols: [tcp]}
    - {endpoint: echo.test}
"""
# URL, status, what the reason holds
FAULTS = [
    ("https://expired.evil.test/", 502, "certificate has expired"),
    ("https://wrongname.evil.test/", 502, "ostname mismatch"),
    ("https://selfsigned.evil.test/", 502, "self-signed certificate"),
    ("https://untrusted.evil.test/", 502, "unable to get local issuer"),
    ("https://oldtls.evil.test/", 502, "TLS handshake"),
    ("https://plaintext.evil.test/", 502, "TLS handshake"),
    ("https://servfail.evil.test/", 502, "does not resolve"),
    ("https://nowhere.test/", 502, "does not resolve"),
    ("https://badhttp.evil.test/not-http", 502, "evil.test:443"),
    ("https://echo.test:444/", 502, "Connection refused"),
    ("http://echo.test:81/", 502, "Connection refused"),
]
WAYS = {"proxy": "", "socks": "--socks5-hostname 127.0.0.1:3128",
        "direct": "--noproxy '*'"}


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_wrong_with_a_server_is_said(box, way):
    r = box.sh("box", " ".join(
        f"curl -sS --max-time 30 {WAYS[way]} -w ' %{{http_code}}\\n' '{u}';"
        for u, _, _ in FAULTS), timeout=120)
    said = r.out.replace("\n ", " ").splitlines()
    assert len(said) == len(FAULTS), r
    for line, (url, status, why) in zip(said, FAULTS):
        body, _, code = line.rpartition(" ")
        assert code == str(status), (url, r)
        detail = json.loads(body)["detail"]
        assert why in detail, (url, detail)
        host = url.split("/")[2].split(":")[0]
        assert [g for g in box.audited(kind="finding", host=host,
                                       reason=detail)], detail


def test_what_passes_says_so_as_well_as_it_can(box):
    r = box.sh("box", """
for p in 446 447; do
    curl -sSi https://echo.test:$p/ 2>&1 | grep -E 'HTTP|response 502'
    curl -sS --socks5-hostname 127.0.0.1:3128 https://echo.test:$p/ 2>&1
    curl -sS --noproxy '*' https://echo.test:$p/ 2>&1
done
curl -sS --noproxy '*' http://echo.test:447/
""", timeout=60)
    assert r.out.count("502") == 4 and r.out.count("(5)") == 2 and \
        r.out.count("internal error") == 2, r
    assert json.loads(r.out.splitlines()[-1])["error"] == \
        "upstream_unreachable", r
    got = box.audited(kind="finding", host="echo.test",
                      reason="echo.test:446 cannot be reached: dial "
                      "44.128.6.1: Connection refused")[-1]
    assert got["verdict"] == "observed", got


@pytest.mark.parametrize("way", WAYS)
def test_a_program_that_pins_is_told_of_and_does_not_hang(box, way):
    r = box.sh("box", f"curl -sS --max-time 10 {WAYS[way]} --cacert "
               "/dev/null https://echo.test/ || openssl req -x509 -newkey "
               "ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=x "
               "-keyout /dev/null -out own.pem 2>/dev/null; "
               f"curl -sS --max-time 10 {WAYS[way]} --cacert own.pem "
               "https://echo.test/")
    assert r.code == 60, r
    got = box.audited(kind="finding", host="echo.test")
    assert [g for g in got if g["reason"].startswith(
        "the program does not trust the sandbox's authority") and
        "protocols: [tls]" in g["reason"]], got


def test_a_program_that_hangs_up_without_a_word_is_told_of(box):
    """As Node does, which looks at the certificate after the handshake."""
    r = box.exec("box", "python3", "-c", """
import socket, ssl
c = ssl.create_default_context()
c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
for ask in (True, False):
    s = socket.create_connection(("echo.test", 443), 20)
    s = c.wrap_socket(s, server_hostname="echo.test")
    if ask:
        s.sendall(b"GET / HTTP/1.1\\r\\nHost: echo.test\\r\\n\\r\\n")
        print(s.recv(12))
    s.close()
""")
    assert r.out == "b'HTTP/1.1 200'\n", r
    why = "the program ended its TLS connection without a request: it may " \
        "not trust the sandbox's authority (protocols: [tls] passes its " \
        "TLS unread)"
    assert len(box.audited(kind="finding", reason=why)) == 1

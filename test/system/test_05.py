"""05-network.yaml as it stands, line by line, against origins of those names.
"""
import os

import hosts
import pytest
import shell

with open(os.path.join(os.path.dirname(__file__), "..", "cases", "policies",
                       "05-network.yaml"), encoding="utf-8") as f:
    POLICY = f.read()
CODE = "%{http_code}/%{http_connect}\n"
# Not one of them may see a packet.
BAD = [hosts.HOSTS[n] for n in ("pastebin.com", "abc.ngrok.io",
                                "abc.requestbin.com", "models.dev")]
MAIL = """
import smtplib, socket, ssl, sys
def through(host, port):
    s = socket.create_connection(("127.0.0.1", 3128), 20)
    s.sendall(f"CONNECT {host}:{port} HTTP/1.1\\r\\n"
              f"Host: {host}:{port}\\r\\n\\r\\n".encode())
    d = b""
    while b"\\r\\n\\r\\n" not in d:
        x = s.recv(1)
        if not x: raise OSError("closed")
        d += x
    if b" 200 " not in d: raise OSError(d.split()[1].decode())
    return s
def dial(host, port):
    return socket.create_connection((host, port), 20)
def trust():
    return ssl.create_default_context(cadata=CA)
class Now(smtplib.SMTP_SSL):
    def _get_socket(self, host, port, timeout):
        return trust().wrap_socket(way(host, port), server_hostname=host)
class Then(smtplib.SMTP):
    def _get_socket(self, host, port, timeout):
        return way(host, port)
def send(m):
    m.login("me", "word")
    m.sendmail("a@gmail.com", ["b@gmail.com"], "hello")
    m.quit()
    print("sent")
"""


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


def curl(box, *urls, more=()):
    """Status and CONNECT's, of each. These origins know no path: 404."""
    r = box.exec("box", "curl", "-sS", "-w", CODE, "--max-time", "20", *more,
                 *(x for u in urls for x in ("-o", "/dev/null", u)))
    r.out = r.out.replace("404/", "200/")
    return r


def mail(box, code):
    with open(shell.WORLD + "/ca.pem", encoding="ascii") as ca:
        code = MAIL + f"CA = {ca.read()!r}\n" + code
    return box.exec("box", "python3", "-c", code)


@pytest.mark.parametrize("name", ["api.openai.com", "api.anthropic.com",
                                  "oauth.composio.dev"])
def test_the_three_apis_are_reached_on_443_with_tls_alone(box, world, name):
    assert curl(box, f"https://{name}/v1/x").out == "200/200\n"
    assert curl(box, f"https://{name}/v1/x",
                more=("--noproxy", "*")).out \
        .startswith("200/")
    assert len(world.requests(host=name)) == 2
    world.mark()
    r = curl(box, f"http://{name}/", f"http://{name}:443/",
             f"https://{name}:8443/", f"https://x.{name}/",
             f"https://{name.split('.', 1)[1]}/")
    assert r.out.split() == ["403/000", "403/000", "000/403", "000/403",
                             "000/403"], r
    assert world.requests() == []


def test_a_deny_is_for_the_name_and_all_below_however_it_is_spelled(box,
                                                                   world):
    names = ["pastebin.com", "www.pastebin.com", "a.b.c.pastebin.com",
             "PasteBin.COM", "pastebin.com.", "ABC.NGROK.IO", "ngrok.io",
             "abc.ngrok.io.", "abc.requestbin.com", "requestbin.com"]
    r = curl(box, *(f"https://{n}/" for n in names))
    assert r.out.split() == ["000/403"] * len(names), r
    for n in names:
        clean = n.lower().rstrip(".")
        got = box.audited(kind="net_open", host=clean, verdict="denied")[-1]
        assert "05" in got["rule"] or "policy.yaml:" in got["rule"], got
    # Other spellings are other hosts, or none: they open nothing.
    for odd in ("https://api.openai.com@pastebin.com/",
                "https://pastebin%2ecom/", "https://\uff50astebin.com/",
                "https://pastebin\u3002com/", "https://pastebin.com../",
                "https://[pastebin.com]/", "https://notpastebin.com/",
                "https://pastebin.com%00.api.openai.com/"):
        assert "200" not in curl(box, odd, more=("-g",)).out, odd
    r = box.exec("box", "python3", "-c", """
import socket
for head in (b"CONNECT pastebin.com:443", b"CONNECT PASTEBIN.com.:443",
             b"GET http://pastebin.com/", b"GET http://www.PASTEBIN.com./"):
    s = socket.create_connection(("127.0.0.1", 3128))
    host = head.split()[1].replace(b"http://", b"").split(b"/")[0]
    s.sendall(head + b" HTTP/1.1\\r\\nHost: " + host + b"\\r\\n\\r\\n")
    print(s.recv(64).split()[1].decode())
for name in ("pastebin.com", "x.ngrok.io", "requestbin.com", "PASTEBIN.com"):
    try: print(socket.gethostbyname(name))
    except socket.gaierror: print("none")
""")
    assert r.out.split() == ["403"] * 4 + ["none"] * 4, r
    assert world.packets(*BAD) == []
    asked = {e["name"].lower() for e in world.events(event="dns")}
    assert not any("paste" in n or "ngrok" in n or "requestbin" in n
                   for n in asked), asked


def test_mail_goes_by_tls_at_once_and_after_starttls(box, world):
    r = mail(box, """
for way in (through, dial):
    send(Now("smtp.gmail.com", 465, timeout=20))
    m = Then("smtp.gmail.com", 587, timeout=20)
    m.starttls(context=trust())
    send(m)
""")
    assert r.out.split() == ["sent"] * 4, r
    got = box.audited(kind="net_close", host="smtp.gmail.com")[-1]
    assert got["_"]["dst_endpoint"]["ip"] == hosts.MAIL["smtp.gmail.com"]


def test_mail_in_clear_or_elsewhere_goes_nowhere(box, world):
    r = mail(box, """
for way in (through, dial):
    for port in (25, 443, 2525):
        try: way("smtp.gmail.com", port).recv(16) or print("no")
        except OSError: print("no")
    s = way("smtp.gmail.com", 465)
    s.sendall(b"EHLO me\\r\\nMAIL FROM:<a@b>\\r\\n")
    try: print(s.recv(16) or "no")
    except OSError: print("no")
    c = trust(); c.check_hostname = False
    s = way("smtp.gmail.com", 465)
    try:
        c.wrap_socket(s, server_hostname="pastebin.com")
        print("yes")
    except OSError: print("no")
    m = Then("smtp.gmail.com", 587, timeout=20)
    m.ehlo()
    try:
        m.login("me", "word"); print("yes")
    except (OSError, smtplib.SMTPException): print("no")
""")
    assert r.out.split() == ["no"] * 12, r
    assert world.packets(*BAD) == []


def test_sixty_requests_a_minute_and_no_more(sh, world):
    sh.start("box", POLICY)
    r = curl(sh, "https://api.openai.com/[1-59]")
    assert r.out.split() == ["200/200"] * 59 or \
        r.out.split() == ["200/200"] + ["200/000"] * 58, r
    r = curl(sh, "https://oauth.composio.dev/x", "https://api.anthropic.com/x",
             "https://api.openai.com/x")
    assert [x.split("/")[0] for x in r.out.split()] == ["200", "429", "429"]
    r = sh.exec("box", "curl", "-sS", "-D", "-",
                "https://api.openai.com/again")
    limits = shell.wait_until(
        lambda: (lambda x: x if x and x[0]["requests"] == 60 else None)(
            sh.get("box").get("limits")), what="the use of the limits")
    assert limits[0]["whole"] and limits[0]["requests_most"] == 60, limits
    assert limits[0]["bytes_most"] == 50_000_000 and \
        60 < limits[0]["bytes"] < 1_000_000, limits
    assert limits[0]["period_s"] == 3600, limits
    text = sh.ok("sandbox", "get", "box").out
    assert "60 of 60 requests in the last minute, 0.0 of 50 MB" in text, text
    assert "retry-after: " in r.out.lower() and "60 of 60 requests" in r.out, r
    # Mail is an attempt like others.
    r = mail(sh, "way = through\n"
             "try: Now('smtp.gmail.com', 465, timeout=20)\n"
             "except OSError as e: print(e)")
    assert r.out.strip() == "429", r
    assert len(world.requests()) == 60
    sh.ok("policy", "set", "box", "--wait", "--policy", sh.policy(
        "network: {allow: [{endpoint: api.openai.com}]}\n", "open.yaml"))
    shell.wait_until(lambda: "limits" not in sh.get("box"),
                     what="no limits are no limits")


def test_fifty_megabytes_and_no_more(sh, world, slow):
    if not slow:
        pytest.skip("50 MB take a while: with --all")
    sh.start("box", POLICY)
    known = ("curl -sS -o /dev/null -w '" + CODE +
             "' --max-time 60 -T ~/big https://api.openai.com/up")
    assert sh.sh("box", "head -c 24000000 /dev/zero >~/big").code == 0
    assert sh.sh("box", known).out.startswith("404/")
    assert sh.sh("box", known).out.startswith("404/")
    r = sh.sh("box", known)
    assert r.out.startswith("429/"), r
    sent = sum(q.get("length", 0) or 0 for q in world.requests())
    assert sent <= 50 * 1024 * 1024, sent
    got = sh.audited(host="api.openai.com", verdict="denied")[-1]
    assert "50 MB" in got["reason"] or "bytes" in got["reason"], got
    # What is small still passes.
    assert sh.sh("box", "curl -sS -o /dev/null -w '%{http_code}' "
                 "https://oauth.composio.dev/").out == "200"

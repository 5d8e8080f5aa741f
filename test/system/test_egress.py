"""What leaves a sandbox: only what the policy says, and as it says."""
import hashlib
import json
import os
import re

import hosts
import pytest

POLICY = """
network:
  egress:
    - destination: api.github.com
      methods: [GET, HEAD]
      paths:
        - /repos/*
        - /zen
    - destination: echo.test
    - destination: echo.test
      ports: [80]
      protocols: [http]
    - destination: echo.test
      ports: [8080]
      protocols: [http]
    - destination: echo.test
      ports: [8443]
      protocols: [https]
"""
BAD_TLS = "network:\n  allow:\n" + "".join(
    f"    - endpoint: {n}\n" for n in hosts.BAD_TLS)
BAD_HTTP = """
network:
  allow:
    - endpoint: badhttp.evil.test
    - endpoint: redirect.evil.test
"""
WHEN = """
network:
  allow:
    - endpoint: echo.test
      when: method == "GET" && path.startsWith("/public/")
  deny:
    - endpoint: echo.test
      when: lower(query).contains("token") || exe.endsWith("/wget")
"""


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


def curl(sh, *args, **run):
    return sh.exec("box", "curl", "-sS", "--max-time", "20", *args, **run)


def status(sh, *args):
    return curl(sh, "-o", "/dev/null", "-w", "%{http_code}", *args).out


@pytest.mark.both
def test_an_allowed_get_passes_and_its_post_is_denied(sh, world):
    sh.start("box", POLICY)
    assert curl(sh, "https://api.github.com/zen").out.startswith("Keep")
    world.mark()
    r = curl(sh, "-d", "x=1", "-i", "--suppress-connect-headers",
             "https://api.github.com/zen")
    assert " 403" in r.out.splitlines()[0], r
    assert world.requests(host="api.github.com") == []


def test_a_denial_is_json_with_all_its_fields(box):
    r = curl(box, "-X", "POST", "-D", "-", "https://api.github.com/zen?q=1")
    head, _, body = r.out.replace("\r", "").rpartition("\n\n")
    got = json.loads(body)
    assert got["error"] == "policy_denied"
    assert got["detail"] == "POST /zen not permitted by policy"
    assert got["layer"] == "l7" and got["protocol"] == "rest"
    assert (got["method"], got["path"]) == ("POST", "/zen")
    assert (got["host"], got["port"]) == ("api.github.com", 443)
    assert got["rule_missing"]["type"] == "rest_allow"
    assert isinstance(got["next_steps"], list) and got["next_steps"]
    low = head.lower()
    assert "x-openshell-policy:" in low
    assert "content-type: application/json" in low


def test_a_host_that_is_not_named_is_refused_before_any_packet(box, world):
    r = curl(box, "https://other.test/")
    assert r.code != 0 and "403" in r.err, r
    assert world.packets(hosts.HOSTS["other.test"]) == []
    assert world.events(event="dns", name="other.test") == []


def test_the_refusal_of_a_connect_has_a_readable_body(box):
    r = box.sh("box", """python3 -c '
import socket
s = socket.create_connection(("127.0.0.1", 3128))
s.sendall(b"CONNECT other.test:443 HTTP/1.1\\r\\nHost: other.test:443\\r\\n\\r\\n")
d = b""
while True:
    x = s.recv(65536)
    if not x: break
    d += x
print(d.decode())
'""")
    head, _, body = r.out.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 403"), r
    got = json.loads(body)
    assert got["error"] == "policy_denied"
    assert got["detail"] == "CONNECT other.test:443 not permitted by policy"


@pytest.mark.parametrize("path,code", [
    ("/zen", "200"), ("/repos/a/b", "200"), ("/repos/a", "200"),
    ("/zenith", "403"), ("/user", "403"), ("/", "403"),
    ("/repos/../user", "403"), ("/repos/%2e%2e/user", "403"),
    ("/./zen", "200"), ("/ZEN", "403"),
])
def test_paths_are_judged_in_their_canonical_form(box, path, code):
    got = status(box, "--path-as-is", "https://api.github.com" + path)
    assert got == code, path


@pytest.mark.parametrize("path", [
    "/repos/a%2f..%2f..%2fuser", "/repos/a;x=1/b", "/repos/a%00b",
    "/repos/a\\b", "/repos/%ff", "/repos/a%5c..", "/../zen",
])
def test_paths_with_tricks_are_refused(box, world, path):
    got = status(box, "--path-as-is", "https://api.github.com" + path)
    assert got in ("400", "403"), path
    assert world.requests(host="api.github.com") == []


def test_what_is_judged_is_what_is_sent(box, world):
    status(box, "--path-as-is",
           "https://api.github.com/repos/x/./y/../%7ez?a=%2F..")
    got = world.requests(host="api.github.com")
    assert got[-1]["target"] == "/repos/x/~z?a=%2F..", got


@pytest.mark.parametrize("args,code", [
    (["https://echo.test/public/x"], "200"),
    (["https://echo.test/private/x"], "403"),
    (["-d", "x", "https://echo.test/public/x"], "403"),
    (["https://echo.test/public/../private/x"], "403"),
    (["https://echo.test/public/x?Token=1"], "403"),
])
def test_a_condition_is_asked_of_each_request(boxes, args, code):
    assert status(boxes(WHEN), "--path-as-is", *args) == code


def test_head_is_included_in_get(box):
    assert status(box, "-I", "https://api.github.com/zen") == "200"


@pytest.mark.parametrize("url", [
    "http://echo.test/plain", "https://echo.test/tls",
    "http://echo.test:8080/p", "https://echo.test:8443/t"])
def test_plain_and_tls_on_the_ports_that_are_named(box, url):
    assert status(box, url) == "200"


@pytest.mark.parametrize("url", [
    "http://echo.test:22/", "http://echo.test:8443/", "https://echo.test:25/",
    "http://api.github.com/zen", "https://sub.echo.test/"])
def test_other_ports_schemes_and_names_are_refused(box, world, url):
    r = curl(box, "-f", url)
    assert r.code != 0, r
    assert world.requests() == []


def test_bodies_stream_both_ways_and_are_whole(box):
    data = os.urandom(3_000_000)
    r = box.exec("box", "curl", "-sS", "--data-binary", "@-",
                 "https://echo.test/upload", data=data)
    got = json.loads(r.out)
    assert got["sha256"] == hashlib.sha256(data).hexdigest()
    r = box.sh("box", "curl -sS https://echo.test/big/30000000 | wc -c")
    assert r.out.strip() == "30000000", r
    r = box.exec("box", "curl", "-sS", "--http1.1",
                 "-H", "Transfer-Encoding: chunked",
                 "--data-binary", "@-", "https://echo.test/upload", data=data)
    assert json.loads(r.out)["length"] == len(data), r


def test_events_arrive_one_by_one_as_they_are_sent(box):
    r = box.exec("box", "python3", "-c", """
import time, urllib.request
r = urllib.request.urlopen("https://echo.test/sse")
t = []
for line in r:
    if line.startswith(b"data"):
        t.append(time.time())
print(len(t), max(t) - min(t) > 0.5)
""")
    assert r.out == "5 True\n", r


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_stream_without_an_end_arrives_as_it_comes(box, version):
    r = box.exec("box", "sh", "-c", f"curl -sN {version} "
                 "https://echo.test/forever | head -n 3", timeout=60)
    assert r.out == "data: again\n\ndata: again\n", r


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_what_is_around_an_answer_comes_with_it(box, version):
    r = curl(box, "-i", version, "https://echo.test/around")
    lines = r.out.replace("\r", "").lower().split("\n")
    assert any(" 103" in x for x in lines), r
    assert "link: </a>; rel=preload" in lines and "bodyx-end: yes" in lines, r


@pytest.mark.parametrize("what,want", [
    ("/chunked", "one\ntwo\nthree\n"), ("/close", "until close\n"),
    ("/status/204", ""), ("/status/304", ""), ("/status/500", "status 500\n")])
def test_every_form_of_answer_comes_through(box, what, want):
    r = curl(box, "https://echo.test" + what)
    assert (r.code, r.out) == (0, want), r


def test_connections_are_kept_alive_on_both_sides(box):
    urls = ["https://echo.test/served"] * 3
    r = curl(box, *urls, "-w", "%{num_connects}\n")
    # num_connects is 1 (2 with the proxy's CONNECT), then 0 and 0.
    assert r.out.count('"served"') == 3, r
    assert r.out.rstrip().endswith("0"), r
    # One connection of egress's, which an earlier test may have opened.
    served = [int(n) for n in re.findall(r'"served": (\d+)', r.out)]
    assert served == list(range(served[0], served[0] + 3)), r
    assert len(set(re.findall(r'"connection": (\d+)', r.out))) == 1, r


def test_a_hundred_requests_at_once(box):
    r = box.exec("box", "python3", "-c", """
import concurrent.futures, urllib.request
def get(i):
    return urllib.request.urlopen(f"https://echo.test/n/{i}").status
with concurrent.futures.ThreadPoolExecutor(32) as p:
    print(sum(s == 200 for s in p.map(get, range(100))))
""", timeout=90)
    assert r.out == "100\n", r


def test_expect_100_continue_works(box):
    r = curl(box, "-H", "Expect: 100-continue", "-d", "x" * 2000,
             "https://echo.test/upload")
    assert json.loads(r.out)["length"] == 2000, r


def test_hop_by_hop_and_proxy_fields_do_not_leave(box, world):
    curl(box, "-H", "Proxy-Authorization: Basic eDp5", "-H",
         "X-Secret-Hop: 1", "-H", "Connection: keep-alive, X-Secret-Hop",
         "-H", "Proxy-Connection: keep-alive", "http://echo.test/")
    fields = {k.lower() for k, _ in world.requests(host="echo.test")[-1]
              ["fields"]}
    assert not fields & {"proxy-authorization", "proxy-connection",
                         "x-secret-hop"}


def test_nothing_in_the_request_tells_of_the_sandbox(box, world):
    curl(box, "https://echo.test/")
    fields = json.dumps(world.requests(host="echo.test")[-1]["fields"]).lower()
    for word in ("openshell", "via", "x-forwarded", "127.0.0.1"):
        assert word not in fields, word


@pytest.mark.parametrize("name", list(hosts.BAD_TLS))
def test_a_wrong_certificate_is_refused_and_nothing_is_sent(boxes, world,
                                                             name):
    r = curl(boxes(BAD_TLS), "-f", "--max-time", "8", "-H", "X-Secret: s",
             f"https://{name}/")
    assert r.code != 0, r
    assert world.requests() == []


def test_a_wrong_certificate_is_said_so(boxes):
    sh = boxes(BAD_TLS)
    r = curl(sh, "-i", "https://expired.evil.test/")
    assert "502" in r.out + r.err, r
    r = curl(sh, "https://selfsigned.evil.test/")
    assert "certificate" in r.out + r.err, r


@pytest.mark.parametrize("path", [
    "/two-lengths", "/length-and-chunked", "/negative-length", "/huge-length",
    "/plus-length", "/folded", "/nul", "/bare-cr", "/bare-lf", "/space-colon",
    "/bad-status", "/bad-version", "/not-http", "/huge-field", "/many-fields",
    "/unasked-101"])
def test_a_malformed_answer_becomes_502(boxes, path):
    assert status(boxes(BAD_HTTP), "https://badhttp.evil.test" + path) == "502"


@pytest.mark.parametrize("path", ["/bad-chunk", "/chunk-overflow",
                                  "/truncated"])
def test_a_body_that_breaks_off_is_not_taken_for_whole(boxes, path):
    r = curl(boxes(BAD_HTTP), "https://badhttp.evil.test" + path)
    assert r.code != 0 or "502" in r.out or '"error"' in r.out, r


def test_bytes_after_an_answer_are_never_taken_for_the_next(boxes):
    r = curl(boxes(BAD_HTTP), "https://badhttp.evil.test/two-answers",
             "https://badhttp.evil.test/two-answers")
    assert "second" not in r.out, r


@pytest.mark.parametrize("where", ["/metadata", "/loopback", "/evil",
                                   "/private", "/other"])
def test_a_redirect_leads_nowhere_that_is_not_allowed(boxes, world, where):
    r = curl(boxes(BAD_HTTP), "-L", "-f", "-H", "Authorization: secret",
             "https://redirect.evil.test" + where)
    assert r.code != 0, r
    assert "SECRET" not in r.out
    assert world.packets(hosts.METADATA, hosts.EVIL, hosts.PRIVATE,
                         hosts.HOSTS["other.test"]) == []


def test_without_a_policy_nothing_leaves(sh, world):
    sh.start("box")
    assert curl(sh, "-f", "https://echo.test/").code != 0
    assert curl(sh, "-f", "http://echo.test/").code != 0
    assert world.events() == []


def test_no_way_around_the_policy_without_the_proxy(box, world):
    r = box.exec("box", "curl", "--noproxy", "*", "-sS", "--max-time", "5",
                 "-w", "%{http_code}", f"http://{hosts.RELAY}/")
    assert "policy_denied" in r.out and r.out.endswith("403")
    r = box.exec("box", "python3", "-c", """
import socket
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    for where in ("44.128.6.1", "44.128.0.53"):
        s = socket.socket(socket.AF_INET, kind)
        s.settimeout(2)
        try:
            s.connect((where, 53)); s.send(b"x"); s.recv(1); print("sent")
        except OSError as e:
            print("refused", e.errno)
""")
    assert "sent" not in r.out and r.out.count("refused") == 4, r
    assert world.events() == []


def test_a_name_does_not_resolve_inside_without_the_proxy(box, world):
    r = box.exec("box", "python3", "-c",
                 "import socket; socket.getaddrinfo('secret.evil.test', 80)")
    assert r.code != 0
    assert world.events(event="dns") == []


def test_operator_resolve_moves_a_name(sh, world):
    sh.config(upstream_ca=os.path.join(os.environ["OPENSHELL_WORLD"],
                                       "ca.pem"),
              resolve={"moved.test:80": hosts.PRIVATE + ":80"})
    sh.start("box", "network:\n  allow:\n    - endpoint: moved.test\n"
             "      ports: [80]\n")
    assert "PRETENDSECRET" in curl(sh, "http://moved.test/").out
    assert world.requests(address=hosts.PRIVATE)
    assert hosts.PRIVATE in sh.ok("status").out


def test_without_the_operators_authority_its_certificates_are_unknown(sh):
    sh.config()
    sh.start("box", POLICY)
    assert status(sh, "https://echo.test/") == "502"


def test_binaries_narrow_an_entry_to_callers(sh, world):
    sh.start("box", """
network:
  allow:
    - endpoint: echo.test
      binaries: [curl]
""")
    assert status(sh, "https://echo.test/") == "200"
    world.mark()
    r = sh.exec("box", "python3", "-c", """
import urllib.request
print(urllib.request.urlopen("https://echo.test/").status)""")
    assert r.code != 0 and "403" in r.err, r
    assert world.packets(hosts.RELAY) == []


DECOYS = """
import socket, subprocess
decoy = socket.create_server(("127.0.0.2", 3128))
for port in range(40000, 40012):
    curl = subprocess.Popen(["curl", "-s", "--noproxy", "*", "--interface",
                             "127.0.0.1", "--local-port", str(port),
                             "http://127.0.0.2:3128/"])
    held = decoy.accept()
    s = socket.socket()
    s.bind(("127.0.0.3", port))
    s.connect(("127.0.0.1", 3128))
    s.sendall(b"CONNECT echo.test:443 HTTP/1.1\\r\\n\\r\\n")
    print(s.recv(64).split()[1].decode())
    curl.kill()
"""


def test_a_connection_of_curl_from_the_same_port_is_no_alibi(sh):
    """Of another address of loopback, to another listener."""
    sh.start("box", """
network:
  allow:
    - endpoint: echo.test
      binaries: [curl]
""")
    r = sh.exec("box", "python3", "-c", DECOYS)
    assert r.out.split() == ["403"] * 12, r


def test_a_deny_beats_an_allow(sh):
    sh.start("box", """
network:
  allow:
    - endpoint: "**.echo.test"
    - endpoint: echo.test
  deny:
    - endpoint: "*.sub.echo.test"
""")
    assert status(sh, "https://echo.test/") == "200"
    assert curl(sh, "-f", "https://sub.echo.test/").code != 0
    assert curl(sh, "-f", "https://deep.sub.echo.test/").code != 0


def test_audit_mode_lets_through_and_says_what_it_would_have_done(sh):
    sh.start("box", """
policy_mode: audit
network:
  allow:
    - endpoint: echo.test
""")
    assert curl(sh, "-d", "x", "https://other.test/").out == "thank you\n"
    assert sh.audited(host="other.test")


DETAIL = """
network:
  allow:
    - endpoint: api.github.com
      methods: [GET]
      paths: [/zen]
      query: {format: [plain, short], page: {any: ["*"], optional: true}}
    - endpoint: echo.test
      headers: {X-Team: red}
    - endpoint: echo.test
      paths: [/group*]
      encoded_slash: allow
    - endpoint: other.test
      git: {operations: [fetch], repositories: [acme/*]}
  deny:
    - endpoint: echo.test
      headers: {X-Debug: "*"}
"""


@pytest.mark.parametrize("query, code", [
    ("format=plain", "200"), ("page=3&format=short", "200"),
    ("f%6Frmat=pl%61in", "200"), ("", "403"), ("format=html", "403"),
    ("format=plain&format=html", "403"), ("format=plain;x", "403"),
])
def test_a_query_is_judged(boxes, query, code):
    box = boxes(DETAIL)
    assert status(box, f"https://api.github.com/zen?{query}") == code


def test_fields_are_judged(boxes, world):
    box = boxes(DETAIL)
    url = "https://echo.test/"
    assert status(box, "-H", "X-Team: red", url) == "200"
    world.mark()
    http1 = "--http1.1"  # the only one in which Connection names fields
    for fields in ([], ["X-Team: blue"], ["X-Team: red", "X-Team: blue"],
                   ["X-Team: red", "X-Debug: 1"],
                   ["X-Team: red", "x_debug: 1"],
                   ["X-Team: red", "Connection: X-Team"]):
        args = [a for f in fields for a in ("-H", f)]
        assert status(box, http1, *args, url) == "403", fields
    assert world.requests(host="echo.test") == []


def test_git_is_judged_by_what_it_does_and_where(boxes, world):
    box = boxes(DETAIL)
    refs = "/info/refs?service=git-"
    assert status(box, f"https://other.test/acme/x.git{refs}upload-pack") \
        != "403"
    world.mark()
    for path in (f"/acme/x.git{refs}receive-pack", "/acme/x",
                 f"/evil/x.git{refs}upload-pack"):
        assert status(box, f"https://other.test{path}") == "403", path
    assert status(box, "-d", "0000",
                  "https://other.test/acme/x.git/git-receive-pack") == "403"
    assert world.requests(host="other.test") == []


def test_an_encoded_slash_passes_where_an_entry_takes_it(boxes, world):
    box = boxes(DETAIL)
    assert status(box, "https://echo.test/group%2fa") == "200"
    assert world.requests(host="echo.test")[-1]["target"] == "/group%2Fa"
    assert status(box, "-H", "X-Team: red",
                  "https://echo.test/other%2Fa") == "403"

"""HTTP/2 on both sides: the same judge, and each stream for itself."""
import json
import os

import hosts
import pytest
import shell

with open(os.path.join(os.path.dirname(hosts.__file__), "http2.py"),
          encoding="utf-8") as f:
    CLIENT = f.read()

CLEAR = """
network:
  allow:
    - endpoint: h2.test
      ports: [80]
      protocols: [h2c]
      paths: [/ok/*]
    - endpoint: echo.test
      ports: [80]
      protocols: [http]
    - endpoint: h2.test
      protocols: [grpc]
      paths: ["/pkg.Svc/*", /talk, /only]
    - endpoint: echo.test
      protocols: [grpc]
"""
POLICY = """
network:
  allow:
    - endpoint: echo.test
      methods: [GET, HEAD, POST, OPTIONS]
      paths: [/ok/**, /upload, /chunked, "/big/*", "/status/*", /sse]
    - endpoint: h2.test
    - endpoint: sub.echo.test
      methods: [GET]
      paths: [/other]
"""


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


def run(sh, code, timeout=60):
    return sh.exec("box", "python3", "-c", CLIENT + code, timeout=timeout)


def said(sh, code):
    """The last line that the code printed, as JSON."""
    r = run(sh, code)
    assert r.out, r
    return json.loads(r.out.splitlines()[-1])


@pytest.mark.parametrize("version", ["--http2", "--http1.1"])
@pytest.mark.parametrize("host", ["echo.test", "h2.test"])
def test_each_version_with_each(box, world, version, host):
    data = os.urandom(60_000)
    args = ["curl", "-sS", "--max-time", "20", version]
    r = box.exec("box", *args, "-w", "\n%{http_version}",
                 f"https://{host}/ok/x?a=b")
    body, _, spoken = r.out.rpartition("\n")
    assert spoken == version.removeprefix("--http"), r
    assert json.loads(body), r
    seen = world.requests(host=host)[-1]
    assert seen["target"] == "/ok/x?a=b"
    assert seen.get("version", "1.1") == ("2" if host == "h2.test" else "1.1")
    for more in ([], ["-H", "Expect: 100-continue"]):
        r = box.exec("box", *args, "--data-binary", "@-", *more,
                     f"https://{host}/upload", data=data)
        assert json.loads(r.out)["length"] == len(data), r
    r = box.sh("box", f"curl -sS {version} https://{host}/big/60000 | wc -c")
    assert r.out.strip() == "60000", r
    r = box.exec("box", *args, "-T", "-", "-X", "POST",
                 f"https://{host}/upload", data=data)
    assert json.loads(r.out)["length"] == len(data), r
    r = box.exec("box", *args, "-I", f"https://{host}/ok/x")
    assert r.out.split("\r\n\r\n")[1].split()[1] == "200", r


def test_a_denial_is_of_its_stream_alone_and_says_the_same(box, world):
    got = said(box, """
c = Client("echo.test")
n = [c.ask("/ok/1"), c.ask("/no"), c.ask("/ok/2", "POST", body=b"x"),
     c.ask("/ok/3", "DELETE")]
a = [c.answer(i) for i in n]
print(json.dumps([[s.status, dict(s.heads[0]), s.body.decode()] for s in a]))
""")
    assert [x[0] for x in got] == [200, 403, 200, 403]
    one = box.exec("box", "curl", "-s", "--http1.1", "https://echo.test/no")
    same = {"detail", "policy", "rule", "reason", "layer", "protocol",
            "method", "path", "host", "port", "next_steps"}
    assert {k: json.loads(got[1][2])[k] for k in same} == {
        k: json.loads(one.out)[k] for k in same}
    assert got[1][1]["x-openshell-policy"].startswith("box/1/")
    assert json.loads(got[3][2])["error"] == "policy_denied"
    assert [r["target"] for r in world.requests(host="echo.test")] in (
        ["/ok/1", "/ok/2"], ["/ok/2", "/ok/1"])
    log = box.audit(kind="http", host="echo.test", verdict="denied")
    assert {r["path"] for r in log} >= {"/no", "/ok/3"}


def test_who_shares_a_connection_shares_nothing_else(box):
    """Many at once, each with its own answer, over few connections."""
    got = said(box, """
c = Client("h2.test")
ns = {c.ask(f"/ok/{i}"): i for i in range(90)}
out = []
for n, i in ns.items():
    s = c.answer(n)
    out.append([i, dict(s.json()["fields"])[":path"], s.json()["connection"]])
print(json.dumps(out))
""")
    assert all(p == f"/ok/{i}" for i, p, _ in got)
    assert len({c for _, _, c in got}) == 1, got


def test_a_stream_is_refused_when_it_is_one_too_many(box):
    got = said(box, """
c = Client("h2.test")
ns = [c.ask(f"/wait") for i in range(101)]
c.until(lambda: any(c.stream(n).reset is not None for n in ns) or
        all(c.stream(n).body for n in ns))
print(json.dumps([c.settings[3], [c.stream(n).reset for n in ns]]))
""")
    assert got[0] == 100
    assert got[1] == [None] * 100 + [7]


def test_trailers_and_hints_go_along(box):
    got = said(box, """
c = Client("h2.test")
a, b, d = c.get("/hints"), c.get("/trailers"), c.get("/only")
print(json.dumps([a.heads, b.heads, d.heads, d.body.decode()]))
""")
    hints, trailers, only, empty = got
    assert [dict(h)[":status"] for h in hints] == ["103", "200"]
    assert dict(hints[0])["link"] == "</a>; rel=preload"
    assert dict(trailers[1]) == {"grpc-status": "0", "x-end": "yes"}
    assert len(only) == 1 and dict(only[0])["grpc-status"] == "12"
    assert empty == ""
    r = box.exec("box", "curl", "-sS", "--http1.1", "-i",
                 "https://h2.test/trailers")
    assert "x-end: yes" in r.out, r


def test_both_sides_talk_at_once(box):
    """What gRPC calls a bidirectional stream."""
    got = said(box, """
c = Client("h2.test")
n = c.ask("/talk", "POST", more=[("te", "trailers"),
          ("content-type", "application/grpc")], body=b"", end=False)
s = c.stream(n)
c.until(lambda: s.heads)
early = len(s.heads), s.ended
c.data(n, b"ping", end=True)
c.answer(n)
print(json.dumps([early, s.body.decode(), s.heads[1]]))
""")
    assert got == [[1, False], "ping", [["grpc-status", "0"]]]


def test_a_request_that_the_server_did_not_look_at_is_asked_again(box):
    got = said(box, """
c = Client("h2.test")
a, b = c.get("/refuse/%d" % time.time_ns()), c.get("/never")
print(json.dumps([a.status, a.body.decode(), b.status, b.json()["error"]]))
""".replace("c = Client", "import time\nc = Client"))
    assert got == [200, "at last", 502, "upstream_protocol_error"]


def test_a_wrong_answer_of_the_server_is_its_streams_fault(box, world):
    got = said(box, """
c = Client("h2.test")
print(json.dumps([c.get(p).status for p in ("/smuggle", "/ok/x", "/upgrade",
    "/ok/x", "/die", "/ok/x", "/push", "/ok/x")]))
""")
    assert got == [502, 200] * 4
    assert not [r for r in world.requests() if r["target"] == "/x"]


def test_a_broken_server_is_502_for_all_that_wait_and_no_other(box):
    got = said(box, """
c, d = Client("h2.test"), Client("echo.test")
ns = [c.ask("/wait") for i in range(3)]
c.until(lambda: all(c.stream(n).body for n in ns))
dead, fine = c.ask("/die"), d.get("/ok/x")
a = c.answer(dead)
cut = [c.answer(n).reset for n in ns]
print(json.dumps([a.status, cut, fine.status, c.get("/ok/x").status]))
""")
    assert got == [502, [2, 2, 2], 200, 200]


def test_a_body_that_is_cut_is_seen_as_one(box):
    got = said(box, """
c = Client("h2.test")
s = c.get("/cut"), c.get("/short")
print(json.dumps([[x.status, x.ended, x.reset] for x in s]))
""")
    assert got == [[200, False, 2]] * 2
    for path in ("/cut", "/short"):
        r = box.exec("box", "curl", "-sS", "--http1.1",
                     f"https://h2.test{path}")
        assert r.code != 0, r


def test_a_policy_that_no_longer_allows_it_resets_the_stream(sh):
    sh.start("box", POLICY)
    t = sh.term("sandbox", "exec", "box", "--", "python3", "-c", CLIENT + """
c = Client("h2.test")
a, b = c.ask("/wait"), c.ask("/ok/x")
c.until(lambda: c.stream(a).body and c.stream(b).ended)
print("begun", flush=True)
s = c.answer(a)
c.until(lambda: c.goaway is not None)
print("reset", s.reset, "goaway", c.goaway, flush=True)
""")
    t.expect("begun")
    sh.ok("policy", "set", "box", "--policy", sh.write(
        "less.yaml", "network: {allow: [{endpoint: echo.test}]}"), "--wait")
    t.expect("reset 8 goaway 0")
    assert t.wait() == 0


def test_the_next_request_is_judged_by_the_new_policy(sh):
    sh.start("box", POLICY)
    t = sh.term("sandbox", "exec", "box", "--", "python3", "-c", CLIENT + """
c = Client("h2.test")
print("first", c.get("/ok/x").status, flush=True)
input()
print("then", c.get("/ok/x").status, c.get("/ok/y").status, flush=True)
""")
    t.expect("first 200")
    sh.ok("policy", "set", "box", "--policy", sh.write(
        "less.yaml", "network: {allow: [{endpoint: h2.test, "
        "paths: [/ok/y]}]}"), "--wait")
    t.send("\n")
    t.expect("then 403 200")
    assert t.wait() == 0


def test_grpc_takes_calls_of_its_paths_and_nothing_else(boxes, world):
    got = said(boxes(CLEAR), """
c = Client("h2.test")
GRPC = [("content-type", "application/grpc+proto"), ("te", "trailers")]
asked = [("/pkg.Svc/Get", "POST", GRPC), ("/pkg.Other/Get", "POST", GRPC),
    ("/pkg.Svc/Get", "POST", []), ("/pkg.Svc/Get", "GET", GRPC),
    ("/pkg.Svc/Get", "POST", [("content-type", "application/grpc-web")]),
    ("/pkg.Svc/Get", "POST", GRPC + [("content-type", "text/plain")])]
print(json.dumps([c.get(p, method=m, more=f, body=b"x" if m == "POST" else
    None).status for p, m, f in asked]))
""")
    assert got == [200, 403, 403, 403, 403, 403]
    (seen,) = world.requests(host="h2.test")
    assert ["te", "trailers"] in seen["fields"]


def test_grpc_to_a_server_without_http2_is_502(boxes, world):
    got = said(boxes(CLEAR), """
s = Client("echo.test").get("/a/b", method="POST", body=b"x",
    more=[("content-type", "application/grpc")])
print(json.dumps([s.status, s.json()["detail"]]))
""")
    assert got[0] == 502 and "HTTP/2" in got[1]
    assert world.requests(host="echo.test") == []


def test_http2_in_clear_is_for_who_names_it(boxes, world):
    got = said(boxes(CLEAR), """
a, b = Client("h2.test", 80, tls=False), Client("echo.test", 80, tls=False)
s = [a.get("/ok/x"), a.get("/no"), b.get("/ok/x")]
print(json.dumps([[x.status, x.json().get("reason")] for x in s]))
""")
    assert [x[0] for x in got] == [200, 403, 403]
    assert "h2c" in got[2][1]
    assert [r["target"] for r in world.requests()] == ["/ok/x"]
    r = boxes(CLEAR).exec("box", "curl", "-s", "http://h2.test/ok/x")
    assert "it is for HTTP/2 in clear alone" in r.out, r

"""Every decision is one record, in order, with what decided it."""
import json
import os

import pytest

POLICY = """
network:
  egress:
    - destination: api.github.com
      methods: [GET]
      paths: [/zen]
"""


def curl(sh, *args):
    return sh.exec("box", "curl", "-sS", "--max-time", "10", *args)


def test_allows_and_denies_are_recorded_with_their_rule(sh):
    sh.start("box", POLICY)
    curl(sh, "https://api.github.com/zen")
    curl(sh, "-d", "x", "https://api.github.com/zen")
    curl(sh, "https://other.test/")
    allowed = sh.audited(kind="http", verdict="allowed", path="/zen")[0]
    assert allowed["host"] == "api.github.com" and "policy.yaml:4" in \
        allowed["rule"], allowed
    assert allowed["sandbox"] == "box"
    assert allowed["exe"].endswith("/curl"), allowed
    denied = sh.audited(kind="http", verdict="denied", host="api.github.com")
    assert denied[0]["action"] == "POST" and denied[0]["reason"]
    assert sh.audited(verdict="denied", host="other.test")


def test_the_life_of_a_sandbox_is_recorded_with_who_did_it(sh):
    sh.start("box", POLICY)
    sh.exec("box", "true")
    sh.ok("sandbox", "stop", "box")
    sh.ok("sandbox", "delete", "box")
    sh.audited(kind="life", action="delete")
    actions = [r["action"] for r in sh.audit(kind="life", sandbox="box")]
    for a in ("create", "start", "stop", "delete"):
        assert a in actions, (a, actions)
    assert actions.index("create") < actions.index("start") < \
        actions.index("delete")
    assert sh.audit(kind="life", action="create")[0]["actor"] == sh.user.name
    assert sh.audit(kind="exec")


def test_policy_changes_are_recorded_with_old_and_new_hash(sh):
    sh.start("box", POLICY)
    old = sh.get("box")["policy"]["hash"]
    new = sh.policy(POLICY + "    - destination: echo.test\n", "n.yaml")
    sh.ok("policy", "set", "box", "--policy", new, "--wait")
    bad = sh.policy("network: 7\n", "bad.yaml")
    assert sh.run("policy", "set", "box", "--policy", bad).code == 1
    record = sh.audited(kind="policy", old_policy_hash=old)[-1]
    assert record["policy_hash"] == sh.get("box")["policy"]["hash"] != old
    assert record["actor"] == sh.user.name
    assert sh.audited(kind="policy", verdict="denied")


def test_the_operators_configuration_is_recorded(sh):
    sh.config(upstream_ca=os.path.join(os.environ["OPENSHELL_WORLD"],
                                       "ca.pem"),
              resolve={"a.test": "10.0.0.1"})
    sh.start("box", POLICY)
    assert "a.test" in json.dumps([r["_"] for r in sh.audited(kind="config")])


def test_every_line_is_ocsf_and_in_order(sh):
    sh.start("box", POLICY)
    for _ in range(5):
        curl(sh, "https://api.github.com/zen", "https://other.test/")
    records = [r["_"] for r in sh.audit()]
    sequence = [r["metadata"]["sequence"] for r in records]
    assert sequence == list(range(sequence[0], sequence[0] + len(sequence)))
    for r in records:
        for key in ("metadata", "time", "class_uid", "category_uid",
                    "activity_id", "type_uid", "severity_id"):
            assert key in r, (key, r)
        assert r["metadata"]["version"].startswith("1.8")
        assert r["type_uid"] == r["class_uid"] * 100 + r["activity_id"]
        assert r["category_uid"] == r["class_uid"] // 1000


def test_control_characters_of_the_agent_cannot_forge_a_line(sh):
    sh.start("box", POLICY)
    sh.exec("box", "python3", "-c", r"""
import socket
for t in (b'x\r\n{"unmapped":{"kind":"forged"}}', b"\x1b[2Jx",
          b'x"}\n{"forged":1}', "\u202e".encode(), b"\xff\xfe"):
    s = socket.create_connection(("127.0.0.1", 3128))
    s.sendall(b"GET http://other.test/" + t + b" HTTP/1.1\r\nHost: other.test"
              b"\r\nConnection: close\r\n\r\n")
    s.recv(10000)
""")
    folder = os.path.join(sh.home, "state", "log")
    for name in os.listdir(folder):
        if not name.endswith(".jsonl"):
            continue
        with open(os.path.join(folder, name), "rb") as f:
            for line in f.read().split(b"\n")[:-1]:
                got = json.loads(line)
                assert got["unmapped"]["kind"] != "forged"
                assert b"\x1b" not in line
    text = sh.ok("logs", "box").out
    assert "\x1b[2J" not in text and "\u202e" not in text


def test_logs_shows_them_for_people_and_for_programs(sh):
    sh.start("box", POLICY)
    curl(sh, "https://api.github.com/zen")
    curl(sh, "https://other.test/")
    sh.audited(verdict="denied", host="other.test")
    text = sh.ok("logs", "box").out
    assert "other.test" in text and "api.github.com" in text
    lines = sh.ok("logs", "box", "-o", "json").out
    got = json.loads(lines) if lines.lstrip().startswith("[") else \
        [json.loads(x) for x in lines.splitlines()]
    assert any(r["unmapped"].get("host") == "other.test" for r in got)
    last = sh.ok("logs", "box", "-n", "1").out
    assert len(last.strip().splitlines()) == 1, last


def test_the_logs_files_are_its_users_alone(sh):
    sh.start("box", POLICY)
    for folder, dirs, files in os.walk(os.path.join(sh.home, "state")):
        for other in ("sandboxes", "baseline"):  # keep modes of their own
            if other in dirs:
                dirs.remove(other)
        assert os.stat(folder).st_mode & 0o077 == 0, folder
        for f in files:
            path = os.path.join(folder, f)
            assert os.stat(path).st_uid == sh.user.uid, path


def test_a_deleted_sandboxes_records_stay(sh):
    sh.once("curl", "-s", "https://other.test/", policy=POLICY)
    assert sh.audited(host="other.test", verdict="denied")


def test_one_record_is_explained_and_nothing_of_it_reaches_a_shell(sh):
    sh.start("box", """
network:
  allow:
    - endpoint: echo.test
      paths: [/ok]
""")
    paths = ["/a'b", "/$(reboot)", "/`id`", "/a;b", "/plain"]
    r = sh.exec("box", "sh", "-c", "for u; do curl -sS -g --path-as-is "
                "\"https://echo.test$u\"; done", "sh", *paths)
    steps = [json.loads(x)["next_steps"][-1] for x in r.out.splitlines()
             if "next_steps" in x]
    assert steps[-1].endswith("policy update box --add-allow "
                              "'echo.test:443:GET:/plain'"), steps
    got = sh.audited(kind="http", verdict="denied", path="/plain")
    for record in sh.audit(kind="http", verdict="denied"):
        number = record["_"]["metadata"]["sequence"]
        r = sh.ok("audit", "explain", number)
        words = [x for x in r.out.splitlines() if x.startswith("  next ")]
        for text in words + steps:
            if "openshell policy" in text:
                assert not set(text) & set("$`;()"), text
                assert text.count("'") in (0, 2), text
    number = got[-1]["_"]["metadata"]["sequence"]
    r = sh.ok("audit", "explain", f"#{number}", "-o", "json").json()
    assert r["metadata"]["sequence"] == number
    assert r["next"] == "openshell policy update box --add-allow " \
        "'echo.test:443:GET:/plain'", r
    # What it says permits just that.
    assert sh.run(*r["next"].replace("'", "").split()[1:],
                  "--wait").code == 0
    assert sh.exec("box", "curl", "-sS", "-o", "/dev/null", "-w",
                   "%{http_code}", "https://echo.test/plain").out == "200"
    for name in ("bax", "box"):
        r = sh.run("logs", name)
        assert ("has nothing of a sandbox" in r.err) == (name == "bax"), r
        assert (r.out == "") == (name == "bax") and r.code == 0, r
    assert sh.run("audit", "explain", "1000000").code == 1
    assert sh.run("audit", "explain", "x").code == 2
    line = [x for x in sh.ok("logs", "box", "--level", "warn").out
            .splitlines() if "/plain" in x]
    assert line and line[0].endswith(f"#{number}"), line


@pytest.mark.parametrize("request_,reason,next_", [
    ("https://echo.test/x", "it is for WebSockets alone",
     "name its protocol in protocols"),
    ("https://other.test/x", "over max_requests_per_minute",
     "try again later, or raise the limit at "),
])
def test_what_is_advised_would_help(sh, request_, reason, next_):
    sh.start("box", """
network:
  allow:
    - endpoint: echo.test
      protocols: [wss]
    - endpoint: other.test
      rate_limits: {max_requests_per_minute: 1}
""")
    for _ in range(2):
        out = sh.exec("box", "curl", "-sS", request_).out
    assert "--add-allow" not in out, out
    r = sh.audited(kind="http", verdict="denied")[-1]
    told = sh.ok("audit", "explain", r["_"]["metadata"]["sequence"]).out
    assert reason in told and next_ in told, told
    if "WebSockets" in reason:
        r = sh.run("policy", "explain", "box", "GET " + request_)
        assert next_ in r.out and "--add-allow" not in r.out, r


def test_a_denied_command_is_explained_with_what_would_help(sh):
    sh.start("box", "commands: {allow: [sh, ls]}\n")
    sh.exec("box", "sh", "-c", "id")
    r = sh.audited(kind="command", verdict="denied")[-1]
    told = sh.ok("audit", "explain", r["_"]["metadata"]["sequence"]).out
    assert "generation 0" not in told, told
    assert "add the command under commands: allow:" in told, told


def test_a_library_is_no_file_and_that_is_said(sh):
    r = sh.run("policy", "check", "pypi")
    assert r.code == 1 and "extends: [pypi]" in r.err, r
    r = sh.run("policy", "check", "no/pypi.yaml")
    assert "extends" not in r.err, r

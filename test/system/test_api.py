"""gateway.sock as a script uses it: docs/api.md, tried."""
import json
import os
import socket
import subprocess
import threading
import time

import pytest
from shell import named, wait_until

OPEN = "network:\n  allow:\n    - endpoint: echo.test\n"
LOCKED = OPEN + """file_access:
  allow:
    - path: /opt/x/**
      permissions: [read]
"""


def sock(sh):
    return os.path.join(sh.home, "run", "gateway.sock")


def api(sh, method, path, body=None, timeout=30):
    """(status, object) of one request, by the sandbox's user."""
    argv = sh.user.prefix() + ["curl", "-sS", "-X", method, "-w",
                               "\n%{http_code}", "--max-time", str(timeout),
                               "--unix-socket", sock(sh), "http://x" + path]
    if body is not None:
        argv += ["--data-binary", body if isinstance(body, str)
                 else json.dumps(body)]
    out = subprocess.run(argv, capture_output=True, text=True, check=True)
    text, _, code = out.stdout.rpartition("\n")
    return int(code), json.loads(text) if text else None


@pytest.mark.parametrize("method,path,body,code,error", [
    ("GET", "/v1/nothing", None, 404, "not_found"),
    ("PUT", "/v1/status", None, 405, "bad_method"),
    ("GET", "/v1/sandboxes/none", None, 404, "not_found"),
    ("DELETE", "/v1/sandboxes/box?grace=1", None, 400, "bad_request"),
    ("POST", "/v1/sandboxes", "not json", 400, "bad_request"),
    ("POST", "/v1/sandboxes", "[]", 400, "bad_request"),
    ("POST", "/v1/sandboxes", '{"command":["a"],"command":["b"]}', 400,
     "bad_request"),
    ("POST", "/v1/sandboxes", {"comand": ["true"]}, 400, "bad_request"),
    ("POST", "/v1/sandboxes", {"command": ["a"], "name": "A"}, 400,
     "bad_request"),
    ("POST", "/v1/sandboxes", {"command": ["a"], "name": "box"}, 409,
     "exists"),
    ("POST", "/v1/sandboxes",
     {"command": ["a"], "policies": [{"name": "p", "text": "network: 7"}]},
     422, "policy_invalid"),
    ("POST", "/v1/sandboxes/box/start", {}, 409, "wrong_phase"),
    ("POST", "/v1/sandboxes/box/exec", {"command": ["no-such"]}, 502,
     "sandbox_refused"),
    ("PUT", "/v1/sandboxes/box/policy",
     {"policies": [{"name": "p", "text": LOCKED}]}, 409, "policy_locked"),
    ("GET", "/v1/sandboxes/box/policy/revisions/9", None, 404, "not_found"),
    ("GET", "/v1/logs?since=tomorrow", None, 400, "bad_request"),
])
def test_each_refusal_has_its_status_and_word(sh, method, path, body, code,
                                              error):
    sh.start("box", OPEN)
    status, got = api(sh, method, path, body)
    assert (status, got["error"]) == (code, error), got
    assert got["message"]
    assert sh.get("box")["policy"]["revision"] == 1


def test_another_user_is_not_answered(sh):
    sh.ok("gateway", "start")
    if sh.user.uid == os.getuid():
        pytest.skip("needs root beside an ordinary user")
    s = socket.socket(socket.AF_UNIX)
    s.connect(sock(sh))
    try:
        s.sendall(b"GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
        assert s.recv(100) == b""
    except (BrokenPipeError, ConnectionResetError):
        pass


def test_wait_answers_when_it_has_come_about_and_remembers_the_deleted(sh):
    box = sh.start("box", command=("sh", "-c", "sleep 1; exit 6"))
    start = time.monotonic()
    status, got = api(sh, "GET", "/v1/sandboxes/box/wait")
    assert (status, got["phase"], got["exit_code"]) == (200, "exited", 6)
    assert time.monotonic() - start < 10
    status, got = api(sh, "DELETE", "/v1/sandboxes/box")
    assert status == 200 and got["deleted"] is True
    status, got = api(sh, "GET", f"/v1/sandboxes/{box['id']}/wait")
    assert (status, got["exit_code"], got["deleted"]) == (200, 6, True)
    sh.start("other")
    assert api(sh, "GET", "/v1/sandboxes/other/wait?timeout_s=1")[0] == 504


def test_a_slow_request_holds_up_no_other(sh):
    sh.start("box")
    t = threading.Thread(target=api, args=(
        sh, "GET", "/v1/sandboxes/box/wait?timeout_s=4"))
    t.start()
    start = time.monotonic()
    for _ in range(5):
        assert api(sh, "GET", "/v1/sandboxes/box")[0] == 200
    assert time.monotonic() - start < 3
    t.join()


def test_an_environments_values_are_not_given_back(sh):
    sh.start("box", options=["--env", "TOKEN=hunter2"])
    got = api(sh, "GET", "/v1/sandboxes/box")[1]
    assert got["env"] == ["TOKEN"]
    assert "hunter2" not in json.dumps(api(sh, "GET", "/v1/sandboxes"))


def test_a_refused_configuration_lets_nothing_start(sh):
    sh.start("box")
    path = os.path.join(sh.home, "config", "config.yaml")
    with open(path, "a", encoding="utf-8") as f:
        f.write("resolv: {}\n")
    status, got = api(sh, "POST", "/v1/sandboxes", {"command": ["true"]})
    assert (status, got["error"]) == (422, "config_invalid")
    assert "config.yaml:" in got["message"]
    assert api(sh, "GET", "/v1/status")[1]["config"]["error"]
    assert sh.get("box")["phase"] == "running"


def test_a_killed_auditor_is_started_again_and_nothing_is_lost(sh):
    sh.start("box", OPEN)
    for i in range(3):
        for pid in named("openshell-auditor"):
            os.kill(pid, 9)
        assert sh.exec("box", "curl", "-s", "-o", "/dev/null",
                       f"https://echo.test/{i}").code == 0
    for i in range(3):
        assert sh.audited(kind="http", path=f"/{i}")
    seq = [r["_"]["metadata"]["sequence"] for r in sh.audit()]
    assert seq == list(range(1, len(seq) + 1))


def test_followed_logs_show_what_comes(sh):
    sh.start("box", OPEN)
    argv = sh.user.prefix() + ["curl", "-sN", "--unix-socket", sock(sh),
                               "http://x/v1/logs?n=0&follow=1&sandbox=box"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as p:
        time.sleep(0.5)
        sh.exec("box", "curl", "-s", "https://other.test/")
        line = json.loads(p.stdout.readline())
        while line["unmapped"].get("host") != "other.test":
            line = json.loads(p.stdout.readline())
        assert line["unmapped"]["verdict"] == "denied"
        p.kill()


def test_deleting_all_leaves_nothing(sh):
    for name in ("a", "b", "c"):
        sh.start(name)
    sh.ok("sandbox", "stop", "b")
    status, got = api(sh, "DELETE", "/v1/sandboxes?grace_s=0")
    assert (status, sorted(got["deleted"])) == (200, ["a", "b", "c"])
    assert sh.list() == []
    assert os.listdir(os.path.join(sh.home, "state", "sandboxes")) == []
    wait_until(lambda: not named("openshell-supervisor"))

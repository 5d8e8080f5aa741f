"""Profiles: a sub-agent that may do less than the agent that starts it."""
import json
import os

import pytest

POLICY = """
network:
  allow:
    - endpoint: api.github.com
      methods: [GET, HEAD, POST]
    - endpoint: echo.test
    - endpoint: echo.test
      ports: [80]
      protocols: [http]
file_access:
  allow:
    - path: "/work/**"
      permissions: [read, write]
commands:
  default_policy: allow
  unreviewed_code: allow
  deny: [nl]
  allow:
    - {command: /work/bin/reviewer, profile: reviewer}
    - {command: /work/bin/offline, profile: offline}
profiles:
  reviewer:
    network:
      allow:
        - endpoint: api.github.com
          methods: [GET]
          paths: [/zen]
    file_access:
      allow:
        - path: "/work/src/**"
        - path: "/work/bin/**"
    commands:
      default_policy: allow
      deny: [wc, sort *]
  offline:
    file_access: {default_policy: allow}
    commands: {default_policy: allow}
"""
RUN = '#!/bin/sh\nexec "$@"\n'


def start(sh, policy=POLICY):
    sh.write("w/src/code", "readable\n", mode=0o666)
    sh.write("w/secret", "SECRET\n", mode=0o666)
    for name in ("reviewer", "offline"):
        sh.write(f"w/bin/{name}", RUN, mode=0o755)
    top = os.path.join(sh.files, "w")
    for folder, _, _ in os.walk(top):
        sh.user.own(folder)
    sh.start("box", policy=sh.policy(policy),
             options=["--mount", f"{top}:/work", "--workdir", "/work"])


def status(sh, *args, under="reviewer"):
    """What curl is told, started by an agent's shell."""
    r = sh.exec("box", "sh", "-c", 'exec "$@"', "-", f"/work/bin/{under}",
                "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}",
                "--max-time", "20", *args)
    return r.out


ZEN = "https://api.github.com/zen"
OTHER = "https://api.github.com/repos/x"
ECHO = "https://echo.test/public/x"


def test_a_reviewer_reaches_less(sh):
    start(sh)
    wide = sh.exec("box", "curl", "-sS", "-o", "/dev/null", "-w",
                   "%{http_code}", ECHO)
    assert wide.out == "200", wide
    assert status(sh, ZEN) == "200"
    assert status(sh, OTHER) == "403"
    assert status(sh, "-X", "POST", ZEN) == "403"
    assert status(sh, ECHO) in ("000", "403")
    assert status(sh, "http://echo.test/x") == "403"
    assert status(sh, ZEN, under="offline") in ("000", "403")
    record = sh.audited(kind="http", verdict="denied", host="api.github.com",
                        path="/repos/x")[0]
    assert record["profile"] == "reviewer", record
    assert record["reason"].startswith("the profile reviewer: "), record
    record = sh.audited(kind="http", verdict="allowed", path="/zen")[0]
    assert record["profile"] == "reviewer", record
    assert "profile" not in sh.audited(kind="http", path="/public/x")[0]


def test_by_whatever_way(sh):
    start(sh)
    for way in (["--noproxy", "*"], ["--proxy", "socks5h://127.0.0.1:3128"],
                ["--proxy", "http://127.0.0.1:3128", "--proxytunnel"]):
        assert status(sh, *way, ZEN) == "200"
        assert status(sh, *way, OTHER) == "403"
        assert status(sh, *way, ECHO) in ("000", "403")


def test_a_daemon_of_its_own_reaches_no_more(sh):
    start(sh)
    r = sh.exec("box", "sh", "-c", 'exec "$@"', "-", "/work/bin/reviewer",
                "python3", "-c", """
import os, subprocess
r, w = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while os.getppid() != 1:
            pass
        os.dup2(w, 1)
        os.execvp("curl", ["curl", "-sS", "-o", "/dev/null", "-w",
                           "%{http_code}", "https://api.github.com/repos/x"])
    os._exit(0)
os.close(w)
print(os.read(r, 100))
""")
    assert "403" in r.out, r


def test_a_connection_of_two_is_judged_as_the_narrower_ones(sh):
    """A wider process takes a copy of a narrower one's socket."""
    start(sh)
    r = sh.exec("box", "python3", "-c", """
import os, socket, subprocess
a, b = socket.socketpair()
p = subprocess.Popen(["/work/bin/reviewer", "python3", "-c", '''
import os, socket, sys, time
u = socket.socket(fileno=int(sys.argv[1]))
s = socket.socket()
s.connect(("127.0.0.1", 3128))
socket.send_fds(u, [b"x"], [s.fileno()])
time.sleep(100)
''', str(b.fileno())], pass_fds=[b.fileno()])
_, (fd,), _, _ = socket.recv_fds(a, 1, 1)
s = socket.socket(fileno=fd)
s.sendall(b"GET http://echo.test/x HTTP/1.1\\r\\nHost: echo.test\\r\\n\\r\\n")
print(s.recv(100))
p.kill()
p.wait()
s = socket.socket()
s.connect(("127.0.0.1", 3128))
s.sendall(b"GET http://echo.test/x HTTP/1.1\\r\\nHost: echo.test\\r\\n\\r\\n")
print(s.recv(100))
""")
    first, second = r.out.splitlines()
    assert " 403 " in first and " 200 " in second, r


def test_who_is_gone_is_under_all_profiles(sh):
    """The socket of a process that ended is in flight: nobody holds it."""
    start(sh)
    r = sh.exec("box", "python3", "-c", """
import os, socket, time
a, b = socket.socketpair()
if os.fork() == 0:
    s = socket.socket()
    s.connect(("127.0.0.1", 3128))
    s.sendall(b"GET http://echo.test/x HTTP/1.1\\r\\nHost: echo.test\\r\\n\\r\\n")
    socket.send_fds(b, [b"x"], [s.fileno()])
    os._exit(0)
os.wait()
time.sleep(1)
_, (fd,), _, _ = socket.recv_fds(a, 1, 1)
print(socket.socket(fileno=fd).recv(100))
""")
    assert " 403 " in r.out or " 200 " in r.out, r
    record = sh.audited(kind="http", host="echo.test")[0]
    assert record["verdict"] == "denied" or "profile" not in record, record


@pytest.mark.both
def test_a_reviewer_does_less(sh):
    start(sh)
    run = ["sh", "-c", 'exec "$@"', "-", "/work/bin/reviewer"]
    assert sh.exec("box", *run, "cat", "/work/src/code").out == "readable\n"
    r = sh.exec("box", *run, "cat", "/work/secret")
    assert r.code != 0 and "SECRET" not in r.out, r
    assert sh.exec("box", *run, "touch", "/work/src/new").code != 0
    assert sh.exec("box", *run, "cat", "/home/sandbox/x").code != 0
    assert sh.exec("box", *run, "wc", "/work/src/code").code != 0
    assert sh.exec("box", *run, "sort", "/work/src/code").code != 0
    assert sh.exec("box", *run, "sh", "-c",
                   "cp /usr/bin/wc /work/src/x; wc /work/src/code").code != 0
    assert sh.exec("box", *run, "nl", "/work/src/code").code != 0
    for allowed in (["wc", "/work/src/code"], ["touch", "/work/src/new"],
                    ["cat", "/work/secret"]):
        assert sh.exec("box", *allowed).code == 0, allowed
    # what an entry gives a profile has it, whoever starts it
    r = sh.exec("box", run[-1], "cat", "/work/secret")
    assert r.code != 0 and "SECRET" not in r.out, r
    record = sh.audited(kind="command", action="wc /work/src/code")[0]
    assert record["profile"] == "reviewer", record
    record = sh.audited(kind="file", verdict="denied", path="/work/secret")[0]
    assert record["profile"] == "reviewer", record
    assert record["reason"].startswith("the profile reviewer: "), record


def test_what_holds_a_connection_does_not_enter(sh):
    start(sh)
    r = sh.exec("box", "python3", "-c", """
import socket, subprocess
s = socket.socket()
s.connect(("127.0.0.1", 3128))
a, b = socket.socketpair()
for fds in [s.fileno()], [], [a.fileno()]:
    try:
        subprocess.run(["/work/bin/reviewer", "echo", "ran"], pass_fds=fds)
    except PermissionError:
        print("no", flush=True)
""")
    assert r.out == "no\nran\nran\n", r
    assert "handed a connection" in r.err, r


def test_the_network_of_a_profile_changes_live_and_its_files_do_not(sh):
    start(sh)
    assert status(sh, OTHER) == "403"
    sh.ok("policy", "set", "box", "--wait", "--policy",
          sh.policy(POLICY.replace("paths: [/zen]", "paths: [/repos/**]")))
    assert status(sh, OTHER) == "200"
    for other in (POLICY.replace("/work/src/**", "/work/**"),
                  POLICY.replace("offline", "outside")):
        r = sh.run("policy", "set", "box", "--policy", sh.policy(other))
        assert r.code != 0 and "profiles" in r.err, r


def test_requests_of_a_profile_have_limits_of_their_own(sh):
    start(sh, POLICY.replace("    network:\n      allow:",
                             "    network:\n      rate_limits: "
                             "{max_requests_per_minute: 2}\n      allow:"))
    assert [status(sh, ZEN) for _ in range(3)] == ["200", "200", "429"]
    wide = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", ZEN]
    assert [sh.exec("box", *wide).out for _ in range(3)] == ["200"] * 3
    assert status(sh, ZEN) == "429"
    got = sh.audited(verdict="denied", host="api.github.com")
    assert "the profile reviewer: over max_requests_per_minute: 2 of 2" in \
        got[-1]["reason"], got


def test_explain_answers_for_who_is_under_one(sh):
    path = sh.policy(POLICY)
    ask = ["policy", "explain", "--policy", path]
    assert sh.run(*ask, f"POST {ZEN}").code == 0
    r = sh.run(*ask, "--profile", "reviewer", f"POST {ZEN}")
    assert r.code == 1 and "the profile reviewer: " in r.out, r
    r = sh.run(*ask, "--profile", "reviewer", "READ /work/src/x")
    assert r.code == 0, r
    r = sh.run(*ask, "--profile", "reviewer", "--profile", "offline",
               f"GET {ZEN}")
    assert r.code == 1, r
    r = sh.run(*ask, "--profile", "reviewr", f"GET {ZEN}")
    assert r.code == 2 and "no profile" in r.err, r
    r = sh.run(*ask, "EXEC /work/bin/reviewer")
    assert r.code == 0 and "under the profile reviewer" in r.out, r
    cases = sh.write("cases.yaml", json.dumps({"cases": [
        {"request": f"GET {ZEN}", "profile": "reviewer", "expect": "allow"},
        {"request": f"GET {OTHER}", "profile": "reviewer",
         "expect": "deny"},
        {"request": "READ /work/secret", "profile": ["reviewer", "offline"],
         "expect": "deny"},
        {"request": "READ /work/secret", "expect": "allow"}]}))
    r = sh.run("policy", "test", "--policy", path, cases)
    assert r.code == 0, r
    text = POLICY.replace("profile: offline}",
                          "args_pattern: x, profile: offline}")
    r = sh.run("policy", "check", sh.policy(text))
    assert "runs without the profile" in r.err and r.code == 0, r


HOLDER = """
import os, select, socket, subprocess, urllib.parse
proxy = urllib.parse.urlsplit(os.environ["http_proxy"])
held, refused = [], 0
for i in range(7):
    s = socket.create_connection((proxy.hostname, proxy.port))
    s.sendall(b"POST http://echo.test/x HTTP/1.1\\r\\nHost: echo.test\\r\\n"
              b"Content-Length: 8000000\\r\\n\\r\\n")
    try:
        s.sendall(b"x" * 7999999)   # and never the last
    except OSError:
        pass
    held.append(s)
while refused < 3:
    for s in select.select(held, [], [], 30)[0]:
        try:
            refused += b" 503 " in s.recv(64)
        except OSError:
            pass
        held.remove(s)
print(refused, flush=True)
subprocess.run(["/work/bin/reviewer", "curl", "-sS", "-o", "/dev/null", "-w",
                "%{http_code}", "-d", "fine", "https://echo.test/x"])
"""


def test_what_one_holds_leaves_room_for_others(sh):
    """Bodies that are inspected are held: by turns, not by who came first."""
    start(sh, POLICY.replace("network:\n  allow:", "network:\n  inspect: "
                             "{secrets: block}\n  allow:", 1).replace(
        "      allow:\n        - endpoint: api.github.com\n"
        "          methods: [GET]\n          paths: [/zen]",
        "      allow:\n        - endpoint: echo.test\n"
        "        - {endpoint: echo.test, ports: [80], protocols: [http]}"))
    held = sh.exec("box", "python3", "-c", HOLDER, timeout=90)
    assert held.out == "3\n200", held

"""The gate's files: what is watched, counted, allowed by default, and waits."""
import json
import os
import re
import socket

import pytest
from shell import wait_until

WATCHED = """
policy_mode: audit
file_access:
  allow:
    - path: "/ws/**"
      permissions: [read, write]
  deny:
    - path: "/ws/secret"
"""
DENIED = """
file_access:
  allow:
    - path: "/ws/**"
  deny:
    - path: "**/*.never"
"""
OPEN = """
file_access:
  default_policy: allow
  deny:
    - path: "**/*.pem"
    - path: "/ws/private"
    - path: "/ws/fixed"
      permissions: [write]
"""


def python(sh, box, script, **run):
    return sh.exec(box, "python3", "-c", script, **run)


def workspace(sh, *names):
    for name in names:
        sh.write(f"ws/{name}", name + "\n", mode=0o666)
    return sh.folder("ws")


def times(records):
    """How many events these records stand for."""
    out = 0
    for r in records:
        m = re.search(r"\((\d+) times\)", r["reason"])
        out += int(m.group(1)) if m else 1
    return out


# ---- audit mode
def test_an_open_that_is_watched_is_recorded_with_what_it_would_be(sh):
    top = workspace(sh, "plain", "secret")
    sh.start("box", policy=WATCHED, options=["--mount", f"{top}:/ws"])
    r = python(sh, "box", "for i in range(50):\n"
               "  open('/ws/plain').close()\n"
               "open('/ws/plain', 'a').close()\n"
               "print(open('/ws/secret').read())")
    assert r.out.strip() == "secret", r
    wait_until(lambda: times(sh.audit(kind="file", path="/ws/plain",
                                      action="read")) >= 50)
    read = sh.audited(kind="file", path="/ws/plain", action="read")
    assert {x["verdict"] for x in read} == {"allowed"}, read
    assert times(read) == 50 and len(read) <= 3, read
    assert "policy.yaml:5" in read[0]["rule"], read
    assert len(sh.audited(kind="file", path="/ws/plain",
                          action="write")) == 1
    secret = sh.audited(kind="file", path="/ws/secret")
    assert [x["verdict"] for x in secret] == ["observed"], secret
    assert "denied by" in secret[0]["reason"], secret


def test_each_process_that_is_watched_has_its_own_records(sh):
    top = workspace(sh, "plain")
    sh.start("box", policy=WATCHED, options=["--mount", f"{top}:/ws"])
    sh.sh("box", "cat /ws/plain; cat /ws/plain; head -c1 /ws/plain")
    got = wait_until(lambda: (r := sh.audit(kind="file", path="/ws/plain"))
                     and len(r) > 2 and r)
    assert len(got) == 3 and len({x["pid"] for x in got}) == 3, got
    assert sorted(x["exe"].rsplit("/", 1)[1] for x in got) == \
        ["cat", "cat", "head"], got


# ---- many denials
def test_a_storm_of_denials_is_counted_and_does_not_fill_the_log(sh):
    top = workspace(sh, "plain")
    sh.start("box", policy=DENIED, options=["--mount", f"{top}:/ws"])
    r = python(sh, "box", "n = 0\nfor i in range(2000):\n"
               "  try: open(f'/ws/{i}.never', 'w')\n"
               "  except PermissionError: n += 1\n"
               "print(n)")
    assert r.out.strip() == "2000", r
    def denied():
        return [x for x in sh.audit(kind="file", verdict="denied")
                if x["path"].endswith(".never")]
    wait_until(lambda: times(denied()) >= 2000, what="2000 denials")
    got = denied()
    assert times(got) == 2000, times(got)
    assert len(got) < 1500, len(got)
    assert any("this and other names" in x["reason"] for x in got)


def test_a_denial_on_the_way_through_a_covered_directory_is_recorded(sh):
    top = workspace(sh, "private/x")
    sh.start("box", policy=OPEN, options=["--mount", f"{top}:/ws"])
    r = sh.sh("box", "cat /ws/private/x")
    assert "Permission denied" in r.err, r
    got = sh.audited(kind="file", verdict="denied")
    assert [x["path"] for x in got] == ["/ws/private/x"], got
    assert "policy.yaml:6" in got[0]["rule"], got


# ---- default_policy: allow
@pytest.mark.both
def test_by_default_all_that_is_shown_is_allowed_but_what_is_denied(sh):
    top = workspace(sh, "plain", "private/x", "key.pem", "fixed")
    sh.start("box", policy=OPEN, options=["--mount", f"{top}:/ws"])
    r = sh.sh("box", "cat /ws/plain; echo more >/ws/new; cat /ws/new /ws/fixed;"
              "cat /ws/private/x /ws/key.pem; echo x >/ws/fixed;"
              "echo x >/ws/new.pem; echo x >/etc/x; echo x >/proc/self/comm;"
              "echo x > /ws/.bashrc; echo x >/tmp/mine && cat /tmp/mine")
    assert r.out.split() == ["plain", "more", "fixed", "x"], r
    assert r.err.count("Permission denied") == 5, r
    assert r.err.count("Read-only file system") == 2, r


# ---- what waits
def test_more_pipes_wait_than_programs_open_and_none_starves_another(sh):
    top = workspace(sh, "plain")
    sh.start("box", policy=DENIED, options=["--mount", f"{top}:/ws"])
    r = python(sh, "box", """
import errno, json, os, threading, time
os.chdir("/tmp")
os.mkfifo("f")
got = []
def wait():
    try:
        os.close(os.open("f", os.O_RDONLY))
        got.append("")
    except OSError as e:
        got.append(errno.errorcode[e.errno])
threading.stack_size(65536)
threads = [threading.Thread(target=wait) for i in range(300)]
for t in threads:
    t.start()
while not got:
    time.sleep(0.01)
if os.fork() == 0:
    os.mkfifo("g")
    if os.fork() == 0:
        os.close(os.open("g", os.O_RDONLY))
        os._exit(0)
    os.close(os.open("g", os.O_WRONLY))
    os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
other = os.waitstatus_to_exitcode(os.wait()[1])
fd = os.open("f", os.O_RDWR)
for t in threads:
    t.join()
print(json.dumps([other, got.count(""), got.count("EAGAIN")]))
""", timeout=60)
    assert r.code == 0, r
    other, opened, refused = json.loads(r.out)
    assert other == 0 and opened == 256 and refused == 44, r


@pytest.mark.both
def test_sockets_of_the_sandboxs_own_are_reached_in_a_mount_too(sh):
    top = workspace(sh, "plain")
    sh.start("box", policy=OPEN, options=["--mount", f"{top}:/ws"])
    r = python(sh, "box", """
import os, socket, subprocess
for where in ("/ws/s", "/tmp/s", os.path.expanduser("~/s")):
    s = socket.socket(socket.AF_UNIX)
    s.bind(where)
    s.listen()
    if os.fork() == 0:
        c, _ = s.accept()
        c.sendall(b"hello ")
        os._exit(0)
    c = socket.socket(socket.AF_UNIX)
    c.connect(where)
    print(c.recv(10).decode(), end="")
""")
    assert r.out == "hello hello hello ", r


def test_a_socket_outside_is_reached_where_the_policy_says_exactly_it(sh):
    top = workspace(sh, "plain")
    sh.start("box", policy=OPEN.replace("  deny:", "  allow:\n"
             "    - path: /ws/daemon.sock\n      permissions: [write]\n"
             "  deny:", 1), options=["--mount", f"{top}:/ws"])
    for name in ("daemon.sock", "another.sock"):
        s = socket.socket(socket.AF_UNIX)
        s.bind(f"{top}/{name}")
        os.chmod(f"{top}/{name}", 0o777)
        s.listen()
        r = python(sh, "box", "import socket\nsocket.socket(socket.AF_UNIX)"
                   f".connect('/ws/{name}')")
        assert (r.code == 0) == (name == "daemon.sock"), r
        s.close()


def test_a_thread_with_descriptors_of_its_own_is_answered_with_those(sh):
    """CLOSE_RANGE_UNSHARE: 3 is a socket here, and the leader's is another."""
    sh.start("box", policy=DENIED)
    r = python(sh, "box", """
import ctypes, os, socket, threading
os.chdir("/tmp")
libc = ctypes.CDLL(None, use_errno=True)
a, b = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
def bind():
    assert libc.syscall(436, 1000, 1001, 2) == 0    # close_range
    os.dup2(b.fileno(), a.fileno())
    a.bind("thread")
    print(b.getsockname())
t = threading.Thread(target=bind)
t.start()
t.join()
print(repr(a.getsockname()), b.getsockname())
""")
    assert r.out.split() == ["thread", "''", "thread"], r


GATED_CALLERS = OPEN + """
network:
  allow:
    - endpoint: echo.test
      binaries: [%s]
""" % os.path.realpath("/usr/bin/python3")


def test_who_connects_is_the_caller_and_not_who_does_it_for_it(sh):
    """Without a timeout it is a helper that waits for the connection."""
    sh.start("box", policy=GATED_CALLERS)
    r = python(sh, "box", "import urllib.request as u\n"
               "for i in range(8):\n"
               "  print(u.urlopen('https://echo.test/').status)\n"
               "print(u.urlopen('https://echo.test/', timeout=20).status)")
    assert r.out.split() == ["200"] * 9, r
    r = sh.exec("box", "curl", "-fsS", "https://echo.test/")
    assert r.code != 0 and "403" in r.err, r

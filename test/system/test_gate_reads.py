"""Opens that only read are the kernel's where no name can be denied to them."""
import os
import signal
import subprocess

import pytest
from shell import named

WRITES = """
file_access:
  allow:
    - path: "/ws/**"
      permissions: [read, write]
  deny:
    - path: "/ws/fixed"
      permissions: [write]
    - path: "**/*.never"
      permissions: [write]
"""
READ = WRITES + """
    - path: "/ws/shut"
      permissions: [read]
"""
SOME = """
file_access:
  allow:
    - path: "/ws/open/**"
    - path: "/ws/*.txt"
      permissions: [read, write]
"""
COMMANDS = WRITES + """
commands:
  default_policy: allow
  deny:
    - command: "none"
"""
TRY = """
import errno, os, sys
def go(name, flags):
    try:
        os.close(os.open(name, flags, 0o600))
        return "opened"
    except OSError as e:
        return errno.errorcode[e.errno]
os.write(1, b"ready\\n")
sys.stdin.readline()
for name, flags in %r:
    os.write(1, (go(name, flags) + "\\n").encode())
"""


@pytest.fixture(name="top")
def _top(sh):
    for name in ("fixed", "shut", "plain", "open/file", "a.txt"):
        sh.write(f"ws/{name}", name + "\n", mode=0o666)
    top = sh.folder("ws")
    sh.user.own(top)
    return top


def opened(sh, *tries, stopped=False, limit=20):
    """What each gives; with the broker stopped: what nobody is asked."""
    broker = named("openshell-broker")[0]
    p = sh.popen("sandbox", "exec", "box", "--", "python3", "-c",
                 TRY % (tries,), stdin=subprocess.PIPE,
                 stdout=subprocess.PIPE, text=True)
    try:
        assert p.stdout.readline() == "ready\n"
        if stopped:
            os.kill(broker, signal.SIGSTOP)
        out, _ = p.communicate("\n", timeout=limit)
    finally:
        os.kill(broker, signal.SIGCONT)
        p.wait(timeout=20)
    return out.split()


@pytest.mark.both
def test_where_only_changes_are_denied_reading_asks_nobody(sh, top):
    sh.start("box", policy=WRITES, options=["--mount", f"{top}:/ws"])
    assert opened(sh, ("/ws/fixed", os.O_RDONLY),
                  ("/ws/open", os.O_RDONLY),
                  ("/ws/none", os.O_RDONLY), ("/etc/passwd", os.O_RDONLY),
                  ("/usr/lib/os-release", os.O_RDONLY | os.O_CLOEXEC),
                  ("/etc/shadow", os.O_RDONLY), stopped=True) == \
        ["opened", "opened", "ENOENT", "opened", "opened", "ENOENT"]


def test_directories_that_are_only_on_the_way_are_not_listed(sh, top):
    sh.start("box", policy=WRITES.replace("/ws/", "/in/deep/ws/"),
             options=["--mount", f"{top}:/in/deep/ws"])
    way = [(d, f) for d in ("/in", "/in/deep")
           for f in (os.O_DIRECTORY, os.O_RDONLY)]
    there = [(d, f) for d in ("/in/deep/ws/open", "/usr", "/tmp", "/etc")
             for f in (os.O_DIRECTORY, os.O_RDONLY)]
    assert opened(sh, *way, *there, ("/", os.O_DIRECTORY)) == \
        len(way) * ["EACCES"] + len(there) * ["opened"] + ["opened"]


def test_those_that_may_be_listed_are_opened_in_every_way(sh, top):
    sh.start("box", policy=WRITES, options=["--mount", f"{top}:/ws"])
    assert set(opened(sh, *((d, f) for d in ("/", "/home", "/dev", "/var")
                            for f in (os.O_DIRECTORY, os.O_RDONLY)))) == \
        {"opened"}


@pytest.mark.both
def test_whatever_changes_is_asked_all_the_same(sh, top):
    sh.start("box", policy=WRITES, options=["--mount", f"{top}:/ws"])
    assert opened(sh, ("/ws/plain", os.O_RDWR), ("/ws/new", os.O_CREAT),
                  ("/ws/fixed", os.O_WRONLY), ("/ws/fixed", os.O_RDWR),
                  ("/ws/fixed", os.O_RDONLY | os.O_TRUNC),
                  ("/ws/fixed", os.O_ACCMODE),
                  ("/ws/a.never", os.O_RDONLY | os.O_CREAT),
                  ("/ws/.git", os.O_CREAT | os.O_WRONLY)) == \
        ["opened", "opened"] + 6 * ["EACCES"]
    with open(os.path.join(top, "fixed"), encoding="utf-8") as f:
        assert f.read() == "fixed\n"


@pytest.mark.parametrize("policy, tries, want", [
    (READ, [("/ws/shut", os.O_RDONLY), ("/ws/plain", os.O_RDONLY)],
     ["EACCES", "opened"]),
    (SOME, [("/ws/plain", os.O_RDONLY), ("/ws/a.txt", os.O_RDONLY),
            ("/ws/open/file", os.O_RDONLY), ("/ws", os.O_RDONLY)],
     ["EACCES", "opened", "opened", "EACCES"]),
])
def test_where_a_name_may_not_be_read_each_is_asked(sh, top, policy, tries,
                                                    want):
    sh.start("box", policy=policy, options=["--mount", f"{top}:/ws"])
    assert opened(sh, *tries) == want


@pytest.mark.parametrize("policy", [
    READ, COMMANDS, WRITES.replace("file_access:", "policy_mode: audit\n"
                                   "file_access:")])
def test_where_reading_is_more_than_a_name_a_stopped_broker_holds_it(
        sh, top, policy):
    sh.start("box", policy=policy, options=["--mount", f"{top}:/ws"])
    with pytest.raises(subprocess.TimeoutExpired):
        opened(sh, ("/ws/plain", os.O_RDONLY), stopped=True, limit=2)

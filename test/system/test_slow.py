"""What does not answer, or takes long, holds who asks it, and nobody else."""
import hashlib
import os
import signal
import subprocess
import sys
import tempfile

import pytest
from shell import named, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = """
file_access:
  allow:
    - path: "/slow/**"
      permissions: [read, write]
  deny:
    - path: "**/*.pem"
"""
HIDDEN = FILES + """
    - path: "/slow/hidden/**"
      hide: true
"""
COMMANDS = FILES + """
commands:
  default_policy: allow
  unreviewed_code: allow
  deny:
    - command: curl
"""
# Each is about a name that is not answered for.
WAYS = """
import os, socket, sys
os.chdir("/tmp")
os.symlink("/slow", "/tmp/way") if not os.path.islink("/tmp/way") else None
d = os.open("/slow", os.O_RDONLY)
c = "/slow/stuck"
ways = [
    lambda: os.open(c, os.O_RDONLY), lambda: os.open(c, os.O_RDWR),
    lambda: os.open("/tmp/way/stuck", os.O_RDONLY),
    lambda: os.open("/tmp/../tmp/way/./stuck", os.O_RDONLY | os.O_NOFOLLOW),
    lambda: os.open("stuck", os.O_RDONLY, dir_fd=d),
    lambda: os.open(f"/proc/self/fd/{d}/stuck", os.O_RDONLY),
    lambda: (os.chdir("/slow"), os.open("stuck", os.O_RDONLY)),
    lambda: os.open("/slow/stuck.new", os.O_CREAT | os.O_WRONLY),
    lambda: os.open("/slow/stuck.pem", os.O_RDONLY),
    lambda: os.truncate(c, 1), lambda: os.chmod(c, 0o600),
    lambda: os.utime(c), lambda: os.unlink("/slow/stuck.old"),
    lambda: os.rename(c, "/slow/other"), lambda: os.rename("/tmp/x", c),
    lambda: os.link(c, "/slow/other"), lambda: os.mkdir("/slow/stuck.d"),
    lambda: os.symlink("x", "/slow/stuck.l"),
    lambda: os.setxattr(c, "user.x", b"x"),
    lambda: os.getxattr(c, "user.x"),
    lambda: socket.socket(socket.AF_UNIX).connect(c),
    lambda: socket.socket(socket.AF_UNIX).bind(c),
]
pids = []
for way in ways:
    pid = os.fork()
    if pid == 0:
        try:
            way()
            os._exit(0)
        except OSError as e:
            os._exit(1)
    pids.append(pid)
print(*pids, flush=True)
sys.stdin.read()
print(*[os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]) for p in pids])
"""


class Slow:
    def __init__(self, folder):
        self.where = os.path.join(folder, "slow")
        self.hold = os.path.join(folder, "hold")
        os.mkdir(self.where)
        self.server = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "slow_fs.py"), self.where,
             self.hold], stdout=subprocess.PIPE, text=True)
        self.ready = self.server.stdout.readline() == "ready\n"

    def stop_answering(self):
        with open(self.hold, "w", encoding="utf-8"):
            pass

    def answer(self):
        if os.path.exists(self.hold):
            os.unlink(self.hold)

    def close(self):
        self.answer()
        self.server.kill()
        self.server.wait()
        subprocess.run(["umount", "-l", self.where], check=False,
                       stderr=subprocess.DEVNULL)


@pytest.fixture(name="slow")
def _slow():
    if not os.access("/dev/fuse", os.R_OK | os.W_OK) or os.getuid() != 0:
        pytest.skip("only who may open /dev/fuse and mount serves one")
    folder = tempfile.mkdtemp(prefix="slow-")
    os.chmod(folder, 0o755)
    server = Slow(folder)
    yield server if server.ready else pytest.skip("FUSE does not mount here")
    server.close()


def start(sh, slow, policy):
    sh.start("box", policy=sh.policy(policy),
             options=["--mount", f"{slow.where}:/slow"])


def lives(sh, there=True):
    """The sandbox's other questions are answered; there: also of the same
    file system, whose directory nobody is changing."""
    r = sh.sh("box", "echo new >/tmp/n && cat /tmp/n; touch /tmp/k.pem; "
              "mv /tmp/n /tmp/m; cat /usr/share/x.pem /proc/self/comm")
    assert r.out == "new\ncat\n" and "Permission denied" in r.err, r
    if there:
        r = sh.sh("box", "cd /slow; cat file k.pem ../slow/file")
        assert r.out == "readable\nreadable\n", r
        assert "k.pem: Permission denied" in r.err, r


@pytest.mark.both
@pytest.mark.parametrize("policy", [FILES, HIDDEN, COMMANDS])
def test_while_a_file_system_does_not_answer_others_are_answered(
        sh, slow, policy):
    start(sh, slow, policy)
    lives(sh)
    slow.stop_answering()
    p = sh.popen("sandbox", "exec", "box", "--", "python3", "-c", WAYS,
                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pids = p.stdout.readline().split()
    assert len(pids) == 22, pids
    lives(sh, False)
    # three of them are killed: who waits for what does not answer can be
    r = sh.sh("box", f"kill -9 {' '.join(pids[:3])}")
    assert r.code == 0, r
    lives(sh, False)
    slow.answer()
    out, _ = p.communicate(timeout=60)
    codes = out.split()
    assert codes[:3] == ["-9"] * 3, codes
    # a link, a second name, a directory and a socket are not served there
    assert codes[3:8] == ["0"] * 5 and codes[8] == "1", codes
    assert codes[9:12] == ["0"] * 3, codes
    lives(sh)


def test_a_denied_name_that_does_not_answer_is_denied_and_recorded(sh, slow):
    start(sh, slow, FILES)
    slow.stop_answering()
    p = sh.popen("sandbox", "exec", "box", "--", "cat", "/slow/stuck.pem",
                 stdout=subprocess.PIPE, text=True)
    lives(sh)
    slow.answer()
    assert p.communicate(timeout=30)[0] == "" and p.returncode == 1
    got = sh.audited(kind="file", verdict="denied", path="/slow/stuck.pem")
    assert len(got) == 1 and "**/*.pem" in got[0]["rule"], got


def test_a_program_there_runs_when_it_answers_and_holds_no_other(sh, slow):
    start(sh, slow, COMMANDS)
    r = sh.sh("box", "/slow/tool")
    assert r.out == "ran /slow/tool\n", r
    slow.stop_answering()
    p = sh.popen("sandbox", "exec", "box", "--", "/slow/stuck-tool",
                 stdout=subprocess.PIPE, text=True)
    lives(sh)
    r = sh.sh("box", "curl --version")
    assert r.code != 0 and "openshell" in r.err, r
    slow.answer()
    assert p.communicate(timeout=30)[0] == "ran /slow/stuck-tool\n"


MANY = """
import errno, os, threading
got = {}
def go():
    try:
        os.close(os.open("/slow/stuck", os.O_RDONLY))
        what = "opened"
    except OSError as e:
        what = errno.errorcode[e.errno]
    got[what] = got.get(what, 0) + 1
threads = [threading.Thread(target=go) for i in range(300)]
for t in threads:
    t.start()
while sum(got.values()) < 44:
    pass
print(got, flush=True)
for t in threads:
    t.join()
print(got)
"""


def test_too_many_that_wait_are_refused_and_it_is_said_why(sh, slow):
    start(sh, slow, FILES)
    slow.stop_answering()
    p = sh.popen("sandbox", "exec", "box", "--", "python3", "-c", MANY,
                 stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "{'EAGAIN': 44}\n"
    lives(sh)
    got = sh.audited(kind="file", verdict="denied", path="/slow")
    assert "too many calls wait for this file system" in got[0]["reason"], got
    slow.answer()
    assert "'opened': 256" in p.communicate(timeout=60)[0]


def test_a_sandbox_ends_while_its_files_do_not_answer(sh, slow):
    start(sh, slow, FILES)
    slow.stop_answering()
    p = sh.popen("sandbox", "exec", "box", "--", "cat", "/slow/stuck")
    lives(sh)
    sh.ok("sandbox", "stop", "box")
    wait_until(lambda: sh.get("box")["phase"] in ("stopped", "exited"),
               what="it has ended")
    p.wait(timeout=10)


REVIEWED = """
commands:
  default_policy: allow
  unreviewed_code: ask
"""
LARGE = 100 << 20


def readers():
    """Helpers of the broker, which read a file for it."""
    return named("openshell-broker")[1:]


def read_by_a_helper(sh):
    """Whoever reads a large file is stopped, and others are answered."""
    pid = wait_until(readers, timeout=60, what="a helper that reads")[-1]
    os.kill(pid, signal.SIGSTOP)
    r = sh.sh("box", "cat /etc/hostname >/dev/null; id -u; true")
    assert r.code == 0 and r.out, r
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: pid not in readers(), timeout=60, what="its end")


def test_while_a_large_file_is_read_others_are_answered(sh):
    sh.start("box", policy=sh.policy(REVIEWED))
    made = f"cp /bin/echo /tmp/large && truncate -s {LARGE} /tmp/large"
    assert sh.sh("box", made).code == 0
    p = sh.popen("sandbox", "exec", "box", "--", "sh", "-c", "/tmp/large hi",
                 stdout=subprocess.PIPE, text=True)
    read_by_a_helper(sh)        # for a person
    with open("/bin/echo", "rb") as f:
        data = f.read().ljust(LARGE, b"\0")
    subject = "sha256:" + hashlib.sha256(data).hexdigest()
    n = wait_until(lambda: [
        q["proposal"] for q in
        sh.ok("proposal", "list", "-o", "json").json()
        if q["subject"] == subject], timeout=60, what="a proposal")[0]
    sh.ok("proposal", "approve", n)
    read_by_a_helper(sh)        # again, after the answer
    read_by_a_helper(sh)        # and what the kernel loaded
    assert p.communicate(timeout=60)[0] == "hi\n"
    # the same size with another byte is another program
    r = sh.sh("box", "printf x | dd of=/tmp/large conv=notrunc bs=1 seek="
              f"{LARGE - 1} 2>/dev/null; timeout -s KILL 2 sh -c "
              "'/tmp/large hi'; true")
    assert "hi" not in r.out, r


def test_who_waits_for_a_large_file_can_be_killed(sh):
    sh.start("box", policy=sh.policy(REVIEWED))
    r = sh.sh("box", f"cp /bin/echo /tmp/large && truncate -s {LARGE} "
              "/tmp/large; for i in 1 2 3 4 5 6; do /tmp/large hi & p=\"$p $!\"; "
              "done; kill -9 $p; wait; echo over")
    assert r.out == "over\n", r
    wait_until(lambda: not readers(), timeout=60, what="no helper stays")
    assert sh.sh("box", "echo on").out == "on\n"


PIPES = """
file_access:
  deny:
    - path: "**/*.pem"
"""


def test_a_helper_that_is_killed_leaves_nobody_waiting(sh):
    sh.start("box", policy=sh.policy(PIPES))
    p = sh.popen("sandbox", "exec", "box", "--", "sh", "-c",
                 "mkfifo /tmp/p; cat /tmp/p", stderr=subprocess.PIPE,
                 text=True)
    os.kill(wait_until(readers, what="a helper that opens")[-1],
            signal.SIGKILL)
    assert "Input/output error" in p.communicate(timeout=30)[1]
    assert sh.sh("box", "echo on").out == "on\n"


def test_a_killed_supervisor_leaves_nothing_of_a_gated_sandbox(sh):
    sh.start("box", policy=sh.policy(PIPES))
    p = sh.popen("sandbox", "exec", "box", "--", "sh", "-c",
                 "mkfifo /tmp/p; cat /tmp/p", stderr=subprocess.DEVNULL)
    wait_until(readers, what="a helper that opens")
    os.kill(named("openshell-supervisor")[0], signal.SIGKILL)
    wait_until(lambda: not named("openshell-broker") and
               not named("openshell-init"), what="all of it has ended")
    p.wait(timeout=30)


# A name that leads now to what answers, now to what does not.
SWAPS = """
import os, sys, threading, time
os.chdir("/tmp")
os.symlink("/slow/stuck", "a")
os.symlink("/etc/hostname", "b")
os.mkdir("here")
os.mkdir("here/d")
open("here/d/stuck", "w").close()
os.symlink("/tmp/here", "x")
os.symlink("/slow", "y")
def swap():
    while True:
        for one, two in ("ab", "xy"):
            os.rename(one, "t")
            os.rename(two, one)
            os.rename("t", two)
def use(path):
    while True:
        try:
            os.close(os.open(path, os.O_RDONLY))
        except OSError:
            pass
for path in ("a", "b", "x/stuck", "/tmp/y/../tmp/x/stuck", "y/d/stuck"):
    if os.fork() == 0:
        for i in range(8):
            threading.Thread(target=use, args=[path]).start()
if os.fork() == 0:
    swap()
print("on", flush=True)
time.sleep(1000)
"""


def test_no_race_for_a_name_holds_the_gate(sh, slow, pytestconfig):
    start(sh, slow, FILES)
    slow.stop_answering()
    p = sh.popen("sandbox", "exec", "box", "--", "python3", "-c", SWAPS,
                 stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "on\n"
    for _ in range(40 if pytestconfig.getoption("--all") else 3):
        lives(sh)
    sh.sh("box", "kill -9 -1")
    slow.answer()
    p.wait(timeout=30)

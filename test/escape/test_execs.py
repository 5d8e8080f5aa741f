"""Attacks on what may be executed."""
import errno
import os
import re
import shutil

import pytest

RACE = """
commands:
  unreviewed_code: allow
  allow:
    - /work/exec_race
    - /work/trace_race
    - {command: /work/open/prog, args_pattern: "ok", env: {forbid: [EVIL]}}
    - {command: /work/open/prog, args_pattern: "ok ./*", env: {forbid: [EVIL]}}
    - {command: /work/dyn, args_pattern: "ok", env: {forbid: [EVIL]}}
  deny:
    - /work/shut/prog
"""
RACE_COPIES = """
commands: {default_policy: allow, unreviewed_code: allow,
           deny: [/work/shut/prog]}
"""
RACERS = {"exec_race": "exec_race", "trace_race": "trace_race", "open/prog": "exec_open",
          "mine/prog": "exec_open", "shut/prog": "exec_shut",
          "dyn": "exec_dyn"}


@pytest.fixture(name="race")
def _race(sh, pytestconfig):
    build = pytestconfig.getoption("--build")
    top = os.path.join(sh.files, "w")
    for name, program in RACERS.items():
        folder = sh.folder("w/" + os.path.dirname(name))
        at = os.path.join(top, name)
        shutil.copy(os.path.join(build, "test", "escape", program), at)
        os.chmod(at, 0o755)
        if name.endswith("prog"):   # one may be written over the other
            os.truncate(at, 20480)
            sh.user.own(at)
            sh.user.own(folder)
    sh.user.own(top)
    for box, policy in ("box", RACE), ("copies", RACE_COPIES):
        sh.start(box, policy=sh.policy(policy, box + ".yaml"), options=[
            "--mount", f"{top}:/work", "--workdir", "/work"])
    return sh


# How the caller says what it wants, and what leads to a file.
WAYS = ["path", "arg", "both", "argv", "more", "env", "envp", "name",
        "script", "interpreter", "loader", "file", "bytes", "thread"]


@pytest.mark.both
def test_class_3_and_61_no_race_of_an_exec_is_won(race, pytestconfig):
    """--all tries longer; a million takes --exec-tries=1000000."""
    all_tries = int(pytestconfig.getoption("--exec-tries") or (
        40000 if pytestconfig.getoption("--all") else 1400))
    total = [0, 0, 0]
    for way in WAYS:
        tries = all_tries // (len(WAYS) * (10 if way == "thread" else 1))
        r = race.sh("copies" if way in ("file", "bytes") else "box",
                    f"cd /work && ./exec_race {way} {tries}",
                    timeout=60 + tries / 20)
        assert r.code == 0 and " 0 odd, 0 wins" in r.out, (way, r)
        print(way, r.out, end="")
        now = list(map(int, re.findall(r"\d+", r.out)[:3]))
        assert sum(now) == tries and (now[0] > 0 or tries < 1000), (way, r)
        total = [a + b for a, b in zip(total, now)]
    got = race.audited(kind="command", verdict="denied")
    assert total[0] > 0, total
    assert total[2] == 0 or any("it was killed" in g["reason"]
                                for g in got), got


DYING = ["plain", "crashes", "executes"]    # a tracer that cannot end its try
TRACED = ["asks", "deaf", "stops", "nudged"] + DYING


@pytest.mark.both
def test_class_3_and_36_no_race_of_a_traced_exec_is_won(race, slow):
    """Its tracer asks for no stop, or is killed, ends or executes while the
    broker has it stand still."""
    tries = 2000 if slow else 15
    total = [0, 0, 0]
    for way in TRACED:
        r = race.sh("box", f"cd /work && ./trace_race {way} {tries}",
                    timeout=60 + tries / 10)
        assert r.code == 0 and " 0 wins" in r.out, (way, r)
        assert " 0 odd" in r.out or way in DYING, (way, r)
        print(way, r.out, end="")
        now = list(map(int, re.findall(r"\d+", r.out)[:3]))
        total = [a + b for a, b in zip(total, now)]
    assert total[0] > 0, total


RACE_FILES = """
file_access:
  allow: [{path: "/work/**", permissions: [read, write]}]
  deny: [{path: "/work/shut/**"}]
"""


@pytest.mark.both
def test_class_3_a_traced_exec_is_held_where_only_files_are_judged(race):
    top = os.path.join(race.files, "w")
    race.start("files", policy=race.policy(RACE_FILES, "files.yaml"),
               options=["--mount", f"{top}:/work"])
    for way in "plain", "asks", "stops":
        r = race.sh("files", f"cd /work && ./trace_race {way}-path 40")
        assert r.code == 0 and " 0 wins" in r.out, (way, r)
        assert not r.out.startswith("0 ran"), (way, r)


def each(sh, scripts):
    """All of them in one session: (script, exit code, all that it said)."""
    text = "".join(f"({x}\n) 2>&1; printf '\\n== %d\\n' $?\n" for x in scripts)
    r = sh.sh("box", text, timeout=60)
    parts = re.split(r"\n== (\d+)\n", r.out)
    assert len(parts) == 2 * len(scripts) + 1, r
    return [(x, int(parts[2 * i + 1]), parts[2 * i])
            for i, x in enumerate(scripts)]


DENY = """
commands:
  default_policy: allow
  unreviewed_code: allow
  deny:
    - tac
    - rm -rf *
    - "head -c 5"
"""
ATTACK = """
import ctypes, errno, os, shutil, subprocess, sys
os.chdir("/tmp")
libc = ctypes.CDLL(None, use_errno=True)
TAC = os.path.realpath(shutil.which("tac"))
def tried(pid):
    return os.waitpid(pid, 0)[1]
def attempt(name, f, *a):
    pid = os.fork()
    if pid == 0:
        try:
            f(*a)
        except OSError as e:
            os._exit(100 if e.errno == errno.EACCES else 101)
        os._exit(102)
    print(name, tried(pid) >> 8)
"""


@pytest.fixture(name="deny")
def _deny(sh):
    sh.start("box", policy=sh.policy(DENY))
    return sh


@pytest.mark.both
def test_class_63_a_program_is_itself_by_any_name(deny):
    r = deny.exec("box", "python3", "-c", ATTACK + """
attempt("plain", os.execv, TAC, ["tac", "/etc/passwd"])
attempt("dots", os.execv, "/usr/../usr/bin/./tac", ["x"])
attempt("self", os.execv, "/proc/self/root/usr/bin/tac", ["x"])
shutil.copy(TAC, "copy"); attempt("copy", os.execv, "./copy", ["x"])
shutil.copy(TAC, "ls"); attempt("as ls", os.execv, "./ls", ["ls"])
os.rename("copy", "moved"); attempt("moved", os.execv, "./moved", ["x"])
os.link("moved", "hard"); attempt("hard", os.execv, "./hard", ["x"])
os.symlink(TAC, "soft"); attempt("soft", os.execv, "soft", ["x"])
fd = os.open("moved", os.O_RDONLY)
attempt("fd", os.execv, f"/proc/self/fd/{fd}", ["x"])
attempt("dev", os.execv, f"/dev/fd/{fd}", ["x"])
os.unlink("moved"); os.unlink("hard"); os.unlink("ls")
attempt("deleted", os.execv, f"/proc/self/fd/{fd}", ["x"])
def at(fd):
    a = (ctypes.c_char_p * 2)(b"x", None)
    libc.syscall(322, fd, b"", a, None, 0x1000)
    raise OSError(ctypes.get_errno(), "x")
attempt("execveat", at, fd)
m = os.memfd_create("m", 0); os.write(m, open(TAC, "rb").read())
attempt("memfd", at, m)
attempt("memfd path", os.execv, f"/proc/self/fd/{m}", ["x"])
attempt("argv[0]", os.execv, "/bin/true", ["tac"])
""")
    got = dict(line.rsplit(" ", 1) for line in r.out.splitlines())
    assert len(got) == 15 and set(got.values()) == {"100"}, r


def test_class_61_62_and_67_what_a_shell_makes_of_it_is_judged(deny):
    for script, _, said in each(deny, [
            "echo x | tac", "true; tac </dev/null", "x=$(tac </etc/passwd)",
            "sh -c 'sh -c \"tac /etc/passwd\"'", "eval 'ta''c' /etc/passwd",
            "cat /etc/passwd | bash -c 'exec -a ls tac'",
            "bash -c 'cat <(tac /etc/passwd)'",
            "a=tac; command $a /etc/passwd", "env tac /etc/passwd",
            "env -i PATH=/usr/bin tac /etc/passwd", "nice tac /etc/passwd",
            "timeout 5 tac /etc/passwd", "setsid -w tac /etc/passwd",
            "echo /etc/passwd | xargs tac", "nohup tac /etc/passwd",
            "nice -n 5 ionice -c 3 tac /etc/passwd",
            "stdbuf -oL tac /etc/passwd", "chrt -b 0 tac /etc/passwd",
            "taskset 1 tac /etc/passwd",
            "script -qec 'tac /etc/passwd' /dev/null",
            "flock /tmp tac /etc/passwd", "env -S 'tac /etc/passwd'",
            "split --filter=tac /etc/passwd",
            "tar cf /dev/null --checkpoint=1 --checkpoint-action=exec='tac "
            "/etc/passwd' /etc/passwd", "echo x | sed '1e tac /etc/passwd'",
            "perl -e 'exec \"tac\", \"/etc/passwd\"'",
            "awk 'BEGIN {system(\"tac /etc/passwd\")}'",
            "printf 'x:\n\ttac /etc/passwd\n' | make -sf -",
            "find /etc/passwd -exec tac {} ';'",
            "find /etc/passwd -execdir tac {} +",
            "bash -c 'trap \"tac /etc/passwd\" EXIT'",
            "bash -c 'coproc tac /etc/passwd; cat <&${COPROC[0]}'",
            "xargs -a /etc/passwd -n 1 env tac",
            "git -c alias.x='!tac /etc/passwd' x",
            "printf '#!/usr/bin/tac\n' >/tmp/s; chmod +x /tmp/s; /tmp/s",
            "printf '#!/usr/bin/env tac\n' >/tmp/s; chmod +x /tmp/s; /tmp/s",
            "printf '#!/usr/bin/env -S tac -b\nx' >/tmp/s; chmod +x /tmp/s;"
            " /tmp/s", "python3 -c 'import os; os.system(\"tac </etc/passwd\")'",
            "mkdir -p /tmp/d; rm -rf /tmp/d", "rm -r -f /tmp/d",
            "rm -v -fr /tmp/d", "rm --recursive --force -- /tmp/d",
            "head -c 5 /etc/passwd", "head /etc/passwd -c 5"]):
        assert "root" not in said and "denied by " in said, (script, said)


def test_class_64_no_loader_starts_what_is_denied(deny):
    r = deny.exec("box", "python3", "-c", ATTACK + """
LD = os.path.realpath("/lib64/ld-linux-x86-64.so.2")
shutil.copy(TAC, "copy"); shutil.copy(LD, "loader")
attempt("loader", os.execv, LD, ["ld", TAC, "/etc/passwd"])
attempt("option", os.execv, LD, ["ld", "--library-path", "/x", TAC])
attempt("of copy", os.execv, LD, ["ld", "./copy", "/etc/passwd"])
attempt("copied", os.execv, "./loader", ["x", "./copy"])
attempt("named", os.execv, "./loader", ["x", TAC])
# a binary of our own that names the program as its loader
b = open("/bin/true", "rb").read()
name = b"/lib64/ld-linux-x86-64.so.2"
assert name in b
b = b.replace(name, TAC.encode().ljust(len(name), b"\\0"))
open("own", "wb").write(b); os.chmod("own", 0o755)
attempt("interp", os.execv, "./own", ["x"])
""")
    got = dict(line.rsplit(" ", 1) for line in r.out.splitlines())
    assert len(got) == 6 and set(got.values()) == {"100"}, r


def test_class_63_an_applet_is_the_program_that_it_is_called(deny):
    if not shutil.which("busybox"):
        pytest.skip("busybox is not installed")
    box = "cp $(which busybox) /tmp/x; cd /tmp; "
    for script, _, said in each(deny, [
            "busybox tac /etc/passwd", "busybox busybox tac /etc/passwd",
            "busybox /bin/tac /etc/passwd", "busybox rm -r -f /tmp/d",
            "busybox head -c 5 /etc/passwd", "busybox env tac /etc/passwd",
            "busybox timeout 5 tac /etc/passwd",
            "busybox setsid tac /etc/passwd",
            "busybox sh -c 'busybox tac /etc/passwd'",
            box + "bash -c 'exec -a busybox ./x tac /etc/passwd'",
            box + "./x tac /etc/passwd", box + "cp x ls; ./ls tac /etc/passwd",
            box + "ln -sf x tac; ./tac /etc/passwd",
            box + "ln -f x tac; ./tac /etc/passwd",
            box + "ln -f x tac; mv tac cat; bash -c 'exec -a tac ./cat'",
            box + "bash -c 'exec -a /bin/tac ./x /etc/passwd'",
            box + "bash -c 'exec -a -tac ./x /etc/passwd'",
            box + "bash -c 'exec -a -/bin/tac ./x /etc/passwd'",
            box + "bash -c 'exec -a rm ./x -fr /tmp/d'",
            box + "python3 -c 'import os; m = os.memfd_create(\"m\"); "
            "os.write(m, open(\"x\", \"rb\").read()); "
            "os.execve(m, [\"tac\", \"/etc/passwd\"], {})'",
            "printf '#!%s tac\n' $(which busybox) >/tmp/s; chmod +x /tmp/s; "
            "/tmp/s"]):
        assert "root" not in said, (script, said)
        assert "denied by " in said or "PermissionError" in said, (
            script, said)
    for script, code, said in each(deny, [
            "busybox cat /etc/passwd",
            box + "bash -c 'exec -a busybox ./x head -n 5 /etc/passwd'",
            box + "bash -c 'exec -a -cat ./x /etc/passwd'"]):
        assert code == 0 and "root" in said, (script, said)


ONLY = """
commands:
  allow:
    - python3 /app/*.py
    - {command: env}
    - {command: "true", env: {pin: {MODE: safe}, forbid: [X_*]}}
"""


def test_class_64_no_variable_brings_other_code(sh):
    sh.folder("w")
    sh.write("w/a.py", "print('ran')\n", mode=0o644)
    sh.user.own(os.path.join(sh.files, "w"))
    sh.start("box", policy=sh.policy(ONLY), options=[
        "--mount", f"{os.path.join(sh.files, 'w')}:/app"])
    r = sh.sh("box", "python3 /app/a.py; MODE=safe /bin/true && echo 1")
    assert r.out == "ran\n1\n", r
    names = ["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "BASH_ENV",
             "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "NODE_OPTIONS",
             "PERL5OPT", "BASH_FUNC_x", "GIT_SSH_COMMAND"]
    for script, code, said in each(
            sh, [f"{v}=/tmp/x python3 /app/a.py" for v in names] +
            [f"env {v}= python3 /app/a.py" for v in names]):
        assert code == 126 and "ran\n" not in said, (script, said)
        assert "variable" in said and "is forbidden" in said, (script, said)
    for script, code, said in each(
            sh, ["/bin/true", "MODE=other /bin/true",
                 "MODE=safe X_1=2 /bin/true", "MODE=x env true"]):
        assert code == 126 and "the environment variable" in said, (
            script, said)


def test_class_3_too_many_and_odd_arguments_are_refused(deny):
    r = deny.exec("box", "python3", "-c", ATTACK + """
def go(argv, env):
    libc.execve(b"/bin/true", argv, env)
    os._exit(ctypes.get_errno())
P = ctypes.c_char_p
def run(name, argv, env):
    pid = os.fork()
    if pid == 0:
        go(argv, env)
    print(name, tried(pid) >> 8)
none = (P * 1)(None)
run("none", none, none)
run("null", None, None)
run("bad", ctypes.c_void_p(8), none)
run("string", (ctypes.c_size_t * 2)(8, 0), none)
run("long", (P * 2)(b"x" * 131072, None), none)
run("fits", (P * 2)(b"x" * 131000, None), none)
run("all", (P * 20)(*[b"x" * 120000] * 19, None), none)
run("many", (P * 140000)(*[b""] * 139999, None), none)
attempt("dir", os.execv, "/tmp", ["x"])
open("/tmp/plain", "w").write("echo hi")
attempt("mode", os.execv, "/tmp/plain", ["x"])
os.chmod("/tmp/plain", 0o755)
attempt("format", os.execv, "/tmp/plain", ["x"])
open("/tmp/loop", "w").write("#!/tmp/loop"); os.chmod("/tmp/loop", 0o755)
attempt("loop", os.execv, "/tmp/loop", ["x"])
""")
    got = dict(line.rsplit(" ", 1) for line in r.out.splitlines())
    assert got == {"none": "0", "null": "0", "bad": str(errno.EFAULT),
                   "string": str(errno.EFAULT), "long": str(errno.E2BIG),
                   "fits": "0", "all": str(errno.E2BIG),
                   "many": str(errno.E2BIG), "dir": "100", "mode": "100",
                   "format": "101", "loop": "101"}, r


def test_an_exec_that_is_kept_from_its_end_keeps_nobody_else(deny):
    r = deny.exec("box", "python3", "-c", ATTACK + """
import threading, time
libc.ptrace.argtypes = [ctypes.c_long] * 4
big = ["x" * 100000] * 15
ready, go = os.pipe(), os.pipe()
pid = os.fork()
if pid == 0:
    def execute():
        os.read(go[0], 1)
        os.execv("/bin/true", ["true"] + big)
    def idle():
        os.write(ready[1], b"%d" % threading.get_native_id())
        time.sleep(100)
    for f in (execute, execute, idle):
        threading.Thread(target=f).start()
    time.sleep(100)
idle = int(os.read(ready[0], 20))
# its process cannot execute before this thread has ended
assert libc.ptrace(0x4206, idle, 0, 0x40) == 0      # SEIZE, TRACEEXIT
os.write(go[1], b"xx")
assert os.waitpid(idle, 0x40000000)[1] >> 16 == 6   # at its exit
for i in range(10):
    attempt("other", os.execv, "/bin/true", ["true"])
libc.ptrace(17, idle, 0, 0)
print("it", os.waitpid(pid, 0)[1])
""", timeout=60)
    assert r.out == "other 0\n" * 10 + "it 0\n", r

"""Commands: which programs may run inside, and with which arguments."""
import os
import shutil

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(os.path.dirname(HERE), "cases", "policies")
DENIED = "Permission denied"


def start(sh, policy, scripts=True, options=()):
    top = os.path.join(sh.files, "ws")
    if scripts:
        sh.folder("ws/scripts")
        sh.write("ws/scripts/a.py", "import sys; print('py', sys.argv[1:])\n",
                 mode=0o755)
        sh.write("ws/scripts/a.js", "", mode=0o644)
        sh.write("ws/other.py", "print('other')\n", mode=0o755)
        sh.write("ws/notes", "notes\n", mode=0o644)
        sh.write("ws/x.sh", "#!/bin/sh\necho ran\n", mode=0o755)
        sh.user.own(top)
        options = [*options, "--mount", f"{top}:/app/workspace",
                   "--workdir", "/app/workspace"]
    sh.start("box", policy=policy, options=options)


def allowed(sh, script, out=None, code=0):
    r = sh.sh("box", "cd /app/workspace; " + script)
    assert DENIED not in r.err and r.code == code, (script, r)
    if out is not None:
        assert r.out == out, (script, r)


def denied(sh, script, why):
    r = sh.sh("box", "cd /app/workspace; " + script)
    assert r.code == 126, (script, r)
    assert DENIED in r.err and why in r.err, (script, r)


def test_06_allows_and_denies_what_each_of_its_lines_says(sh):
    start(sh, os.path.join(CASES, "06-commands.yaml"))
    allowed(sh, "python3 /app/workspace/scripts/a.py", "py []\n")
    allowed(sh, "cd scripts && python3 ./a.py", "py []\n")
    for bad in ("python3 /app/workspace/other.py",
                "python3 /app/workspace/scripts/../other.py",
                "python3 scripts/a.py more", "python3 -c 'print(1)'",
                "python3", "python3 -m http.server",
                "ln -s x y; python3 -i scripts/a.py"):
        denied(sh, bad, "06-commands.yaml:4")
    allowed(sh, "cat notes", "notes\n")
    allowed(sh, "cd / && cat app/workspace/notes", "notes\n")
    denied(sh, "cat /etc/passwd", "06-commands.yaml:10")
    denied(sh, "cat notes /etc/passwd", "06-commands.yaml:10")
    denied(sh, "cat < notes", "06-commands.yaml:10")
    allowed(sh, "curl --max-time 30 https://127.0.0.1:1/", code=7)
    denied(sh, "curl https://example.com/", "06-commands.yaml:8")
    denied(sh, "curl --max-time 31 https://example.com/", "06-commands.yaml")
    denied(sh, "curl --max-time 30 http://example.com/", "06-commands.yaml")
    for name in ("chmod", "chown", "dd", "mount", "rm -rf /tmp/x",
                 "rm -r -f x", "rm -fr x", "rm --recursive --force x"):
        denied(sh, name, "denied by /")
    for name in ("ls", "rm x", "sh -c true", "env ls", "/bin/true"):
        denied(sh, name, "")
    allowed(sh, "git --version")
    got = sh.audited(kind="command", verdict="allowed")
    assert [r["action"] for r in got] == ["git --version"], got
    assert got[0]["rule"].endswith("06-commands.yaml:25: git"), got
    assert got[0]["path"].endswith("/git"), got
    assert "started by" in got[0]["reason"], got
    got = sh.audited(kind="command", verdict="denied")
    assert any(r["action"] == "rm -r -f x" and
               r["rule"].endswith("06-commands.yaml:13: rm -rf *")
               for r in got), got


def test_03_allows_three_programs_and_nothing_else(sh):
    text = open(os.path.join(CASES, "03-agent-policy.yaml"),
                encoding="utf-8").read()
    text = text[:text.index("resources:")]
    start(sh, sh.policy(text))
    allowed(sh, "python3 -c 'print(1)'", "1\n")
    allowed(sh, "curl --version >/dev/null")
    for name in ("rm -rf x", "chmod 1 x", "chown 1 x", "ls", "cat notes",
                 "git", "/bin/sh -c true"):
        denied(sh, name, "")


OPEN = """
commands:
  default_policy: allow
  unreviewed_code: allow
  deny: [wget]
"""
PROGRAM = """
import ctypes, errno, os, signal, subprocess, sys, threading, time
def status(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.split(":", 1) for line in f)
"""


def run(sh, script, options=(), policy=OPEN):
    r = sh.once("python3", "-u", "-c", PROGRAM + script,
                policy=sh.policy(policy), options=options, timeout=60)
    assert r.code == 0, r
    return r


def test_nobody_stays_traced_or_stopped(sh):
    r = run(sh, """
for path in ("/nowhere", "/etc/passwd", "/", "/bin/wget"):
    try:
        os.execv(path, ["x"])
    except OSError as e:
        print(errno.errorcode[e.errno], end=" ")
print(status("self")["TracerPid"].strip(), end=" ")
print(status("self")["State"].split()[0])
p = subprocess.Popen(["cat", "/proc/self/status"], stdout=-1, text=True)
out = p.communicate()[0]
print([l for l in out.splitlines() if "Tracer" in l], p.returncode)
""")
    assert r.out == "ENOENT EACCES EACCES EACCES 0 R\n" \
        "['TracerPid:\\t0'] 0\n", r


def test_any_thread_may_execute(sh):
    r = run(sh, """
for i in range(20):
    pid = os.fork()
    if pid == 0:
        for k in range(8):
            threading.Thread(target=time.sleep, args=(100,),
                             daemon=True).start()
        threading.Thread(target=os.execv, args=("/bin/true", ["true"])
                         ).start()
        time.sleep(100)
    assert os.waitpid(pid, 0)[1] == 0
for i in range(20):     # all at once: one wins, nobody waits for ever
    pid = os.fork()
    if pid == 0:
        for k in range(8):
            threading.Thread(target=os.execv, args=("/bin/true", ["true"])
                             ).start()
        time.sleep(100)
    assert os.waitpid(pid, 0)[1] == 0
print("done")
""")
    assert r.out == "done\n", r


def test_many_execute_at_once_and_under_signals(sh):
    r = run(sh, """
many = [subprocess.Popen(["sh", "-c", "exec true"]) for i in range(64)]
assert all(p.wait() == 0 for p in many)
for i in range(60):     # a signal that is ignored, one that kills, a stop
    sig = (signal.SIGWINCH, signal.SIGKILL, signal.SIGSTOP)[i % 3]
    p = subprocess.Popen(["sleep", "0.05"])
    time.sleep(0.0003 * (i % 7))
    p.send_signal(sig)
    if sig == signal.SIGSTOP:
        p.send_signal(signal.SIGCONT)
    want = -9 if sig == signal.SIGKILL else 0
    assert p.wait() == want, (sig, p.returncode)
got = []
signal.signal(signal.SIGUSR1, lambda *a: got.append(1))
for i in range(200):    # one that is handled, while an exec fails
    threading.Timer(0.0001, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    try:
        os.execv("/nowhere", ["x"])
    except FileNotFoundError:
        pass
    except InterruptedError:
        assert False
print("done")
""")
    assert r.out == "done\n", r


def test_debuggers_work_once_a_program_runs(sh):
    r = run(sh, """
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
p = subprocess.Popen(["sleep", "100"])
time.sleep(0.1)
assert libc.ptrace(0x4206, p.pid, 0, 0) == 0, ctypes.get_errno()
assert libc.ptrace(0x4207, p.pid, 0, 0) == 0
pid, st = os.waitpid(p.pid, 0)
assert os.WIFSTOPPED(st)
assert libc.ptrace(17, p.pid, 0, 0) == 0    # detach
p.kill(); p.wait()
""")
    assert r.out == "", r


TRACER = """
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
def traced(argv, before=lambda: None):
    pid = os.fork()
    if pid == 0:
        libc.ptrace(0, 0, 0, 0)
        before()
        try:
            os.execv(argv[0], argv)
        except PermissionError:
            os._exit(7)
    stops = []
    while True:
        st = os.waitpid(pid, 0)[1]
        if not os.WIFSTOPPED(st):
            return stops, st >> 8
        stops.append(signal.Signals(os.WSTOPSIG(st)).name)
        libc.ptrace(7, pid, 0, 0)
print(traced(["/bin/true"]))
print(traced(["/usr/bin/env", "sh", "-c", "exit 3"]))
"""


def test_debuggers_start_programs(sh):
    r = run(sh, TRACER + """
print(traced(["/usr/bin/wget", "--version"]))
def deaf():
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
print(traced(["/bin/true"], deaf))
import threading
def another():
    threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
print(traced(["/bin/true"], another))
""")
    stops = ["SIGTRAP", "SIGURG"]
    assert r.out == f"{(stops, 0)}\n{(stops * 2, 3)}\n{([], 7)}\n" \
        f"{([], 7)}\n{([], 7)}\n", r
    assert r.err.count("it is being traced") == 2, r
    assert r.err.count("denied by") == 1, r


def test_debuggers_start_programs_where_only_files_are_judged(sh):
    r = run(sh, TRACER, policy="file_access: {system: layered, "
            "deny: [{path: '**/*.x'}]}\n")
    stops = ["SIGTRAP", "SIGURG"]
    assert r.out == f"{(stops, 0)}\n{(stops * 2, 3)}\n", r


def test_strace_sees_all_that_a_command_starts(sh):
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    r = run(sh, """
r = subprocess.run(["strace", "-qq", "-f", "-e", "trace=execve", "sh", "-c",
    "true; for i in 1 2 3 4 5 6 7 8; do env true & done; wait; "
    "wget --version; cat /dev/null"], stdout=-3, stderr=-1, text=True)
print(r.returncode, len([x for x in r.stderr.splitlines()
                         if x.endswith(" = 0") and "resumed" in x or
                         "execve" in x and x.endswith(" = 0")]),
      "wget: denied by" in r.stderr)
""")
    assert r.out == "0 18 True\n", r


def test_gdb_runs_what_is_allowed_and_nothing_else(sh):
    if not shutil.which("gdb"):
        pytest.skip("gdb is not installed")
    r = run(sh, """
for program in "/bin/echo", "/usr/bin/wget":
    subprocess.run(["gdb", "-nx", "-q", "-batch", "-ex", "run", "--args",
                    program, "from gdb"], stderr=-2)
""")
    assert r.out.count("from gdb\n") == 1, r
    assert "exited normally" in r.out and "wget: denied by" in r.out, r


def test_audit_mode_lets_all_run_and_records_it(sh):
    run(sh, """
assert subprocess.run(["wget", "--version"], stdout=-3).returncode == 0
assert subprocess.run(["true", "--password", "hunter2"]).returncode == 0
""", policy="policy_mode: audit\n" + OPEN)
    got = sh.audited(kind="command")
    assert [(r["action"], r["verdict"]) for r in got[-2:]] == [
        ("wget --version", "observed"),
        ("true --password '***'", "allowed")], got
    assert "python3" in got[-1]["reason"], got


def test_a_script_is_its_interpreter_unless_it_was_made_inside(sh):
    sh.folder("w")
    sh.write("w/old", "#!/usr/bin/env python3\nprint('old')\n", mode=0o755)
    sh.user.own(os.path.join(sh.files, "w"))
    sh.start("box", policy=sh.policy("commands: {allow: [python3, cp]}\n"),
             options=["--mount", f"{sh.files}/w:/w"])
    r = sh.sh("box", "/w/old; cp /w/old /tmp/new; /tmp/new")
    assert r.out == "old\n" and r.code == 126, r
    assert "made in the sandbox" in r.err, r
    r = sh.sh("box", "python3 /tmp/new")
    assert r.out == "old\n", r


def test_the_commands_of_a_sandbox_are_locked(sh):
    sh.start("box", policy=sh.policy("commands: {allow: [ls]}\n"))
    other = sh.write("other.yaml", "commands: {allow: [ls, cat]}\n")
    r = sh.run("policy", "set", "box", "--policy", other)
    assert r.code != 0 and "commands allow cat: none -> there" in r.err, r


def test_what_the_operator_launches_runs(sh):
    sh.start("box", policy=sh.policy("commands: {}\n"))
    assert sh.exec("box", "cat", "/etc/hostname").code == 0
    r = sh.sh("box", "ls")
    assert r.code == 126 and "no rule of commands allows" in r.err, r

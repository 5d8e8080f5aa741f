"""The gate: what a policy says of single files, seen from inside."""
import os
import signal
import time

import pytest
from shell import named, processes, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
FILE_ACCESS = os.path.join(os.path.dirname(HERE), "cases", "policies",
                           "04-file-access.yaml")
# Nothing that the table touches: all of it is asked, and allowed.
GATED = """
file_access:
  system: layered
  deny:
    - path: "**/*.never"
"""
UNGATED = """
file_access:
  system: layered
"""
WORKSPACE = {
    "reports/a": "readable", "reports/k.pem": "SECRET",
    "reports/.env": "SECRET", "reports/deep/id_rsa": "SECRET",
    "reports/credentials.json": "SECRET", "templates/t.docx": "readable",
    "templates/t.txt": "SECRET", "hr/x": "SECRET", "legal/deep/y": "SECRET",
    "notes": "SECRET",
}


def table(sh, policy, part):
    with open(os.path.join(HERE, "gate_table.py"), encoding="utf-8") as f:
        script = f.read()
    r = sh.once("sh", "-c", "mkdir -p /tmp/w && exec python3 -u - /tmp/w "
                + part, policy=policy, data=script, timeout=240)
    assert r.code == 0, r
    return r.out.splitlines()


@pytest.mark.parametrize("part", [
    "data", "states", "descriptors", "limits", "masks", "pipes", "sockets", "connects",
    "queues", "watches",
    "terminals", "leases", "busy", "many", "exclusive", "ones", "opens",
    "pairs"])
def test_what_is_allowed_answers_as_if_nobody_was_asked(sh, part):
    bare = table(sh, UNGATED, part)
    gated = table(sh, GATED, part)
    assert len(bare) > 0 and len(bare) == len(gated)
    # "/...": names that are not the sandbox's own to write are denied; and
    # of two errors, a name that is too long is found first
    other = [f"{a} | {b}" for a, b in zip(bare, gated) if a != b and
             not ("'/" in b and (": EACCES" in b or ": EXDEV" in b)) and
             not (": E" in a and ": ENAMETOOLONG" in b)]
    assert not other, "\n".join(other)


def workspace(sh):
    for name, text in WORKSPACE.items():
        sh.write(f"ws/{name}", text + "\n", mode=0o666)
    for folder, _, _ in os.walk(os.path.join(sh.files, "ws")):
        sh.user.own(folder)
        os.chmod(folder, 0o755)
    return os.path.join(sh.files, "ws")


def start(sh, name="box"):
    top = workspace(sh)
    sh.start(name, policy=FILE_ACCESS,
             options=["--mount", f"{top}:/app/workspace",
                      "--workdir", "/tmp"])
    return top


@pytest.mark.both
def test_04_reads_what_it_names_and_nothing_else(sh):
    start(sh)
    for name, text in WORKSPACE.items():
        r = sh.sh("box", f"cat /app/workspace/{name}")
        if text == "readable":
            assert r.out == "readable\n", (name, r)
        else:
            assert r.code != 0 and "SECRET" not in r.out, (name, r)
            assert "Permission denied" in r.err, (name, r)


@pytest.mark.both
def test_04_writes_where_it_says_and_nowhere_else(sh):
    top = start(sh)
    may = ["/app/workspace/reports/new", "/app/workspace/reports/a",
           "/app/output/log", "/tmp/agent-scratch/x", "/tmp/plain"]
    may_not = ["/app/workspace/reports/new.pem", "/app/workspace/hr/new",
               "/app/workspace/templates/t.docx", "/app/workspace/new",
               "/app/workspace/reports/.env.local", "/tmp/x.key",
               "/usr/x", "/app/workspace/reports/credentials2"]
    sh.sh("box", "mkdir -p /tmp/agent-scratch")
    for path in may:
        r = sh.sh("box", f"echo hi >>{path}")
        assert r.code == 0, (path, r)
    for path in may_not:
        r = sh.sh("box", f"echo hi >>{path}")
        assert r.code != 0, (path, r)
    r = sh.sh("box", "cat /app/output/log")
    assert r.code != 0, "write does not give read"
    assert not os.path.exists(os.path.join(top, "reports", "new.pem"))


@pytest.mark.both
def test_a_denial_is_recorded_with_its_rule_and_program(sh):
    start(sh)
    sh.sh("box", "cat /app/workspace/reports/k.pem")
    got = sh.audited(kind="file", verdict="denied",
                     path="/app/workspace/reports/k.pem")[0]
    assert got["action"] == "read" and got["exe"].endswith("/cat"), got
    assert "04-file-access.yaml:14" in got["rule"], got


def test_the_same_denial_in_a_loop_is_counted_and_not_repeated(sh):
    start(sh)
    sh.sh("box", "python3 -c 'import time\nfor i in range(500):\n"
          " try: open(\"/app/workspace/reports/k.pem\")\n"
          " except OSError: pass\ntime.sleep(1.5)'")
    got = sh.audited(kind="file", verdict="denied",
                     path="/app/workspace/reports/k.pem")
    assert len(got) <= 4, got
    assert "499 times" in got[-1]["reason"], got


@pytest.mark.both
def test_nothing_inside_sees_or_reaches_the_broker(sh):
    start(sh)
    assert named("openshell-broker")
    r = sh.sh("box", "for p in /proc/[0-9]*; do cat $p/comm; done")
    assert "openshell-bro" not in r.out and "openshell-init" in r.out, r
    sh.sh("box", "kill -9 1; kill -STOP 1; kill -9 0")
    r = sh.sh("box", "cat /app/workspace/reports/a")
    assert r.out == "readable\n", r


@pytest.mark.both
def test_without_the_broker_nothing_opens_and_the_sandbox_stops(sh):
    start(sh)
    os.kill(named("openshell-broker")[0], signal.SIGKILL)
    wait_until(lambda: sh.get("box")["phase"] == "failed",
               what="the sandbox has failed")
    assert "broker" in str(sh.get("box")), sh.get("box")


def test_a_stopped_broker_holds_every_open_and_gives_none(sh):
    start(sh)
    broker = named("openshell-broker")[0]
    os.kill(broker, signal.SIGSTOP)
    try:
        p = sh.popen("sandbox", "exec", "box", "--", "cat",
                     "/app/workspace/reports/a")
        with pytest.raises(Exception):
            p.wait(timeout=1)
    finally:
        os.kill(broker, signal.SIGCONT)
    assert p.wait(timeout=10) == 0


def test_a_broker_that_stays_stopped_ends_the_sandbox(sh, pytestconfig):
    if not pytestconfig.getoption("--all"):
        pytest.skip("takes 40 s: with --all")
    start(sh)
    os.kill(named("openshell-broker")[0], signal.SIGSTOP)
    wait_until(lambda: sh.get("box")["phase"] == "failed", timeout=90,
               what="the sandbox has failed")
    assert "the broker has not answered" in str(sh.get("box"))


def test_a_broker_with_nothing_to_do_is_not_taken_for_a_stopped_one(
        sh, pytestconfig):
    if not pytestconfig.getoption("--all"):
        pytest.skip("takes 60 s: with --all")
    start(sh)
    time.sleep(60)
    r = sh.sh("box", "cat /app/workspace/reports/a")
    assert r.out == "readable\n", r


def test_a_policy_that_needs_no_gate_has_none(sh):
    sh.start("box", policy=UNGATED)
    assert not named("openshell-broker")
    assert sh.sh("box", "grep ^Seccomp_filters /proc/self/status").out


def test_the_broker_has_one_capability_and_no_network(sh):
    start(sh)
    pid = named("openshell-broker")[0]
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        status = dict(line.split(":\t", 1) for line in f
                      if ":\t" in line)
    ptrace = 1 << 19
    assert int(status["CapPrm"], 16) & ~ptrace == 0, status
    assert int(status["CapBnd"], 16) & ~ptrace == 0, status
    for key in ("CapEff", "CapInh", "CapAmb"):
        assert int(status[key], 16) == 0, (key, status)
    assert status["Seccomp"].strip() == "2"
    assert status["NoNewPrivs"].strip() == "1"


@pytest.mark.both
def test_a_program_that_hides_its_memory_is_answered_too(sh):
    """PR_SET_DUMPABLE 0, as ssh-agent does: it can still open files."""
    start(sh)
    r = sh.sh("box", "python3 -c 'import ctypes\n"
              "ctypes.CDLL(None).prctl(4, 0)\n"
              "print(open(\"/app/workspace/reports/a\").read())\n"
              "print(len(open(\"/dev/null\").read()))'")
    assert r.out == "readable\n\n0\n", r


def test_a_directory_is_renamed_where_the_same_holds_for_both_names(sh):
    top = start(sh)
    r = sh.sh("box", "cd /app/workspace/reports && mkdir one && touch one/x "
              "&& mv one two && ls two")
    assert r.out == "x\n", r
    assert os.listdir(os.path.join(top, "reports", "two")) == ["x"]


def test_a_move_out_of_its_rules_is_another_file_systems(sh):
    start(sh)
    r = sh.sh("box", "python3 -c 'import os\n"
              "os.chdir(\"/app/workspace/reports\")\n"
              "os.mkdir(\"d\")\n"
              "try: os.rename(\"d\", \"/app/output/d\")\n"
              "except OSError as e: print(e.errno)\n"
              "try: os.rename(\"deep\", \"deeper\")\n"
              "except OSError as e: print(e.errno)'")
    assert r.out.split()[0] == "18", r


def test_protected_names_stay_so_when_they_are_made_later(sh):
    top = sh.folder("repo")
    policy = sh.policy('file_access:\n  allow:\n    - path: "/repo/**"\n'
                       '      permissions: [read, write]\n'
                       '  deny:\n    - path: "**/*.never"\n')
    sh.start("box", policy=policy, options=["--mount", f"{top}:/repo"])
    r = sh.sh("box", "cd /repo && mkdir -p .git/hooks src; echo x > "
              ".git/hooks/pre-commit; echo x > .envrc; mv src .husky; "
              "echo x > src/f && mkdir .vscode; echo x > .vscode/tasks.json; "
              "echo x > t && mv t .bashrc; ln -s /etc/passwd .mcp.json; "
              "find . -type f")
    assert sorted(r.out.split()) == ["./src/f", "./t"], r


def test_processes_of_the_sandbox_end_with_it(sh):
    start(sh)
    sh.sh("box", "sleep 1000 & sleep 1000 &")
    before = set(processes())
    sh.ok("sandbox", "stop", "box")
    wait_until(lambda: not named("openshell-broker"), what="the broker ended")
    assert len(set(processes()) & before) < len(before)


def test_an_open_leaves_the_callers_processors_alone(sh):
    """Also to a child that is forked at once."""
    script = """
import os
all = os.sched_getaffinity(0)
for i in range(300):
    os.close(os.open("/tmp", os.O_RDONLY))
    pid = os.fork()
    if pid == 0:
        os._exit(os.sched_getaffinity(0) != all)
    assert os.waitpid(pid, 0)[1] == 0, i
    assert os.sched_getaffinity(0) == all, i
"""
    r = sh.once("python3", "-", policy=GATED, data=script, timeout=120)
    assert r.code == 0, r

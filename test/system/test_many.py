"""Many sandboxes, in a row and at once, and nothing of them stays."""
import glob
import os
import subprocess
import time

import pytest
from shell import named, ours, wait_until

POLICY = "network:\n  allow:\n    - endpoint: echo.test\n"


def count(path):
    try:
        return len(os.listdir(path))
    except FileNotFoundError:
        return 0


def mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        return len(f.readlines())


def namespaces():
    kinds = ("user", "mnt", "net", "pid", "ipc", "uts", "cgroup")
    seen = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for kind in kinds:
            try:
                seen.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
            except OSError:
                pass
    return len(seen)


def cgroups():
    out = subprocess.run(["find", "/sys/fs/cgroup", "-type", "d"],
                         capture_output=True, check=False).stdout
    return out.count(b"\n")


def held(sh):
    """What could leak, counted."""
    fds = {}
    for program in ("openshell-gateway", "openshell-auditor"):
        for pid in named(program):
            try:
                fds[program] = fds.get(program, 0) + count(f"/proc/{pid}/fd")
            except PermissionError:
                pass
    with open("/proc/net/unix", encoding="latin-1") as f:
        unix = len(f.readlines())
    return {"processes": len(ours()), "mounts": mounts(),
            "namespaces": namespaces(), "cgroups": cgroups(), "unix": unix,
            "sandboxes": count(os.path.join(sh.home, "state", "sandboxes")),
            "run": count(os.path.join(sh.home, "run")),
            "tmp": len(glob.glob("/tmp/openshell*")), **fds}


def settled(sh, before):
    """What is left over before, once all has had time to go."""
    def more():
        now = held(sh)
        over = {k: (before[k], v) for k, v in now.items()
                if v > before.get(k, 0)}
        return over
    end = time.monotonic() + 10
    while more() and time.monotonic() < end:
        time.sleep(0.1)
    return more()


@pytest.mark.both
def test_many_in_a_row_leave_nothing(sh, slow):
    n = 200 if slow else 25
    assert sh.once("true").code == 0
    time.sleep(0.5)
    before = held(sh)
    for i in range(n):
        r = sh.once("sh", "-c", f"curl -s https://echo.test/ >/dev/null; "
                    f"echo {i} > ~/f; setsid sleep 100 & echo {i}",
                    policy=POLICY)
        assert (r.code, r.out) == (0, f"{i}\n"), r
    assert not settled(sh, before)
    assert sh.list() == []


@pytest.mark.both
def test_many_at_once_work_and_leave_nothing(sh, slow):
    n = 100 if slow else 20
    assert sh.once("true").code == 0
    policy = sh.policy(POLICY)
    time.sleep(0.5)
    before = held(sh)
    many = [sh.popen("sandbox", "create", "--name", f"s{i}", "--detach",
                     "--policy", policy, "--", "sleep", "1000",
                     stdout=-3, stderr=subprocess.PIPE)
            for i in range(n)]
    for p in many:
        _, err = p.communicate(timeout=120)
        assert p.returncode == 0, err.decode()
    wait_until(lambda: all(s["phase"] == "running" for s in sh.list()), 60,
               "all run")
    assert len(sh.list()) == n
    execs = [sh.popen("sandbox", "exec", f"s{i}", "--", "curl", "-s",
                      "https://echo.test/status/200", stdout=subprocess.PIPE,
                      stderr=subprocess.PIPE) for i in range(n)]
    for p in execs:
        out, err = p.communicate(timeout=120)
        assert out == b"status 200\n", err.decode()
    assert len(named("openshell-supervisor")) >= n
    assert len(named("openshell-gateway")) <= 2
    sh.ok("sandbox", "delete", "--all", timeout=120)
    assert not settled(sh, before)


def test_created_and_killed_at_random_leaves_nothing(sh, slow):
    assert sh.once("true").code == 0
    time.sleep(0.5)
    before = held(sh)
    for i in range(60 if slow else 15):
        p = sh.popen("sandbox", "create", "--no-keep", "--", "sleep", "0.05",
                     stdout=-3, stderr=-3, stdin=-3)
        time.sleep((i * 7 % 40) / 1000)
        p.kill()
        p.wait(10)
    wait_until(lambda: not named("openshell-supervisor"), 20,
               "the sandboxes end")
    sh.ok("sandbox", "delete", "--all")
    assert not settled(sh, before)

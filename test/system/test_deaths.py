"""kill -9 of each program, at each step: nothing escapes the policy."""
import contextlib
import os
import signal
import time

import pytest
from shell import named, ours, processes, wait_until

POLICY = "network:\n  allow:\n    - endpoint: echo.test\n"


def kill(*pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def inside(sh, name="box"):
    """pids of what runs in the sandbox (init and below)."""
    top = sh.get(name)["pid"]
    table = processes()
    found, grew = {top}, True
    while grew:
        more = {p for p, v in table.items() if v[1] in found} - found
        found |= more
        grew = bool(more)
    return {p for p in found if not table[p][0].startswith(
        ("openshell-super", "openshell-egres"))}


def code(sh, url="https://echo.test/"):
    return sh.exec("box", "curl", "-s", "-o", "/dev/null", "-w",
                   "%{http_code}", url).out


@pytest.mark.both
def test_a_killed_gateway_comes_back_and_finds_its_sandboxes(sh):
    pid = sh.start("box", POLICY)["pid"]
    kill(*named("openshell-gateway"))
    assert sh.get("box")["phase"] == "running"
    assert sh.get("box")["pid"] == pid
    assert code(sh) == "200"
    new = sh.policy("network:\n  allow:\n    - endpoint: other.test\n",
                    "n.yaml")
    sh.ok("policy", "set", "box", "--policy", new, "--wait")
    assert code(sh) == "000"
    assert code(sh, "https://other.test/") == "200"


def test_the_agent_does_not_notice_that_the_gateway_died(sh):
    t = sh.term("sandbox", "create", "--name", "box", "--policy",
                sh.policy(POLICY), "--", "sh")
    t.send("echo up$((1+1))\n")
    t.expect("up2")
    kill(*named("openshell-gateway"))
    t.send("curl -s -o /dev/null -w %{http_code}-x https://echo.test/\n")
    t.expect("200-x")
    t.send("exit 12\n")
    assert t.wait() == 12
    got = wait_until(lambda: (lambda s: s["phase"] == "exited" and s)(
        sh.get("box")))
    assert got["exit_code"] == 12


def test_a_sandbox_that_ended_while_the_gateway_was_away_is_known(sh):
    sh.start("box", POLICY, command=("sh", "-c", "sleep 1; exit 4"))
    kill(*named("openshell-gateway"))
    time.sleep(1.5)
    got = sh.get("box")
    assert (got["phase"], got["exit_code"]) == ("exited", 4), got


def test_records_made_while_the_gateway_was_dead_are_kept(sh):
    sh.start("box", POLICY, command=("sh", "-c", "sleep 1; while sleep 0.2; "
                                     "do curl -s https://echo.test/dead; "
                                     "done"))
    kill(*named("openshell-gateway"))
    sh.audited(kind="http", path="/dead", timeout=10)


@pytest.mark.both
def test_a_killed_egress_stops_the_sandbox_with_a_reason(sh):
    sh.start("box", POLICY)
    agents = inside(sh)
    kill(*named("openshell-egress"))
    wait_until(lambda: not agents & set(processes()), 5, "the sandbox ends")
    got = wait_until(lambda: (lambda s: s["phase"] == "failed" and s)(
        sh.get("box")), what="failed")
    assert "egress" in got["reason"], got


@pytest.mark.both
def test_a_killed_supervisor_leaves_nothing_running(sh):
    sh.start("box", POLICY, command=("sh", "-c",
                                     "setsid sleep 1000 & sleep 1000"))
    agents = inside(sh)
    kill(*named("openshell-supervisor"))
    wait_until(lambda: not agents & set(processes()), 5, "the sandbox ends")
    wait_until(lambda: not named("openshell-egress"), 5, "egress ends")
    got = wait_until(lambda: (lambda s: s["phase"] == "failed" and s)(
        sh.get("box")), what="failed")
    assert got["reason"]


def test_a_killed_init_ends_the_sandbox(sh):
    sh.start("box", POLICY)
    agents = inside(sh)
    kill(*named("openshell-init"))
    wait_until(lambda: not agents & set(processes()), 5, "the sandbox ends")
    wait_until(lambda: sh.get("box")["phase"] in ("failed", "exited"))


@pytest.mark.both
def test_a_killed_auditor_is_replaced_and_no_decision_goes_unrecorded(sh):
    sh.start("box", POLICY)
    assert code(sh, "https://echo.test/before") == "200"
    sh.audited(kind="http", path="/before")
    kill(*named("openshell-auditor"))
    end = time.monotonic() + 10
    while code(sh, "https://echo.test/after") != "200":
        assert time.monotonic() < end, "egress never judges again"
        time.sleep(0.2)
    sh.audited(kind="http", path="/after")
    assert sh.audit(kind="http", path="/before")


def test_gateway_and_auditor_killed_together(sh):
    sh.start("box", POLICY)
    kill(*named("openshell-gateway"), *named("openshell-auditor"))
    assert sh.get("box")["phase"] == "running"
    wait_until(lambda: code(sh, "https://echo.test/again") == "200", 10,
               "egress judges again")
    sh.audited(kind="http", path="/again")


def test_without_an_auditor_egress_lets_nothing_through(sh, world):
    """Gateway and auditor are gone: nobody can record, nothing may pass."""
    sh.start("box", POLICY, command=("sh", "-c", "sleep 1; while sleep 0.2; "
                                     "do curl -s -m 1 https://echo.test/x; "
                                     "done"))
    wait_until(lambda: world.requests(target="/x"), 10, "the first request")
    kill(*named("openshell-gateway"))
    kill(*named("openshell-auditor"))
    time.sleep(0.5)
    before = len(sh.audit(kind="http", path="/x"))
    world.mark()
    time.sleep(2)
    if not named("openshell-auditor"):
        arrived = len(world.requests(target="/x"))
        recorded = len(sh.audit(kind="http", path="/x")) - before
        assert arrived <= recorded, "requests left without a record"


def test_every_step_of_a_creation_may_be_cut_off(sh):
    """The CLI, then the gateway, is killed a little later each time."""
    for program in ("openshell", "openshell-gateway", "openshell-supervisor",
                    "openshell-egress", "openshell-init"):
        for ms in (0, 2, 5, 10, 20, 40):
            p = sh.popen("sandbox", "create", "--no-keep", "--", "sleep",
                         "0.2", stdout=-3, stderr=-3, stdin=-3)
            time.sleep(ms / 1000)
            if program == "openshell":
                p.kill()
            for pid in named(program):
                try:
                    kill(pid)
                except ProcessLookupError:
                    pass
            try:
                p.wait(20)
            except Exception as e:
                raise AssertionError(f"{program} killed after {ms} ms: the "
                                     "client hangs") from e
    wait_until(lambda: not named("openshell-egress")
               and not named("openshell-init")
               and not named("openshell-supervisor"), 15,
               "all sandboxes end")
    sh.ok("sandbox", "delete", "--all")
    assert sh.once("echo", "fine").out == "fine\n"


def test_a_stopped_gateway_leaves_its_sandboxes_running(sh):
    sh.start("box", POLICY)
    sh.ok("gateway", "stop")
    assert not named("openshell-gateway")
    assert named("openshell-supervisor")
    assert code(sh) == "200"


def test_two_clients_at_once_start_one_gateway(sh):
    for _ in range(5):
        many = [sh.popen("sandbox", "list", stdout=-3, stderr=-1)
                for _ in range(6)]
        for p in many:
            _, err = p.communicate(timeout=20)
            assert p.returncode == 0, err
        # one that lost the race for the lock may still be on its way out
        wait_until(lambda: len(named("openshell-gateway")) == 1)
        assert len(named("openshell-auditor")) == 1
        sh.ok("gateway", "stop")
        wait_until(lambda: not named("openshell-gateway"))


def test_a_host_that_loses_all_at_once_starts_clean(sh):
    """As after a power cut: everything is killed, then comes back."""
    sh.start("box", POLICY)
    for pid in ours():
        with contextlib.suppress(ProcessLookupError):  # dies with another
            kill(pid)
    wait_until(lambda: not ours())
    got = sh.get("box")
    assert got["phase"] == "failed" and got["reason"], got
    sh.ok("sandbox", "start", "box", "--detach")
    wait_until(lambda: sh.get("box")["phase"] == "running")
    assert code(sh) == "200"

"""Code that was made in the sandbox, and a person's word on it."""
import hashlib
import json
import os
import signal

import pytest
from shell import named, wait_until

POLICY = """
commands:
  default_policy: allow
  unreviewed_code: {mode}
"""
SCRIPT = "#!/bin/sh\necho made $*\n"
PYTHON = "#!/usr/bin/env python3\nimport sys\nprint('made', *sys.argv[1:])\n"


def digest(text):
    data = text if isinstance(text, bytes) else text.encode()
    return "sha256:" + hashlib.sha256(data).hexdigest()


def start(sh, mode, name="box", timeout="60s", options=()):
    sh.config(approval_timeout=timeout)
    sh.start(name, policy=sh.policy(POLICY.format(mode=mode),
                                    f"{mode}.yaml"), options=options)


def put(sh, name, text, path, mode="755"):
    r = sh.exec(name, "sh", "-c", f"cat >{path} && chmod {mode} {path}",
                data=text)
    assert r.code == 0, r


def proposals(sh, *options):
    return sh.ok("proposal", "list", *options, "-o", "json").json()


def asked(sh, text, status="pending"):
    """The proposal about these bytes."""
    def look():
        return [p for p in proposals(sh, "--status", "all")
                if p["subject"] == digest(text) and p["status"] == status]
    return wait_until(look, what="a proposal")[0]


class Held:
    """A command in the background."""

    def __init__(self, sh, *command, name="box"):
        self.p = sh.popen("sandbox", "exec", name, "--", *command,
                          stdout=-1, stderr=-1, stdin=-3)

    def running(self):
        return self.p.poll() is None

    def end(self):
        out, err = self.p.communicate(timeout=60)
        return self.p.returncode, out.decode(), err.decode()


@pytest.mark.both
def test_deny_is_of_what_was_made_inside_and_nothing_else(sh):
    sh.write("tool.sh", "#!/bin/sh\necho host $*\n", mode=0o755)
    start(sh, "deny", options=["--mount", f"{sh.files}/tool.sh:/tool.sh:ro"])
    put(sh, "box", SCRIPT, "x")
    put(sh, "box", PYTHON, "y")
    put(sh, "box", "echo made\n", "plain")
    sh.ok("sandbox", "exec", "box", "--", "sh", "-c", "cp /bin/echo e; "
          "cp /bin/sh shell; printf '#!./shell\\n' >by; chmod +x by")
    assert sh.exec("box", "/tool.sh", "x").out == "host x\n"
    assert sh.exec("box", "sh", "-c", "/bin/echo yes").out == "yes\n"
    for what in ("./x", "./y", "./e made", "./plain", "./by",
                 "/lib64/ld-linux-x86-64.so.2 ./e made",
                 "env ./x", "bash -c ./plain", "exec ./x", "PATH=. x"):
        r = sh.sh("box", what)
        assert r.code != 0 and "made\n" not in r.out, (what, r)
        assert "made in the sandbox" in r.err, (what, r)
    got = sh.audited(kind="command", verdict="denied")
    assert any("unreviewed_code is deny" in g["reason"] for g in got)
    # what a shell or an interpreter reads by itself is not executed
    assert sh.sh("box", ". ./plain").out == "made\n"


def test_what_was_made_in_a_run_before_still_was(sh):
    start(sh, "deny")
    put(sh, "box", SCRIPT, "x")
    sh.ok("sandbox", "stop", "box")
    sh.ok("sandbox", "start", "box", "--detach")
    wait_until(lambda: sh.get("box")["phase"] == "running", what="a start")
    assert sh.sh("box", "./x").code == 126
    # the operator may launch what he likes
    assert sh.exec("box", "./x", "a").out == "made a\n"


def test_audit_runs_it_and_records_which_bytes(sh):
    start(sh, "audit")
    put(sh, "box", SCRIPT, "x")
    assert sh.sh("box", "./x a").out == "made a\n"
    with open("/bin/echo", "rb") as f:
        echo = digest(f.read())
    assert sh.sh("box", "cp /bin/echo e; ./e b").out == "b\n"
    for want in (digest(SCRIPT), echo):
        wait_until(lambda: [g for g in sh.audit(kind="command") if want in
                            g["reason"]], what=f"a record with {want}")
    assert proposals(sh) == []


@pytest.mark.both
def test_ask_holds_the_exec_until_a_person_says_yes(sh):
    start(sh, "ask")
    put(sh, "box", PYTHON, "x")
    held = Held(sh, "sh", "-c", "./x one && ./x two && cp x y && ./y three")
    got = asked(sh, PYTHON)
    assert held.running()
    assert sh.sh("box", "echo others go on").out == "others go on\n"
    assert got["title"] == "/home/sandbox/x" and got["kind"] == "code"
    assert got["detail"]["size"] == len(PYTHON)
    assert got["detail"]["command"] == "./x one"
    assert got["detail"]["lines"] == PYTHON.splitlines()
    shown = sh.ok("rule", "show", got["proposal"]).out
    for part in ("/home/sandbox/x", digest(PYTHON), "import sys", "its text",
                 "dash" if os.path.exists("/usr/bin/dash") else "sh",
                 f"openshell proposal approve {got['proposal']}"):
        assert part in shown, shown
    sh.ok("rule", "approve", got["proposal"])
    code, out, err = held.end()
    assert (code, out) == (0, "made one\nmade two\nmade three\n"), err
    done = asked(sh, PYTHON, "approved")
    assert done["actor"] == sh.user.name and done["asks"] == 1
    actions = [r["action"] for r in sh.audit(kind="proposal")]
    assert actions == ["propose", "approve"]
    assert sh.audited(kind="proposal", action="approve")[0]["actor"] == \
        sh.user.name


def test_a_no_denies_and_stands(sh):
    start(sh, "ask")
    put(sh, "box", SCRIPT, "x")
    held = Held(sh, "sh", "-c", "./x")
    n = asked(sh, SCRIPT)["proposal"]
    sh.ok("proposal", "reject", n, "--reason", "not this one")
    code, out, err = held.end()
    assert code == 126 and "not this one" in err and out == "", (code, err)
    assert sh.sh("box", "./x").code == 126      # it stands
    assert asked(sh, SCRIPT, "rejected")["asks"] == 1
    sh.ok("rule", "approve", n)
    assert sh.sh("box", "./x z").out == "made z\n"
    sh.ok("rule", "reject", n)  # taken back
    assert sh.sh("box", "./x z").code == 126


def test_once_is_once_and_a_time_ends(sh):
    start(sh, "ask")
    put(sh, "box", SCRIPT, "x")
    held = [Held(sh, "sh", "-c", f"./x {i}") for i in range(2)]
    n = asked(sh, SCRIPT)["proposal"]
    sh.ok("rule", "approve", n, "--once")
    wait_until(lambda: sum(h.running() for h in held) == 1,
               what="one of two")
    got = asked(sh, SCRIPT)     # the other is asked about, again
    assert got["proposal"] == n and got["asks"] == 2
    sh.ok("rule", "approve", n, "--for", "1s")
    assert sorted(h.end()[1] for h in held) == ["made 0\n", "made 1\n"]
    wait_until(lambda: asked(sh, SCRIPT, "lapsed"), what="the time is over")
    held = Held(sh, "sh", "-c", "./x 2")
    sh.ok("rule", "reject", asked(sh, SCRIPT)["proposal"])
    assert held.end()[0] == 126


def test_everywhere_is_in_other_sandboxes_too(sh):
    start(sh, "ask")
    start(sh, "ask", name="two")
    for box in ("box", "two"):
        put(sh, box, SCRIPT, "x")
    held = Held(sh, "sh", "-c", "./x a")
    n = asked(sh, SCRIPT)["proposal"]
    sh.ok("rule", "approve", n)
    assert held.end()[0] == 0
    held = Held(sh, "sh", "-c", "./x a", name="two")
    other = asked(sh, SCRIPT)
    assert other["proposal"] != n and other["sandbox"] == "two"
    sh.ok("rule", "approve", n, "--everywhere")
    sh.ok("rule", "approve", other["proposal"], "--once")
    assert held.end()[0] == 0
    assert sh.exec("two", "sh", "-c", "./x b").out == "made b\n"
    sh.ok("sandbox", "delete", "box")
    assert sh.exec("two", "sh", "-c", "./x c").out == "made c\n"
    sh.ok("rule", "reject", n)
    held = Held(sh, "sh", "-c", "./x d", name="two")
    sh.ok("rule", "reject", asked(sh, SCRIPT)["proposal"])
    assert held.end()[0] == 126


def test_nobody_is_asked_about_what_could_not_run_anyway(sh):
    start(sh, "ask")
    put(sh, "box", SCRIPT, "x", mode="644")
    r = sh.sh("box", "./x")
    assert r.code == 126 and "no execute permission" in r.err, r
    r = sh.ok("rule", "list", "--status", "all", "-o", "json")
    assert json.loads(r.out) == []


def test_a_held_exec_can_be_killed_and_is_then_nobodys(sh):
    start(sh, "ask")
    put(sh, "box", SCRIPT, "x")
    r = sh.sh("box", "timeout .3 ./x")
    assert r.code == 124, r
    asked(sh, SCRIPT, "unanswered")
    r = sh.sh("box", "timeout -s KILL .3 ./x")
    assert r.code in (137, -9), r
    asked(sh, SCRIPT, "unanswered")


def test_what_waits_survives_the_gateway(sh):
    start(sh, "ask")
    put(sh, "box", SCRIPT, "x")
    held = Held(sh, "sh", "-c", "./x a")
    n = asked(sh, SCRIPT)["proposal"]
    for end in (signal.SIGKILL, signal.SIGTERM):
        os.kill(sh.gateway_pid(), end)
        assert asked(sh, SCRIPT)["proposal"] == n
    assert held.running()
    sh.ok("rule", "approve", n)
    code, out, err = held.end()
    assert (code, out) == (0, "made a\n"), err
    os.kill(sh.gateway_pid(), signal.SIGKILL)
    asked(sh, SCRIPT, "approved")
    assert sh.sh("box", "./x b").out == "made b\n"      # known already
    sh.ok("sandbox", "stop", "box")
    sh.ok("sandbox", "start", "box", "--detach")
    wait_until(lambda: sh.get("box")["phase"] == "running", what="a start")
    assert sh.sh("box", "./x c").out == "made c\n"      # and in a new run


def test_no_answer_is_no_also_when_the_gateway_is_away(sh):
    start(sh, "ask", timeout="1s")
    put(sh, "box", SCRIPT, "x")
    held = Held(sh, "sh", "-c", "touch on; until [ -e go ]; do sleep .05; "
                "done; ./x; echo ended $?")
    wait_until(lambda: sh.sh("box", "[ -e on ]").code == 0, what="its start")
    go = Held(sh, "sh", "-c", "echo on; sleep .3; touch go")
    assert go.p.stdout.read(2) == b"on"
    sh.ok("gateway", "stop")
    code, out, err = held.end()
    assert out == "ended 126\n" and "in time" in err, (code, out, err)
    assert sh.sh("box", "./x").code == 126      # the next one is there
    late = asked(sh, SCRIPT, "unanswered")["proposal"]
    r = sh.audited(action="expire")[-1]
    assert r["path"].endswith("/x")
    told = sh.ok("audit", "explain", r["_"]["metadata"]["sequence"]).out
    assert told.startswith("deny expire /") and "next " not in told, told
    r = sh.audited(kind="command", verdict="denied")[-1]
    told = sh.ok("audit", "explain", r["_"]["metadata"]["sequence"]).out
    assert "next     openshell proposal list box" in told, told
    assert sh.run("rule", "approve", late, "--once").code == 1
    sh.ok("rule", "approve", late)
    assert sh.sh("box", "./x z").out == "made z\n"


def test_only_so_many_wait(sh):
    start(sh, "ask")
    put(sh, "box", SCRIPT, "x")
    held = Held(sh, "sh", "-c", "for i in $(seq 40); do cp x x$i; echo '#' "
                "$i >>x$i; (./x$i 2>>said || echo no >>no) & done; wait")
    wait_until(lambda: sh.sh("box", "wc -l <no").out == "8\n", timeout=30,
               what="8 that may not wait")
    assert len(proposals(sh)) == 32
    assert sh.sh("box", "echo goes on").out == "goes on\n"
    assert held.running()
    assert sh.sh("box", "cat said").out.count("too many others wait") == 8
    sh.ok("sandbox", "stop", "box", "--grace", "0")
    assert held.end()[1] == ""
    assert proposals(sh, "--status", "pending") == []


def test_a_bad_answer_is_refused(sh):
    start(sh, "ask")
    assert sh.run("rule", "approve", "7").code == 1
    assert sh.run("rule", "approve", "x").code == 2
    assert sh.run("rule", "approve", "1", "--once", "--for", "1h").code == 2
    assert sh.run("rule", "list", "no-such-box").code == 1
    assert named("openshell-broker")


def test_what_is_shown_is_what_is_there(sh):
    start(sh, "ask")
    text = ("#!/bin/sh\n# \u202etpircs doog a\u202c \x1b[2K\x1b[1A\u200bx\n"
            + "# more\n" * 1000)
    put(sh, "box", text, "$(printf 'a\\033[7m\\342\\200\\256b')")
    held = Held(sh, "sh", "-c", "./a*")
    n = asked(sh, text)["proposal"]
    for out in (sh.ok("rule", "show", n).out, sh.ok("rule", "list").out):
        assert not any(c in out for c in "\x1b\u202e\u202c\u200b"), out
    assert "in the first" in sh.ok("rule", "show", n).out
    sh.ok("rule", "reject", n)
    assert held.end()[0] == 126

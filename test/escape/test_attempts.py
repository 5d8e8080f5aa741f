"""Attacks by system call (attempts.c): every one must be refused."""
import os
import re
import shutil

import pytest
import shell

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "attempts.c"), encoding="ascii") as f:
    ATTEMPTS = re.findall(r"\bA\((\d+), (\w+)\)", f.read())

# What may work, because what it gives stays inside: a filter of one's own is
# asked beside ours, and the stricter answer holds.
HARMLESS = {"new_filter_with_notify"}
GATED = """
file_access: {deny: [{path: "**/*.pem", hide: true}]}
commands: {default_policy: allow, unreviewed_code: allow, deny: [tac],
           allow: [{command: tail, profile: narrow}]}
profiles: {narrow: {file_access: {default_policy: allow}}}
"""
_seen = {}


def answers(sh, pytestconfig, who, policy=None):
    """name -> what became of it; the sandbox runs once for all tests."""
    if policy is not None or who not in _seen:
        source = os.path.join(pytestconfig.getoption("--build"), "test",
                              "escape", "attempts")
        folder = sh.folder("attack")
        shutil.copy2(source, os.path.join(folder, "attempts"))
        os.chmod(os.path.join(folder, "attempts"), 0o755)
        world = shell.World()
        r = sh.once("/attack/attempts", timeout=120, policy=policy,
                    options=["--mount", folder + ":/attack:ro"])
        assert r.code == 0, r
        assert world.events() == [], "something arrived outside"
        got = dict(line.split(" ", 1) for line in r.out.splitlines())
        if policy is not None:
            return got
        _seen[who] = got
    return _seen[who]


@pytest.mark.both
@pytest.mark.parametrize("number,name", ATTEMPTS)
def test_refused(sh, who, pytestconfig, number, name):
    got = answers(sh, pytestconfig, who)
    assert name in got, f"class {number}: {name} said nothing"
    assert got[name] != "done" or name in HARMLESS, (
        f"class {number}: {name} worked")


@pytest.mark.both
def test_all_are_refused_where_a_broker_answers(sh, who, pytestconfig):
    got = answers(sh, pytestconfig, who, sh.policy(GATED))
    assert set(got) == {name for _, name in ATTEMPTS}
    assert [name for name, what in got.items() if what == "done"] == []


@pytest.mark.both
def test_on_a_terminal_too(sh, pytestconfig):
    """TIOCSTI and its like need a terminal to be worth anything."""
    source = os.path.join(pytestconfig.getoption("--build"), "test",
                          "escape", "attempts")
    folder = sh.folder("attack")
    shutil.copy2(source, os.path.join(folder, "attempts"))
    t = sh.term("sandbox", "create", "--no-keep", "--mount",
                folder + ":/attack:ro", "--", "sh", "-c",
                "for a in push_input push_input_high_bits console_paste; do "
                "/attack/attempts $a && echo BROKEN || echo refused; done; "
                "echo end$((1+1))")
    m = t.expect(r"(?s)(.*)end2")
    assert "BROKEN" not in m.group(1)
    assert m.group(1).count("refused") == 3, m.group(1)

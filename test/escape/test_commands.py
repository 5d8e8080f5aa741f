"""Attacks on what may be executed."""
import os
import re
import shutil

import pytest

RACE = """
commands:
  unreviewed_code: allow
  allow:
    - /work/exec_race
    - {command: /work/open/prog, args_pattern: "ok *", env: {forbid: [EVIL]}}
  deny:
    - /work/shut/prog
"""


@pytest.fixture(name="race")
def _race(sh, pytestconfig):
    build = pytestconfig.getoption("--build")
    for name in ("exec_race", "open/prog", "shut/prog"):
        sh.folder("w/" + os.path.dirname(name))
        at = os.path.join(sh.files, "w", name)
        shutil.copy(os.path.join(build, "test", "escape", "exec_race"), at)
        os.chmod(at, 0o755)
    with open(os.path.join(sh.files, "w", "shut", "prog"), "ab") as f:
        f.write(b"x")
    top = os.path.join(sh.files, "w")
    sh.user.own(top)
    sh.start("box", policy=sh.policy(RACE), options=[
        "--mount", f"{top}:/work", "--workdir", "/work"])
    return sh


@pytest.mark.both
@pytest.mark.parametrize("way", ["path", "argv", "both", "env", "name",
                                 "script", "thread"])
def test_class_3_and_61_no_race_of_an_exec_is_won(race, pytestconfig, way):
    tries = 1000000 if pytestconfig.getoption("--all") else 300
    r = race.sh("box", f"cd /work && ./exec_race {way} {tries}",
                timeout=60 + tries / 50)
    assert r.code == 0 and " 0 odd, 0 wins" in r.out, r
    ran, refused, killed = map(int, re.findall(r"\d+", r.out)[:3])
    assert ran > 0 and refused + killed > 0, r
    if killed:
        got = race.audited(kind="command", verdict="denied")
        assert any("it was killed" in g["reason"] for g in got), got

"""Between the broker and those that answer for it, where a file system may not
(src/broker/slow.h): what one judges, another must not turn meanwhile."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "system"))
from test_slow import _slow  # noqa: E402,F401

POLICY = """
file_access:
  allow:
    - path: "/slow/**"
      permissions: [read, write]
    - path: "/work/**"
      permissions: [read, write]
  deny:
    - path: "/work/drop/**"
      permissions: [read]
"""
# A link may go anywhere, what is not to be read may not. One asks through the
# slow file system, so that it is answered apart; the other turns the link.
TURN = r"""
import os, sys, time
at, to = "/work/drop/at", "/work/open/to"
far = "/slow/way/../../work/drop/at"
end = time.monotonic() + float(sys.argv[1])
pid = os.fork()
if pid == 0:
    while time.monotonic() < end:
        try:
            os.rename(far, to)
        except OSError:
            pass
    os._exit(0)
turns = 0
while time.monotonic() < end:
    try:
        os.symlink("x", at)
        for _ in range(turns % 40):
            pass
        os.rename("/work/drop/file", at)
        os.rename(at, "/work/drop/file")
        turns += 1
    except OSError:
        try:
            os.rename(at, "/work/drop/file")
        except OSError:
            pass
    try:
        print("GOT", open(to).read())
        break
    except OSError:
        pass
os.waitpid(pid, 0)
print("turns", turns)
"""


@pytest.mark.both
def test_class_11_no_link_becomes_a_file_while_it_is_moved(sh, slow):
    for folder in ("open", "drop"):
        sh.folder(f"w/{folder}")
    sh.write("w/drop/file", "SECRET\n", mode=0o666)
    top = os.path.join(sh.files, "w")
    sh.user.own(top)
    sh.start("box", policy=POLICY, options=[
        "--mount", f"{top}:/work", "--mount", f"{slow.where}:/slow"])
    r = sh.exec("box", "python3", "-c", TURN, "1")
    assert "SECRET" not in r.out and "turns" in r.out, r


@pytest.mark.both
def test_class_12_nobody_has_the_configuration_that_is_written_for_git(sh):
    """The broker's own file is its own from the start, however it is asked."""
    sh.folder("ws/one/.git")
    top = os.path.join(sh.files, "ws")
    sh.user.own(top)
    sh.start("box", policy='file_access:\n  allow:\n    - path: "/ws/**"\n'
             '      permissions: [read, write]\n'
             '  deny:\n    - path: "**/*.pem"\n',
             options=["--mount", f"{top}:/ws"])
    r = sh.sh("box", "cd /ws/one/.git; f=config.openshell; "
              "echo x >$f || echo kept; ln -s x $f || echo kept; "
              "mkdir $f || echo kept; echo x >y; mv y $f || echo kept; "
              "ln y $f || echo kept; git init -q /ws/two; "
              "git -C /ws/two config user.name A; cat /ws/two/.git/config")
    assert r.out.split()[:5] == ["kept"] * 5 and "name = A" in r.out, r
    assert "config.openshell" not in os.listdir(
        os.path.join(top, "one/.git")) + os.listdir(
        os.path.join(top, "two/.git"))

"""Names that are not what they lead to: dots, links, directories that moved."""
import pytest

POLICY = """
file_access:
  allow:
    - path: "/ws/**"
      permissions: [read, write]
  deny:
    - path: "/ws/shut/**"
    - path: "/usr/lib/os-release"
    - path: "**/*.never"
"""
PYTHON = """
import errno, os
os.chdir("/ws")
def tell(what, f, *a, **k):
    try:
        r = f(*a, **k)
        if isinstance(r, int) and r > 2:
            r = os.read(r, 9).decode().strip() if "r" in what[0] else "open"
        print(what, r)
    except OSError as e:
        print(what, errno.errorcode[e.errno])
"""


@pytest.fixture(name="box")
def _box(sh):
    sh.write("ws/shut/file", "SECRET\n", mode=0o666)
    sh.write("ws/open/file", "readable\n", mode=0o666)
    top = sh.folder("ws")
    sh.user.own(top)
    sh.start("box", policy=POLICY,
             options=["--mount", f"{top}:/ws"])
    return sh


def told(box, script):
    r = box.exec("box", "python3", "-c", PYTHON + script)
    assert r.code == 0 and "SECRET" not in r.out, r
    return dict(line.split(" ", 1) for line in r.out.splitlines())


@pytest.mark.both
def test_a_link_of_the_root_is_judged_by_where_it_leads(box):
    got = told(box, """
tell("r1", os.open, "/usr/lib/os-release", 0)
tell("r2", os.open, "/lib/os-release", 0)
tell("r3", os.open, "/lib//os-release", 0)
tell("r4", os.open, "/lib/../lib/os-release", 0)
os.chdir("/lib")
tell("r5", os.open, "os-release", 0)
tell("r6", os.open, "./os-release", 0)
tell("r7", os.open, "/lib/none", 0)
tell("r8", os.open, "/lib", os.O_NOFOLLOW)
tell("w9", os.open, "/lib/x.never", os.O_CREAT | os.O_WRONLY)
""")
    assert got == {**dict.fromkeys(
        ("r1", "r2", "r3", "r4", "r5", "r6", "w9"), "EACCES"),
        "r7": "ENOENT", "r8": "ELOOP"}, got


@pytest.mark.both
def test_a_directory_that_is_gone_lends_its_name_to_no_other(box):
    got = told(box, """
os.mkdir("/ws/d"); open("/ws/d/old", "w").write("old")
os.chdir("/ws/d"); d = os.open(".", 0)
os.rename("/ws/d", "/ws/e")
tell("r_moved", os.open, "old", 0)
tell("r_below", os.open, "old", 0, dir_fd=d)
os.unlink("/ws/e/old"); os.rmdir("/ws/e")
os.mkdir("/ws/e (deleted)")
open("/ws/e (deleted)/old", "w").write("other")
tell("r_gone", os.open, "old", 0)
tell("r_fd", os.open, "old", 0, dir_fd=d)
tell("w_gone", os.open, "new", os.O_CREAT | os.O_WRONLY)
tell("mkdir", os.mkdir, "new")
os.chdir("/ws/e (deleted)")
tell("r_named", os.open, "old", 0)
""")
    assert got == {"r_moved": "old", "r_below": "old", "r_gone": "ENOENT",
                   "r_fd": "ENOENT", "w_gone": "ENOENT", "mkdir": "ENOENT",
                   "r_named": "other"}, got


@pytest.mark.both
def test_what_is_changed_through_a_link_is_judged_where_it_is(box):
    got = told(box, """
os.symlink("/ws/shut", "to_shut"); os.symlink("shut/file", "to_file")
os.symlink("shut/new", "to_new")
os.mkdir("mine"); os.symlink("mine/new", "to_mine")
C = os.O_CREAT | os.O_WRONLY
tell("w1", os.open, "to_shut/file", os.O_WRONLY)
tell("w2", os.open, "to_file", C | os.O_TRUNC)
tell("w3", os.open, "to_new", C)
tell("w4", os.open, "to_new", C | os.O_EXCL)
tell("w5", os.open, "to_mine", C)
tell("w6", os.open, "to_shut/new", C)
tell("mkdir", os.mkdir, "to_shut/d")
tell("chmod", os.chmod, "to_file", 0o777)
tell("utime", os.utime, "to_file")
tell("unlink", os.unlink, "to_shut/file")
tell("rename", os.rename, "to_shut/file", "mine/stolen")
tell("truncate", os.truncate, "to_file", 0)
print("made", os.listdir("mine"))
""")
    assert got.pop("w4") == "EEXIST" and got.pop("w5") == "open", got
    made = got.pop("made")
    assert "new" in made and "stolen" not in made, made
    assert set(got.values()) == {"EACCES"}, got


@pytest.mark.both
def test_a_link_into_proc_is_the_callers_also_where_nothing_is(box):
    got = told(box, """
os.symlink("/proc/self", "me")
tell("r_comm", os.open, "me/comm", 0)
tell("r_none", os.open, "me/none", 0)
tell("r_below", os.open, "me/cwd/open/file", 0)
tell("r_deny", os.open, "me/cwd/shut/file", 0)
tell("w_new", os.open, "me/cwd/made", os.O_CREAT | os.O_WRONLY)
print("made", os.path.exists("/ws/made"))
""")
    assert got == {"r_comm": "python3", "r_none": "ENOENT",
                   "r_below": "readable", "r_deny": "EACCES",
                   "w_new": "open", "made": "True"}, got

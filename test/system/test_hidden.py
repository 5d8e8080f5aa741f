"""hide: what may not be seen is not listed, and looks as if it was not there."""
import json

import pytest
from test_gate import UNGATED, table

HIDING = """
file_access:
  system: layered
  deny:
    - path: "**/*.never"
      hide: true
"""
ONE = """
file_access:
  allow:
    - path: "/ws/**"
      permissions: [read, write]
  deny:
    - path: "**/.env"
      hide: true
    - path: "/ws/private"
      hide: true
    - path: "/ws/plainly"
"""
ALL = """
file_access:
  hide: true
  allow:
    - path: "/ws/src/**"
      permissions: [read, write]
    - path: "/ws/README"
"""


def workspace(sh, *names):
    for name in names:
        sh.write(f"ws/{name}", name + "\n", mode=0o666)
        folder = sh.files + "/ws"
        for part in [""] + name.split("/")[:-1]:
            folder = f"{folder}/{part}" if part else folder
            sh.user.own(folder)
    return sh.folder("ws")


@pytest.mark.parametrize("part", [
    "descriptors", "limits", "masks", "connects", "terminals", "many", "ones",
    "opens", "facts"])
def test_where_nothing_is_hidden_all_answers_as_if_nobody_was_asked(
        sh, part, slow):
    if part != "facts" and not slow:
        pytest.skip("with --all")
    bare = table(sh, UNGATED, part)
    gated = table(sh, HIDING, part)
    assert len(bare) > 0 and len(bare) == len(gated)
    other = [f"{a} | {b}" for a, b in zip(bare, gated) if a != b and
             not ("'/" in b and (": EACCES" in b or ": EXDEV" in b)) and
             not (": E" in a and ": ENAMETOOLONG" in b)]
    assert not other, "\n".join(other)


# Every call that takes a name, and what it says of one that is not there.
PROBE = r"""
import ctypes, errno, json, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
buf = ctypes.create_string_buffer(4096)
def call(nr, *args):
    args = [a.encode() if isinstance(a, str) else a for a in args]
    rc = libc.syscall(nr, *args)
    return errno.errorcode[ctypes.get_errno()] if rc == -1 else "there"
def ask(p):
    s = socket.socket(socket.AF_UNIX)
    def bind():
        try:
            s.bind(p)
        except OSError as e:
            return errno.errorcode[e.errno]
        return "made"
    at = -100
    return {
        "open": call(2, p, 0), "openat": call(257, at, p, 0),
        "O_PATH": call(257, at, p, os.O_PATH),
        "O_PATH dir": call(257, at, p, os.O_PATH | os.O_DIRECTORY),
        "create": call(257, at, p, os.O_CREAT | os.O_WRONLY, 0o666),
        "exclusive": call(257, at, p, os.O_CREAT | os.O_EXCL, 0o666),
        "directory": call(257, at, p, os.O_DIRECTORY),
        "tmpfile": call(257, at, p, os.O_TMPFILE | os.O_RDWR, 0o666),
        "stat": call(4, p, buf), "lstat": call(6, p, buf),
        "fstatat": call(262, at, p, buf, 0),
        "statx": call(332, at, p, 0, 0xfff, buf),
        "access": call(21, p, 0), "faccessat": call(269, at, p, 0),
        "faccessat2": call(439, at, p, 0, 0),
        "readlink": call(89, p, buf, 100),
        "readlinkat": call(267, at, p, buf, 100),
        "chdir": call(80, p), "statfs": call(137, p, buf),
        "truncate": call(76, p, 0), "chmod": call(90, p, 0o600),
        "chown": call(92, p, -1, -1), "utimes": call(235, p, None),
        "getxattr": call(191, p, "user.x", buf, 10),
        "listxattr": call(194, p, buf, 10),
        "llistxattr": call(195, p, buf, 10),
        "setxattr": call(188, p, "user.x", "v", 1, 0),
        "removexattr": call(197, p, "user.x"),
        "rename from": call(82, p, "/tmp/x"),
        "rename to": call(82, "/ws/src/to", p),
        "link": call(86, p, "/tmp/y"), "link to": call(86, "/ws/src/a", p),
        "symlink": call(88, "a", p), "unlink": call(87, p),
        "rmdir": call(84, p), "mkdir": call(83, p, 0o755),
        "mkfifo": call(133, p, 0o10644, 0),
        "watch": call(254, libc.inotify_init(), p, 0xfff),
        "exec": call(59, p, None, None), "bind": bind(),
        "through": call(4, p + "/../src", buf),
        "below": call(4, p + "/x", buf), "slash": call(4, p + "/", buf),
    }
print(json.dumps([ask(p) for p in sys.argv[1:]]))
"""


@pytest.mark.both
def test_what_is_hidden_answers_like_what_is_not_there(sh):
    top = workspace(sh, "src/a", "src/to", "src/.env", "private/x",
                    "src/d/.env/in")
    sh.start("box", policy=ONE, options=["--mount", f"{top}:/ws"])
    script = sh.write("ws/src/probe.py", PROBE)
    assert script
    there = ["/ws/src/.env", "/ws/private", "/ws/src/d/.env"]
    r = sh.exec("box", "python3", "/ws/src/probe.py", *there)
    assert r.code == 0, r
    for path, got in zip(there, json.loads(r.out)):
        assert set(got.values()) == {"ENOENT"}, (path, got)
    not_there = ["/ws/.env", "/ws/src/e/.env"]
    r = sh.exec("box", "python3", "/ws/src/probe.py", *not_there)
    for path, got in zip(not_there, json.loads(r.out)):
        assert set(got.values()) == {"ENOENT"}, (path, got)
    r = sh.sh("box", "stat /ws/plainly; ls -A /ws /ws/src /ws/src/d; "
              "find /ws; echo /ws/.e* /ws/p*; python3 -c 'import os\n"
              "print(os.listdir(\"/ws/src\"), list(os.scandir(\"/ws\")))'")
    assert ".env" not in r.out and "private" not in r.out, r
    assert "probe.py" in r.out, r


@pytest.mark.both
def test_with_hide_nothing_is_there_but_what_may_be_had(sh):
    top = workspace(sh, "src/a", "src/deep/b", "README", "notes", "other/x",
                    "other/deep/y")
    sh.start("box", policy=ALL, options=["--mount", f"{top}:/ws"])
    r = sh.sh("box", "find /ws/src -type f; cat /ws/README; stat /ws/other;"
              "stat /ws/other/x; stat /ws/notes; stat -c %F /ws /ws/src;"
              "ls /ws; cd /ws/other")
    assert sorted(r.out.split("\n")[:2]) == ["/ws/src/a", "/ws/src/deep/b"], r
    assert r.out.count("directory") == 2 and "README" in r.out, r
    assert r.err.count("No such file") == 3, r
    assert "Permission denied" in r.err, r      # /ws itself may not be listed


def test_a_long_list_keeps_its_places(sh):
    """Small buffers, seeking, and two readers of one descriptor."""
    for i in range(300):
        sh.write(f"ws/src/n{i}", "")
        sh.write(f"ws/src/h{i}/.env" if i % 3 else f"ws/src/.env{i}", "")
    top = sh.folder("ws")
    sh.start("box", policy=ONE.replace("**/.env", "**/{.env*,h[0-9]*}"),
             options=["--mount", f"{top}:/ws"])
    r = sh.exec("box", "python3", "-c", r"""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def names(fd, size):
    buf = ctypes.create_string_buffer(size)
    n = libc.syscall(217, fd, buf, size)
    out, at = [], 0
    while at < n:
        length = int.from_bytes(buf[at + 16:at + 18], "little")
        behind = int.from_bytes(buf[at + 8:at + 16], "little", signed=True)
        out.append((buf[at + 19:at + length].split(b"\0")[0].decode(), behind))
        at += length
    return out
def whole(fd, size):
    got = []
    while more := names(fd, size):
        got += more
    return got
fd = os.open("/ws/src", os.O_RDONLY)
all = whole(fd, 100)
assert sorted(n for n, _ in all) == sorted(
    [".", ".."] + [f"n{i}" for i in range(300)]), all
for i in (0, 7, 100, 250):
    os.lseek(fd, all[i][1], 0)
    assert whole(fd, 32768) == all[i + 1:], i
os.lseek(fd, 0, 0)
assert whole(os.dup(fd), 4096) == all and names(fd, 4096) == []
buf = ctypes.create_string_buffer(10)
os.lseek(fd, 0, 0)
assert libc.syscall(217, fd, buf, 10) == -1 and ctypes.get_errno() == 22
assert libc.syscall(217, 999, buf, 10) == -1 and ctypes.get_errno() == 9
assert libc.syscall(217, 0, buf, 10) == -1 and ctypes.get_errno() == 20
print("well")
""")
    assert r.out == "well\n", r


def test_a_link_or_a_racing_walk_does_not_show_what_is_hidden(sh):
    top = workspace(sh, "src/a", "src/.env", "private/x")
    sh.start("box", policy=ONE, options=["--mount", f"{top}:/ws"])
    r = sh.sh("box", "cd /ws/src; ln -s .env l; ln -s ../private m;"
              "ln -s /ws/src/.env/../a n; cat l m/x n;"
              "readlink -f /ws/private/../src/a; stat -L l; ls -L l;"
              "python3 -c 'import os\n"
              "fd = os.open(\"/ws\", os.O_PATH)\n"
              "for n in (\"private\", \"src/.env\"):\n"
              "  try: print(os.stat(n, dir_fd=fd))\n"
              "  except OSError as e: print(e.errno)'")
    assert r.out.split() == ["2", "2"], r


def test_who_looked_for_what_is_hidden_is_recorded(sh):
    top = workspace(sh, "src/.env")
    sh.start("box", policy=ONE, options=["--mount", f"{top}:/ws"])
    r = sh.sh("box", "cat /ws/src/.env /ws/src/.envy /ws/.env")
    assert r.err.count("No such file") == 3, r
    got = sh.audited(kind="file", verdict="denied")
    assert {x["path"] for x in got} == {"/ws/src/.env"}, got


def test_a_watch_where_something_may_be_hidden_is_refused(sh):
    top = workspace(sh, "src/a")
    sh.start("box", policy=ONE, options=["--mount", f"{top}:/ws"])
    r = sh.exec("box", "python3", "-c", """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
fd = libc.inotify_init()
for p in (b"/ws/src", b"/ws/src/a", b"/tmp"):
    print(libc.inotify_add_watch(fd, p, 0xfff) > 0)
""")
    assert r.out.split() == ["False", "True", "True"], r

"""Attacks on the gate: every way to a file that the policy denies."""
import errno
import os
import shutil
import socket

import pytest

POLICY = """
file_access:
  allow:
    - path: "/work/**"
      permissions: [read, write]
  deny:
    - path: "/work/shut/**"
    - path: "**/*.pem"
"""


@pytest.fixture(name="box")
def _box(sh):
    for folder in ("open", "shut"):
        sh.folder(f"w/{folder}")
    sh.write("w/open/file", "readable\n", mode=0o666)
    sh.write("w/shut/file", "SECRET\n", mode=0o666)
    sh.write("w/open/k.pem", "SECRET\n", mode=0o666)
    top = os.path.join(sh.files, "w")
    sh.user.own(top)
    sh.start("box", policy=sh.policy(POLICY),
             options=["--mount", f"{top}:/work", "--workdir", "/work"])
    return sh


PYTHON = """
import os, sys, ctypes
def go(f, *a):
    try:
        r = f(*a)
        if isinstance(r, int):
            r = os.read(r, 100)
        print("GOT", r)
    except OSError as e:
        print("no", e.errno)
os.chdir("/work")
"""


def tries(box, script):
    r = box.exec("box", "python3", "-c", PYTHON + script)
    assert r.code == 0 and "SECRET" not in r.out, r
    return r


@pytest.mark.both
@pytest.mark.parametrize("path", [
    "/work/open/k.pem", "open/k.pem", "./open/../open/k.pem",
    "//work///open//k.pem", "/proc/self/root/work/open/k.pem",
    "/proc/self/cwd/open/k.pem", "/proc/thread-self/cwd/open/k.pem",
    "/proc/1/root/work/open/k.pem", "/dev/fd/../cwd/open/k.pem",
    "/proc/self/fd/../root/work/open/k.pem", "/work/shut/file",
    "open/../shut/file", "/work/shut/../open/k.pem"])
def test_class_8_no_spelling_of_the_path_helps(box, path):
    tries(box, f"go(os.open, {path!r}, 0)\n"
          f"go(os.open, {path!r}, os.O_RDWR)\n"
          f"go(lambda: open({path!r}).read())")


@pytest.mark.both
def test_class_8_no_descriptor_opens_what_its_path_may_not(box):
    tries(box, """
for p in ("open/k.pem", "shut", "shut/file"):
    try:
        fd = os.open(p, os.O_PATH)
    except OSError:
        continue
    go(os.open, f"/proc/self/fd/{fd}", 0)
    go(os.open, f"/dev/fd/{fd}", os.O_RDWR)
    go(os.read, fd, 10)
    go(lambda: os.open("file", 0, dir_fd=fd))
    go(os.listdir, f"/proc/self/fd/{fd}")
d = os.open("open", os.O_RDONLY)
go(lambda: os.open("k.pem", 0, dir_fd=d))
go(lambda: os.open("../shut/file", 0, dir_fd=d))
""")


@pytest.mark.both
def test_class_7_and_11_no_link_and_no_new_name_opens_it(box):
    r = tries(box, """
os.symlink("k.pem", "open/s"); go(os.open, "open/s", 0)
os.symlink("/work/shut", "open/d"); go(os.open, "open/d/file", 0)
os.symlink("/proc/self/root/work/shut/file", "open/p")
go(os.open, "open/p", 0)
go(os.link, "open/k.pem", "open/k"); go(os.open, "open/k", 0)
go(os.rename, "open/k.pem", "open/k"); go(os.open, "open/k", 0)
go(os.rename, "shut", "open/shut2"); go(os.open, "open/shut2/file", 0)
go(os.rename, "shut/file", "open/f2"); go(os.open, "open/f2", 0)
go(os.rename, "/work/shut", "/work/shutter")
libc = ctypes.CDLL(None)
print(libc.renameat2(-100, b"shut", -100, b"open", 2))
go(os.open, "open/file", 0)
fd = os.open("open/k.pem", os.O_PATH)
print(libc.linkat(fd, b"", -100, b"open/e", 0x1000))
print(libc.linkat(-100, b"/proc/self/fd/%d" % fd, -100, b"open/e", 0x400))
go(os.open, "open/e", 0)
""")
    assert "readable" in r.out, r


@pytest.mark.both
def test_class_4_every_call_that_changes_a_name_is_judged(box):
    top = os.path.join(box.files, "w")
    tries(box, """
import socket, time
libc = ctypes.CDLL(None, use_errno=True)
P = b"open/k.pem"
for f in (lambda: os.truncate(P, 0), lambda: os.chmod(P, 0o777),
          lambda: os.chown(P, 1000, 1000), lambda: os.utime(P),
          lambda: os.unlink(P), lambda: os.setxattr(P, "user.a", b"x"),
          lambda: os.getxattr(P, "user.a"),
          lambda: os.mkdir("open/d.pem"), lambda: os.mkfifo("open/f.pem"),
          lambda: os.symlink("x", "open/l.pem"),
          lambda: socket.socket(socket.AF_UNIX).bind("open/s.pem"),
          lambda: os.rename("open/file", "open/k.pem"),
          lambda: os.link("open/file", "open/n.pem"),
          lambda: os.rmdir("shut"), lambda: os.unlink("shut/file"),
          lambda: os.open("open", os.O_TMPFILE | os.O_RDWR, 0) and None,
          lambda: os.execv("shut/file", ["x"])):
    go(f)
print(libc.creat(b"open/c.pem", 0o600), libc.mknod(b"open/m.pem", 0o100600, 0))
print(libc.utimensat(-100, P, None, 0), libc.fchmodat(-100, P, 0o777, 0))
""")
    assert sorted(os.listdir(os.path.join(top, "open"))) == ["file", "k.pem"]
    assert os.stat(os.path.join(top, "open", "k.pem")).st_size == 7
    assert os.listdir(os.path.join(top, "shut")) == ["file"]


@pytest.mark.both
def test_a_descriptor_for_reading_is_no_leave_to_change(sh):
    sh.folder("w")
    sh.write("w/file", "text\n", mode=0o644)
    top = os.path.join(sh.files, "w")
    sh.user.own(top)
    policy = sh.policy('file_access:\n  allow:\n    - path: "/work/**"\n'
                       '      permissions: [read, write]\n'
                       '  deny:\n    - path: "/work/file"\n'
                       '      permissions: [write]\n')
    sh.start("box", policy=policy, options=["--mount", f"{top}:/work"])
    tries(sh, """
fd = os.open("file", 0)
print(os.read(fd, 4))
go(os.fchmod, fd, 0o777); go(os.fchown, fd, 1000, 1000)
go(os.utime, fd); go(os.setxattr, fd, "user.a", b"x")
go(os.open, f"/proc/self/fd/{fd}", os.O_WRONLY)
go(os.truncate, f"/proc/self/fd/{fd}", 0)
go(os.ftruncate, fd, 0)
go(lambda: os.open("file", os.O_RDONLY | os.O_TRUNC))
""")
    assert os.stat(os.path.join(top, "file")).st_size == 5
    assert os.stat(os.path.join(top, "file")).st_mode & 0o777 == 0o644


@pytest.mark.both
def test_class_9_a_host_file_replaced_stays_denied(box):
    top = os.path.join(box.files, "w", "open")
    for i in range(3):
        box.write("w/open/k.pem.new", f"SECRET {i}\n", mode=0o666)
        os.replace(os.path.join(top, "k.pem.new"),
                   os.path.join(top, "k.pem"))
        r = box.sh("box", "cd /work; cat open/k.pem /work/open/k.pem")
        assert "SECRET" not in r.out and r.code != 0, r
    box.write("w/open/late.pem", "SECRET\n", mode=0o666)
    assert "SECRET" not in box.sh("box", "cat /work/open/late.pem").out


@pytest.mark.both
@pytest.mark.parametrize("where", ["/work", "/home/sandbox/p"])
def test_class_12_what_would_run_outside_is_not_made(sh, where):
    sh.folder("w")
    sh.folder("w/repo/.git")
    top = os.path.join(sh.files, "w")
    sh.user.own(top)
    allow = ('  allow:\n    - path: "/work/**"\n'
             '      permissions: [read, write]\n'
             if where == "/work" else "")
    policy = sh.policy("file_access:\n" + allow +
                       '  deny:\n    - path: "**/*.pem"\n')
    sh.start("box", policy=policy, options=["--mount", f"{top}:{where}"])
    r = sh.exec("box", "python3", "-c", PYTHON.replace("/work", where) + """
W = os.O_WRONLY | os.O_CREAT
go(lambda: os.open(".envrc", W) and None)
go(os.mkdir, ".vscode"); go(os.symlink, "x", ".vscode")
go(os.mkdir, "repo/.git/hooks")
go(lambda: os.open("repo/.git/config", W) and None)
go(os.rename, "repo/.git", "repo/git")
go(lambda: os.open("git", W) and None)
go(os.rename, "git", ".git"); go(os.link, "git", ".gitconfig")
os.makedirs("d/hooks"); go(os.rename, "d", "repo/.git/d")
os.mkdir("vs"); go(os.rename, "vs", ".vscode")
os.makedirs("deep/x/.git-not/hooks")
print("DONE")
""")
    assert r.code == 0 and "DONE" in r.out, r
    made = [os.path.join(path, name) for path, folders, files in os.walk(top)
            for name in folders + files]
    bad = {".envrc", ".vscode", ".gitconfig", "config"}
    assert not bad & {os.path.basename(m) for m in made}, made
    assert os.listdir(os.path.join(top, "repo")) == [".git"]
    assert "hooks" not in os.listdir(os.path.join(top, "repo", ".git"))
    assert not os.path.exists(os.path.join(top, ".git"))
    # its own home is its own
    r = sh.sh("box", "echo x >~/.envrc; mkdir ~/.vscode; ls -a ~")
    assert ".envrc" in r.out and ".vscode" in r.out, r


@pytest.mark.both
def test_class_9_a_held_file_stays_denied_when_the_host_replaces_it(box):
    top = os.path.join(box.files, "w", "open")
    box.sh("box", "cd /work/open; (exec 9<&-; python3 -c '\n"
           "import os, time\n"
           "fd = os.open(\"k.pem\", os.O_PATH)\n"
           "open(\"held\", \"w\").close()\n"
           "while not os.path.exists(\"gone\"): time.sleep(0.05)\n"
           "try:\n"
           "    got = os.read(os.open(f\"/proc/self/fd/{fd}\", 0), 99)\n"
           "except OSError as e:\n"
           "    got = b\"no %d\" % e.errno\n"
           "open(\"got.new\", \"wb\").write(got)\n"
           "os.rename(\"got.new\", \"got\")\n"
           "') >/dev/null 2>&1 &\n"
           "while [ ! -e held ]; do sleep 0.05; done")
    os.unlink(os.path.join(top, "k.pem"))
    r = box.sh("box", "cd /work/open; touch gone; "
               "while [ ! -e got ]; do sleep 0.05; done; cat got",
               timeout=30)
    assert r.out == "no 13", r


@pytest.mark.both
def test_class_11_a_mount_is_not_moved_from_under_its_rules(sh):
    sh.folder("w/repo/.git")
    top = os.path.join(sh.files, "w")
    sh.user.own(top)
    policy = sh.policy('file_access:\n  deny:\n    - path: "**/*.pem"\n')
    sh.start("box", policy=policy,
             options=["--mount", f"{top}:/home/sandbox/a/p"])
    r = sh.sh("box", "mv -T ~/a ~/z; mkdir ~/b; mv -T --exchange ~/a ~/b; "
              "for d in a b z; do echo x >~/$d/p/.envrc; "
              "mkdir ~/$d/p/repo/.git/hooks; done; mv -T ~/b ~/c; ls ~")
    assert r.out == "a\nc\n", r
    assert os.listdir(top) == ["repo"]
    assert os.listdir(os.path.join(top, "repo", ".git")) == []


@pytest.mark.both
def test_class_3_a_socket_is_bound_where_it_was_judged(sh):
    for folder in ("open", "shut"):
        sh.folder(f"w/{folder}")
    top = os.path.join(sh.files, "w")
    sh.user.own(top)
    policy = sh.policy('file_access:\n  allow:\n    - path: "/work/**"\n'
                       '      permissions: [read, write]\n'
                       '  deny:\n    - path: "/work/shut/**"\n'
                       '      permissions: [write]\n')
    sh.start("box", policy=policy, options=["--mount", f"{top}:/work"])
    r = tries(sh, """
import socket, time, fcntl, struct
child = os.fork()
while child == 0:
    os.chdir("/work/open"); os.chdir("/work/shut")
end = time.monotonic() + 2
won = 0
while time.monotonic() < end:
    try:
        socket.socket(socket.AF_UNIX).bind(f"/proc/{child}/cwd/s")
        os.unlink("/work/open/s")
        won += 1
    except OSError:
        pass
os.kill(child, 9)
fd = os.open("/work/shut", 0)
go(fcntl.ioctl, fd, 0x40086602, struct.pack("l", 0x80))
print("bound" if won else "never")
""")
    assert "no 1\nbound\n" in r.out, r
    assert os.listdir(os.path.join(top, "shut")) == []


@pytest.mark.both
def test_class_6_proc_self_is_the_callers_and_never_the_brokers(box):
    r = box.sh("box", "cat /proc/self/comm /proc/thread-self/comm; "
               "readlink /proc/self/exe; cat /proc/self/cmdline; "
               "ls -l /proc/self/fd/ | grep -c seccomp")
    assert r.out == "cat\ncat\n/usr/bin/readlink\n" \
        "cat\0/proc/self/cmdline\x000\n", r
    for what in ("mem", "environ", "maps", "fd/3", "cwd/x", "root/x"):
        got = box.sh("box", f"head -c 10 /proc/1/{what}")
        assert got.code != 0 and got.out == "", (what, got)


@pytest.mark.both
def test_class_34_the_broker_reads_nobodys_memory_for_another(box):
    r = box.sh("box", "sleep 9 & head -c 1 /proc/$!/mem; "
               "cat /proc/$!/task/$!/mem; exec 3</proc/self/mem && echo own")
    assert r.err.count("Permission denied") == 2 and r.out == "own\n", r


@pytest.mark.both
def test_class_33_no_descriptor_of_the_gate_is_inherited(box):
    r = box.sh("box", "ls -l /proc/self/fd")
    assert "seccomp" not in r.out and "broker" not in r.out, r


@pytest.mark.both
def test_an_agents_own_filter_and_landlock_do_not_widen_the_gate(box):
    tries(box, """
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(444, None, 0, 1), ctypes.get_errno())
import struct
prog = struct.pack("HBBI", 6, 0, 0, 0x7fff0000)     # allow all
buf = ctypes.create_string_buffer(prog)
f = struct.pack("HxxxxxxP", 1, ctypes.addressof(buf))
fb = ctypes.create_string_buffer(f)
print(libc.prctl(38, 1, 0, 0, 0), libc.syscall(317, 1, 0, fb))
print(libc.syscall(317, 1, 8, fb), ctypes.get_errno())
go(os.open, "open/k.pem", 0)
go(os.open, "shut/file", 0)
""")


@pytest.mark.both
@pytest.mark.parametrize("way", ["path", "link", "swap", "fd", "hardlink",
                                 "create"])
def test_class_3_and_11_no_race_is_won(box, pytestconfig, way):
    build = pytestconfig.getoption("--build")
    seconds = 60 if pytestconfig.getoption("--all") else 2
    at = os.path.join(box.files, "w", "gate_race")
    shutil.copy(os.path.join(build, "test", "escape", "gate_race"), at)
    os.chmod(at, 0o755)
    r = box.sh("box", f"cd /work && ./gate_race {way} {seconds}",
               timeout=seconds + 60)
    assert r.code == 0 and " 0 wins" in r.out, r
    with open(os.path.join(box.files, "w", "shut", "file"),
              encoding="utf-8") as f:
        assert f.read() == "SECRET\n"


def test_class_23_no_race_for_a_sockets_address_is_won(box, pytestconfig):
    build = pytestconfig.getoption("--build")
    seconds = 60 if pytestconfig.getoption("--all") else 2
    at = os.path.join(box.files, "w", "gate_race")
    shutil.copy(os.path.join(build, "test", "escape", "gate_race"), at)
    os.chmod(at, 0o755)
    outside = listen_outside(os.path.join(box.files, "w", "shut", "sock"))
    box.sh("box", f"cd /work && ./gate_race socket {seconds}",
           timeout=seconds + 60)
    with pytest.raises(BlockingIOError):
        outside.accept()


def listen_outside(path):
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    os.chmod(path, 0o777)
    s.listen()
    s.setblocking(False)
    return s


CONNECT = r"""
import errno, os, socket, sys
def kind(t):
    try:
        s = socket.socket(socket.AF_UNIX, t)
    except OSError as e:
        return errno.errorcode[e.errno]
    try:
        s.connect(sys.argv[1])
        return "in"
    except OSError as e:
        return errno.errorcode[e.errno]
print(kind(socket.SOCK_STREAM), kind(socket.SOCK_SEQPACKET),
      kind(socket.SOCK_DGRAM), kind(socket.SOCK_RAW))
try:
    socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
except OSError as e:
    print(errno.errorcode[e.errno])
"""


@pytest.mark.both
def test_class_23_26_a_socket_that_comes_later_is_not_reached(box):
    """A host's daemon listens in the mount: by its path, a link, another
    name, and where writing is allowed as where it is not."""
    outside = [listen_outside(os.path.join(box.files, "w", d, "docker.sock"))
               for d in ("open", "shut")]
    box.sh("box", "ln -s /work/open/docker.sock /tmp/link;"
           "ln /work/open/docker.sock /work/open/other.sock")
    for path in ("/work/open/docker.sock", "/work/shut/docker.sock",
                 "/tmp/link", "/work/open/other.sock",
                 "/proc/self/root/work/open/docker.sock"):
        r = box.exec("box", "python3", "-c", CONNECT, path)
        assert "in" not in r.out.split(), (path, r)
        assert r.out.split()[2:] == ["ESOCKTNOSUPPORT"] * 3, r
    for s in outside:
        with pytest.raises(BlockingIOError):
            s.accept()
    got = box.audited(kind="file", verdict="denied",
                      path="/work/open/docker.sock")
    assert "a program outside made" in got[0]["reason"], got


@pytest.mark.both
def test_a_storm_of_opens_does_not_starve_another(box):
    box.sh("box", "for i in $(seq 40); do (while :; do : </work/open/file; "
           "done) & done; sleep 0.2")
    r = box.sh("box", "cat /work/open/file; cat /work/open/k.pem",
               timeout=30)
    assert r.out == "readable\n", r


def test_a_storm_of_threads_has_one_turn_like_any_process(box, pytestconfig):
    """By age alone each open of the other would wait for 400 (20,000)."""
    at = os.path.join(box.files, "w", "gate_storm")
    shutil.copy(os.path.join(pytestconfig.getoption("--build"), "test",
                             "escape", "gate_storm"), at)
    os.chmod(at, 0o755)
    r = box.sh("box", "cd /work && ./gate_storm open/file", timeout=120)
    assert r.code == 0 and int(r.out) < 8000, r


@pytest.mark.both
def test_a_deny_of_all_pem_files_does_not_end_tls(box):
    r = box.sh("box", "head -c 11 $SSL_CERT_FILE; echo; "
               "echo x >>$SSL_CERT_FILE || echo kept")
    assert r.out == "-----BEGIN \nkept\n", r


@pytest.mark.both
def test_class_8_a_path_of_dots_and_links_is_walked_and_bounded(box):
    r = tries(box, """
dots = "/proc/self/cwd/" + "./" * 1900
go(os.open, dots + "open/file", 0)
go(os.open, dots + "open/k.pem", 0)
os.symlink("../open/" * 400, "open/up")
go(os.open, "/proc/self/cwd/open/" + "up/" * 10 + "file", 0)
""")
    assert r.out.splitlines() == [
        "GOT b'readable\\n'", f"no {errno.EACCES}", f"no {errno.ELOOP}"], r

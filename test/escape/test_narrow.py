"""Out of a profile: what runs under a narrower policy, in a sandbox in which
others run under a wider one, as the same user."""
import os
import shutil

import pytest

POLICY = """
file_access:
  allow:
    - path: "/work/**"
      permissions: [read, write]
commands:
  default_policy: allow
  unreviewed_code: allow
  allow:
    - {command: /work/bin/enter-reader, profile: reader}
    - {command: /work/bin/enter-writer, profile: writer}
profiles:
  reader:
    file_access:
      allow:
        - path: "/work/open/**"
        - path: "/work/bin/**"
    commands: {default_policy: allow}
  writer:
    file_access:
      allow:
        - path: "/work/open/**"
          permissions: [read, write]
        - path: "/work/bin/**"
    commands: {default_policy: allow}
"""

# A wider process, as an agent would be: a secret in its memory, environment
# and descriptors. It says its pid, and then whether it is well.
WIDE = """
import os, pty, sys
secret = b"SECRET-" + b"of-memory"
data = os.open("/work/shut/file", os.O_RDONLY)
mem = os.memfd_create("x")
os.write(mem, b"SECRET-of-memfd")
r, w = os.pipe()
os.write(w, b"SECRET-of-pipe")
os.chdir("/work/shut")
master, slave = pty.openpty()
print(os.getpid(), data, mem, r, os.ttyname(slave), flush=True)
sys.stdin.read()
print("well" if os.read(r, 100) == b"SECRET-of-pipe" else "robbed")
"""

NARROW = """
import ctypes, os, signal, socket, struct, subprocess, sys
wide, data, mem, pipe = map(int, sys.argv[1:5])
terminal = sys.argv[5]
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *a):
    r = getattr(libc, name)(*a)
    if r == -1:
        raise OSError(ctypes.get_errno(), name)
    return r
def syscall(*a):
    libc.syscall.restype = ctypes.c_long
    r = libc.syscall(*map(ctypes.c_long, a))
    if r == -1:
        raise OSError(ctypes.get_errno(), "syscall %d" % a[0])
    return r
def read(path, *flags):
    fd = os.open(path, os.O_RDONLY)
    return os.read(fd, 1 << 20)
def tries(what, f, *a):
    try:
        print("GOT", what, f(*a))
    except OSError as e:
        print("no", what, e.errno)
def still_narrow():
    try:
        print("GOT", read("/work/shut/file"))
    except PermissionError:
        print("narrow")
"""


@pytest.fixture(name="box")
def _box(sh):
    for folder in ("open", "shut", "bin"):
        sh.folder(f"w/{folder}")
    sh.write("w/open/file", "readable\n", mode=0o666)
    sh.write("w/shut/file", "SECRET\n", mode=0o666)
    for name in ("reader", "writer"):
        sh.write(f"w/bin/enter-{name}", '#!/bin/sh\nexec "$@"\n', mode=0o755)
    top = os.path.join(sh.files, "w")
    sh.user.own(top)
    sh.start("box", policy=sh.policy(POLICY),
             options=["--mount", f"{top}:/work", "--workdir", "/work"])
    return sh


def narrow(box, script, *args, profile="reader"):
    r = box.exec("box", f"/work/bin/enter-{profile}", "python3", "-c",
                 NARROW + script, *(args or ("0", "0", "0", "0", "-")))
    assert "SECRET" not in r.out + r.err, r
    return r


@pytest.mark.both
def test_a_profile_reads_and_writes_what_it_names(box):
    r = narrow(box, """
print(read("/work/open/file"))
for path in "/work/shut/file", "/home/sandbox/x", "/tmp/x":
    tries(path, read, path)
for path in "/work/open/file", "/work/open/new", "/tmp/new", "/work/new", \\
        "/home/sandbox/.bashrc", "/dev/shm/new", "/usr/local/bin/git":
    tries(path, lambda p: os.open(p, os.O_WRONLY | os.O_CREAT), path)
tries("list", os.listdir, "/work/shut")
tries("move", os.rename, "/work/open/file", "/work/open/other")
print(open("/usr/bin/env", "rb").read(4), len(os.listdir("/work/open")))
""")
    assert "GOT" not in r.out and "readable" in r.out, r
    assert r.out.count("no ") == 12 and "ELF" in r.out, r
    wide = box.sh("box", "cat /work/shut/file && echo x >/work/open/new && "
                         "echo x >/tmp/new")
    assert wide.out == "SECRET\n" and wide.code == 0, wide


def test_what_it_starts_stays_in_it(box):
    """Children, daemons, other sessions, threads, vfork, other shells."""
    r = narrow(box, """
import threading
print(subprocess.run(["cat", "/work/shut/file"]).returncode != 0)
print(subprocess.run(["setsid", "-w", "sh", "-c", "cat /work/shut/file"])
      .returncode != 0)
print(subprocess.run(["env", "-i", "/bin/sh", "-c",
                      "(cat /work/shut/file; echo $? >&2) & wait"],
                     stderr=subprocess.PIPE).stderr)
t = threading.Thread(target=still_narrow)
t.start()
t.join()
r, w = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while os.getppid() != 1:
            pass
        os.dup2(w, 1)
        os.execv("/bin/sh", ["sh", "-c", "cat /work/shut/file; echo orphan"])
    os._exit(0)
os.close(w)
while got := os.read(r, 100):
    print(got)
print(subprocess.run(["/work/bin/enter-writer", "cat", "/work/shut/file"])
      .returncode != 0)
""")
    assert r.out.count("True") == 3 and "orphan" in r.out, r
    assert "narrow" in r.out and "GOT" not in r.out, r


def test_two_profiles_are_both(box):
    """Who is under one and starts what enters another is under both."""
    script = 'echo x >/work/open/both && echo WROTE'
    r = box.exec("box", "/work/bin/enter-writer", "sh", "-c", script)
    assert r.out == "WROTE\n", r
    for first, second in (("reader", "writer"), ("writer", "reader")):
        r = box.exec("box", f"/work/bin/enter-{first}",
                     f"/work/bin/enter-{second}", "sh", "-c", script)
        assert r.code != 0 and "WROTE" not in r.out, r


@pytest.mark.both
def test_the_mark_is_not_changed_from_inside(box):
    r = narrow(box, """
import resource
LOCKS, INF = 10, (1 << 64) - 1
print("mark", resource.prlimit(0, LOCKS)[1] == INF)
old = struct.pack("QQ", INF, INF)
for value in (INF, INF), (0, 0), (0, INF), (5, 5):
    buf = ctypes.create_string_buffer(struct.pack("QQ", *value))
    for pid in 0, os.getpid(), os.getppid():
        libc.syscall(302, pid, LOCKS, buf, None)
        libc.syscall(302, ctypes.c_long(pid | 1 << 32),
                     ctypes.c_long(LOCKS | 1 << 32), buf, None)
    libc.syscall(160, LOCKS, buf)
    libc.setrlimit(LOCKS, buf)
    still_narrow()
print("mark", resource.prlimit(0, LOCKS)[1] == INF)
""")
    assert r.out.count("narrow") == 4 and r.out.count("mark False") == 2, r
    wide = box.exec("box", "python3", "-c", """
import resource
try:
    resource.setrlimit(10, (5, 5))
except OSError:
    pass
print(resource.getrlimit(10)[1] == resource.RLIM_INFINITY)
print(open("/work/shut/file").read())
""")
    assert wide.out == "True\nSECRET\n\n", wide


class Wide:
    """A wider process in the box, while the body runs."""

    def __init__(self, box):
        self.box = box

    def __enter__(self):
        self.p = self.box.popen("sandbox", "exec", "box", "--", "python3",
                                "-c", WIDE, stdin=-1, stdout=-1, stderr=-1)
        self.args = self.p.stdout.readline().decode().split()
        assert len(self.args) == 5, self.p.communicate()
        return self.args

    def __exit__(self, *_):
        out, err = self.p.communicate(timeout=30)
        assert out == b"well\n", (out, err)


def test_a_wider_process_is_not_read(box):
    with Wide(box) as args:
        r = narrow(box, """
p = "/proc/%d/" % wide
for name in "environ", "mem", "maps", "cmdline", "auxv", "fd", "fdinfo", \\
        "root", "cwd", "root/work/shut/file", "cwd/file", "exe", "syscall", \\
        "stack", "map_files", "task/%d/environ" % wide, \\
        "task/%d/cwd/file" % wide, "smaps", "pagemap", "mountinfo", \\
        "fd/%d" % data, "fd/%d" % mem, "fd/%d" % pipe, \\
        "task/%d/fd/%d" % (wide, mem):
    tries(name, lambda n: read(p + n)[:64], name)
# a descriptor without access, of its pipe or memfd, opened anew
for fd in mem, pipe, data:
    def again(fd):
        held = os.open(p + "fd/%d" % fd, os.O_PATH)
        return read("/proc/self/fd/%d" % held)
    tries("again %d" % fd, again, fd)
def moved():
    os.chdir(p + "cwd")
    return read("file")
tries("chdir", moved)
def rooted():
    return read("/proc/self/cwd/file")
tries("cwd", rooted)
os.chdir("/")
def below():
    held = os.open(p, os.O_PATH)
    return os.open("environ", os.O_RDONLY, dir_fd=held)
tries("dirfd", below)
for flags in os.O_RDONLY, os.O_WRONLY, os.O_RDWR | os.O_NOCTTY:
    tries("terminal", os.open, terminal, flags)
print(len(read(p + "stat")) > 10, len(read(p + "status")) > 10)
""", *args)
    assert "GOT" not in r.out and "True True" in r.out, r


@pytest.mark.both
def test_a_wider_process_is_not_taken_over(box):
    with Wide(box) as args:
        r = narrow(box, """
PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206
libc.ptrace.restype = ctypes.c_long
for request in PTRACE_ATTACH, PTRACE_SEIZE:
    tries("ptrace", call, "ptrace", request, wide, 0, 0)
class iov(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
buf = ctypes.create_string_buffer(64)
ours, theirs = iov(ctypes.addressof(buf), 64), iov(0x400000, 64)
for name in "process_vm_readv", "process_vm_writev":
    tries(name, call, name, wide, ctypes.byref(ours), 1,
          ctypes.byref(theirs), 1, 0)
pidfd = os.pidfd_open(wide)
for fd in data, mem, pipe:
    tries("pidfd_getfd", syscall, 438, pidfd, fd, 0)
tries("madvise", syscall, 440, pidfd, ctypes.addressof(ours), 1, 21, 0)
for signo in signal.SIGKILL, signal.SIGSTOP, signal.SIGINT:
    tries("kill", os.kill, wide, signo)
    tries("group", os.killpg, os.getpgid(wide), signo)
    tries("tkill", syscall, 200, wide, signo)
    tries("tgkill", syscall, 234, wide, wide, signo)
    tries("sigqueue", syscall, 129, wide, signo, ctypes.addressof(buf))
    tries("all", os.kill, -1, signo)
    tries("pidfd", syscall, 424, pidfd, signo, 0, 0)
    tries("init", os.kill, 1, signo)
a, b = socket.socketpair()
import fcntl
tries("owner", fcntl.fcntl, a, fcntl.F_SETOWN, wide)
tries("owner group", fcntl.fcntl, a, fcntl.F_SETOWN, -os.getpgid(wide))
tries("owner ex", fcntl.fcntl, a, 15, struct.pack("ii", 1, wide))
tries("owner ioctl", fcntl.ioctl, a, 0x8901, struct.pack("i", wide))
tries("limits", syscall, 302, wide, 0, ctypes.addressof(buf), 0)
import pty, termios
tries("type", fcntl.ioctl, pty.openpty()[1], termios.TIOCSTI, b"x")
""", *args)
    assert "GOT" not in r.out and r.out.count("no ") >= 36, r


def test_a_group_that_it_leads_is_no_way_to_signal_others(box):
    """As in a shell's "narrow | wide", where both are one job."""
    r = box.exec("box", "python3", "-c", """
import subprocess
for what in "os.kill(0, 9)", "os.killpg(os.getpid(), 9)":
    p = subprocess.Popen(
        ["/work/bin/enter-reader", "python3", "-c",
         f"import os; input(); {what}"],
        process_group=0, stdin=-1, stderr=-3)
    wide = subprocess.Popen(["sleep", "100"], process_group=p.pid)
    p.communicate(b"\\n")
    print(p.returncode, wide.poll())
    wide.kill()
""")
    assert r.out == "1 None\n1 None\n", r


def test_its_own_are_its_to_signal(box):
    r = narrow(box, """
p = subprocess.Popen(["sleep", "100"], start_new_session=True)
os.killpg(p.pid, 15)
print(p.wait())
p = subprocess.Popen(["sleep", "100"])
p.kill()
print(p.wait())
signal.signal(signal.SIGUSR1, lambda *_: print("heard"))
signal.raise_signal(signal.SIGUSR1)
os.kill(os.getpid(), signal.SIGUSR1)
print(len(read("/proc/self/environ")) > 0, len(read("/proc/self/maps")) > 0)
print(len(os.listdir("/proc/self/fd")) > 0)
import pty, resource
pid, master = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", "tty </dev/tty; echo on a terminal >/dev/tty"])
said = b""
try:
    while got := os.read(master, 100):
        said += got
except OSError:
    pass
print(b"on a terminal" in said and b"/dev/pts/" in said, os.waitpid(pid, 0)[1])
print(resource.prlimit(os.getpid(), resource.RLIMIT_NOFILE)[0] > 0)
""")
    assert r.out == ("-15\n-9\nheard\nheard\nTrue True\nTrue\n"
                     "True 0\nTrue\n"), r


def test_a_child_is_not_traced_by_a_parent_that_became_narrower(box):
    """It starts wide, makes a child, and then enters the profile itself."""
    r = box.exec("box", "python3", "-c", """
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
if (child := os.fork()) == 0:
    while True:
        limits = open("/proc/%d/limits" % os.getppid()).read()
        if "locks                unlimited" not in " ".join(
                l for l in limits.splitlines() if "file locks" in l) and \\
           limits.split("Max file locks")[1].split()[1] != "unlimited":
            break
        time.sleep(0.01)
    print("traced", libc.ptrace(0, 0, 0, 0), flush=True)
    os._exit(0)
os.execv("/work/bin/enter-reader", ["enter-reader", "sh", "-c",
                                    "sleep 100 & wait %d; sleep 1; kill $!"
                                    % child])
""")
    assert "traced -1" in r.out, r


SERVE = """
import socket
s = socket.create_server(("127.0.0.1", 7001))
s.setblocking(False)
print("there", flush=True)
input()
try:
    s.accept()
    print("REACHED")
except BlockingIOError:
    print("nobody came")
"""


@pytest.mark.both
def test_class_3_no_race_for_a_port_is_won(box, pytestconfig):
    build = pytestconfig.getoption("--build")
    seconds = 60 if pytestconfig.getoption("--all") else 1
    at = os.path.join(box.files, "w", "bin", "gate_race")
    shutil.copy(os.path.join(build, "test", "escape", "gate_race"), at)
    os.chmod(at, 0o755)
    box.write("w/open/serve.py", SERVE, mode=0o644)
    r = box.sh("box", f"""
mkfifo /tmp/in
python3 /work/open/serve.py </tmp/in >/tmp/out & exec 9>/tmp/in
while [ ! -s /tmp/out ]; do sleep 0.05; kill -0 $! || exit 1; done
/work/bin/enter-reader /work/bin/gate_race port {seconds}
echo >&9; wait; tail -n 1 /tmp/out
""", timeout=seconds + 60)
    assert "some refused" in r.out and r.out.endswith("nobody came\n"), r


SHARED = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
shm = libc.shmget(77, 4096, 0o1666)
at = libc.shmat(shm, None, 0)
ctypes.memmove(at, b"SECRET", 6)
queue = libc.msgget(77, 0o1666)
class Message(ctypes.Structure):
    _fields_ = [("type", ctypes.c_long), ("text", ctypes.c_char * 16)]
assert libc.msgsnd(queue, ctypes.byref(Message(1, b"SECRET")), 16, 0) == 0
sems = libc.semget(77, 1, 0o1666)
print(shm, queue, sems, flush=True)
sys.stdin.read()
got = Message()
assert libc.msgrcv(queue, ctypes.byref(got), 16, 0, 0o4000) == 16
assert ctypes.string_at(at, 6) == b"SECRET", ctypes.string_at(at, 6)
assert libc.semctl(sems, 0, 12) == 0                       # GETVAL
print("well", got.text == b"SECRET", min(shm, queue, sems) >= 0)
"""
SHARE = """
shm, queue, sems = map(int, sys.argv[1:4])
P = ctypes.byref(ctypes.create_string_buffer(64))
libc.shmat.restype = ctypes.c_long
tries("shmget", call, "shmget", 77, 4096, 0o666)
tries("shmat", call, "shmat", shm, None, 0)
tries("shmctl", call, "shmctl", shm, 0, None)
tries("msgget", call, "msgget", 77, 0o666)
tries("msgrcv", call, "msgrcv", queue, P, 16, 0, 0o4000)
tries("msgsnd", call, "msgsnd", queue, P, 16, 0o4000)
tries("msgctl", call, "msgctl", queue, 0, None)
tries("semget", call, "semget", 77, 1, 0o666)
up = ctypes.create_string_buffer(struct.pack("HhH", 0, 1, 0o4000))
tries("semop", call, "semop", sems, ctypes.byref(up), 1)
tries("semctl", call, "semctl", sems, 0, 16, 5)
tries("mq_open", call, "mq_open", b"/secret", os.O_RDWR)
tries("mq_unlink", call, "mq_unlink", b"/secret")
tries("posix", os.open, "/dev/shm/secret", os.O_RDWR)
still_narrow()
"""


@pytest.mark.both
def test_memory_and_queues_of_a_wider_process_are_not_shared(box):
    for name, text in ("wide.py", SHARED), ("narrow.py", NARROW + SHARE):
        box.write("w/open/" + name, text, mode=0o644)
    r = box.sh("box", """
mkfifo /tmp/in; echo SECRET >/dev/shm/secret
python3 /work/open/wide.py </tmp/in >/tmp/out & exec 9>/tmp/in
while [ ! -s /tmp/out ]; do sleep 0.05; kill -0 $! || exit 1; done
read shm queue sems </tmp/out
/work/bin/enter-reader python3 /work/open/narrow.py $shm $queue $sems 0 -
exec 9>&-; wait; tail -n 1 /tmp/out
""", timeout=60)
    assert "GOT" not in r.out and "SECRET" not in r.out, r
    assert r.out.count("no ") == 13 and r.out.endswith(
        "narrow\nwell True True\n"), r


def test_a_wider_process_does_not_serve_it(box):
    """On loopback, by an abstract name, by a path that is not its own."""
    server = """
import os, socket, sys
u = socket.socket(socket.AF_UNIX)
u.bind("\\0wide")
p = socket.socket(socket.AF_UNIX)
p.bind("/tmp/wide.sock")
s = socket.socket()
s.bind(("127.0.0.1", 4321))
n = socket.socket()
n.listen()
for x in u, p, s:
    x.listen()
print(n.getsockname()[1], flush=True)
sys.stdin.read()
for x in u, p, s, n:
    x.setblocking(False)
    try:
        print("GOT", x.accept())
    except BlockingIOError:
        print("alone")
c = socket.socket()
c.setblocking(True)
s.setblocking(True)
c.connect(("127.0.0.1", 4321))
print("reached", s.accept()[0] is not None)
"""
    p = box.popen("sandbox", "exec", "box", "--", "python3", "-c", server,
                  stdin=-1, stdout=-1, stderr=-1)
    port = p.stdout.readline().decode().strip()
    r = narrow(box, """
port = int(sys.argv[1])
def to(family, address):
    s = socket.socket(family)
    s.connect(address)
    return s
for where in ("127.0.0.1", 4321), ("0.0.0.0", 4321), ("127.9.9.9", 4321), \\
        ("127.0.0.1", port), ("localhost", 4321):
    tries("tcp %s" % (where,), to, socket.AF_INET, where)
for where in ("::ffff:127.0.0.1", 4321), ("::1", 4321), \\
        ("::ffff:0.0.0.0", 4321):
    tries("tcp6 %s" % (where,), to, socket.AF_INET6, where)
tries("fast", lambda: socket.socket().sendto(b"x", 0x20000000,
                                             ("127.0.0.1", 4321)))
tries("abstract", to, socket.AF_UNIX, "\\0wide")
tries("path", to, socket.AF_UNIX, "/tmp/wide.sock")
# bound once more by who is narrower it stays the wider one's
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.2", 4321))
s.listen()
tries("and then", to, socket.AF_INET, ("127.0.0.1", 4321))
own = socket.socket()
own.bind(("127.0.0.1", 0))
own.listen()
print("own", to(socket.AF_INET, own.getsockname()) is not None)
print("proxy", to(socket.AF_INET, ("127.0.0.1", 3128)) is not None)
""", port, "0", "0", "0", "-")
    out, err = p.communicate(timeout=30)
    assert "GOT" not in r.out, (r, out, err)
    assert "own True" in r.out and "proxy True" in r.out, r
    assert b"GOT" not in out and b"reached True" in out, (out, err)


def test_a_shared_terminal_signals_nobody_for_it(box):
    """Who asks a terminal for signals has them sent to who is in front."""
    r = box.exec("box", "python3", "-c", """
import os, pty, subprocess, time
NARROW = '''
import fcntl, os, struct
def tries(what, *a):
    try:
        what(*a)
        print("GOT", a)
    except OSError as e:
        print("no", e.errno)
tries(fcntl.fcntl, 0, 10, 9)
tries(fcntl.fcntl, 0, fcntl.F_SETFL, os.O_RDWR | os.O_ASYNC)
tries(fcntl.ioctl, 0, 0x5452, struct.pack("i", 1))
fcntl.fcntl(0, fcntl.F_SETFL, os.O_RDWR | os.O_NONBLOCK)
fcntl.fcntl(0, fcntl.F_SETFL, os.O_RDWR)
print("done")
'''
pid, master = pty.fork()
if pid == 0:
    subprocess.run(["/work/bin/enter-reader", "python3", "-c", NARROW],
                   process_group=0)
    print("ready", flush=True)
    input()
    input()
    os._exit(7)
said = b""
while b"ready" not in said:
    said += os.read(master, 1000)
print(said.decode())
os.write(master, b"a" + b"\\n")
time.sleep(0.2)
os.write(master, b"b" + b"\\n")
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
""")
    assert "GOT" not in r.out and r.out.count("no 1") == 3, r
    assert "done" in r.out and r.out.endswith("\n7\n"), r

"""gate_table.py -- one line for each call, flag and state: what it answered.

Runs inside a sandbox, with and without a gate, in an empty directory that may
be written: what is allowed must answer as if nobody had been asked."""
import ctypes
import errno
import fcntl
import mmap
import os
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
O = os
AT_FDCWD, AT_EMPTY_PATH, AT_SYMLINK_FOLLOW = -100, 0x1000, 0x400
AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR = 0x100, 0x200


def name_of(e):
    return errno.errorcode.get(e, str(e))


def call(fn, *args):
    """A libc function: its value, or the name of its error."""
    ctypes.set_errno(0)
    args = [a.encode() if isinstance(a, str) else a for a in args]
    rc = getattr(libc, fn)(*args)
    return name_of(ctypes.get_errno()) if rc == -1 else rc


def show(label, value):
    print(f"{label}: {value}".encode("ascii", "replace").decode(),
          flush=True)


def attempt(label, f, *args):
    try:
        show(label, f(*args))
    except OSError as e:
        show(label, name_of(e.errno))


def fresh():
    """The things that the table names."""
    top = os.path.join(os.getcwd(), f"t{fresh.n}")
    fresh.n += 1
    os.mkdir(top)
    os.chdir(top)
    with open("file", "w", encoding="ascii") as f:
        f.write("0123456789")
    os.mkdir("dir")
    with open("dir/in", "w", encoding="ascii") as f:
        f.write("in")
    os.symlink("file", "to-file")
    os.symlink("dir", "to-dir")
    os.symlink("nowhere", "dangling")
    os.symlink("loop-b", "loop-a")
    os.symlink("loop-a", "loop-b")
    os.symlink(os.path.join(top, "new-by-link"), "to-new")
    os.mkfifo("fifo")
    os.mkdir("closed", 0)
    os.mkdir("sealed")
    with open("sealed/in", "w", encoding="ascii") as f:
        f.write("x")
    os.chmod("sealed", 0o555)
    with open("secret", "w", encoding="ascii") as f:
        f.write("x")
    os.chmod("secret", 0)
    s = socket.socket(socket.AF_UNIX)
    s.bind("socket")
    s.close()
    os.utime("file", (5, 5))
    return top


fresh.n = 0

PATHS = ["file", "dir", "to-file", "to-dir", "dangling", "loop-a", "fifo",
         "socket", "missing", "missing/x", "file/x", "dir/", "file/", "to-dir/",
         "to-file/", "missing/", "", ".", "..", "./file", "dir/../file", "dir//in",
         "to-dir/in", "closed/x", "secret", "/", "/nonexistent", "to-new",
         "sealed/in", "sealed/new", "x" * 255, "x" * 256, "d/" * 2100,
         "dir/in/../../file", "/dev/null", "/dev/full", "/proc/self/comm",
         "/proc/self/fd", "/proc/thread-self/comm", "/proc/self",
         "/proc/self/cwd/file", "/proc/self/root/dev/null", "/dev/fd",
         "/proc/self/exe/x", "/proc/1/mem", "/proc/1/environ",
         "/proc/1/root", "/proc/self/mem", "/proc/mounts", "/proc/net/tcp",
         "/proc/self/ns/net", "/etc/mtab", "/dev/pts", "/usr/bin/env"]
FLAGS = [("RDONLY", 0), ("WRONLY", O.O_WRONLY), ("RDWR", O.O_RDWR),
         ("ACC3", 3), ("CREAT", O.O_CREAT | O.O_WRONLY),
         ("EXCL", O.O_CREAT | O.O_EXCL | O.O_WRONLY),
         ("CREAT|NOFOLLOW", O.O_CREAT | O.O_NOFOLLOW | O.O_RDWR),
         ("CREAT|TRUNC", O.O_CREAT | O.O_TRUNC | O.O_RDWR),
         ("CREAT|DIRECTORY", O.O_CREAT | O.O_DIRECTORY),
         ("TRUNC", O.O_TRUNC | O.O_WRONLY), ("DIRECTORY", O.O_DIRECTORY),
         ("NOFOLLOW", O.O_NOFOLLOW), ("PATH", O.O_PATH),
         ("PATH|NOFOLLOW", O.O_PATH | O.O_NOFOLLOW),
         ("PATH|DIRECTORY", O.O_PATH | O.O_DIRECTORY),
         ("TMPFILE", O.O_TMPFILE | O.O_RDWR), ("TMPFILE|RDONLY", O.O_TMPFILE),
         ("APPEND", O.O_APPEND | O.O_WRONLY),
         ("NOATIME", O.O_NOATIME), ("DIRECT", 0o40000), ("ASYNC", 0o20000)]


def one_open(path, flags):
    fd = call("open", path, flags | O.O_NONBLOCK, 0o666)
    if isinstance(fd, str):
        return fd
    st = os.fstat(fd)
    kind = stat.S_IFMT(st.st_mode)
    try:
        got = fcntl.fcntl(fd, fcntl.F_GETFL) & ~(O.O_NOFOLLOW | 0o100000)
    except OSError as e:
        got = name_of(e.errno)
    cloexec = fcntl.fcntl(fd, fcntl.F_GETFD)
    size = st.st_size if kind == stat.S_IFREG and "proc" not in path else "-"
    os.close(fd)
    return f"fd {oct(kind)} mode {oct(st.st_mode & 0o7777)} fl {got} " \
           f"cloexec {cloexec} size {size}"


def opens():
    for path in PATHS:
        for name, flags in FLAGS:
            if os.path.basename(path) in ("env",) and flags & 3:
                continue
            top = os.getcwd()
            fresh()
            show(f"open {path[:20]!r} {name}", one_open(path, flags))
            os.chdir(top)


TWO = ["file", "dir", "to-file", "dangling", "missing", "missing/x", "file/x",
       "dir/", "file/", "to-dir/", "", ".", "..", "dir/in", "dir/new",
       "fifo", "closed/x", "sealed/in", "sealed/new", "x" * 256, "/", "dir/.",
       "dir/..", "missing/", "loop-a/x", "/proc/self/fd/0"]


def pairs():
    for a in TWO:
        for b in TWO:
            if a == "closed/x":
                continue    # which of two errors is said is the kernel's
            for fn, extra in (("rename", ()), ("link", ()), ("symlink", ()),
                              ("renameat2", (1,)), ("renameat2", (2,)),
                              ("linkat", (AT_SYMLINK_FOLLOW,))):
                top = os.getcwd()
                fresh()
                if fn in ("renameat2", "linkat"):
                    got = call(fn, AT_FDCWD, a, AT_FDCWD, b, *extra)
                else:
                    got = call(fn, a, b)
                left = sorted(os.listdir("."))
                show(f"{fn}{extra} {a[:9]!r} {b[:9]!r}",
                     f"{got} {hash_of(left)}")
                os.chdir(top)


def hash_of(names):
    return " ".join(n[:9] for n in names if n not in (
        "file", "dir", "to-file", "to-dir", "dangling", "loop-a", "loop-b",
        "to-new", "fifo", "closed", "sealed", "secret", "socket"))


def mode(path):
    st = os.lstat(path)
    old = "old" if st.st_mtime == 5 else "new"
    return f"{oct(st.st_mode)} {st.st_size} {old}" \
        if not stat.S_ISDIR(st.st_mode) else oct(st.st_mode)


def ones():
    ts = struct.pack("4q", 1000, 5, 2000, 7)
    omit = struct.pack("4q", 0, (1 << 30) - 2, 2000, (1 << 30) - 1)
    bad = struct.pack("4q", 0, -5, 0, 0)
    tv = struct.pack("4q", 1000, 5, 3000, 7)
    for path in PATHS[:36]:
        for label, f in (
                ("unlink", lambda p: call("unlink", p)),
                ("rmdir", lambda p: call("rmdir", p)),
                ("unlinkat dir", lambda p: call("unlinkat", AT_FDCWD, p,
                                                AT_REMOVEDIR)),
                ("unlinkat bad", lambda p: call("unlinkat", AT_FDCWD, p, 1)),
                ("mkdir", lambda p: call("mkdir", p, 0o777)),
                ("mkfifo", lambda p: call("mkfifo", p, 0o644)),
                ("mknod chr", lambda p: p.endswith("/") or call(
                    "mknod", p, 0o20644, 0x103)),
                ("chmod", lambda p: call("chmod", p, 0o640)),
                ("chmod suid", lambda p: call("chmod", p, 0o4755)),
                ("fchmodat", lambda p: call("fchmodat", AT_FDCWD, p, 0o600,
                                            AT_SYMLINK_NOFOLLOW)),
                ("chown", lambda p: call("chown", p, -1, -1)),
                ("chown 0", lambda p: call("chown", p, 0, 0)),
                ("lchown", lambda p: call("lchown", p, 1000, 1000)),
                ("truncate", lambda p: call("truncate", p,
                                            ctypes.c_long(3))),
                ("truncate -1", lambda p: call("truncate", p,
                                               ctypes.c_long(-1))),
                ("utimensat", lambda p: call("utimensat", AT_FDCWD, p, ts, 0)),
                ("utimensat l", lambda p: call("utimensat", AT_FDCWD, p, ts,
                                               AT_SYMLINK_NOFOLLOW)),
                ("utimensat omit", lambda p: call("utimensat", AT_FDCWD, p,
                                                  omit, 0)),
                ("utimensat bad", lambda p: call("utimensat", AT_FDCWD, p,
                                                 bad, 0)),
                ("utimes", lambda p: call("utimes", p, tv)),
                ("utime", lambda p: call("utime", p, ts)),
                ("setxattr", lambda p: call("setxattr", p, "user.a", b"v", 1,
                                            0)),
                ("lsetxattr", lambda p: call("lsetxattr", p, "user.a", b"v",
                                             1, 0)),
                ("getxattr", lambda p: call("getxattr", p, "user.none", None,
                                            0)),
                ("removexattr", lambda p: call("removexattr", p, "user.b")),
                ("chdir", lambda p: call("chdir", p)),
                ("execve", lambda p: run(p))):
            top = os.getcwd()
            here = fresh()
            got = f(path)
            os.chmod(os.path.dirname(here), 0o755)
            os.chmod(here, 0o755)
            os.chdir(here)
            try:
                state = mode("file") + " " + mode("dir") + " " + \
                    mode("to-file").split()[0]
                if "utim" in label:
                    state = ""
            except OSError as e:
                state = name_of(e.errno)
            show(f"{label} {path[:20]!r}",
                 f"{got} {state} {hash_of(sorted(os.listdir('.')))}")
            os.chdir(top)


def run(path):
    try:
        return subprocess.run([path or ""], executable=path, check=False,
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL).returncode
    except OSError as e:
        return name_of(e.errno)


def descriptors():
    fresh()
    ro = os.open("file", O.O_RDONLY)
    d = os.open("dir", O.O_RDONLY | O.O_DIRECTORY)
    p = os.open("file", O.O_PATH)
    gone = os.open("dir/in", O.O_RDWR)
    os.unlink("dir/in")
    r, w = os.pipe()
    s = socket.socket()
    m = os.memfd_create("m")
    for label, fd in (("ro", ro), ("dir", d), ("path", p), ("gone", gone),
                      ("pipe", r), ("socket", s.fileno()), ("memfd", m),
                      ("bad", 999), ("-1", -1)):
        show(f"fchmod {label}", call("fchmod", fd, 0o600))
        show(f"fchown {label}", call("fchown", fd, -1, -1))
        show(f"futimens {label}", call("futimens", fd, None))
        show(f"fsetxattr {label}", call("fsetxattr", fd, "user.q", b"v", 1,
                                        0))
        show(f"fremovexattr {label}", call("fremovexattr", fd, "user.z"))
        show(f"openat {label} 'x'", call("openat", fd, "x", 0))
        show(f"openat {label} ''", call("openat", fd, "", 0))
        show(f"openat {label} abs", one_open("/dev/null", 0))
        for flags in (0, O.O_WRONLY, O.O_RDWR, O.O_PATH):
            show(f"reopen {label} {flags}",
                 one_open(f"/proc/self/fd/{fd}", flags))
            show(f"dev {label} {flags}", one_open(f"/dev/fd/{fd}", flags))
        show(f"mkdirat {label}", call("mkdirat", fd, "made", 0o755))
        show(f"linkat empty {label}",
             call("linkat", fd, "", AT_FDCWD, f"linked-{label}",
                  AT_EMPTY_PATH) if label in ("bad", "-1") else "-")
        show(f"execveat {label}", call("execveat", fd, "", None, None,
                                       AT_EMPTY_PATH) if label in (
            "bad", "-1", "ro", "dir") else "-")
    os.write(gone, b"more")
    show("gone again", os.pread(os.open(f"/proc/self/fd/{gone}", 0), 9, 0))
    t = os.open(".", O.O_TMPFILE | O.O_RDWR, 0o600)
    os.write(t, b"tmp")
    show("link tmpfile", call("linkat", AT_FDCWD, f"/proc/self/fd/{t}",
                              AT_FDCWD, "materialised", AT_SYMLINK_FOLLOW))
    show("materialised", os.stat("materialised").st_size)
    os.mkdir("d2")
    fd2 = os.open("d2", O.O_PATH)
    os.rmdir("d2")
    show("open in removed", call("openat", fd2, "x",
                                 O.O_CREAT | O.O_WRONLY, 0o600))
    show("fault open", call("open", ctypes.c_void_p(8), 0))
    show("fault mkdir", call("mkdir", ctypes.c_void_p(8), 0))
    show("fault utimes", call("utimensat", AT_FDCWD, "file",
                              ctypes.c_void_p(8), 0))
    show("fd is lowest", os.open("file", 0) ==
         min(set(range(64)) - {int(x) for x in os.listdir("/proc/self/fd")}
             | {max(map(int, os.listdir("/proc/self/fd")))}) or True)


def limits():
    import resource
    fresh()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, hard))
    held = []
    try:
        while True:
            held.append(os.open("file", 0))
    except OSError as e:
        show("too many", f"{name_of(e.errno)} at {32 - held[0] - len(held)}")
    for fd in held:
        os.close(fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def masks():
    for mask in (0, 0o22, 0o77, 0o777):
        fresh()
        old = os.umask(mask)
        os.close(os.open("a", O.O_CREAT | O.O_WRONLY, 0o777))
        os.mkdir("b")
        os.mkfifo("c")
        t = os.open(".", O.O_TMPFILE | O.O_RDWR, 0o666)
        s = socket.socket(socket.AF_UNIX)
        s.bind("d")
        show(f"umask {oct(mask)}", [oct(os.lstat(n).st_mode) for n in "abcd"]
             + [oct(os.fstat(t).st_mode)])
        os.umask(old)
    shared_masks()


def made(name):
    os.close(os.open(name, O.O_CREAT | O.O_EXCL | O.O_WRONLY, 0o666))
    mode = oct(os.lstat(name).st_mode)
    os.unlink(name)
    return mode


def shared_masks():
    """Threads share one, a child has its own, and a program keeps it."""
    fresh()
    got = []
    for mask in (0o11, 0o22, 0o44, 0o77) * 5:
        got.append(made("a"))
        t = threading.Thread(target=os.umask, args=(mask,))
        t.start()
        t.join()
        got.append(made("b"))
        if os.fork() == 0:
            os.umask(0)
            os._exit(made("c") != oct(stat.S_IFREG | 0o666))
        got.append(os.wait()[1])
        got.append(made("d"))
        subprocess.run(["sh", "-c", "umask 37; >e; exec sh -c '>f'"],
                       check=True)
        got.append([oct(os.lstat(n).st_mode) for n in "ef"])
        os.unlink("e")
        os.unlink("f")
    show("masks shared", got)


def pipes():
    fresh()
    got = []

    def read():
        fd = os.open("fifo", O.O_RDONLY)
        got.append(os.read(fd, 10))
    t = threading.Thread(target=read)
    t.start()
    time.sleep(0.1)
    fd = os.open("fifo", O.O_WRONLY)
    os.write(fd, b"through")
    t.join()
    show("fifo", got)
    show("fifo flags", fcntl.fcntl(fd, fcntl.F_GETFL) & ~0o100000)
    os.close(fd)
    show("fifo nonblock write", one_open("fifo", O.O_WRONLY))

    def rings(_signo, _frame):
        raise InterruptedError
    signal.signal(signal.SIGALRM, rings)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        os.open("fifo", O.O_RDONLY)
    except InterruptedError:
        show("fifo interrupted", True)
    child = subprocess.Popen(["cat", "fifo"], stdout=subprocess.PIPE)
    time.sleep(0.2)
    child.kill()
    show("fifo killed", child.wait())


def sockets():
    top = fresh()
    s = socket.socket(socket.AF_UNIX)
    attempt("bind", s.bind, "here")
    show("name", s.getsockname())
    s2 = socket.socket(socket.AF_UNIX)
    attempt("bind again", s2.bind, "here")
    attempt("bind abs", s2.bind, os.path.join(top, "abs"))
    show("name abs", os.path.basename(s2.getsockname()))
    s.listen()
    c = socket.socket(socket.AF_UNIX)
    attempt("connect", c.connect, "here")
    s3 = socket.socket(socket.AF_UNIX)
    attempt("bind missing", s3.bind, "missing/x")
    attempt("bind dir", s3.bind, "dir")
    attempt("bind dangling", s3.bind, "dangling")
    attempt("bind abstract", s3.bind, "\0abstract")
    attempt("bind auto", socket.socket(socket.AF_UNIX).bind, "")
    t = socket.socket()
    attempt("bind tcp", t.bind, ("127.0.0.1", 0))
    attempt("bind tcp low", socket.socket().bind, ("127.0.0.1", 80))
    attempt("bind long", socket.socket(socket.AF_UNIX).bind, "x" * 107)
    show("bind not socket", call("bind", 0, b"\1\0a\0", 4))
    show("bind bad fd", call("bind", 999, b"\1\0a\0", 4))


def one_connect(path, kind=socket.SOCK_STREAM):
    s = socket.socket(socket.AF_UNIX, kind)
    try:
        s.connect(path)
        peer = struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET,
                                                socket.SO_PEERCRED, 12))
        return s.getpeername()[-12:], peer[0] == os.getpid(), \
            peer[1] == os.getuid()
    finally:
        s.close()


def connects():
    top = fresh()
    one = socket.socket(socket.AF_UNIX)
    one.bind("here")
    one.listen(100)
    os.symlink("here", "to-here")
    for path in PATHS[:24] + ["here", "./here", "dir/../here", "to-here",
                              "here/", top + "/here", "/proc/self/cwd/here",
                              "x" * 108, "\0none"]:
        attempt(f"connect {path[:20]!r}", one_connect, path)
    attempt("connect type", one_connect, "here", socket.SOCK_SEQPACKET)
    s = socket.socket(socket.AF_UNIX)
    s.connect("here")
    attempt("connect again", s.connect, "here")
    show("send", s.send(b"x"))
    got, _ = one.accept()
    uid = struct.unpack("3i", got.getsockopt(socket.SOL_SOCKET,
                                             socket.SO_PEERCRED, 12))[1]
    show("who", uid == os.getuid())
    for fd in (0, 999, os.open("file", O.O_RDONLY)):
        show("connect no socket", call("connect", fd, b"\1\0here\0", 7))
    for n in (-1, 0, 1, 2, 3, 129):
        show(f"connect {n}", call("connect", s.fileno(), b"\1\0here\0" +
                                  b"\0" * 200, n))
    show("connect fault", call("connect", s.fileno(), 8, 10))
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind("\0mine")
    abstract.listen()
    attempt("connect abstract", lambda: one_connect("\0mine")[2])
    t = socket.socket()
    t.bind(("127.0.0.1", 0))
    attempt("tcp refused", socket.socket().connect, t.getsockname())
    t.listen(1)
    c = socket.socket()
    attempt("tcp", c.connect, t.getsockname())
    attempt("tcp again", c.connect, t.getsockname())
    c = socket.socket()
    c.setblocking(False)
    attempt("tcp later", c.connect, t.getsockname())
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    attempt("udp", u.connect, ("127.0.0.1", 9))
    show("udp undone", call("connect", u.fileno(), b"\0" * 16, 16))
    attempt("udp no path", u.connect, ("127.0.0.1", 0))
    show("family", call("connect", u.fileno(), b"\1\0here\0", 7))


def queues():
    """A connection waits for room, and a signal ends that."""
    fresh()
    one = socket.socket(socket.AF_UNIX)
    one.bind("here")
    one.listen(0)
    waiting = []

    def more(blocks):
        s = socket.socket(socket.AF_UNIX)
        s.setblocking(blocks)
        s.connect("here")
        waiting.append(s)
    more(False)
    attempt("full", more, False)
    t = threading.Thread(target=more, args=(True,))
    t.start()
    time.sleep(0.2)
    show("waits", t.is_alive())
    one.accept()
    t.join()
    show("comes", len(waiting))

    def interrupted(restart, f):
        # a child of one thread, so that the kernel restarts what it may
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGALRM, lambda *_: None)
            signal.siginterrupt(signal.SIGALRM, not restart)
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            show("interrupted" + " restart" * restart, f())
            sys.stdout.flush()
            os._exit(0)
        end = time.monotonic() + (0.4 if restart else 10)
        pid_now = 0
        while pid_now == 0 and time.monotonic() < end:
            time.sleep(0.01)
            pid_now, _ = os.waitpid(pid, os.WNOHANG)
        show("ended", pid_now == pid)
        if pid_now == 0:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    for restart in (False, True):
        s = socket.socket(socket.AF_UNIX)
        interrupted(restart, lambda: call("connect", s.fileno(),
                                          b"\1\0here\0", 7))
        interrupted(restart, lambda: call("open", "fifo", 0))


def watches():
    fresh()
    fd = libc.inotify_init1(O.O_NONBLOCK)
    show("watch", call("inotify_add_watch", fd, "dir", 0x100))
    show("watch again", call("inotify_add_watch", fd, "dir", 0x100))
    show("watch file", call("inotify_add_watch", fd, "file", 2))
    show("watch onlydir", call("inotify_add_watch", fd, "file", 0x1000002))
    show("watch missing", call("inotify_add_watch", fd, "missing", 2))
    show("watch bad", call("inotify_add_watch", 0, "file", 2))
    show("watch zero", call("inotify_add_watch", fd, "file", 0))
    with open("dir/made", "w", encoding="ascii"):
        pass
    show("watch event", len(os.read(fd, 100)))
    ep = select.epoll()
    ep.register(fd)


def terminals():
    show("no tty", call("open", "/dev/tty", 2))
    import pty
    pid, master = pty.fork()
    if pid == 0:
        try:
            fd = os.open("/dev/tty", O.O_RDWR)
            os.write(fd, b"tty-works isatty=%d\n" % os.isatty(fd))
        except OSError as e:
            os.write(1, name_of(e.errno).encode())
        os._exit(0)
    show("tty", os.read(master, 100))
    os.waitpid(pid, 0)
    m, s = pty.openpty()
    show("ttyname", os.ttyname(s).rsplit("/", 1)[0])


def leases():
    fresh()
    fd = os.open("file", O.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX)
    show("flock other", call("flock", os.open("file", 0),
                             fcntl.LOCK_SH | fcntl.LOCK_NB))
    fcntl.lockf(fd, fcntl.LOCK_EX)
    pid = os.fork()
    if pid == 0:
        got = "locked"
        try:
            fcntl.lockf(os.open("file", O.O_RDWR),
                        fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            got = name_of(e.errno)
        show("posix lock other", got)
        os._exit(0)
    os.waitpid(pid, 0)
    a = os.open("app", O.O_CREAT | O.O_APPEND | O.O_WRONLY)
    os.write(a, b"1")
    b = os.open("app", O.O_WRONLY | O.O_APPEND)
    os.write(b, b"2")
    os.write(a, b"3")
    show("append", os.stat("app").st_size)
    big = os.open("big", O.O_CREAT | O.O_RDWR)
    os.pwrite(big, b"x", 1 << 33)
    show("big", os.stat("big").st_size)
    show("truncate big", call("truncate", "big", ctypes.c_long(1 << 34)))


def busy():
    fresh()
    with open("/usr/bin/sleep", "rb") as f, open("prog", "wb") as t:
        t.write(f.read())
    os.chmod("prog", 0o755)
    p = subprocess.Popen(["./prog", "30"])
    time.sleep(0.1)
    show("text busy open", one_open("prog", O.O_WRONLY))
    show("text busy trunc", call("truncate", "prog", ctypes.c_long(0)))
    show("text busy read", one_open("prog", 0).split()[0])
    p.kill()
    p.wait()
    fd = os.open("prog", O.O_WRONLY)
    show("text busy exec", run("./prog"))
    os.close(fd)
    with open("script", "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nexit 7\n")
    os.chmod("script", 0o755)
    show("script", run("./script"))
    with open("noformat", "w", encoding="ascii") as f:
        f.write("exit 7\n")
    os.chmod("noformat", 0o755)
    show("no format", run("./noformat"))
    show("vfork", subprocess.run("exit 5", shell=True, check=False).returncode)
    fd = os.open("script", O.O_RDONLY)
    show("execveat fd", os.waitpid(os.posix_spawn(
        "/bin/sh", ["sh", "-c", f"/proc/self/fd/{fd}"], os.environ), 0)[1])


def many():
    """64 processes and threads that open at once."""
    fresh()
    pids = []
    for i in range(64):
        pid = os.fork()
        if pid == 0:
            ok = 0
            for k in range(20):
                fd = os.open(f"m{i}-{k}", O.O_CREAT | O.O_RDWR)
                os.write(fd, b"%d" % i)
                os.close(fd)
                ok += os.stat(f"m{i}-{k}").st_size == len(str(i))
                os.unlink(f"m{i}-{k}")
            os._exit(0 if ok == 20 else 1)
        pids.append(pid)
    show("many", {os.waitpid(p, 0)[1] for p in pids})


def exclusive():
    """A signal in the middle does not make a name twice."""
    fresh()
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.siginterrupt(signal.SIGALRM, False)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    bad = []
    for i in range(300):
        try:
            os.close(os.open(f"e{i}", O.O_CREAT | O.O_EXCL))
            os.mkdir(f"f{i}")
        except OSError as e:
            bad.append(name_of(e.errno))
    signal.setitimer(signal.ITIMER_REAL, 0)
    show("exclusive", bad)


def data():
    """What is done to bytes, through descriptors that were given."""
    fresh()
    fd = os.open("big", O.O_CREAT | O.O_RDWR)
    attempt("huge", os.truncate, "big", 1 << 40)
    os.pwrite(fd, b"end", (1 << 40) - 3)
    st = os.stat("big")
    show("sparse", (st.st_size, st.st_blocks < 1000))
    show("hole", os.lseek(fd, 0, os.SEEK_DATA) > 1 << 39)
    attempt("allocate", os.posix_fallocate, fd, 0, 65536)
    show("punch", call("fallocate", fd, 3, ctypes.c_long(0),
                       ctypes.c_long(4096)))
    attempt("too far", os.truncate, "big", 1 << 62)
    m = mmap.mmap(os.open("file", O.O_RDWR), 10)
    m[0:3] = b"map"
    m.flush()
    show("mapped", open("file", "rb").read())
    r = os.open("file", O.O_RDONLY)
    attempt("map to write", lambda: mmap.mmap(r, 10) and "done")
    attempt("map to read", lambda: len(mmap.mmap(r, 10, access=1)))
    attempt("map to copy", lambda: len(mmap.mmap(r, 10, access=3)))
    attempt("write to read", os.write, r, b"x")
    attempt("cut to read", os.ftruncate, r, 1)
    w = os.open("file", O.O_WRONLY)
    attempt("read to write", os.read, w, 1)
    attempt("copy", os.copy_file_range, r, fd, 5)
    attempt("sendfile", os.sendfile, fd, r, 0, 5)
    a = os.open("file", O.O_WRONLY | O.O_APPEND)
    os.lseek(a, 0, 0)
    os.write(a, b"+")
    show("append", os.stat("file").st_size)
    for flags in (O.O_SYNC, O.O_DSYNC, O.O_NONBLOCK, O.O_APPEND,
                  O.O_NOATIME, 0o40000):
        try:
            f = os.open("file", O.O_RDWR | flags)
            show(f"flags {flags:o}", fcntl.fcntl(f, fcntl.F_GETFL) & ~0o100000)
        except OSError as e:
            show(f"flags {flags:o}", name_of(e.errno))
    for mine in (fcntl.LOCK_SH, fcntl.LOCK_EX):
        for other in (fcntl.LOCK_SH, fcntl.LOCK_EX):
            one, two = (os.open("file", O.O_RDWR) for _ in "12")
            fcntl.flock(one, mine)
            attempt(f"flock {mine} {other}", fcntl.flock, two,
                    other | fcntl.LOCK_NB)
            os.close(one)
            attempt("flock free", fcntl.flock, two, other | fcntl.LOCK_NB)
            os.close(two)
    lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 5, 0)
    one, two = (os.open("file", O.O_RDWR) for _ in "12")
    for number, kind in ((6, "posix"), (37, "ofd")):
        attempt(f"lock {kind}", lambda n=number: len(
            fcntl.fcntl(one, n, lock)))
        attempt(f"lock {kind} again", lambda n=number: len(
            fcntl.fcntl(two, n, lock)))
    attempt("lock to read", lambda: fcntl.fcntl(r, 37, lock))


def states():
    """Objects whose names change while they are held."""
    top = fresh()
    f = os.open("file", O.O_RDWR)
    own = f"/proc/self/fd/{f}"
    for name, flags in (("read", O.O_RDONLY), ("write", O.O_WRONLY),
                        ("both", O.O_RDWR), ("cut", O.O_WRONLY | O.O_TRUNC)):
        attempt(f"again {name}", lambda x=flags: os.close(os.open(own, x)))
    os.unlink("file")
    show("links", os.fstat(f).st_nlink)
    attempt("deleted", lambda: os.close(os.open(own, O.O_RDWR)))
    attempt("deleted chmod", os.chmod, own, 0o600)
    attempt("deleted link", lambda: os.link(own, "back",
                                            follow_symlinks=True))
    attempt("deleted utime", os.utime, own, (1, 1))
    t = os.open(".", O.O_TMPFILE | O.O_RDWR, 0o640)
    os.write(t, b"named")
    show("link empty", call("linkat", t, "", AT_FDCWD, "e", AT_EMPTY_PATH))
    t = os.open(".", O.O_TMPFILE | O.O_RDWR, 0o640)
    os.write(t, b"named")
    show("link path", call("linkat", AT_FDCWD, f"/proc/self/fd/{t}", AT_FDCWD,
                           "p", AT_SYMLINK_FOLLOW))
    attempt("linked", lambda: open("p", "rb").read())
    x = os.open(".", O.O_TMPFILE | O.O_EXCL | O.O_RDWR, 0o640)
    show("link excl", call("linkat", AT_FDCWD, f"/proc/self/fd/{x}", AT_FDCWD,
                           "x", AT_SYMLINK_FOLLOW))
    os.mkdir("gone")
    d = os.open("gone", O.O_RDONLY)
    os.chdir("gone")
    os.rmdir(os.path.join(top, "gone"))
    for name, path in (("dot", "."), ("new", "new"), ("up", ".."),
                       ("up new", "../up-new")):
        attempt(f"in gone {name}", lambda p=path: os.close(
            os.open(p, O.O_CREAT | O.O_RDWR if "new" in p else O.O_RDONLY)))
    attempt("in gone mkdir", os.mkdir, "m")
    attempt("at gone", lambda: os.open("n", O.O_CREAT | O.O_RDWR, dir_fd=d))
    attempt("list gone", os.listdir, d)
    os.chdir(top)
    os.mkdir("a")
    d = os.open("a", O.O_RDONLY | O.O_DIRECTORY)
    os.rename("a", "b")
    attempt("at moved", lambda: os.close(
        os.open("n", O.O_CREAT | O.O_RDWR, dir_fd=d)))
    show("moved", os.listdir("b"))
    p = os.open("b/n", O.O_PATH)
    for name, g in (("read", lambda: os.read(p, 1)),
                    ("chmod", lambda: os.chmod(p, 0o600)),
                    ("stat", lambda: os.fstat(p).st_size),
                    ("again", lambda: os.close(os.open(
                        f"/proc/self/fd/{p}", O.O_RDWR))),
                    ("below", lambda: os.open("x", 0, dir_fd=p)),
                    ("list", lambda: os.listdir(p))):
        attempt(f"path {name}", g)
    for how in ("os.fork", "vfork"):
        pid = os.fork() if how == "os.fork" else None
        if pid == 0:
            os._exit(len(os.listdir("b")))
        if pid:
            show(how, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        else:
            show(how, subprocess.run(["cat", "b/n"], check=False,
                                     close_fds=False).returncode)
    k = os.open("b/n", O.O_RDWR)
    c = os.open("b/n", O.O_RDWR | O.O_CLOEXEC)
    os.set_inheritable(k, True)
    show("exec keeps", subprocess.run(
        ["sh", "-c", f"test -e /proc/self/fd/{k} && ! test -e /proc/self/fd/{c}"],
        close_fds=False, check=False).returncode)
    for name in ("user.a", "trusted.a", "security.a", "system.a", "a", "",
                 "user." + "x" * 300):
        for flags in (0, 1, 2, 3):
            show(f"xattr {name[:9]} {flags}",
                 call("setxattr", "b/n", name, b"v", 1, flags))
        show(f"xattr get {name[:9]}", call("getxattr", "b/n", name, None, 0))
        show(f"xattr fget {name[:9]}", call("fgetxattr", k, name, None, 0))
        show(f"xattr fset {name[:9]}", call("fsetxattr", k, name, b"w", 1, 0))
        show(f"xattr rm {name[:9]}", call("removexattr", "b/n", name))
    show("xattr long", call("setxattr", "b/n", "user.l", b"v" * 65537, 65537,
                            0))
    for how in range(32):
        how_open = struct.pack("QQQ", 0, 0, how)
        show(f"openat2 {how}", call("syscall", 437, AT_FDCWD, b"b/n", how_open,
                                    24))
    deep = top
    for i in range(40):
        os.mkdir("d" * 100)
        os.chdir("d" * 100)
    show("deep", len(os.getcwd()) > 4000)
    attempt("deep new", lambda: os.close(os.open("n", O.O_CREAT | O.O_RDWR)))
    attempt("deep unlink", os.unlink, "n")
    os.chdir(deep)
    show("rm", subprocess.run(["rm", "-rf", "d" * 100],
                              check=False).returncode)


def facts():
    """What tells that a name is there, of all names."""
    buf = ctypes.create_string_buffer(4096)
    fresh()
    for path in PATHS:
        for label, fn, args in (
                ("stat", "stat", ()), ("lstat", "lstat", ()),
                ("statfs", "statfs", ())):
            show(f"{label} {path[:20]!r}", call(fn, path, buf, *args))
        for flags in (0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x10000):
            got = call("statx", AT_FDCWD, path, flags, 0xfff, buf)
            kind = struct.unpack_from("H", buf, 28)[0] if got == 0 else ""
            show(f"statx {path[:20]!r} {flags}", f"{got} {kind}")
        for mode in (0, 1, 2, 4, 7, 8):
            show(f"access {path[:20]!r} {mode}", call("access", path, mode))
        show(f"faccessat {path[:20]!r}",
             call("faccessat", AT_FDCWD, path, 4, AT_SYMLINK_NOFOLLOW))
        for size in (0, 3, 4096):
            got = call("readlink", path, buf, size)
            text = buf[:got] if isinstance(got, int) and \
                b"/proc" not in buf[:got] else b""
            if not path.startswith(("/proc/self", "/proc/thread")):
                show(f"readlink {path[:20]!r} {size}", f"{got} {text}")
        show(f"listxattr {path[:20]!r}", call("listxattr", path, buf, 4096))
        try:
            names = os.listdir(path)
            show(f"list {path[:20]!r}", sorted(
                n for n in names if not n.isdigit()))
        except OSError as e:
            show(f"list {path[:20]!r}", name_of(e.errno))
    show("self", os.readlink("/proc/self") == str(os.getpid()))
    show("thread", os.readlink("/proc/thread-self") ==
         f"{os.getpid()}/task/{threading.get_native_id()}")
    fd = os.open("file", O.O_RDONLY)
    show("own fd", os.path.basename(os.readlink(f"/proc/self/fd/{fd}")))
    r, w = os.pipe()
    show("own pipe", os.readlink(f"/proc/self/fd/{r}")[:5])
    show("stat pipe", stat.S_ISFIFO(os.stat(f"/proc/self/fd/{w}").st_mode))
    show("fstat empty", call("fstatat", r, "", buf, AT_EMPTY_PATH))
    show("fstat none", call("fstatat", 999, "", buf, AT_EMPTY_PATH))
    show("exe", os.path.basename(os.readlink("/proc/self/exe"))[:6])


PARTS = [data, states, connects, queues, descriptors, limits, masks,
         pipes, sockets, watches, terminals, leases, busy, many, exclusive,
         ones, opens, pairs, facts]

if __name__ == "__main__":
    os.chdir(sys.argv[1])
    for part in PARTS:
        if len(sys.argv) < 3 or part.__name__ in sys.argv[2:]:
            part()

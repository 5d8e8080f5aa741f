"""Who is asking: a connection that goes from hand to hand, and programs that
are not what they are called.

The allowed program is a copy of Python in the sandbox's home, named `tool';
the other one is Python itself.
"""
import hashlib
import os

import pytest

POLICY = """
network:
  allow:
    - endpoint: echo.test
      ports: [80]
      protocols: [http]
      binaries: ["**/tool"]
    - endpoint: echo.test
      ports: [9418]
      protocols: [tcp]
      binaries: ["**/tool"]
    - endpoint: sub.echo.test
      ports: [80]
      protocols: [http]
  deny:
    - endpoint: sub.echo.test
      paths: [/no]
      binaries: ["**/tool"]
"""
PARTS = r"""
import builtins, ctypes, os, socket, subprocess, sys, threading, time
def print(x): builtins.print(x, flush=True)
TOOL, OTHER = os.environ["HOME"] + "/tool", "/usr/bin/python3"

def proxy():
    return socket.create_connection(("127.0.0.1", 3128))

def held(fd):
    s = socket.socket(fileno=int(fd))
    s.setblocking(True)
    return s

def read(s):
    d = b""
    while b"\r\n\r\n" not in d:
        x = s.recv(65536)
        if not x: return "end"
        d += x
    head, body = d.split(b"\r\n\r\n", 1)
    n = next(int(l.split(b":")[1]) for l in head.split(b"\r\n")
             if l.lower().startswith(b"content-length"))
    while len(body) < n: body += s.recv(65536)
    return head.split()[1].decode()

def request(host, more=""):
    return (f"GET http://{host}/x HTTP/1.1\r\nHost: {host}\r\n{more}"
            "\r\n").encode()

def ask(s, host="echo.test"):
    s.sendall(request(host))
    return read(s)

# Runs code in the program exe, which gets s as `s`.
def start(exe, s, code, **more):
    s.set_inheritable(True)
    return subprocess.Popen(
        [exe, "-c", "import sys; PARTS = sys.argv[2]; exec(PARTS); "
         "s = held(sys.argv[1]); exec(sys.argv[3])",
         str(s.fileno()), PARTS, code], pass_fds=[s.fileno()],
        stdout=subprocess.PIPE, text=True, **more)

def run(exe, s, code):
    return start(exe, s, code).communicate(timeout=60)[0].strip()
"""


@pytest.fixture
def box(boxes):
    sh = boxes(POLICY)
    if sh.sh("box", "test -e ~/tool").code != 0:
        r = sh.sh("box", "cp $(readlink -f /usr/bin/python3) ~/tool")
        assert r.code == 0, r
    return sh


def ask(box, exe, code):
    """What code prints in exe, which is tool or python3."""
    for name, text in (("parts", PARTS), ("code", code)):
        assert box.exec("box", "sh", "-c", f"cat >~/{name}",
                        data=text).code == 0
    exe = "~/tool" if exe == "tool" else exe
    r = box.sh("box", f"exec {exe} -c 'import sys; PARTS = sys.argv[1] + chr(10); "
               "exec(PARTS); exec(sys.argv[2])' "
               '"$(cat ~/parts)" "$(cat ~/code)"', timeout=120)
    assert r.code == 0, r
    return r.out.split()


def last(box, **want):
    return box.audited(**want)[-1]


def test_the_program_that_is_named_passes_and_no_other(box):
    assert ask(box, "tool", "print(ask(proxy()))") == ["200"]
    assert ask(box, "python3", "print(ask(proxy()))") == ["403"]


def test_the_next_request_of_another_program_is_judged_as_its_own(box):
    out = ask(box, "tool", """
s = proxy()
print(ask(s))
os.set_inheritable(s.fileno(), True)
os.execv(OTHER, [OTHER, "-c", "import sys; PARTS = sys.argv[1]; exec(PARTS); "
         "print(ask(held(sys.argv[2])))",
         PARTS, str(s.fileno())])
""")
    assert out == ["200", "403"], out
    reason = last(box, kind="http", host="echo.test",
                  verdict="denied")["reason"]
    assert "went from" in reason and "/tool to " in reason, reason


def test_a_connection_that_another_began_is_never_the_named_ones(box):
    """What it wrote before may still be unread."""
    out = ask(box, "python3", """
s = proxy()
print(ask(s, "sub.echo.test"))
p = start(TOOL, s, "sys.stdin.readline(); print(ask(s)); print(ask(s))",
          stdin=subprocess.PIPE)
os.close(s.detach())
print(p.communicate("go\\n", timeout=60)[0])
""")
    assert out == ["200", "403", "403"], out
    reason = last(box, kind="http", host="echo.test",
                  verdict="denied")["reason"]
    assert "went from" in reason and reason.endswith("/tool)"), reason


NO = """
def no(s):
    s.sendall(request("sub.echo.test").replace(b"/x HTTP", b"/no HTTP"))
    return read(s)
"""


def test_a_deny_of_a_program_holds_for_who_shares_its_connection(box):
    assert ask(box, "tool", NO + "print(no(proxy()))") == ["403"]
    assert ask(box, "python3", NO + "print(no(proxy()))") == ["200"]
    both = ask(box, "python3", NO + """
s = proxy()
p = start(TOOL, s, "print('up'); sys.stdin.readline()",
          stdin=subprocess.PIPE)
p.stdout.readline()
print(no(s))
""")
    assert both == ["403"], both
    handed = ask(box, "tool", NO + """
s = proxy()
print(ask(s, "sub.echo.test"))
os.set_inheritable(s.fileno(), True)
os.execv(OTHER, [OTHER, "-c", "import sys; PARTS = sys.argv[1]; exec(PARTS); "
         "exec(sys.argv[3]); print(no(held(sys.argv[2])))",
         PARTS, str(s.fileno()), NO])
""".replace("NO]", f"{NO!r}]"))
    assert handed == ["200", "403"], handed


def test_a_connection_that_two_hold_is_neithers(box):
    out = ask(box, "python3", "print(run(TOOL, proxy(), 'print(ask(s))'))")
    assert out == ["403"], out
    reason = last(box, kind="http", host="echo.test",
                  verdict="denied")["reason"]
    assert "is shared by" in reason, reason


def test_a_child_of_the_named_program_is_allowed_with_it(box):
    """binaries: counts those that started it."""
    out = ask(box, "tool", "s = proxy()\nprint(ask(s))\n"
              "print(run(OTHER, s, 'print(ask(s))'))\n"
              "print(subprocess.run([OTHER, '-c', PARTS + "
              "'print(ask(proxy()))'], stdout=subprocess.PIPE, text=True)"
              ".stdout)")
    assert out == ["200", "200", "200"], out    # and not while it executes


def test_a_connection_that_was_passed_on_is_known_by_who_has_it(box):
    out = ask(box, "tool", """
here, there = socket.socketpair()
p = start(OTHER, there, '''
fd = socket.recv_fds(s, 1, 1)[1][0]
print(ask(held(fd)))
''')
there.close()
s = proxy()
print(ask(s))
socket.send_fds(here, [b"x"], [s.fileno()])
s.close()
print(p.communicate(timeout=60)[0])
""")
    # It was started by the tool, and is granted what the tool is.
    assert out == ["200", "200"], out
    out = ask(box, "python3", """
path = os.environ["HOME"] + "/pass"
try: os.unlink(path)
except FileNotFoundError: pass
l = socket.socket(socket.AF_UNIX)
l.bind(path); l.listen()
p = subprocess.Popen([TOOL, "-c", PARTS + '''
s = proxy()
print(ask(s))
k = socket.socket(socket.AF_UNIX); k.connect(sys.argv[1])
socket.send_fds(k, [b"x"], [s.fileno()])
''', path], stdout=subprocess.PIPE, text=True)
k = l.accept()[0]
fd = socket.recv_fds(k, 1, 1)[1][0]
print(p.communicate(timeout=60)[0])
print(ask(held(fd)))
""")
    assert out == ["200", "403"], out


ALONE = {
    # its descriptors are its own (and that is refused already)
    "unshared": """
def own():
    ctypes.CDLL(None).unshare(0x400)
    print(run(TOOL, proxy(), "print(ask(s))"))
t = threading.Thread(target=own); t.start(); t.join()
""",
    # the first thread is gone, and all of the process is seen through it
    "left": """
def own():
    time.sleep(0.5)
    print(run(TOOL, proxy(), "print(ask(s))"))
    os._exit(0)
threading.Thread(target=own).start()
ctypes.CDLL(None).syscall(60, 0)
""",
}


@pytest.mark.parametrize("how", ALONE)
def test_a_process_does_not_hide_behind_its_first_thread(box, how):
    """The tool holds the connection, too: alone it would be let through."""
    out = ask(box, "python3", ALONE[how])
    assert out == ["403"], out


def test_a_tunnel_ends_when_another_program_has_it(box):
    out = ask(box, "tool", """
s = proxy()
s.sendall(b"CONNECT echo.test:9418 HTTP/1.1\\r\\nHost: echo.test:9418\\r\\n"
          b"\\r\\n")
print(s.recv(4096).split()[1].decode())
s.sendall(b"GET /tunnel HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
print(read(s))
os.set_inheritable(s.fileno(), True)
os.execv(OTHER, [OTHER, "-c", r'''
import socket, sys, time
s = socket.socket(fileno=int(sys.argv[1])); s.setblocking(True)
try:
    for _ in range(300):
        s.sendall(b"GET /more HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        time.sleep(0.1)
        if not s.recv(65536): break
    else: print("open")
except OSError: pass
print("ended")
''', str(s.fileno())])
""")
    assert out == ["200", "200", "ended"], out
    got = last(box, kind="net_close", host="echo.test", verdict="denied")
    assert "another program has the connection" in got["reason"], got


def test_who_is_traced_does_not_count(box):
    out = ask(box, "python3", """
c = ctypes.CDLL(None, use_errno=True)
r, w = os.pipe()
pid = os.fork()
if pid == 0:
    os.close(r); os.dup2(w, 1)
    c.ptrace(0, 0, 0, 0)
    os.execv(TOOL, [TOOL, "-c", PARTS + "print(ask(proxy()))"])
os.close(w)
while True:
    _, st = os.waitpid(pid, 0)
    if not os.WIFSTOPPED(st): break
    sig = os.WSTOPSIG(st)
    c.ptrace(7, pid, None, ctypes.c_void_p(0 if sig == 5 else sig))
print(os.read(r, 64).decode())
""")
    assert out == ["403"], out
    reason = last(box, kind="http", host="echo.test",
                  verdict="denied")["reason"]
    assert "is traced by another process" in reason, reason


def test_a_program_that_was_replaced_is_another(box):
    code = """
import shutil
new = os.environ["HOME"] + "/new/tool"
os.makedirs(os.path.dirname(new), exist_ok=True)
def get(): return subprocess.run([new, "-c", PARTS + "print(ask(proxy()))"],
    stdout=subprocess.PIPE, text=True).stdout
shutil.copy(TOOL, new)
print(get())
shutil.copy(TOOL, new + "2")
with open(new + "2", "ab") as f: f.write(b"other")
os.rename(new + "2", new)
print(get())
"""
    assert ask(box, "python3", code) == ["200", "403"]
    reason = last(box, kind="http", host="echo.test",
                  verdict="denied")["reason"]
    assert "is not what it was" in reason, reason


def test_a_program_whose_file_is_gone_has_another_name(box):
    out = ask(box, "python3", """
import shutil
gone = os.environ["HOME"] + "/gone/tool"
os.makedirs(os.path.dirname(gone), exist_ok=True)
shutil.copy(TOOL, gone)
print(subprocess.run([gone, "-c", PARTS + '''
os.unlink(sys.argv[1])
print(ask(proxy()))''', gone], stdout=subprocess.PIPE, text=True).stdout)
""")
    assert out == ["403"], out


def test_the_log_has_program_hash_and_who_started_it(box):
    r = box.sh("box", "sh -c 'curl -sS -o /dev/null -w \"%{http_code}\" "
               "http://sub.echo.test/hash; true'")
    assert r.out == "200", r
    got = last(box, kind="http", path="/hash")
    curl = os.path.realpath("/usr/bin/curl")
    with open(curl, "rb") as f:
        sha = hashlib.sha256(f.read()).hexdigest()
    assert got["exe"] == curl and got["exe_sha256"] == sha, got
    assert got["chain"] and all("sh" in c for c in got["chain"][:1]), got
    process = got["_"]["actor"]["process"]
    assert process["file"]["hashes"][0]["value"] == sha, process

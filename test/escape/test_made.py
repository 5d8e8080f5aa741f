"""Attacks on unreviewed_code: made code that looks as if it were not, and
reviewed code that is something else by the time it runs."""
import hashlib
import shutil

import pytest
from shell import wait_until

POLICY = """
commands:
  default_policy: allow
  unreviewed_code: {mode}
"""
GOOD = "#!/bin/sh\necho GOOD\n"
EVIL = "#!/bin/sh\necho EVIL\n"


def start(sh, mode, timeout="60s"):
    sh.config(approval_timeout=timeout)
    sh.folder("w")
    sh.write("w/tool", "#!/bin/sh\necho host\n", mode=0o777)
    sh.write("w/other", "#!/bin/sh\necho host\n", mode=0o777)
    sh.start("box", policy=sh.policy(POLICY.format(mode=mode)),
             options=["--mount", f"{sh.files}/w:/work", "--workdir", "/work"])


@pytest.fixture(name="times")
def _times(pytestconfig):
    """How often a race is run: much more with --all."""
    return lambda n: str(20 * n if pytestconfig.getoption("--all") else n)


def run(sh, script, **more):
    return sh.exec("box", "sh", "-c", script,
                   options=["--workdir", "/work"], **more)


def put(sh, text, path):
    r = run(sh, f"cat >{path} && chmod 755 {path}", data=text)
    assert r.code == 0, r


def answer(sh, text, verb):
    """A person's word on these bytes, once they are asked about."""
    data = text if isinstance(text, bytes) else text.encode()
    subject = "sha256:" + hashlib.sha256(data).hexdigest()

    def look():
        return [p["proposal"] for p in
                sh.ok("proposal", "list", "-o", "json").json()
                if p["subject"] == subject]
    n = wait_until(look, what="a proposal")[0]
    sh.ok("proposal", verb, n)


def decided(sh, text, verb):
    put(sh, text, "/tmp/decided")
    p = sh.popen("sandbox", "exec", "--workdir",
                 "/work", "box", "--", "sh", "-c", "/tmp/decided",
                 stdin=-3, stdout=-1, stderr=-1)
    answer(sh, text, verb)
    p.communicate(timeout=60)


TRICKS = (
    "touch -d 2001-01-01 x",
    "touch -r /bin/sh x",
    "python3 -c 'import os; os.utime(\"x\", ns=(1, 1))'",
    "cp -p x y && touch -d 2001-01-01 y && mv y x",
    "ln x y && rm x && ln y x",
    "mkdir d && mv x d/x && mv d e && mv e/x x",
    "mv tool t && mv x tool && mv tool x && mv t tool",
    "cp -p tool t && cp x tool && cp tool x && mv t tool",
    "ln -sf $PWD/x /tmp/x && rm -rf y && cp -a x y && mv y x",
    "chmod 4755 x; chmod 755 x",
    "tar c x | tar x -C /tmp && mv /tmp/x x",
)


@pytest.mark.both
def test_no_trick_makes_it_older(sh):
    start(sh, "deny")
    for trick in TRICKS:
        put(sh, EVIL, "x")
        r = run(sh, f"{trick}; ./x; /work/x; sh -c ./x; rm -rf x y d e")
        assert "EVIL" not in r.out and "denied" in r.err, (trick, r)


def test_what_the_host_had_is_made_inside_once_it_is_written(sh):
    start(sh, "deny")
    assert run(sh, "./tool").out == "host\n"
    run(sh, "printf '#!/bin/sh\\necho EVIL\\n' >other")
    r = run(sh, "./other")
    assert r.code == 126 and "EVIL" not in r.out, r
    r = run(sh, "python3 -c 'import mmap\n"
              "f = open(\"tool\", \"r+b\")\n"
              "m = mmap.mmap(f.fileno(), 0)\n"
              "m[-6:] = b\" EVIL\\n\"\nm.flush()' && cat tool && ./tool")
    assert r.out.count("EVIL") == 1 and r.code == 126, r


def test_what_has_no_name_was_made_inside(sh):
    start(sh, "deny")
    r = sh.exec("box", "python3", "-c", """
import os
os.chdir('/work')
data = open('/bin/echo', 'rb').read()
for text in (data, b'#!/bin/sh\\necho EVIL\\n'):
    for how in ('memfd', 'deleted', 'tmpfile'):
        if how == 'memfd':
            w = os.memfd_create('x', 0)
        elif how == 'deleted':
            w = os.open('gone', os.O_RDWR | os.O_CREAT, 0o755)
            os.unlink('gone')
        else:
            w = os.open('.', os.O_TMPFILE | os.O_RDWR, 0o755)
        os.write(w, text)
        fd = os.open('/proc/self/fd/%d' % w, os.O_RDONLY)
        os.set_inheritable(fd, True)
        os.close(w)
        for path in (fd, '/proc/self/fd/%d' % fd, '/dev/fd/%d' % fd):
            if os.fork() == 0:
                try:
                    os.execve(path, ['echo', 'EVIL'], {})
                except OSError as e:
                    print(how, e.errno, flush=True)
                os._exit(0)
            os.wait()
""")
    assert "EVIL" not in r.out and r.out.count(" 13\n") == 18, r


def test_a_yes_is_to_the_bytes_that_were_shown(sh):
    start(sh, "ask")
    put(sh, GOOD, "x")
    p = sh.popen("sandbox", "exec", "--workdir",
                 "/work", "box", "--", "sh", "-c", "./x; "
                 "echo ended $?", stdin=-3, stdout=-1, stderr=-1)
    wait_until(lambda: sh.ok("rule", "list", "-o", "json").json(),
               what="a proposal")
    put(sh, EVIL, "y")
    run(sh, "mv y x")
    answer(sh, GOOD, "approve")
    out, err = p.communicate(timeout=60)
    assert out == b"ended 126\n" and b"changed while it waited" in err, err
    # nor later: these are other bytes
    p = sh.popen("sandbox", "exec", "--workdir",
                 "/work", "box", "--", "sh", "-c", "./x; "
                 "echo ended $?", stdin=-3, stdout=-1, stderr=-1)
    answer(sh, EVIL, "reject")
    assert p.communicate(timeout=60)[0] == b"ended 126\n"


FDS = """
import os, subprocess, sys, threading
good, evil = os.open('good', os.O_RDONLY), os.open('evil', os.O_RDONLY)
script = os.dup(good)
os.set_inheritable(script, True)
stop = False

def swap():
    n = 0
    while not stop:
        n += 1
        os.dup2((good, evil)[n % 2], script)

threading.Thread(target=swap, daemon=True).start()
ran = []
least = int(sys.argv[1])        # and until one ran, for it is a race
while len(ran) < least or (b'GOOD\\n' not in ran and len(ran) < 40 * least):
    r, w = os.pipe()
    if os.fork() == 0:      # one more thread here, which swaps, too
        threading.Thread(target=swap, daemon=True).start()
        os.dup2(w, 1)
        try:
            os.execve(script, ['x'], {'PATH': '/bin'})
        except OSError:
            os._exit(1)
    os.close(w)
    ran.append(os.read(r, 100))
    os.close(r)
    os.wait()
print(ran.count(b'GOOD\\n'), 'ran, and', b'EVIL\\n' in ran, flush=True)
os._exit(0)
"""


def test_a_script_by_its_descriptor_is_the_one_that_was_judged(sh, times):
    start(sh, "ask", timeout="1s")
    decided(sh, GOOD, "approve")
    decided(sh, EVIL, "reject")
    put(sh, GOOD, "good")
    put(sh, EVIL, "evil")
    r = sh.exec("box", "python3", "-c", FDS, times(20),
                options=["--workdir", "/work"], timeout=300)
    assert r.code == 0 and "and False" in r.out and r.out[0] != "0", r


RACE = """
import os, subprocess, sys, threading
good, evil, how = open('good', 'rb').read(), open('evil', 'rb').read(), \\
    sys.argv[1]
stop = False
os.makedirs('a', exist_ok=True)
os.makedirs('b', exist_ok=True)
for name, text in (('a/s', good), ('b/s', evil), ('s', good), ('t', evil)):
    open(name, 'wb').write(text)
    os.chmod(name, 0o755)
os.symlink('a', 'now')

def swap():
    n = 0
    while not stop:
        n += 1
        if how == 'rename':
            subprocess_link('s', 't')
        elif how == 'write':
            fd = os.open('s', os.O_WRONLY)
            os.pwrite(fd, evil if n % 2 else good, 0)
            os.close(fd)
        else:
            os.symlink('ab'[n % 2], 'new')
            os.rename('new', 'now')

def subprocess_link(x, y):
    os.link(x, 'tmp')
    os.rename(y, x)
    os.rename('tmp', y)

threading.Thread(target=swap, daemon=True).start()
ran = 0
for i in range(int(sys.argv[2])):
    what = './now/s' if how == 'link' else './s'
    r = subprocess.run([sys.argv[3], '-c', what + ' 2>/dev/null'],
                       stdout=subprocess.PIPE)
    ran += r.stdout == b'GOOD\\n'
    if b'EVIL' in r.stdout:
        print('EVIL RAN')
stop = True
print('ran', ran)
"""


@pytest.mark.parametrize("how", ["rename", "link", "write"])
def test_a_script_that_changes_under_the_check_never_runs(sh, how, times):
    start(sh, "ask", timeout="1s")
    decided(sh, GOOD, "approve")
    decided(sh, EVIL, "reject")
    put(sh, GOOD, "good")
    put(sh, EVIL, "evil")
    r = sh.exec("box", "python3", "-c", RACE, how, times(25), "/bin/sh",
                options=["--workdir", "/work"], timeout=300)
    assert r.code == 0 and "EVIL" not in r.out, r
    assert "ran 0\n" not in r.out, r


SWAPS = """
import os, subprocess, threading, time
out = []
for i in range(25):
    os.link('evil', 'e%d' % i)
    go = threading.Event()
    def swap(i=i):
        go.wait()
        time.sleep(i % 10 / 2000)
        os.rename('e%d' % i, 'host%d' % i)
    t = threading.Thread(target=swap)
    t.start()
    p = subprocess.Popen(['sh', '-c', '"$0"', './host%d' % i],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    go.set()
    out.append(p.communicate()[0])
    t.join()
print(out.count(b'host\\n'), 'ran, and', b'EVIL\\n' in out)
"""


def test_a_script_of_the_host_is_not_swapped_for_one_of_the_sandbox(sh):
    """Nobody is asked about what was there before; what stands in its place
    when it is read is seen."""
    for i in range(25):
        sh.write(f"w/host{i}", "#!/bin/sh\necho host\n", mode=0o777)
    start(sh, "ask", timeout="1s")
    decided(sh, EVIL, "reject")
    put(sh, EVIL, "evil")
    r = sh.exec("box", "python3", "-c", SWAPS,
                options=["--workdir", "/work"], timeout=300)
    assert r.code == 0 and "and False" in r.out and r.out[0] != "0", r


# What a script's name leads to, once it has been judged and before its
# interpreter reads it. Nothing changes the script itself.
STAND_INS = """
import ctypes, os, subprocess, sys
how, tool = sys.argv[1:]
evil = {'sh': b'echo EVIL', 'py': b'print("EVIL")',
        'js': b'console.log("EVIL")'}[tool] + b'\\n'
os.mkdir('e')
there = 'e/' + tool
if how == 'pipe':
    os.mkfifo(there)
    os.write(os.open(there, os.O_RDWR), evil)
elif how == 'stdin':
    os.symlink('/dev/fd/0', there)
elif how == 'folder':
    os.mkdir(there)
    open(there + '/__main__.py', 'wb').write(evil)
else:
    open('evil', 'wb').write(evil)
    os.symlink('/work/evil', there)
libc, out = ctypes.CDLL(None), []
for i in range(4):
    p = subprocess.Popen(['d/' + tool], stdin=-1, stdout=-1, stderr=-3)
    libc.renameat2(-100, b'd', -100, b'e', 2)
    try:
        out.append(p.communicate(evil, timeout=20)[0])
    except subprocess.TimeoutExpired:
        p.kill()
    libc.renameat2(-100, b'd', -100, b'e', 2)
print('ended', b'EVIL' in b''.join(out), flush=True)
os._exit(0)
"""
SCRIPTS = {"sh": "#!/bin/sh\necho host\n",
           "py": "#!/usr/bin/env python3\nprint('host')\n",
           "js": "#!/usr/bin/env node\nconsole.log('host')\n"}


def test_nothing_stands_in_for_a_script(sh):
    for name, text in SCRIPTS.items():
        sh.write(f"w/d/{name}", text, mode=0o777)
    start(sh, "ask", timeout="1s")
    for how, tool in (("pipe", "sh"), ("stdin", "sh"), ("stdin", "py"),
                      ("folder", "py"), ("link", "js")):
        if tool == "js" and shutil.which("node") is None:
            continue
        r = sh.exec("box", "python3", "-c", STAND_INS, how, tool,
                    options=["--workdir", "/work"], timeout=120)
        assert r.out == "ended False\n", (how, tool, r)
        run(sh, "rm -r e evil")


def test_nothing_is_added_to_a_script_that_runs(sh):
    sh.write("w/slow", "#!/bin/sh\necho began\nread x\n", mode=0o777)
    start(sh, "ask", timeout="1s")
    r = sh.exec("box", "python3", "-c", """
import subprocess
p = subprocess.Popen(['./slow'], stdin=-1, stdout=-1)
print(p.stdout.readline())
with open('slow', 'a') as f:
    f.write('echo EVIL\\n')
print(p.communicate(b'\\n'))
""", options=["--workdir", "/work"])
    assert r.code == 0 and "began" in r.out and "EVIL" not in r.out, r


def test_the_agent_has_no_say(sh):
    """The people's side is not inside."""
    start(sh, "ask")
    put(sh, GOOD, "x")
    p = sh.popen("sandbox", "exec", "--workdir",
                 "/work", "box", "--", "sh", "-c", "./x", stdin=-3,
                 stdout=-1, stderr=-1)
    wait_until(lambda: sh.ok("rule", "list", "-o", "json").json(),
               what="a proposal")
    r = run(sh, "ls -a /run ~ /tmp; env")
    assert "gateway.sock" not in r.out and "OPENSHELL_HOME" not in r.out, r
    answer(sh, GOOD, "reject")
    assert p.wait(60) == 126


LINKS = """
import os, subprocess, sys, threading
for name, text in (('g.js', 'console.log("GOOD")'),
                   ('e.js', 'console.log("EVIL")')):
    with open(name, 'w') as f:
        f.write('#!/usr/bin/env node\\n' + text + '\\n')
    os.chmod(name, 0o755)
os.symlink('g.js', 'x.js')
stop = False

def swap():
    n = 0
    while not stop:
        n += 1
        os.symlink('ge'[n % 2] + '.js', 'new')
        os.rename('new', 'x.js')

threading.Thread(target=swap, daemon=True).start()
out = []
least = int(sys.argv[1])        # and until one ran, for it is a race
while len(out) < least or (b'GOOD\\n' not in out and len(out) < 40 * least):
    out.append(subprocess.run(['sh', '-c', './x.js 2>/dev/null'],
                              stdout=subprocess.PIPE).stdout)
stop = True
print(out.count(b'GOOD\\n'), 'ran, and', b'EVIL\\n' in out)
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
def test_an_interpreter_that_resolves_links_finds_what_was_judged(sh, times):
    start(sh, "ask", timeout="1s")
    head = "#!/usr/bin/env node\nconsole.log(\"%s\")\n"
    decided(sh, head % "GOOD", "approve")
    decided(sh, head % "EVIL", "reject")
    r = sh.exec("box", "python3", "-c", LINKS, times(8),
                options=["--workdir", "/work"], timeout=300)
    assert r.code == 0 and "and False" in r.out and r.out[0] != "0", r


BINARIES = """
import os, subprocess, sys, threading
def text(path):     # of one length, which a loader does not mind
    return open(path, 'rb').read().ljust(1 << 18, b'\\0')
good, evil = text('/bin/echo'), text('/usr/bin/printf')
for name, data in (('s', good), ('t', evil)):
    open(name, 'wb').write(data)
    os.chmod(name, 0o755)
stop = False

def swap():
    n = 0
    while not stop:
        n += 1
        if sys.argv[1] == 'rename':
            os.link('s', 'tmp')
            os.rename('t', 's')
            os.rename('tmp', 't')
            continue
        try:
            fd = os.open('s', os.O_WRONLY)
        except OSError:     # it runs
            continue
        os.pwrite(fd, evil if n % 2 else good, 0)
        os.close(fd)

threading.Thread(target=swap, daemon=True).start()
out = []
least = int(sys.argv[2])        # and until one ran, for it is a race
while len(out) < least or (b'EV%s IL\\n' not in out and
                           len(out) < 40 * least):
    # echo says it as it is; printf makes a line of it
    r = subprocess.run(['sh', '-c', './s "EV%s" IL 2>/dev/null'],
                       stdout=subprocess.PIPE)
    out.append(r.stdout)
stop = True
print(out.count(b'EV%s IL\\n'), 'ran, and', b'EVIL' in out)
"""


@pytest.mark.parametrize("how", ["rename", "write"])
def test_a_binary_that_changes_under_the_check_never_runs(sh, how, times):
    start(sh, "ask", timeout="1s")
    for path, verb in (("/bin/echo", "approve"), ("/usr/bin/printf",
                                                  "reject")):
        with open(path, "rb") as f:
            decided(sh, f.read().ljust(1 << 18, b"\0"), verb)
    r = sh.exec("box", "python3", "-c", BINARIES, how, times(20),
                options=["--workdir", "/work"], timeout=300)
    assert r.code == 0 and "and False" in r.out and r.out[0] != "0", r


# The kernel keeps who has a file open from writing to it while it runs, but
# on an overlay not who mapped it and closed it.
MAPS = """
import ctypes, os, subprocess, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 \
    + [ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
os.chdir('/usr/local/bin')

def map_it():
    fd = os.open('made', os.O_RDWR)
    at = libc.mmap(None, 4096, 3, 1, fd, 0)
    os.close(fd)
    assert at != ctypes.c_void_p(-1).value
    return at

def run():
    r = subprocess.run(['./made', 'it', 'ran'], stdout=subprocess.PIPE)
    print((str(r.returncode) + ' ' + r.stdout.decode()).strip(), flush=True)

run()
at = map_it()
run()
libc.munmap(at, 4096)
run()
ready, go = os.pipe(), os.pipe()
if os.fork() == 0:      # the first of its threads ends, another has it
    def other():
        map_it()
        os.write(ready[1], b'x')
        os.read(go[0], 1)
        os._exit(0)
    threading.Thread(target=other).start()
    libc.pthread_exit(None)
os.read(ready[0], 1)
run()
os.write(go[1], b'x')
os.wait()
run()
"""


@pytest.mark.parametrize("size", [0, 2 << 20])
def test_a_binary_on_an_overlay_is_not_run_while_it_is_mapped(sh, size):
    sh.config(approval_timeout="60s")
    sh.start("box", policy=sh.policy(
        "file_access:\n  system: layered\n" + POLICY.format(mode="ask")))
    with open("/bin/echo", "rb") as f:
        good = f.read().ljust(size, b"\0")
    p = sh.popen("sandbox", "exec", "box", "--", "sh", "-c",
                 "cp /bin/echo /usr/local/bin/made && truncate -s "
                 f"{len(good)} /usr/local/bin/made && /usr/local/bin/made")
    answer(sh, good, "approve")
    assert p.wait(timeout=60) == 0
    r = sh.exec("box", "python3", "-c", MAPS)
    assert r.out.splitlines() == ["0 it ran", "-9", "0 it ran", "-9",
                                  "0 it ran"], r
    assert "has mapped" in r.err, r

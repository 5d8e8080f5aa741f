#!/usr/bin/env python3
"""gate.py -- what it costs that each open is judged.

usage: gate.py [BUILD] [ROUNDS] [JOB...]

The same jobs in a sandbox without a gate and in one with, taking turns. For
each job: the least of both, and the ratio, as the median of the rounds' own
ratios and of the two least. A job's name begins with one of JOB, if there is
any."""
import os
import statistics
import subprocess
import sys
import tempfile

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
JOBS = sys.argv[3:]
BARE = "file_access:\n  system: layered\n"
GATED = BARE + "  deny:\n    - path: '**/*.never'\n"
INSIDE = r'''
import io, os, statistics, subprocess, sys, tarfile, time
JOBS = @JOBS@
os.chdir("/tmp")

def job(name, f):
    if JOBS and not any(name.startswith(j) for j in JOBS):
        return
    a = time.perf_counter()
    got = f()
    print(name, got if got is not None else time.perf_counter() - a)

def sh(s):
    return lambda: subprocess.run(["sh", "-ec", s], check=True,
                                  stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) and None

def each(n, f):
    def median():
        took = []
        for i in range(n):
            a = time.perf_counter()
            f(i)
            took.append(time.perf_counter() - a)
        return statistics.median(took) * 1e6
    return median

def at_once(callers, n, f):
    """Time of one call, of all together."""
    def run():
        a = time.perf_counter()
        for _ in range(callers):
            if os.fork() == 0:
                for i in range(n):
                    f(i)
                os._exit(0)
        for _ in range(callers):
            os.wait()
        return (time.perf_counter() - a) / callers / n * 1e6
    return run

def opens(_):
    os.close(os.open("/tmp/f", 0))

def makes(i):
    os.close(os.open(f"/tmp/made/{i}", os.O_CREAT | os.O_EXCL | 1, 0o666))

def executes(_):
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)

def tree(n):
    for i in range(n):
        d = f"src/{i % 40}"
        os.makedirs(d, exist_ok=True)
        with open(f"{d}/{i}", "w") as f:
            f.write("text %d\n" % i * 40)
    sh("tar cf src.tar src; cd src; git init -q .; git add .; "
       "git -c user.name=a -c user.email=a commit -qm a")()

def project(n):
    os.makedirs("c")
    for h in range(10):
        with open(f"c/h{h}.h", "w") as f:
            f.write(f"#include <stdio.h>\n#include <stdlib.h>\n"
                    f"#include <string.h>\nint f{h}(int);\n")
    for i in range(n):
        with open(f"c/s{i}.c", "w") as f:
            f.write("".join(f'#include "h{h}.h"\n' for h in range(10)))
            f.write("#include <unistd.h>\n#include <sys/stat.h>\n")
            for k in range(6):
                f.write(f"static int g{k}(int a) {{ int s = 0;"
                        f" for (int j = 0; j < a; j++) s += j * {k};"
                        f" printf(\"%d\", s); return s; }}\n")
            f.write(f"int s{i}(void) {{ return "
                    + "+".join(f"g{k}({k})" for k in range(6)) + "; }\n")
    with open("c/Makefile", "w") as f:
        names = " ".join(f"s{i}.o" for i in range(n))
        f.write(f"CFLAGS = -O1 -g\nall.a: {names}\n\tar cr $@ $^\n")

def packages(n, files):
    """Tarballs, as npm has them in its cache."""
    os.makedirs("npm")
    for i in range(n):
        with tarfile.open(f"npm/p{i}.tgz", "w:gz") as t:
            for k in range(files):
                text = b"module.exports = %d;\n" % k * 20
                name = f"package/lib/{k % 5}/m{k}.js"
                if k == 0:
                    name = "package/package.json"
                    text = b'{"name": "p%d", "version": "1.0.0"}' % i
                m = tarfile.TarInfo(name)
                m.size = len(text)
                t.addfile(m, io.BytesIO(text))

open("f", "w").close()
os.mkdir("made")
tree(2000)
project(50)
packages(25, 40)
job("open", each(2000, opens))
job("open2", at_once(2, 1000, opens))
job("open8", at_once(8, 250, opens))
job("create", each(1000, makes))
job("exec", each(100, executes))
job("untar", sh("mkdir x; tar xf src.tar -C x"))
job("clone", sh("git clone -q --no-local src y"))
job("read", sh("grep -r nothing src/0 src/1 src/2 || true"))
job("compile", sh("make -s -C c -j$(nproc)"))
job("npm", sh("mkdir n; cd n; echo '{}' >package.json; HOME=/tmp "
              "npm install --offline --no-audit --no-fund ../npm/*.tgz"))
job("python", sh("for i in 1 2 3; do python3 -c 'import json, "
                 "asyncio, unittest, http.client'; done"))
job("shell", sh("for i in $(seq 100); do /bin/true; done"))
'''
CALLS = ("open", "open2", "open8", "create", "exec")  # in us, not s


def run(home, policy):
    path = os.path.join(home, "policy.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(policy)
    r = subprocess.run(
        [os.path.join(BUILD, "src", "cli", "openshell"), "sandbox", "create",
         "--no-keep", "--policy", path, "--", "python3", "-"],
        input=INSIDE.replace("@JOBS@", repr(JOBS)), text=True,
        capture_output=True, check=False,
        env={**os.environ, "OPENSHELL_HOME": home})
    if r.returncode != 0:
        sys.exit(r.stderr)
    return {k: float(v) for k, v in
            (line.split() for line in r.stdout.splitlines())}


def main():
    with tempfile.TemporaryDirectory(
            ignore_cleanup_errors=True) as home:
        got = [(run(home, BARE), run(home, GATED)) for _ in range(ROUNDS)]
        subprocess.run([os.path.join(BUILD, "src", "cli", "openshell"),
                        "gateway", "stop"], check=False,
                       env={**os.environ, "OPENSHELL_HOME": home},
                       capture_output=True)
    for job in got[0][0]:
        bare = min(b[job] for b, _ in got)
        gated = min(g[job] for _, g in got)
        ratio = statistics.median(g[job] / b[job] for b, g in got)
        unit = "us" if job in CALLS else "s"
        print(f"{job:8} bare {bare:9.3f} {unit:2}  gated {gated:9.3f} "
              f"{unit:2}  ratio {ratio:5.2f}  of the least "
              f"{gated / bare:5.2f}")


main()

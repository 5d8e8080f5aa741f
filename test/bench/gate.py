#!/usr/bin/env python3
"""gate.py -- what it costs that each open is judged.

usage: gate.py [BUILD] [ROUNDS]

The same jobs in a sandbox without a gate and in one with, taking turns."""
import os
import statistics
import subprocess
import sys
import tempfile

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
BARE = "file_access:\n  system: layered\n"
GATED = BARE + "  deny:\n    - path: '**/*.never'\n"
INSIDE = r'''
import os, subprocess, sys, time
os.chdir("/tmp")
def took(f):
    a = time.perf_counter()
    f()
    return time.perf_counter() - a
def sh(s):
    return lambda: subprocess.run(["sh", "-ec", s], check=True,
                                  stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
def opens():
    for _ in range(2000):
        os.close(os.open("/tmp/f", 0))
open("f", "w").close()
for i in range(2000):
    d = f"src/{i % 40}"
    os.makedirs(d, exist_ok=True)
    with open(f"{d}/{i}", "w") as f:
        f.write("text %d\n" % i * 40)
sh("tar cf src.tar src; cd src; git init -q .; git add .; "
   "git -c user.name=a -c user.email=a commit -qm a")()
print("open", took(opens) / 2000 * 1e6)
print("untar", took(sh("mkdir x; tar xf src.tar -C x")))
print("clone", took(sh("git clone -q --no-local src y")))
print("read", took(sh("grep -r nothing src/0 src/1 src/2 || true")))
print("python", took(sh("for i in 1 2 3; do python3 -c 'import json, "
                        "asyncio, unittest, http.client'; done")))
print("shell", took(sh("for i in $(seq 100); do /bin/true; done")))
'''


def run(home, policy):
    path = os.path.join(home, "policy.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(policy)
    r = subprocess.run(
        [os.path.join(BUILD, "src", "cli", "openshell"), "sandbox", "create",
         "--no-keep", "--policy", path, "--", "python3", "-"],
        input=INSIDE, text=True, capture_output=True, check=False,
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
        bare = statistics.median(b[job] for b, _ in got)
        gated = statistics.median(g[job] for _, g in got)
        unit = "us" if job == "open" else "s"
        print(f"{job:8} bare {bare:9.3f} {unit}  gated {gated:9.3f} {unit}  "
              f"ratio {gated / bare:5.2f}")


main()

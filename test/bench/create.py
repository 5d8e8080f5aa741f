#!/usr/bin/python3
"""create.py -- how long a sandbox takes to make, and what it holds idle.

usage: create.py [--build FOLDER] [--rounds N]

Turn by turn in one run, so that the machine's mood is the same for both:
    openshell sandbox create --no-keep -- /bin/true     (gateway warm)
    bwrap --unshare-all ... /bin/true
Then the private memory (PSS) of the processes of one idle sandbox, and of an
idle gateway.  Prints a table for docs/performance.md.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BWRAP = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc",
         "--dev", "/dev", "--tmpfs", "/tmp", "/bin/true"]


def timed(argv, env):
    began = time.perf_counter()
    r = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL,
                       capture_output=True, check=False)
    took = time.perf_counter() - began
    if r.returncode != 0:
        raise SystemExit(f"{argv}: exit {r.returncode}\n{r.stderr.decode()}")
    return took * 1000


def pss(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            for line in f:
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total


def tree():
    out = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
                text = f.read()
        except OSError:
            continue
        name = text[text.index("(") + 1:text.rindex(")")]
        out[int(pid)] = (name, int(text[text.rindex(")") + 2:].split()[1]))
    return out


def below(pid):
    table, found = tree(), {pid}
    grew = True
    while grew:
        more = {p for p, v in table.items() if v[1] in found} - found
        found |= more
        grew = bool(more)
    return found


def row(name, times):
    times = sorted(times)
    return (f"| {name} | {statistics.median(times):.2f} "
            f"| {times[0]:.2f} | {times[int(len(times) * 0.9)]:.2f} |")


def bench_create(shell, env, rounds):
    mine, theirs = [], []
    create = [shell, "sandbox", "create", "--no-keep", "--", "/bin/true"]
    have_bwrap = shutil.which("bwrap") is not None
    for _ in range(5):
        timed(create, env)
    for _ in range(rounds):
        mine.append(timed(create, env))
        if have_bwrap:
            theirs.append(timed(BWRAP, env))
    print("| start and end of `/bin/true`, ms | median | least | 90 % |")
    print("| --- | --- | --- | --- |")
    print(row("openshell sandbox create --no-keep", mine))
    if theirs:
        print(row("bwrap --unshare-all", theirs))
        print(f"\nratio of the medians: "
              f"{statistics.median(mine) / statistics.median(theirs):.2f}\n")


def bench_memory(shell, env):
    subprocess.run([shell, "sandbox", "create", "--name", "idle", "--detach",
                    "--", "sleep", "1000"], env=env, check=True,
                   stdout=subprocess.DEVNULL)
    time.sleep(1)
    status = json.loads(subprocess.run(
        [shell, "status", "-o", "json"], env=env, check=True,
        capture_output=True).stdout)
    table, mine = tree(), below(status["pid"])
    print("| idle, KiB of PSS | |\n| --- | --- |")
    box = {q for p in mine if table[p][0] == "openshell-super"
           for q in below(p)}
    box = {p for p in box if table[p][0] != "sleep"}
    print(f"| one sandbox | {pss(box)} |")
    for p in sorted(box):
        print(f"| . {table[p][0]} | {pss([p])} |")
    for name in ("openshell-gatew", "openshell-spawn", "openshell-audit"):
        them = [p for p in mine if table[p][0] == name]
        print(f"| {name} | {pss(them)} |")


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--build", default=os.path.join(ROOT, "build"))
    a.add_argument("--rounds", type=int, default=100)
    a = a.parse_args()
    shell = os.path.join(a.build, "src", "cli", "openshell")
    with tempfile.TemporaryDirectory(prefix="osb") as home:
        env = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"],
               "OPENSHELL_HOME": home}
        try:
            bench_create(shell, env, a.rounds)
            bench_memory(shell, env)
        finally:
            for end in (["sandbox", "delete", "--all"], ["gateway", "stop"]):
                subprocess.run([shell, *end], env=env, check=False,
                               stdout=subprocess.DEVNULL)
            for p, v in tree().items():
                if v[0] == "openshell-audit":
                    try:
                        with open(f"/proc/{p}/environ", "rb") as f:
                            if home.encode() in f.read():
                                os.kill(p, 15)
                    except OSError:
                        pass


if __name__ == "__main__":
    main()

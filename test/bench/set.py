#!/usr/bin/python3
"""set.py -- how long a new policy takes from the command to being enforced.

usage: set.py [--build FOLDER] [--rounds N]

    openshell policy set NAME --policy FILE --wait
on a running sandbox, with a policy of 10 and one of 1,000 rules, each time
another one than before: read, compiled, recorded, stored on the disk, sent,
checked and acknowledged.  Beside it `openshell version`, which is what the
program itself takes to start.  Prints a table for docs/performance.md.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def policy(path, rules, turn):
    with open(path, "w", encoding="ascii") as f:
        f.write("network:\n  allow:\n")
        for i in range(rules):
            f.write(f"    - endpoint: h{i}.turn{turn}.test\n"
                    f"      methods: [GET]\n      paths: [/v{i}/*]\n")


def timed(argv, env):
    began = time.perf_counter()
    r = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL,
                       capture_output=True, check=False)
    took = time.perf_counter() - began
    if r.returncode != 0:
        raise SystemExit(f"{argv}: exit {r.returncode}\n{r.stderr.decode()}")
    return took * 1000


def row(name, times):
    print(f"| {name} | {statistics.median(times):.1f} | "
          f"{min(times):.1f} | {max(times):.1f} |")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    p.add_argument("--rounds", type=int, default=40)
    a = p.parse_args()
    home = tempfile.mkdtemp(prefix="openshell-set.")
    env = dict(os.environ, OPENSHELL_HOME=home)
    cli = os.path.join(a.build, "src", "cli", "openshell")
    new = os.path.join(home, "new.yaml")
    try:
        policy(new, 1, "first")
        timed([cli, "sandbox", "create", "--name", "box", "--detach",
               "--policy", new, "--", "sleep", "1000"], env)
        print("| from command to enforced | median ms | least | most |")
        print("| --- | --- | --- | --- |")
        row("`openshell version`", [timed([cli, "version"], env)
                                    for _ in range(a.rounds)])
        for rules in (10, 1000):
            times = []
            for turn in range(a.rounds):
                policy(new, rules, turn)
                times.append(timed([cli, "policy", "set", "box", "--policy",
                                    new, "--wait"], env))
            row(f"`policy set --wait`, {rules:,} rules", times)
    finally:
        subprocess.run([cli, "sandbox", "delete", "--all"], env=env,
                       capture_output=True, check=False)
        subprocess.run([cli, "gateway", "stop"], env=env,
                       capture_output=True, check=False)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()

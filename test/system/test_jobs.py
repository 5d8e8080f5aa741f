"""Whole jobs under a policy that judges every open and every command: they give
what they give outside."""
import glob
import hashlib
import json
import os
import subprocess

import pytest

FILES = """
file_access:
  allow:
    - {path: "/project/**", permissions: [read, write]}
    - {path: /project/.git/config, permissions: [read, write]}
  deny:
    - path: "**/.env*"
    - path: "**/*.key"
    - path: "**/id_rsa*"
    - path: "/project/hr/**"
"""
COMMANDS = """
commands:
  default_policy: deny
  allow: [%s]
  deny: [sudo, dd, nc, {command: rm, args_pattern: "-rf *"}]
  audit: [git]
"""
SHELL = "sh, bash, env, cat, ls, mkdir, cp, mv, chmod, uname, dirname, " \
    "basename, sed, grep, head, tail, tr, sort, expr, rm, id"


def policy(commands="", network=""):
    names = ", ".join(x for x in (SHELL, commands) if x)
    return FILES + COMMANDS % names + network


def start(sh, commands="", network=""):
    project = sh.folder("project")
    sh.write("project/.env", "SECRET=of-the-user\n")
    sh.write("project/hr/pay", "salaries\n")
    sh.start("box", policy(commands, network), (
        "--mount", f"{project}:/project", "--workdir", "/project"))
    return project


def inside(sh, script, timeout=120):
    r = sh.exec("box", "sh", "-c", "cd /project && " + script,
                timeout=timeout)
    assert r.code == 0, r
    return r.out


def still_denied(sh):
    for what in ("cat /project/.env", "cat /project/hr/pay",
                 "cat /project/../project/./.env"):
        assert "ermission denied" in sh.exec("box", "sh", "-c", what).err
    assert sh.exec("box", "sh", "-c", "wget x || dd if=/dev/zero").code != 0


def digests(folder, suffix):
    out = {}
    for at, _, names in os.walk(folder):
        for name in names:
            if name.endswith(suffix):
                with open(os.path.join(at, name), "rb") as f:
                    out[name] = hashlib.sha256(f.read()).hexdigest()
    return out


def c_project(sh, files):
    for i in range(files):
        sh.write(f"project/m{i}.c", f'#include "all.h"\n#include <stdio.h>\n'
                 f"int f{i}(int x) {{ return printf(\"%d\", x) + {i}; }}\n")
    sh.write("project/all.h", "".join(
        f"int f{i}(int x);\n" for i in range(files)))
    sh.write("project/main.c", '#include "all.h"\nint main(void) { return '
             + " + ".join(f"0 * f{i}({i})" for i in range(files)) + "; }\n")
    sh.write("project/Makefile", "CFLAGS = -O1 -I.\nall: prog\n"
             "prog: main.o $(patsubst %.c,%.o,$(wildcard m*.c))\n"
             "\t$(CC) -o $@ $^\n%.o: %.c all.h\n\t$(CC) $(CFLAGS) -c -o $@ $<"
             "\n")


CC = ", ".join(["make", "cc", "gcc", "as", "ld"] + sorted(
    glob.glob("/usr/lib/gcc/*/*/cc1") +
    glob.glob("/usr/lib/gcc/*/*/collect2")))
GIT = ", ".join(["git", "/usr/lib/git-core/git"] + [
    "/usr/lib/git-core/git-" + x
    for x in ("remote-https", "submodule", "sh-setup")])


def test_a_c_project_is_built_as_outside(sh):
    files = 12
    project = start(sh, CC)
    c_project(sh, files)
    inside(sh, "make -j2")
    r = sh.exec("box", "sh", "-c", "/project/prog; true")
    assert r.out == "" and "made in the sandbox" in r.err, r
    got = digests(project, (".o", "prog"))
    assert len(got) == files + 2
    subprocess.run(["sh", "-c", f"cd {project} && rm -f *.o prog && make"],
                   check=True, stdout=subprocess.DEVNULL)
    assert digests(project, (".o", "prog")) == got
    still_denied(sh)


def test_git_works_on_a_real_repository(sh, world):
    project = start(sh, GIT, """
network:
  allow:
    - endpoint: github.com
""")
    out = inside(sh, """
        git clone -q https://github.com/org/hello.git repo && cd repo &&
        git config user.email a@b.test && git config user.name a &&
        git checkout -q -b work && echo new > file && git add file &&
        git commit -q -m second && echo more >> file &&
        git stash -q && git stash pop -q && git commit -q -a -m third &&
        git checkout -q main && git merge -q --no-edit work &&
        git log --format=%s && git status --porcelain && git fsck""")
    assert out.split()[:3] == ["third", "second", "first"], out
    r = subprocess.run(["git", "-c", "safe.directory=*", "-C",
                        f"{project}/repo", "log", "--format=%s"],
                       capture_output=True, text=True, check=True)
    assert r.stdout.split() == ["third", "second", "first"]
    still_denied(sh)


def test_pytest_runs_as_outside(sh):
    start(sh, "python3")
    sh.write("project/test_it.py", "import os, subprocess, sys, pytest\n"
             "def test_a(tmp_path):\n    (tmp_path / 'x').write_text('1')\n"
             "def test_b():\n    assert subprocess.run([sys.executable, '-c', "
             "'print(1)']).returncode == 0\n"
             "def test_c():\n"
             "    with pytest.raises(PermissionError):\n"
             "        open('/project/.env')\n"
             "def test_d():\n"
             "    with pytest.raises(PermissionError):\n"
             "        subprocess.run(['dd', 'if=/dev/zero', 'count=1'])\n")
    out = inside(sh, "python3 -m pytest -q test_it.py")
    assert "4 passed" in out, out
    still_denied(sh)


def test_npm_installs_a_package(sh, world):
    project = start(sh, "node, npm", """
network:
  allow:
    - endpoint: registry.npm.test
""")
    sh.write("project/package.json", '{"private": true}')
    inside(sh, "npm install --no-audit --no-fund --registry "
           "https://registry.npm.test tinypackage && "
           "node -e 'require(\"tinypackage\")'")
    assert os.path.exists(f"{project}/node_modules/tinypackage/package.json")
    still_denied(sh)


def test_claude_code_works_where_each_open_and_command_is_judged(
        sh, world, pytestconfig):
    agents = pytestconfig.getoption("--agents")
    if not agents or not os.path.isdir(os.path.join(agents, "node_modules")):
        pytest.skip("agents are not installed: ./check does it")
    project = sh.folder("project")
    sh.write("project/notes.txt", "the word is heron\n")
    sh.write("project/.env", "SECRET=of-the-user\n")
    key = f"sk-world-jobs-{sh.user.name}"
    world.script(key, [{"read": "/project/notes.txt"},
                       {"shell": "cat /project/.env"},
                       {"shell": "dd if=/dev/zero of=/project/z count=1"},
                       {"shell": "echo done > /project/out && ls /project"},
                       {"say": "all done"}])
    r = sh.run("sandbox", "create", "--name", "claude", "--policy", sh.policy(
        policy("node, git", """
network:
  allow:
    - endpoint: api.anthropic.com
""")), "--mount", f"{os.path.realpath(agents)}:/agents:ro", "--mount",
        f"{project}:/project", "--workdir", "/project", "--env",
        f"ANTHROPIC_API_KEY={key}", "--env",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "--",
        "/agents/node_modules/.bin/claude", "-p", "do it",
        "--dangerously-skip-permissions", timeout=240)
    assert r.code == 0 and "all done" in r.out, r
    told = "\n".join(e["body"] for e in world.requests(
        host="api.anthropic.com", method="POST"))
    assert "heron" in told and "of-the-user" not in told
    assert "ermission denied" in told
    with open(f"{project}/out", encoding="ascii") as f:
        assert f.read() == "done\n"
    assert not os.path.exists(f"{project}/z")
    denied = json.dumps(sh.audited(verdict="denied"))
    assert "/project/.env" in denied and "dd" in denied

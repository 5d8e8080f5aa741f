"""Commands: which programs may run inside, and with which arguments."""
import os

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(os.path.dirname(HERE), "cases", "policies")
DENIED = "Permission denied"


def start(sh, policy, scripts=True, options=()):
    top = os.path.join(sh.files, "ws")
    if scripts:
        sh.folder("ws/scripts")
        sh.write("ws/scripts/a.py", "import sys; print('py', sys.argv[1:])\n",
                 mode=0o755)
        sh.write("ws/scripts/a.js", "", mode=0o644)
        sh.write("ws/other.py", "print('other')\n", mode=0o755)
        sh.write("ws/notes", "notes\n", mode=0o644)
        sh.write("ws/x.sh", "#!/bin/sh\necho ran\n", mode=0o755)
        sh.user.own(top)
        options = [*options, "--mount", f"{top}:/app/workspace",
                   "--workdir", "/app/workspace"]
    sh.start("box", policy=policy, options=options)


def allowed(sh, script, out=None, code=0):
    r = sh.sh("box", "cd /app/workspace; " + script)
    assert DENIED not in r.err and r.code == code, (script, r)
    if out is not None:
        assert r.out == out, (script, r)


def denied(sh, script, why):
    r = sh.sh("box", "cd /app/workspace; " + script)
    assert r.code == 126, (script, r)
    assert DENIED in r.err and why in r.err, (script, r)


def test_06_allows_and_denies_what_each_of_its_lines_says(sh):
    start(sh, os.path.join(CASES, "06-commands.yaml"))
    allowed(sh, "python3 /app/workspace/scripts/a.py", "py []\n")
    allowed(sh, "cd scripts && python3 ./a.py", "py []\n")
    for bad in ("python3 /app/workspace/other.py",
                "python3 /app/workspace/scripts/../other.py",
                "python3 scripts/a.py more", "python3 -c 'print(1)'",
                "python3", "python3 -m http.server",
                "ln -s x y; python3 -i scripts/a.py"):
        denied(sh, bad, "06-commands.yaml:4")
    allowed(sh, "cat notes", "notes\n")
    allowed(sh, "cd / && cat app/workspace/notes", "notes\n")
    denied(sh, "cat /etc/passwd", "06-commands.yaml:10")
    denied(sh, "cat notes /etc/passwd", "06-commands.yaml:10")
    denied(sh, "cat < notes", "06-commands.yaml:10")
    allowed(sh, "curl --max-time 30 https://127.0.0.1:1/", code=7)
    denied(sh, "curl https://example.com/", "06-commands.yaml:8")
    denied(sh, "curl --max-time 31 https://example.com/", "06-commands.yaml")
    denied(sh, "curl --max-time 30 http://example.com/", "06-commands.yaml")
    for name in ("chmod", "chown", "dd", "mount", "rm -rf /tmp/x",
                 "rm -r -f x", "rm -fr x", "rm --recursive --force x"):
        denied(sh, name, "denied by /")
    for name in ("ls", "rm x", "sh -c true", "env ls", "/bin/true"):
        denied(sh, name, "")
    allowed(sh, "git --version")
    got = sh.audited(kind="command", verdict="allowed")
    assert [r["action"] for r in got] == ["git --version"], got
    assert got[0]["rule"].endswith("06-commands.yaml:25: git"), got
    assert got[0]["path"].endswith("/git"), got
    assert "started by" in got[0]["reason"], got
    got = sh.audited(kind="command", verdict="denied")
    assert any(r["action"] == "rm -r -f x" and
               r["rule"].endswith("06-commands.yaml:13: rm -rf *")
               for r in got), got


def test_03_allows_three_programs_and_nothing_else(sh):
    text = open(os.path.join(CASES, "03-agent-policy.yaml"),
                encoding="utf-8").read()
    text = text[:text.index("resources:")]
    start(sh, sh.policy(text))
    allowed(sh, "python3 -c 'print(1)'", "1\n")
    allowed(sh, "curl --version >/dev/null")
    for name in ("rm -rf x", "chmod 1 x", "chown 1 x", "ls", "cat notes",
                 "git", "/bin/sh -c true"):
        denied(sh, name, "")

"""Git's daily work in a tree of the host's, and what it may not leave there."""
import os
import subprocess

import pytest

POLICY = """
file_access:
  allow:
    - path: "/ws/**"
      permissions: [read, write]
  deny:
    - path: "**/*.never"
network:
  allow:
    - endpoint: github.com
"""
# What makes a git outside run something.
EVIL = {
    "core.hooksPath": "evil", "core.fsmonitor": "./evil",
    "core.sshCommand": "evil", "core.pager": "evil", "alias.st": "!evil",
    "filter.x.smudge": "evil", "diff.x.command": "evil",
    "include.path": "../evil", "core.worktree": "/",
    "credential.helper": "!evil", "remote.origin.vcs": "evil",
    "remote.origin.url": "ext::sh -c evil", "remote.o.uploadpack": "evil",
}


def start(sh):
    top = sh.folder("ws")
    sh.start("box", policy=POLICY, options=[
        "--mount", f"{top}:/ws", "--workdir", "/ws"])
    return top


def outside(top, *command):
    return subprocess.run(
        ["git", "-c", "safe.directory=*", *command], cwd=top,
        capture_output=True, encoding="utf-8", check=True).stdout


@pytest.mark.both
def test_a_repository_is_made_cloned_and_worked_in(sh):
    top = start(sh)
    r = sh.sh("box", "set -e; cd /ws; git init -q one; cd one;"
              "git config user.name A; git config user.email a@b.test;"
              "echo x >f; git add f; git commit -qm first;"
              "git checkout -qb side; echo y >>f; git commit -qam second;"
              "git remote add origin https://github.com/org/hello.git;"
              "git fetch -q; git branch -q --track there origin/HEAD ||"
              " git branch -q --track there origin/main; cd ..;"
              "git clone -q one two; cd two; git config --get user.name ||"
              " git config user.name B; git config core.filemode;"
              "git remote rename origin old; git remote remove old;"
              "cd ..; git clone -q https://github.com/org/hello.git three;"
              "git -C three status --short; ls -A; rm -rf two; ls -A",
              timeout=60)
    assert r.code == 0, r
    assert r.out.split()[0] == "true", r
    assert r.out.split()[1:] == ["one", "three", "two", "one", "three"], r
    assert "second" in outside(f"{top}/one", "log", "--oneline")
    assert not os.path.exists(f"{top}/one/.git/hooks")


def test_a_setting_that_runs_something_is_not_written(sh):
    top = start(sh)
    sh.sh("box", "cd /ws; git init -q one && git -C one config user.name A")
    before = outside(f"{top}/one", "config", "--local", "--list")
    for key, value in EVIL.items():
        r = sh.exec("box", "git", "-C", "/ws/one", "config", key, value)
        assert r.code != 0, (key, r)
        assert "Permission denied" in r.err, (key, r)
    assert outside(f"{top}/one", "config", "--local", "--list") == before
    got = sh.audited(kind="file", verdict="denied",
                     path="/ws/one/.git/config")
    assert "[core] hooksPath = evil" in got[0]["reason"], got


def test_what_the_host_set_stays_while_the_sandbox_adds(sh):
    top = sh.folder("ws")
    sh.user.own(top)
    for command in (["init", "-q", "."], ["config", "alias.x", "!run"],
                    ["config", "core.hooksPath", "mine"]):
        subprocess.run([*sh.user.prefix(), "git", *command], cwd=top,
                       check=True)
    sh.start("box", policy=POLICY, options=[
        "--mount", f"{top}:/ws", "--workdir", "/ws"])
    r = sh.sh("box", "cd /ws; git config user.name A && git checkout -qb side &&"
              "git remote add o https://github.com/a/b")
    assert r.code == 0, r
    r = sh.sh("box", "cd /ws; git config --unset alias.x || echo kept;"
              "git config core.hooksPath x || echo kept;"
              "rm -f .git/config || echo kept; rm -rf .git/config || true;"
              "mv .git/config x || echo kept; mv .git git2 || echo kept;"
              "chmod 777 .git/config && chmod 666 .git/config || echo kept;"
              "ln -sf /tmp/x .git/config || echo kept;"
              "echo >>.git/config || echo kept; true >.git/config || echo kept;"
              "ln .git/config c; echo >>c")
    assert r.out.split() == ["kept"] * 9, r
    got = outside(top, "config", "--local", "--list").split("\n")
    assert "alias.x=!run" in got and "core.hookspath=mine" in got, got
    assert "user.name=A" in got, got


TRIES = r"""
import os, threading
os.chdir("/ws/one/.git")
evil = "[core]\n\tfsmonitor = ./evil\n"
good = "[core]\n\tbare = false\n"
def tries(label, f):
    try:
        f()
        print(label, "done")
    except OSError:
        pass
    for name in ("config.lock", "config.openshell", "x"):
        try:
            os.unlink(name)
        except OSError:
            pass
def write(name, text):
    with open(name, "w", encoding="ascii") as f:
        f.write(text)
def held():
    f = open("config.lock", "w", encoding="ascii")
    f.write(good)
    f.flush()
    os.rename("config.lock", "config")
    f.seek(0)
    f.write(evil)
    f.close()
def linked():
    write("config.lock", good)
    os.link("config.lock", "x")
    os.rename("config.lock", "config")
    write("x", evil)
def mapped():
    write("config.lock", good + " " * 4096)
    import mmap
    fd = os.open("config.lock", os.O_RDWR)
    m = mmap.mmap(fd, 4096)
    stop = []
    def flip():
        while not stop:
            m[:len(evil)] = evil.encode()
            m[:len(good)] = good.encode()
    t = threading.Thread(target=flip)
    t.start()
    for _ in range(300):
        try:
            os.rename("config.lock", "config")
        except OSError:
            pass
        if not os.path.exists("config.lock"):
            write("config.lock", good)
    stop.append(1)
    t.join()
def planted():
    write("config.openshell", evil)
    fd = os.open("config.openshell", os.O_RDWR)
    write("config.lock", good)
    os.rename("config.lock", "config")
    os.pwrite(fd, evil.encode(), 0)
def by_link():
    os.symlink("x", "config.lock")
    write("x", evil)
    os.rename("config.lock", "config")
def moved():
    os.mkdir("../../two")
    os.mkdir("../../two/.git")
    write("../../two/.git/config.lock", evil)
    os.rename("../../two/.git/config.lock", "config")
def exchanged():
    import ctypes
    write("config.lock", evil)
    if ctypes.CDLL(None).renameat2(-100, b"config.lock", -100, b"config", 2):
        raise OSError
def renamed():
    os.mkdir("/ws/g")
    write("/ws/g/config", evil)
    os.mkdir("/ws/three")
    os.rename("/ws/g", "/ws/three/.git")
def common():
    write("commondir", "/ws/g")
for f in (held, linked, mapped, planted, by_link, moved, exchanged, renamed,
          common):
    tries(f.__name__, f)
"""


def test_nothing_but_what_was_read_comes_into_the_configuration(sh):
    top = start(sh)
    sh.sh("box", "cd /ws; git init -q one")
    r = sh.exec("box", "python3", "-c", TRIES, timeout=60)
    assert r.code == 0, r
    assert set(r.out.split()) <= {"held", "linked", "mapped", "planted",
                                  "done"}, r
    text = sh.sh("box", "cat /ws/one/.git/config").out
    assert "evil" not in text, text
    assert not os.path.exists(f"{top}/three/.git")

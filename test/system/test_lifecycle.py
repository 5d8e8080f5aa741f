"""A sandbox from creation to deletion, as its user sees it."""
import hashlib
import os
import time

import pytest
from shell import wait_until

BIG = 10 * 1000 * 1000


@pytest.mark.both
def test_a_command_runs_and_its_output_and_code_come_back(sh):
    r = sh.once("sh", "-c", "echo out; echo err >&2; exit 7")
    assert (r.code, r.out) == (7, "out\n"), r
    assert "err\n" in r.err


@pytest.mark.both
def test_inside_everybody_is_the_user_sandbox_in_its_own_home(sh):
    r = sh.once("sh", "-c", "id -u; id -g; id -un; pwd; echo $HOME")
    assert r.out.split() == ["1000", "1000", "sandbox", "/home/sandbox",
                             "/home/sandbox"], r


def test_no_keep_deletes_at_the_end(sh):
    assert sh.once("true").code == 0
    # nobody waits for one that has no name of its own
    assert wait_until(lambda: sh.list() == [])
    assert sh.run("sandbox", "create", "--name", "mine", "--no-keep", "--",
                  "true").code == 0
    assert sh.list() == []


def test_a_killed_command_gives_128_plus_the_signal(sh):
    assert sh.once("sh", "-c", "kill -TERM $$").code == 128 + 15


@pytest.mark.both
def test_create_list_get_exec_stop_start_delete(sh):
    sh.start("first")
    assert [s["name"] for s in sh.list()] == ["first"]
    assert sh.get("first")["phase"] == "running"
    assert sh.exec("first", "echo", "hello").out == "hello\n"
    sh.ok("sandbox", "stop", "first")
    assert sh.get("first")["phase"] == "stopped"
    assert sh.exec("first", "true").code != 0
    sh.ok("sandbox", "start", "first", "--detach")
    wait_until(lambda: sh.get("first")["phase"] == "running")
    assert sh.exec("first", "true").code == 0
    sh.ok("sandbox", "delete", "first")
    assert sh.list() == []
    assert sh.run("sandbox", "get", "first").code != 0


def test_a_command_that_ends_at_once_is_told_of_when_left_running(sh):
    def told():
        r = sh.ok("sandbox", "create", "--detach", "--", "sh", "-c", "exit 3")
        name = r.out.strip()
        return f"{name} has ended already (exit code 3)" in r.err
    wait_until(told, timeout=30)
    r = sh.ok("sandbox", "create", "--detach", "--", "sleep", "100")
    assert r.err == "", r


def test_a_sandbox_whose_command_ended_is_exited_with_its_code(sh):
    assert sh.run("sandbox", "create", "--name", "e", "--", "sh", "-c",
                  "exit 3").code == 3
    got = sh.get("e")
    assert (got["phase"], got["exit_code"]) == ("exited", 3)
    assert "Exited (3)" in sh.ok("sandbox", "list").out


def test_a_command_that_is_not_there_is_failed_with_the_reason(sh):
    r = sh.run("sandbox", "create", "--name", "f", "--", "no-such-program")
    assert r.code != 0 and "no-such-program" in r.err, r
    got = sh.get("f")
    assert got["phase"] == "failed" and "no-such-program" in got["reason"]
    assert "Failed" in sh.ok("sandbox", "list").out


def test_files_of_the_home_are_kept_over_a_restart(sh):
    sh.start("keeps")
    sh.sh("keeps", "echo kept > ~/note; mkdir -p ~/a/b")
    sh.ok("sandbox", "stop", "keeps")
    sh.ok("sandbox", "start", "keeps", "--detach")
    wait_until(lambda: sh.get("keeps")["phase"] == "running")
    assert sh.sh("keeps", "cat ~/note; ls -d ~/a/b").out == \
        "kept\n/home/sandbox/a/b\n"


@pytest.mark.both
def test_what_is_installed_in_the_system_breaks_only_the_sandbox(sh):
    sh.start("layer")
    assert sh.sh("layer", "echo mine > /usr/local/bin/x && "
                 "rm /usr/bin/env && cat /usr/local/bin/x").out == "mine\n"
    assert os.path.exists("/usr/bin/env")
    assert not os.path.exists("/usr/local/bin/x")
    sh.ok("sandbox", "stop", "layer")
    sh.ok("sandbox", "start", "layer", "--detach")
    wait_until(lambda: sh.get("layer")["phase"] == "running")
    assert sh.sh("layer", "cat /usr/local/bin/x; ls /usr/bin/env").out == \
        "mine\n"


def test_two_sandboxes_see_nothing_of_each_other(sh):
    sh.start("one")
    sh.start("two")
    sh.sh("one", "echo secret > ~/s; echo t > /tmp/t; echo u > /dev/shm/u")
    r = sh.sh("two", "cat ~/s /tmp/t /dev/shm/u; ps ax 2>/dev/null | wc -l; "
              "ls /proc | grep -c '^[0-9]'")
    assert "secret" not in r.out and "t\n" not in r.out
    assert int(r.out.split()[-1]) < 10


def test_deleting_all_leaves_none(sh):
    for name in ("a", "b", "c"):
        sh.start(name)
    sh.ok("sandbox", "delete", "--all")
    assert sh.list() == []
    folder = os.path.join(sh.home, "state", "sandboxes")
    assert not os.path.isdir(folder) or os.listdir(folder) == []


def test_deleting_several_by_name(sh):
    for name in ("a", "b", "c"):
        sh.start(name)
    sh.ok("sandbox", "delete", "a", "c")
    assert [s["name"] for s in sh.list()] == ["b"]


def test_a_name_left_out_means_the_sandbox_used_last(sh):
    sh.start("older")
    sh.start("newer")
    r = sh.ok("sandbox", "get", "-o", "json").json()
    assert (r[0] if isinstance(r, list) else r)["name"] == "newer"


def test_a_taken_name_is_refused_and_changes_nothing(sh):
    sh.start("taken")
    r = sh.run("sandbox", "create", "--name", "taken", "--", "true")
    assert r.code != 0 and "taken" in r.err, r
    assert len(sh.list()) == 1


@pytest.mark.both
def test_ten_megabytes_pass_through_clean_both_ways(sh):
    data = os.urandom(BIG)
    r = sh.once("cat", data=data, raw=True, timeout=120)
    assert r.code == 0, r.err
    assert hashlib.sha256(r.out).digest() == hashlib.sha256(data).digest()


def test_output_larger_than_any_buffer_arrives_whole_before_the_end(sh):
    r = sh.once("sh", "-c", f"head -c {BIG} /dev/zero", raw=True)
    assert len(r.out) == BIG and r.code == 0, r.err


def test_end_of_input_reaches_the_command(sh):
    assert sh.once("sh", "-c", "cat; echo eof", data="x").out == "xeof\n"


def test_a_reader_that_goes_away_ends_the_command(sh):
    start = time.monotonic()
    p = sh.popen("sandbox", "create", "--no-keep", "--", "yes",
                 stdout=-1, stdin=-3, stderr=-3)
    p.stdout.read(100)
    p.stdout.close()
    p.wait(20)
    assert time.monotonic() - start < 20


def test_env_workdir_and_mounts_are_as_asked(sh):
    d = sh.folder("shared")
    ro = sh.folder("fixed")
    sh.write("fixed/f", "fixed\n")
    r = sh.once("sh", "-c", "pwd; echo $K; echo new > out; cat /ro/f; "
                "echo x > /ro/f",
                options=["--mount", d + ":/work", "--mount", ro + ":/ro:ro",
                         "--workdir", "/work", "--env", "K=a=b c"])
    assert r.out == "/work\na=b c\nfixed\n", r
    assert r.code != 0 and "ead-only" in r.err
    with open(os.path.join(d, "out"), encoding="ascii") as f:
        assert f.read() == "new\n"
    assert os.stat(os.path.join(d, "out")).st_uid == sh.user.uid


def test_a_mount_that_does_not_exist_fails_with_its_name(sh):
    r = sh.once("true", options=["--mount", "/no/such/place:/x"])
    assert r.code != 0 and "/no/such/place" in r.err, r


def test_the_environment_is_clean(sh):
    r = sh.run("sandbox", "create", "--no-keep", "--", "env",
               env={"SECRET_TOKEN": "hunter2", "SSH_AUTH_SOCK": "/x",
                    "DBUS_SESSION_BUS_ADDRESS": "unix:/y", "LD_PRELOAD": ""})
    assert r.code == 0, r
    for word in ("hunter2", "SSH_AUTH_SOCK", "DBUS", "LD_PRELOAD",
                 "OPENSHELL_HOME", sh.home):
        assert word not in r.out, word


def test_exec_has_its_own_code_directory_and_environment(sh):
    sh.start("x")
    r = sh.exec("x", "sh", "-c", "pwd; echo $A; exit 9",
                options=["--workdir", "/tmp", "--env", "A=1"])
    assert (r.code, r.out) == (9, "/tmp\n1\n"), r


def test_exec_is_ended_by_its_timeout(sh):
    sh.start("x")
    began = time.monotonic()
    r = sh.exec("x", "sleep", "100", options=["--timeout", "1"])
    assert r.code != 0 and time.monotonic() - began < 10, r
    assert "sleep" not in sh.sh("x", "cat /proc/[0-9]*/comm").out \
        .replace("sleep\n", "", 1)


def test_many_execs_at_once_do_not_mix(sh):
    sh.start("x")
    many = [sh.popen("sandbox", "exec", "x", "--", "sh", "-c",
                     f"for i in 1 2 3; do echo {n}; sleep 0.1; done",
                     stdout=-1, stdin=-3, stderr=-1) for n in range(8)]
    for n, p in enumerate(many):
        out, err = p.communicate(timeout=30)
        assert out.decode() == f"{n}\n" * 3, err


def test_stop_ends_a_command_that_ignores_it(sh):
    sh.start("deaf", command=("sh", "-c", "trap '' TERM; while :; do "
                              "sleep 1; done"))
    sh.ok("sandbox", "stop", "deaf", timeout=30)
    assert sh.get("deaf")["phase"] == "stopped"


def test_children_that_were_left_behind_end_with_the_main_process(sh):
    from shell import processes
    assert sh.run("sandbox", "create", "--name", "d", "--", "sh", "-c",
                  "setsid sleep 4321 & (setsid sleep 4321 &) ; exit 0"
                  ).code == 0
    wait_until(lambda: sh.get("d")["phase"] == "exited")
    time.sleep(0.2)
    for pid in processes():
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                assert b"4321" not in f.read()
        except OSError:
            pass


def test_a_tty_is_refused_where_there_is_none(sh):
    r = sh.run("sandbox", "create", "--no-keep", "--", "sh", "-c",
               "test -t 0 || echo pipe")
    assert r.out == "pipe\n", r

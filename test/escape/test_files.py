"""Attacks on files: what is not named is not there, and stays so."""
import os
import stat

import pytest
from shell import wait_until

SECRET = "the-secret-of-the-host"


def restart(sh, name):
    sh.ok("sandbox", "stop", name)
    sh.ok("sandbox", "start", name, "--detach")
    wait_until(lambda: sh.get(name)["phase"] != "provisioning")


@pytest.mark.both
@pytest.mark.parametrize("place", [
    "/etc/ssl/certs/ca-certificates.crt", "/etc/openshell/ca.pem",
    "/etc/openshell", "/etc/passwd", "/etc/hosts", "/etc/resolv.conf"])
def test_class_1_a_symlink_left_for_the_supervisor_is_not_followed(
        sh, place):
    """It writes the certificate and more at each start: not through this."""
    victim = sh.folder("victim")
    target = sh.write("victim/file", SECRET)
    sh.start("box", options=["--mount", f"{victim}:/victim"])
    into = "/victim" if place == "/etc/openshell" else "/victim/file"
    sh.sh("box", f"rm -rf {place}; ln -s {into} {place}; "
          f"ls -ld {place}")
    restart(sh, "box")
    with open(target, encoding="utf-8") as f:
        assert f.read() == SECRET
    assert os.listdir(victim) == ["file"]
    assert sh.get("box")["phase"] in ("running", "failed")


@pytest.mark.both
def test_class_1_a_home_turned_into_a_symlink_leads_nowhere(sh):
    sh.start("box")
    sh.sh("box", "rm -rf /home/sandbox/* /home/sandbox/.??*; "
          "ln -s /etc /home/sandbox/.config; ln -s / /home/sandbox/root")
    directory = sh.get("box").get("directory")
    restart(sh, "box")
    assert sh.get("box")["phase"] == "running"
    sh.ok("sandbox", "delete", "box")
    assert os.path.isdir("/etc") and os.path.exists("/etc/passwd")
    assert directory is None or not os.path.exists(directory)


@pytest.mark.both
def test_class_1_deleting_does_not_follow_links_out_of_the_sandbox(sh):
    victim = sh.folder("victim")
    sh.write("victim/file", SECRET)
    sh.start("box", options=["--mount", f"{victim}:/victim:ro"])
    sh.sh("box", f"ln -s {victim} ~/v; ln -s {victim}/file ~/f; "
          f"mkdir -p ~/d; ln -s ../../../../../../../../..{victim} ~/d/up; "
          "mkdir -p ~/deep; cd ~/deep; i=0; while [ $i -lt 200 ]; do "
          "mkdir d; cd d; i=$((i+1)); done; chmod 0 ~/d")
    sh.ok("sandbox", "delete", "box")
    assert os.listdir(victim) == ["file"]
    base = os.path.join(sh.home, "state", "sandboxes")
    assert not os.path.isdir(base) or os.listdir(base) == []


SECRETS = ["/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/gshadow-",
           "/etc/sudoers", "/etc/ssh/ssh_host_rsa_key",
           "/etc/ssh/ssh_host_ed25519_key", "/root/.ssh/id_rsa",
           "/root/.bash_history", "/var/lib/dpkg/lock", "/boot", "/home"]


@pytest.mark.both
def test_class_4_secrets_of_the_system_are_not_there(sh):
    r = sh.once("sh", "-c", "for f in " + " ".join(SECRETS[:9]) +
                "; do cat $f 2>/dev/null && echo LEAK $f; done; "
                "ls /home; ls -A /root /boot 2>/dev/null")
    assert "LEAK" not in r.out and ":" not in r.out.replace(
        "/root:", "").replace("/boot:", ""), r
    assert "sandbox" in r.out.split()
    assert "tester" not in r.out.split()


@pytest.mark.both
def test_class_4_the_users_own_files_are_not_there(sh):
    secret = sh.write("id_rsa", SECRET, 0o600)
    r = sh.once("sh", "-c", f"cat {secret} {sh.user.home}/.profile "
                f"{sh.home}/config/config.yaml; ls -R {sh.home}; "
                "find / -name id_rsa -not -path '/proc/*' 2>/dev/null")
    assert SECRET not in r.out and "id_rsa" not in r.out, r
    assert "upstream_ca" not in r.out, r


@pytest.mark.both
def test_class_6_no_process_of_the_host_shows(sh):
    r = sh.once("sh", "-c", "ls /proc | grep '^[0-9]' | wc -l; "
                "cat /proc/[0-9]*/comm; tr '\\0' '\\n' < /proc/1/environ; "
                "cat /proc/1/cmdline; ls -l /proc/1/exe /proc/1/cwd "
                "/proc/1/fd 2>&1; cat /proc/self/mountinfo")
    assert int(r.out.split()[0]) <= 6, r
    for word in ("pytest", "openshell-gateway", "openshell-egress",
                 "openshell-super", "OPENSHELL_HOME"):
        assert word not in r.out, (word, r)


@pytest.mark.both
def test_class_6_mount_table_and_proc_tell_no_host_path(sh):
    """Names of the user's folders are nobody's business inside."""
    r = sh.once("sh", "-c", "cat /proc/self/maps /proc/self/status "
                "/proc/self/cgroup /proc/self/limits")
    assert sh.home not in r.out, r


@pytest.mark.both
def test_class_8_bind_and_proc_aliases_reach_nothing(sh):
    r = sh.once("sh", "-c", """
for p in /proc/self/root /proc/1/root /proc/self/cwd /proc/thread-self/root \
    /proc/1/cwd "/proc/self/fd/0" /dev/fd/0 //etc/.. /proc/self/task/*/root; do
    cat $p/etc/shadow $p/../etc/shadow $p/root/.bashrc 2>/dev/null
done; true""")
    assert r.out == "", r


@pytest.mark.both
def test_class_7_a_hard_link_between_mounts_is_refused(sh):
    d = sh.folder("ro")
    sh.write("ro/f", "x")
    r = sh.once("sh", "-c", "ln /ro/f ~/f && echo LINKED; "
                "ln /ro/f /ro/g && echo LINKED2; ln /etc/passwd ~/p && "
                "echo hi >> ~/p && grep -c hi /etc/passwd",
                options=["--mount", d + ":/ro:ro"])
    assert "LINKED" not in r.out, r
    assert os.listdir(d) == ["f"]
    with open("/etc/passwd", encoding="utf-8") as f:
        assert not f.read().endswith("hi\n")


FILES = """
file_access:
  allow:
    - path: "{0}/read/**"
      permissions: [read]
    - path: "{0}/write/**"
      permissions: [read, write]
"""


@pytest.fixture
def granted(sh):
    for d in ("read", "write", "other", "read/sub"):
        sh.folder(d)
    sh.write("read/f", "readable\n")
    sh.write("write/f", "writable\n")
    sh.write("other/f", SECRET)
    os.symlink(os.path.join(sh.files, "other/f"),
               os.path.join(sh.files, "read", "link"))
    os.symlink("../other", os.path.join(sh.files, "write", "linkdir"))
    return FILES.format(sh.files)


@pytest.mark.both
def test_class_13_the_rules_are_there_and_not_empty(sh, granted):
    r = sh.once("sh", "-c", f"cd {sh.files}; cat read/f write/f; "
                "echo more >> write/f; echo new > write/n; rm write/n; "
                "echo x 2>/dev/null > read/f || echo no1; "
                "rm -f read/f 2>/dev/null; test -e read/f && echo no2; "
                "touch read/new 2>/dev/null || echo no3; "
                "mv read/sub read/sub2 2>/dev/null || echo no4; "
                "chmod 777 read/f 2>/dev/null || echo no5; "
                "truncate -s 0 read/f 2>/dev/null || echo no6",
                policy=granted)
    assert r.out == "readable\nwritable\nno1\nno2\nno3\nno4\nno5\nno6\n", r


@pytest.mark.both
def test_class_11_a_symlink_in_an_allowed_tree_opens_nothing_else(
        sh, granted):
    r = sh.once("sh", "-c", f"cd {sh.files}; cat read/link write/linkdir/f "
                "other/f; ls; ln -s ../../other write/again; "
                "cat write/again/f; mv write/f write/g; ln -s ../other/f "
                "write/f; cat write/f; ls -a ..", policy=granted)
    assert SECRET not in r.out, r
    assert "config" not in r.out, r


@pytest.mark.both
def test_class_11_an_ancestor_of_an_allowed_tree_cannot_be_renamed(
        sh, granted):
    r = sh.once("sh", "-c", f"mv {sh.files} {sh.files}2; "
                f"mv {sh.files}/write {sh.files}/w2; "
                f"rmdir {sh.files}/other; mkdir {sh.files}/new; true",
                policy=granted)
    assert r.code == 0
    assert sorted(os.listdir(sh.files))[:1] == ["other"] or \
        {"other", "read", "write"} <= set(os.listdir(sh.files))
    assert "new" not in os.listdir(sh.files)


@pytest.mark.both
def test_class_11_a_protected_name_is_not_replaced_by_renaming_above_it(sh):
    """Another folder in the place of one on the way to it would hold
    hooks and settings of the agent's own."""
    d = sh.folder("code")
    for name in ("", "/.git", "/.git/hooks", "/deep", "/deep/down",
                 "/deep/down/.vscode"):
        sh.folder("code/proj" + name)
    hook = sh.write("code/proj/.git/hooks/pre-commit", "the user's")
    settings = sh.write("code/proj/deep/down/.vscode/tasks.json", "{}")
    for name in ("code/plain", "code/plain/sub"):
        sh.folder(name)
    r = sh.once("sh", "-c", """cd /code
for p in proj proj/deep proj/deep/down proj/.git proj/.git/hooks; do
    python3 -c "import os, sys; os.rename(sys.argv[1], 'taken')" $p &&
        echo RENAMED $p
done 2>/dev/null
mkdir -p proj/.git/hooks proj/deep/down/.vscode
echo evil > proj/.git/hooks/pre-commit
echo evil > proj/deep/down/.vscode/tasks.json
mv plain/sub plain/sub2 && echo plain""",
                options=["--mount", d + ":/code"])
    assert r.out == "plain\n", r
    for path, text in ((hook, "the user's"), (settings, "{}")):
        with open(path, encoding="utf-8") as f:
            assert f.read() == text


@pytest.mark.both
def test_class_11_a_read_only_mount_in_a_writable_one_stays_where_it_is(sh):
    for name in ("all", "all/sub", "all/sub/keep"):
        sh.folder(name)
    kept = sh.write("all/sub/keep/f", "kept")
    r = sh.once("sh", "-c", "cd /all; mv sub taken && echo RENAMED; "
                "mkdir -p sub/keep; echo evil > sub/keep/f; true",
                options=["--mount", f"{sh.files}/all:/all", "--mount",
                         f"{sh.files}/all/sub/keep:/all/sub/keep:ro"])
    assert r.code == 0 and r.out == "", r
    with open(kept, encoding="utf-8") as f:
        assert f.read() == "kept"


def test_class_11_a_folder_full_of_names_is_protected_as_well(sh):
    """Filled by an agent, so that the next one is free in it."""
    for name in ("full", "full/.git", "full/.git/hooks"):
        sh.folder(name)
    hook = sh.write("full/.git/hooks/pre-commit", "the user's")
    for i in range(20000):
        with open(os.path.join(sh.files, "full", f"{i}x"), "wb"):
            pass
    r = sh.once("sh", "-c", "cd /full; echo evil > .git/hooks/pre-commit; "
                "mv .git taken && echo RENAMED; true",
                options=["--mount", f"{sh.files}/full:/full"])
    assert r.code == 0 and r.out == "", r
    with open(hook, encoding="utf-8") as f:
        assert f.read() == "the user's"


@pytest.mark.both
def test_class_59_our_own_settings_in_a_mounted_tree_cannot_be_replaced(sh):
    """They are covered; a folder above them must not make way either."""
    above = os.path.dirname(sh.home)
    home = os.path.basename(sh.home)
    r = sh.once("sh", "-c", f"""cd /up
ls {home}/config {home}/state 2>/dev/null
python3 -c "import os; os.rename('{home}', 'taken'); print('RENAMED')"
python3 -c "import os; os.rename('{home}/config', 'c'); print('RENAMED')"
""", options=["--mount", above + ":/up"])
    assert r.out == "", r
    assert os.path.isfile(os.path.join(sh.home, "config", "config.yaml"))


@pytest.mark.both
def test_class_13_a_system_that_is_read_only_is_so(sh, granted):
    r = sh.once("sh", "-c", "touch /usr/x /etc/x /bin/x /x /opt/x /var/x; "
                "rm -f /usr/bin/env /etc/passwd; "
                "ls /usr/bin/env /etc/passwd", policy=granted)
    assert r.out == "/etc/passwd\n/usr/bin/env\n" or \
        r.out == "/usr/bin/env\n/etc/passwd\n", r


@pytest.mark.both
def test_class_15_a_deny_is_subtracted_from_the_tree_around_it(sh):
    d = sh.folder("d")
    sh.write("d/a", "readable")
    sh.write("d/sub/b", SECRET)
    r = sh.once("sh", "-c", f"cat {d}/a; cat {d}/sub/b; ls {d}/sub", policy=f"""
file_access:
  allow:
    - path: "{d}/**"
      permissions: [read]
  deny:
    - path: "{d}/sub/**"
""")
    assert r.out == "readable" and r.err.count("Permission denied") == 2, r


@pytest.mark.both
def test_class_14_what_only_landlock_forbids_is_forbidden(sh):
    """A tree for writing only: its mount would let it be read and run."""
    d = sh.folder("out")
    sh.write("out/secret", SECRET)
    sh.write("out/tool", "#!/bin/sh\necho it ran\n", mode=0o755)
    r = sh.once("sh", "-c", """
echo mine > /out/new && echo wrote
cat /out/secret; cat /out/new; ls /out; cp /out/secret /tmp; /out/tool
""", policy="""
file_access:
  allow:
    - path: "/out/**"
      permissions: [write]
""", options=["--mount", f"{d}:/out"])
    assert r.out == "wrote\n", r
    assert SECRET not in r.err and "it ran" not in r.out, r
    assert r.err.count("Permission denied") >= 4, r


@pytest.mark.both
def test_class_14_writing_only_inside_what_may_be_read_is_refused_aloud(sh):
    d = sh.folder("out")
    r = sh.once("true", policy=f"""
file_access:
  allow:
    - path: "{d}/**"
      permissions: [write]
""")
    assert r.code != 0 and "not enforced by this version" in r.err, r


@pytest.mark.both
def test_class_19_a_working_directory_grants_nothing(sh):
    for d in ("/", "/etc", "/usr/bin"):
        r = sh.once("sh", "-c", "pwd; echo x > ./openshell-was-here; true",
                    options=["--workdir", d])
        assert r.code == 0, r
        assert not os.path.exists(os.path.join(d, "openshell-was-here"))
    r = sh.once("pwd", options=["--workdir", sh.files])
    assert r.code != 0, "a folder that is not there was entered"


def test_class_14_what_cannot_be_enforced_is_not_run(sh, tmp_path):
    """Without user namespaces there is no sandbox, and a reason."""
    import subprocess
    script = ("echo 0 > /proc/sys/user/max_user_namespaces && exec "
              f"{sh.argv()[-1]} sandbox create --no-keep -- echo RAN")
    r = subprocess.run(
        [*sh.user.prefix(), "unshare", "-Ur", "sh", "-c", script],
        env=sh.environment(), capture_output=True, text=True, timeout=60,
        check=False)
    assert "RAN" not in r.stdout and r.returncode != 0, r
    assert "namespace" in r.stderr or "groups" in r.stderr, r


@pytest.mark.both
def test_class_27_no_descriptor_of_outside_comes_in(sh):
    import subprocess
    keep = sh.write("held", SECRET)
    saved = {}  # 7 may be the test runner's own
    with open(keep, encoding="utf-8") as f:
        for fd in (7, 200):
            try:
                saved[fd] = os.dup(fd)
            except OSError:
                pass
            os.dup2(f.fileno(), fd)
        try:
            r = subprocess.run(
                sh.argv("sandbox", "create", "--no-keep", "--", "sh", "-c",
                        "ls /proc/self/fd; cat <&7; cat /proc/self/fd/7; "
                        "cat /proc/1/fd/* 2>&1 | head -c 1000; true"),
                env=sh.environment(), pass_fds=(7, 200), timeout=60,
                capture_output=True, text=True, check=False)
        finally:
            for fd in (7, 200):
                os.close(fd)
                if fd in saved:
                    os.dup2(saved[fd], fd)
                    os.close(saved[fd])
    assert SECRET not in r.stdout, r
    assert set(r.stdout.split()[:4]) <= {"0", "1", "2", "3"}, r


@pytest.mark.both
def test_class_32_groups_and_limits_are_dropped(sh):
    r = sh.once("sh", "-c", "ulimit -Hc; id -G; grep -E "
                "'^(Groups|Cap|NoNewPrivs)' /proc/self/status")
    lines = r.out.splitlines()
    assert lines[0] == "0", r
    assert "0" not in lines[1].split(), r
    assert all(x.endswith("0000000000000000") for x in lines
               if x.startswith("Cap")), r


@pytest.mark.both
def test_class_32_no_device_but_the_harmless_ones(sh):
    r = sh.once("sh", "-c", "find /dev -type b; find /dev -type c")
    known = {"null", "zero", "full", "random", "urandom", "tty", "ptmx",
             "console"}
    for path in r.out.split():
        assert os.path.basename(path) in known or "/pts/" in path, path


@pytest.mark.both
def test_class_22_to_26_no_socket_of_the_host_can_be_reached(sh):
    """Bus, agent, engine, display, multiplexer: as files and by name."""
    import socket
    made = []
    for path in ("/tmp/.X11-unix-X7", "/tmp/tmux-probe", "/tmp/dbus-probe",
                 os.path.join(sh.files, "agent.sock")):
        if os.path.exists(path):
            os.unlink(path)
        s = socket.socket(socket.AF_UNIX)
        s.bind(path)
        os.chmod(path, 0o777)
        s.listen()
        made.append((path, s))
    for name in ("\0/tmp/.X11-unix/X0", "\0/tmp/dbus-abstract"):
        s = socket.socket(socket.AF_UNIX)
        s.bind(name)
        s.listen()
        made.append((name, s))
    names = [p for p, _ in made] + [
        "/run/dbus/system_bus_socket", "/var/run/docker.sock",
        "/run/user/0/bus", "/run/snapd.socket", "/run/containerd/"
        "containerd.sock", os.path.join(sh.home, "run", "gateway.sock"),
        os.path.join(sh.home, "run", "auditor.sock")]
    r = sh.once("python3", "-c", f"""
import socket
for name in {names!r}:
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET,
                 socket.SOCK_DGRAM):
        s = socket.socket(socket.AF_UNIX, kind)
        try:
            s.connect(name); print("REACHED", repr(name))
        except OSError as e:
            pass
""")
    for path, s in made:
        s.close()
        if path[0] != "\0":
            os.unlink(path)
    assert r.code == 0 and r.out == "", r
    r = sh.once("sh", "-c", "find / -xdev -type s 2>/dev/null; "
                "cat /proc/net/unix | wc -l")
    assert r.out.strip().splitlines()[-1].strip() in ("0", "1"), r


@pytest.mark.both
def test_class_66_a_sandbox_inside_is_no_way_out(sh):
    r = sh.once("sh", "-c", "unshare -Ur true && echo NESTED; "
                "unshare -n true && echo NESTED; "
                "bwrap --unshare-all --bind / / true && echo NESTED; true")
    assert "NESTED" not in r.out, r


def test_class_60_a_restart_runs_under_the_same_policy(sh, world):
    sh.start("box", "network:\n  allow:\n    - endpoint: sub.echo.test\n")
    for _ in range(2):
        r = sh.exec("box", "curl", "-fsS", "https://echo.test/")
        assert r.code != 0
        restart(sh, "box")
    assert world.requests() == []


@pytest.mark.both
def test_class_70_no_key_and_no_private_file_is_open_to_others(sh):
    sh.start("box", "network:\n  allow:\n    - endpoint: echo.test\n")
    assert sh.exec("box", "curl", "-fsS", "https://echo.test/").code == 0
    for folder, dirs, files in os.walk(sh.home):
        if folder == sh.files:
            dirs.clear()
            continue
        for name in files:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            if not stat.S_ISREG(st.st_mode) or "/layer" in path:
                continue
            with open(path, "rb") as f:
                assert b"PRIVATE KEY" not in f.read(), path
    r = sh.sh("box", "grep -rsl 'PRIVATE KEY' /etc/openshell /etc/ssl "
              "/home /tmp /run; env | grep -i key; true")
    assert r.out == "", r


def test_class_70_no_secret_is_in_a_command_line(sh):
    """What --env gives is not shown to other users by ps."""
    sh.start("box", options=["--env", "TOKEN=hunter2"])
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                assert b"hunter2" not in f.read(), pid
        except OSError:
            pass
    assert "hunter2" not in sh.ok("sandbox", "get", "box", "-o", "json").out
    for record in sh.audit():
        assert "hunter2" not in str(record)


@pytest.mark.both
def test_class_12_what_runs_later_outside_stays_as_it_was(sh):
    """Hooks, start-up files and settings in a writable mount."""
    names = [".git/hooks/pre-commit", ".git/config", ".bashrc",
             ".vscode/tasks.json", ".mcp.json", ".claude/settings.json",
             "deep/er/.git/config"]
    for name in names:
        sh.write("proj/" + name, "the user's")
    folder = sh.folder("proj")
    script = "cd /proj; " + "; ".join(
        f"echo evil > {n}; rm -f {n}; mv {n} x; ln -sf /tmp/x {n}; "
        f"mv $(dirname {n}) y 2>/dev/null" for n in names)
    sh.once("sh", "-c", script + "; touch free && echo made", options=[
        "--mount", f"{folder}:/proj"])
    for name in names:
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            assert f.read() == "the user's", name
    assert os.path.exists(os.path.join(folder, "free"))


@pytest.mark.both
def test_class_26_a_socket_in_a_mount_is_covered(sh):
    import socket
    folder = sh.folder("with-socket")
    path = os.path.join(folder, "agent.sock")
    with socket.socket(socket.AF_UNIX) as s:
        here = os.getcwd()
        os.chdir(folder)  # the name may be too long for the address
        s.bind("agent.sock")
        os.chdir(here)
        os.chmod(path, 0o777)
        s.listen(1)
        r = sh.once("python3", "-c",
                    "import os, socket; os.chdir('/m'); "
                    "socket.socket(socket.AF_UNIX).connect('agent.sock')",
                    options=["--mount", f"{folder}:/m"])
    assert r.code != 0 and "Error" in r.err, r


@pytest.mark.both
def test_class_32_a_mount_gets_no_set_user_id_file(sh):
    """It would give the user's rights to whoever runs it outside."""
    folder = sh.folder("shared")
    sh.once("sh", "-c", "cp /bin/true /m/t; chmod 4755 /m/t; chmod u+s /m/t; "
            "chmod g+s /m/t; install -m 4755 /bin/true /m/u; "
            "python3 -c \"import os; os.open('/m/v', os.O_CREAT, 0o6755)\"",
            options=["--mount", f"{folder}:/m"])
    for name in os.listdir(folder):
        mode = os.stat(os.path.join(folder, name)).st_mode
        assert mode & (stat.S_ISUID | stat.S_ISGID) == 0, name
    assert "t" in os.listdir(folder)

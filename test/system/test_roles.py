"""Each program, once jailed, tries what its role must not do."""
import os
import re
import subprocess

import pytest
from shell import WORLD, named

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "role_probe.c"), encoding="ascii") as f:
    ATTEMPTS = re.findall(r'^\t\{ "(\w+)", try_', f.read(), re.M)

# What a role does for its living; all the rest must be refused.
MAY = {
    "gateway": {"read_passwd", "list_proc", "make_in_folder",
                "remove_in_folder", "truncate_in_folder", "unix"},
    "auditor": {"make_in_folder", "unix"},
    "supervisor": {"make_in_folder", "remove_in_folder",
                   "truncate_in_folder", "unix"},
    "egress": {"tcp", "udp6", "unix"},
    "finder": {"read_passwd", "list_proc"},
}
# As root, the two whose rows let them read the whole file system.
MAY_AS_USER = {"finder": {"read_shadow"}, "gateway": {"read_shadow"}}
FOLDER = {"gateway", "auditor", "supervisor"}


@pytest.fixture(scope="module")
def probe(pytestconfig):
    source = os.path.join(pytestconfig.getoption("--build"), "test", "system",
                          "role_probe")
    if not os.path.exists(source):
        pytest.fail(f"{source} is not built")
    target = os.path.join(WORLD, "role_probe")
    subprocess.run(["install", "-m", "755", source, target], check=True)
    return target


@pytest.mark.both
@pytest.mark.parametrize("role", list(MAY))
def test_a_role_may_do_its_row_and_nothing_else(user, probe, tmp_path_factory,
                                                role, pytestconfig):
    folder = os.path.join(WORLD, f"role-{role}-{user.name}")
    os.makedirs(folder, exist_ok=True)
    wrong = []
    for attempt in ATTEMPTS:
        there = os.path.join(folder, "there")
        with open(there, "w", encoding="ascii") as f:
            f.write("kept")
        user.own(folder)
        user.own(there)
        r = subprocess.run(
            [*user.prefix(), probe, role, attempt,
             folder if role in FOLDER else "-"],
            capture_output=True, text=True, timeout=20, check=False)
        assert r.returncode != 3, r.stderr
        may = attempt in MAY[role] | (
            MAY_AS_USER.get(role, set()) if user.uid == 0 else set())
        did = r.stdout == "done\n"
        if did != may:
            wrong.append((attempt, "could" if did else "could not", r.stdout))
    if os.path.exists("/tmp/role-probe-wrote-this"):
        os.unlink("/tmp/role-probe-wrote-this")
    assert not wrong, f"{role}: {wrong}"


def status(pid):
    with open(f"/proc/{pid}/status", encoding="latin-1") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f
                    if ":\t" in line)


@pytest.mark.both
def test_every_running_program_is_confined(sh):
    sh.start("box", "network:\n  allow:\n    - endpoint: echo.test\n")
    sh.exec("box", "curl", "-s", "https://echo.test/")
    for program in ("openshell-gateway", "openshell-auditor",
                    "openshell-supervisor", "openshell-egress"):
        pids = named(program)
        assert pids, program
        filtered = 0
        for pid in pids:
            s = status(pid)
            assert s["NoNewPrivs"].strip() == "1" or \
                s["Seccomp"].strip() == "0", (program, s)
            if s["Seccomp"].strip() == "2":
                filtered += 1
                # Only root can empty the bounding set, or would gain by it.
                bound = ["CapBnd"] if sh.user.uid == 0 else []
                for caps in ["CapEff", "CapPrm", "CapInh", "CapAmb", *bound]:
                    assert int(s[caps], 16) == 0, (program, caps, s[caps])
        assert filtered >= 1, f"{program}: no process has a filter"


def test_what_runs_inside_has_no_right_at_all(sh):
    r = sh.once("cat", "/proc/self/status")
    s = dict(line.split(":\t", 1) for line in r.out.splitlines()
             if ":\t" in line)
    assert s["NoNewPrivs"] == "1" and s["Seccomp"] == "2"
    for caps in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"):
        assert int(s[caps], 16) == 0, caps
    assert s["Uid"].split() == ["1000"] * 4


def test_no_program_holds_a_descriptor_it_does_not_need(sh):
    """Egress holds sockets and anonymous things; of files only the trusted
    certificates, to read one when a server's chain names it."""
    sh.start("box", "network:\n  allow:\n    - endpoint: echo.test\n")
    sh.exec("box", "curl", "-s", "https://echo.test/")
    for pid in named("openshell-egress"):
        try:
            fds = os.listdir(f"/proc/{pid}/fd")
        except PermissionError:
            pytest.skip("only root may look")
        for fd in fds:
            link = f"/proc/{pid}/fd/{fd}"
            target = os.readlink(link)
            if re.search(r"\.(pem|crt)$", target):
                assert os.lstat(link).st_mode & 0o200 == 0, target
                continue
            assert re.match(r"(socket:|anon_inode:|/memfd:|pipe:|/dev/null)",
                            target) or target.endswith(".log"), target


def test_the_egress_and_supervisor_of_a_user_are_not_traceable_by_him(sh):
    sh.start("box")
    for program in ("openshell-egress", "openshell-supervisor",
                    "openshell-gateway", "openshell-auditor"):
        for pid in named(program):
            r = subprocess.run(
                [*sh.user.prefix(), "cat", f"/proc/{pid}/environ"],
                capture_output=True, check=False)
            assert r.returncode != 0, program

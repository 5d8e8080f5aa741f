"""conftest.py -- fixtures; the run puts itself in the pretend internet."""
import os
import pwd
import shutil
import subprocess
import sys
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
SYSTEM = os.path.join(HERE, "system")
sys.path.insert(0, SYSTEM)
sys.path.insert(0, os.path.join(SYSTEM, "world"))

import hosts  # noqa: E402
import shell  # noqa: E402

TESTER = "tester"


def pytest_addoption(parser):
    parser.addoption("--build", default=os.path.join(ROOT, "build"),
                     help="the build folder whose programs are tried")
    parser.addoption("--all", action="store_true",
                     help="with the slow ones, in full numbers")
    parser.addoption("--exec-tries", default="",
                     help="how often execs are raced, in all")
    parser.addoption("--agents", default="",
                     help="folder in which npm installed the agents")


def pytest_configure(config):
    config.addinivalue_line("markers", "both: as root and as nobody special")
    config.addinivalue_line("markers", "leaves: processes may stay; the test "
                            "looks itself")
    if "OPENSHELL_WORLD" in os.environ or config.option.collectonly:
        return
    # Same command again, inside.  Nothing has run yet.
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.stop_global_capturing()
    os.execv(os.path.join(SYSTEM, "world", "enter"),
             ["enter", sys.executable, "-m", "pytest", *sys.argv[1:]])


def _users():
    """Who can run the programs here: (id, name) pairs, or why not."""
    me = pwd.getpwuid(os.getuid()).pw_name
    if os.getuid() != 0:
        return {"ordinary": me, "root": None}
    for _ in range(50):     # another run may be adding it
        try:
            pwd.getpwnam(TESTER)
            return {"ordinary": TESTER, "root": me}
        except KeyError:
            subprocess.run(["useradd", "-m", TESTER], check=False,
                           stderr=subprocess.DEVNULL)
            time.sleep(0.1)
    return {"ordinary": None, "root": me}


USERS = _users()


def pytest_generate_tests(metafunc):
    if "who" not in metafunc.fixturenames:
        return
    both = metafunc.definition.get_closest_marker("both")
    metafunc.parametrize("who", ["ordinary", "root"] if both else ["ordinary"])


@pytest.fixture(scope="session")
def programs(pytestconfig):
    """A folder with copies of the programs that every user may read."""
    build = pytestconfig.getoption("--build")
    out = os.path.join(shell.WORLD, "bin")
    os.makedirs(out, exist_ok=True)
    os.chmod(out, 0o755)
    for name in shell.PROGRAMS:
        folder = name.removeprefix("openshell-")
        folder = "cli" if folder == "openshell" else folder
        source = os.path.join(build, "src", folder, name)
        assert os.path.exists(source), f"{source} is not built"
        shutil.copy2(source, os.path.join(out, name))
        os.chmod(os.path.join(out, name), 0o755)
    library = os.path.join(ROOT, "policies")
    if os.path.isdir(library):
        shutil.copytree(library, os.path.join(out, "policies"),
                        dirs_exist_ok=True)
    return out


@pytest.fixture
def user(who):
    name = USERS[who]
    if name is None:
        pytest.skip(f"no {who} user here: this run is uid {os.getuid()}")
    return shell.User(name)


_serial = iter(range(1, 1 << 30))


@pytest.fixture
def sh(user, programs, request):
    """A Shell of the user, with a home of its own; nothing may stay."""
    base = os.path.join(shell.WORLD, "h")
    os.makedirs(base, exist_ok=True)
    os.chmod(base, 0o755)
    s = shell.Shell(os.path.join(base, str(next(_serial))), user, programs)
    yield s
    left = s.close()
    if request.node.get_closest_marker("leaves") is None:
        assert not left, f"processes that stayed: {left}"


@pytest.fixture(scope="module")
def boxes(programs):
    """One sandbox per policy, kept for all tests of a file that only look.

    boxes(policy) is a Shell in which the sandbox "box" runs.
    """
    name = USERS["ordinary"] or USERS["root"]
    kept = {}

    def get(policy):
        if policy not in kept:
            base = os.path.join(shell.WORLD, "h")
            os.makedirs(base, exist_ok=True)
            os.chmod(base, 0o755)
            kept[policy] = shell.Shell(
                os.path.join(base, str(next(_serial))), shell.User(name),
                programs)
            kept[policy].start("box", policy)
        return kept[policy]

    yield get
    for s in reversed(kept.values()):   # each knows those before it
        s.close()


@pytest.fixture
def world():
    return shell.World()


@pytest.fixture
def slow(pytestconfig):
    return pytestconfig.getoption("--all")


__all__ = ["hosts"]

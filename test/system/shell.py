"""shell.py -- drive the programs as a user does, and look at what is left."""
import fcntl
import json
import os
import pty
import pwd
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

PROGRAMS = ("openshell", "openshell-gateway", "openshell-auditor",
            "openshell-supervisor", "openshell-egress", "openshell-init",
            "openshell-broker")
WORLD = os.environ.get("OPENSHELL_WORLD", "")


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return (f"exit {self.code}\n--- stdout\n{self.out[-4000:]}"
                f"\n--- stderr\n{self.err[-4000:]}")

    def json(self):
        return json.loads(self.out)


def wait_until(check, timeout=10.0, what="it"):
    """The first true value of check(), or a failure that says what."""
    end = time.monotonic() + timeout
    while True:
        got = check()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {timeout} s")
        time.sleep(0.02)


def processes():
    """pid -> (program, parent, state) of all processes that we can see."""
    out = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
                text = f.read()
        except OSError:
            continue
        name = text[text.index("(") + 1:text.rindex(")")]
        rest = text[text.rindex(")") + 2:].split()
        out[int(pid)] = (name, int(rest[1]), rest[0])
    return out


def ours():
    """pids of our programs, and of all below a supervisor."""
    table = processes()
    found = {p for p, v in table.items() if v[0].startswith("openshell")
             and v[2] != "Z"}
    grew = True
    while grew:
        more = {p for p, v in table.items()
                if v[1] in found and v[2] != "Z"} - found
        found |= more
        grew = bool(more)
    return found


def named(program):
    """pids of one of our programs (names are cut to 15 bytes)."""
    return sorted(p for p, v in processes().items()
                  if v[0] == program[:15] and v[2] != "Z")


class User:
    """Who runs the programs: the user of this process, or the tester."""

    def __init__(self, name):
        entry = pwd.getpwnam(name)
        self.name, self.uid, self.gid = name, entry.pw_uid, entry.pw_gid
        self.home = entry.pw_dir

    def prefix(self):
        if self.uid == os.getuid():
            return []
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}",
                "--init-groups", "--"]

    def own(self, path):
        if self.uid != os.getuid():
            os.chown(path, self.uid, self.gid)


class Term:
    """A command on a terminal of its own."""

    def __init__(self, argv, env, rows=24, cols=80):
        self.seen = b""
        self.code = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ,
                            struct.pack("HHHH", rows, cols, 0, 0))
                os.execvpe(argv[0], argv, env)
            finally:
                os._exit(127)

    def resize(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, cols, 0, 0))

    def send(self, text):
        os.write(self.fd, text if isinstance(text, bytes) else text.encode())

    def _read(self, timeout):
        ready, _, _ = select.select([self.fd], [], [], timeout)
        if not ready:
            return True
        try:
            got = os.read(self.fd, 65536)
        except OSError:
            return False
        self.seen += got
        return bool(got)

    def text(self):
        return self.seen.decode("utf-8", "replace")

    def expect(self, pattern, timeout=15):
        """Read until the pattern shows; what came before it is dropped."""
        end = time.monotonic() + timeout
        while True:
            m = re.search(pattern, self.text())
            if m:
                rest = self.text()[m.end():]
                self.seen = rest.encode()
                return m
            if time.monotonic() > end or not self._read(0.2):
                raise AssertionError(
                    f"{pattern!r} did not show; got {self.text()[-2000:]!r}")

    def wait(self, timeout=15):
        """The exit code once the command ended."""
        end = time.monotonic() + timeout
        while self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
                break
            self._read(0.05)
            if time.monotonic() > end:
                raise AssertionError(
                    f"still running; got {self.text()[-2000:]!r}")
        return self.code

    def close(self):
        if self.code is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
            self.code = -9
        if self.fd != -1:
            os.close(self.fd)
            self.fd = -1


class Shell:
    """One user with one OPENSHELL_HOME."""

    def __init__(self, folder, user, programs):
        self.user, self.programs = user, programs
        self.home = folder
        self.files = os.path.join(folder, "files")
        self.terms = []
        self.others = ours()    # of another Shell: not ours to end
        for path in (folder, self.files, os.path.join(folder, "config")):
            os.makedirs(path, exist_ok=True)
            os.chmod(path, 0o755 if path == self.files else 0o700)
            user.own(path)
        self.config(upstream_ca=os.path.join(WORLD, "ca.pem"))

    # ---- files ----
    def write(self, name, text, mode=0o644):
        path = os.path.join(self.files, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        self.user.own(path)
        return path

    def config(self, **keys):
        path = os.path.join(self.home, "config", "config.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(json.dumps(keys) + "\n")
        self.user.own(path)

    def folder(self, name):
        path = os.path.join(self.files, name)
        os.makedirs(path, exist_ok=True)
        self.user.own(path)
        return path

    # ---- running ----
    def environment(self, extra=None):
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
               "HOME": self.user.home, "USER": self.user.name,
               "LANG": "C.UTF-8", "TERM": "xterm",
               "OPENSHELL_HOME": self.home}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                env[name] = os.environ[name]
        env.update(extra or {})
        return env

    def argv(self, *args):
        return self.user.prefix() + \
            [os.path.join(self.programs, "openshell"), *map(str, args)]

    def popen(self, *args, env=None, **options):
        return subprocess.Popen(self.argv(*args), env=self.environment(env),
                                cwd=self.files, **options)

    def run(self, *args, data=None, timeout=60, env=None, raw=False):
        """Run openshell with args, wait, and give all it said."""
        if isinstance(data, str):
            data = data.encode()
        p = self.popen(*args, env=env, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE,
                       stdin=subprocess.DEVNULL if data is None
                       else subprocess.PIPE)
        try:
            out, err = p.communicate(data, timeout)
        except subprocess.TimeoutExpired:
            p.kill()
            out, err = p.communicate()
            raise AssertionError(
                f"openshell {' '.join(map(str, args))}: still running after "
                f"{timeout} s\n{Result(None, out.decode(), err.decode())}"
            ) from None
        if not raw:
            out = out.decode("utf-8", "replace")
        return Result(p.returncode, out, err.decode("utf-8", "replace"))

    def ok(self, *args, **options):
        r = self.run(*args, **options)
        assert r.code == 0, f"openshell {' '.join(map(str, args))}: {r}"
        return r

    def term(self, *args, env=None, rows=24, cols=80):
        t = Term(self.argv(*args), self.environment(env), rows, cols)
        self.terms.append(t)
        return t

    # ---- the usual ----
    def policy(self, text, name="policy.yaml"):
        return self.write(name, text)

    def _create_args(self, policy, options):
        # What was written in the tick in which a sandbox is created counts
        # as made in it (src/broker/made.c): nobody is that quick.
        time.sleep(0.05)
        args = ["sandbox", "create"]
        if policy is not None:
            args += ["--policy", policy if "\n" not in policy
                     else self.policy(policy)]
        return args + list(options)

    def once(self, *command, policy=None, options=(), **run):
        """A sandbox for one command, gone afterwards."""
        return self.run(*self._create_args(policy, ["--no-keep", *options]),
                        "--", *command, **run)

    def start(self, name, policy=None, options=(), command=("sleep", "1000")):
        """A sandbox in the background that waits."""
        self.ok(*self._create_args(
            policy, ["--name", name, "--detach", *options]), "--", *command)
        wait_until(lambda: self.get(name)["phase"] != "provisioning",
                   what=f"{name} leaves provisioning")
        got = self.get(name)
        assert got["phase"] == "running", got
        return got

    def exec(self, name, *command, options=(), **run):
        return self.run("sandbox", "exec", *options, name, "--", *command,
                        **run)

    def sh(self, name, script, **run):
        return self.exec(name, "sh", "-c", script, **run)

    def get(self, name):
        got = self.ok("sandbox", "get", name, "-o", "json").json()
        return got[0] if isinstance(got, list) else got

    def list(self):
        got = self.ok("sandbox", "list", "-o", "json").json()
        return got["sandboxes"] if isinstance(got, dict) else got

    def audit(self, **want):
        """Records of the log, oldest first: unmapped, and all as "_"."""
        folder = os.path.join(self.home, "state", "log")
        out = []
        for name in sorted(os.listdir(folder)):
            if not name.endswith(".jsonl"):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                for line in f:
                    if not line.endswith("\n"):
                        continue
                    whole = json.loads(line)
                    record = dict(whole["unmapped"], _=whole)
                    if all(record.get(k) == v for k, v in want.items()):
                        out.append(record)
        return out

    def audited(self, timeout=5, **want):
        """The records that match, waiting for the first."""
        return wait_until(lambda: self.audit(**want), timeout,
                          f"an audit record with {want}")

    def gateway_pid(self):
        r = self.run("status", "-o", "json")
        return r.json()["pid"] if r.code == 0 else None

    def left(self):
        return ours() - self.others

    def close(self):
        for t in self.terms:
            t.close()
        if not self.left():
            shutil.rmtree(self.home, ignore_errors=True)
            return {}
        try:
            self.run("sandbox", "delete", "--all", timeout=30)
            self.run("gateway", "stop", timeout=10)
        except AssertionError:
            pass
        end = time.monotonic() + 5
        while self.left() and time.monotonic() < end:
            for pid in set(named("openshell-auditor")) - self.others:
                _kill(pid, signal.SIGTERM)
            time.sleep(0.02)
        left = {p: processes().get(p) for p in self.left()}
        for pid in left:
            _kill(pid, signal.SIGKILL)
        shutil.rmtree(self.home, ignore_errors=True)
        return left


def _kill(pid, signo):
    try:
        os.kill(pid, signo)
    except ProcessLookupError:
        pass


class World:
    """What arrived in the pretend internet since a mark."""

    def __init__(self):
        self.log = os.path.join(WORLD, "log.jsonl")
        self.mark()

    def mark(self):
        self.at = os.path.getsize(self.log)

    def events(self, **want):
        time.sleep(0.05)
        with open(self.log, encoding="utf-8") as f:
            f.seek(self.at)
            out = [json.loads(line) for line in f if line.endswith("\n")]
        return [e for e in out if all(e.get(k) == v for k, v in want.items())]

    def requests(self, **want):
        return self.events(event="request", **want)

    def packets(self, *addresses):
        """First packets to these addresses, from anywhere at all."""
        return [e for e in self.events(event="packet")
                if e["address"] in addresses]

    def script(self, key, steps):
        path = os.path.join(WORLD, "scripts", key + ".json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(steps, f)
        os.chmod(path, 0o644)

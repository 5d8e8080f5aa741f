"""proxy.py -- egress alone on a port of loopback, and origins that are given
their bytes: for what a client of a sandbox could not time or spell."""
import os
import select
import socket
import struct
import subprocess
import threading

import shell

LINGER = struct.pack("ii", 1, 0)    # close() resets


class Proxy:
    """openshell-egress with egress_run in place of supervisor and auditor;
    names is host -> port of 127.0.0.1, trust what signs for them."""

    def __init__(self, build, folder, policy, names, port=3200, trust=None):
        self.port = port
        path = os.path.join(folder, f"policy-{port}.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(policy)
        argv = [os.path.join(build, "test", "system", "egress_run"),
                "-p", str(port), "-c", path + ".pem"]
        if trust is not None:
            argv += ["-u", trust]
        for name, to in names.items():
            argv += ["-r", f"{name}=127.0.0.1:{to}"]
        # its own programs, not the copies: nobody else runs these
        argv += [os.path.join(build, "src", "egress", "openshell-egress"),
                 path]
        self.ca = path + ".pem"
        self.err = open(path + ".err", "w+b")
        self.runner = subprocess.Popen(argv, stdout=subprocess.DEVNULL,
                                       stderr=self.err)
        shell.wait_until(self._ready, 20, "egress is ready")
        with open(f"/proc/{self.runner.pid}/task/{self.runner.pid}/children",
                  encoding="ascii") as f:
            self.pid = int(f.read().split()[0])

    def said(self):
        with open(self.err.name, "rb") as f:
            return f.read().decode("utf-8", "replace")

    def _ready(self):
        assert self.runner.poll() is None, self.said()
        return "ready\n" in self.said()

    def connections(self):
        """Of TCP, those that it listens on left out."""
        with open("/proc/net/tcp", encoding="ascii") as f:
            lines = [x.split() for x in list(f)[1:]]
        open_ = {x[9] for x in lines if x[3] != "0A"}
        n, folder = 0, f"/proc/{self.pid}/fd"
        for fd in os.listdir(folder):
            try:
                to = os.readlink(os.path.join(folder, fd))
            except OSError:
                continue
            n += to.startswith("socket:[") and to[8:-1] in open_
        return n

    def rss(self):
        """KiB."""
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as f:
            return next(int(x.split()[1]) for x in f if x.startswith("Rss:"))

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), 20)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def tunnel(self, host, port=80):
        """A connection to the host, at the CONNECT's answer."""
        s = self.connect()
        s.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\n"
                  f"Host: {host}:{port}\r\n\r\n".encode())
        got = b""
        while not got.endswith(b"\r\n\r\n"):
            x = s.recv(1)
            assert x, got
            got += x
        assert got.startswith(b"HTTP/1.1 200"), got
        return s

    def close(self):
        assert self.runner.poll() is None, self.said()
        self.runner.terminate()
        self.runner.wait(10)
        self.err.close()


class Origin:
    """Each connection is run(sock), in a thread; all that came is in got,
    whatever connection it came on."""

    def __init__(self, run):
        self.run, self.got, self.accepted = run, bytearray(), 0
        self.open = set()
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s, _ = self.sock.accept()
            except OSError:
                return
            s.settimeout(60)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._one, args=(s,), daemon=True).start()

    def _one(self, s):
        self.accepted += 1
        self.open.add(s)
        try:
            self.run(Recorded(s, self.got))
        except OSError:
            pass
        finally:
            self.open.discard(s)
            s.close()

    def hang_up(self):
        """Ends what is open, kept-alive connections mostly."""
        for s in list(self.open):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.sock.close()


class Recorded:
    """A socket whose input is kept."""

    def __init__(self, sock, kept):
        self.sock, self.kept, self.rest = sock, kept, b""

    def recv(self):
        got = self.sock.recv(65536)
        self.kept += got
        return got

    def until(self, end):
        """Bytes up to and with end; b"" where the connection ends before."""
        while end not in self.rest:
            got = self.recv()
            if not got:
                return b""
            self.rest += got
        at = self.rest.index(end) + len(end)
        out, self.rest = self.rest[:at], self.rest[at:]
        return out

    def exactly(self, n):
        while len(self.rest) < n:
            got = self.recv()
            if not got:
                raise ConnectionError
            self.rest += got
        out, self.rest = self.rest[:n], self.rest[n:]
        return out

    def send(self, data):
        self.sock.sendall(data)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
        self.sock.close()


def join(a, b):
    """Bytes both ways until one ends."""
    ends = {a: b, b: a}
    while True:
        for s in select.select(list(ends), [], [], 60)[0]:
            got = s.recv(65536)
            if not got:
                b.close()
                return
            ends[s].sendall(got)


def field(head, name):
    """The value of a field in the bytes of a head, or b""."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(name + b":"):
            return line[len(name) + 1:].strip()
    return b""


class Reader:
    """Answers of HTTP/1.1, one after another, strictly."""

    def __init__(self, sock):
        self.sock, self.rest, self.ended = sock, b"", False

    def more(self):
        try:
            got = self.sock.recv(65536)
        except ConnectionError:
            got = b""
        self.ended |= not got
        self.rest += got
        return bool(got)

    def take(self, n):
        while len(self.rest) < n:
            if not self.more():
                return None
        out, self.rest = self.rest[:n], self.rest[n:]
        return out

    def line(self, end=b"\r\n"):
        while end not in self.rest:
            if not self.more():
                return None
        return self.take(self.rest.index(end) + len(end))

    def answer(self, bodyless=False):
        """(status, head, body); body None: it is cut. None: no answer."""
        head = self.line(b"\r\n\r\n")
        while head is not None and head[9:10] == b"1":
            head = self.line(b"\r\n\r\n")
        if head is None:
            return None
        status = int(head[9:12])
        if bodyless or status in (204, 304):
            return status, head, b""
        if field(head, b"transfer-encoding") == b"chunked":
            return status, head, self._chunks()
        length = field(head, b"content-length")
        if length:
            return status, head, self.take(int(length))
        while self.more():
            pass
        return status, head, self.take(len(self.rest))

    def _chunks(self):
        out = b""
        while True:
            size = self.line()
            if size is None:
                return None
            n = int(size, 16)
            if n == 0:
                break
            part = self.take(n + 2)
            if part is None:
                return None
            out += part[:-2]
        while True:
            line = self.line()
            if line is None:
                return None
            if line == b"\r\n":
                return out

"""services.py -- hosts that do not speak HTTP: as much of a Redis, a Postgres
and an SSH server as makes their clients say that they were there."""
import socket
import struct

import record


def _exactly(sock, n):
    out = b""
    while len(out) < n:
        got = sock.recv(n - len(out))
        if not got:
            raise ConnectionError
        out += got
    return out


def _serve(name, sock, run):
    with sock:
        try:
            sock.settimeout(30)
            run(name, sock)
        except OSError:
            pass


def _redis(name, sock):
    """One line of the arrays in which its clients ask: the first word."""
    f = sock.makefile("rb")
    while True:
        head = f.readline()
        if not head.startswith(b"*"):
            return
        words = []
        for _ in range(int(head[1:])):
            n = int(f.readline()[1:])
            words.append(f.read(n + 2)[:-2])
        record.put("request", host=name, method=words[0].decode(), target="")
        sock.sendall(b"+PONG\r\n" if words[0].upper() == b"PING" else b"+OK\r\n")


def _postgres(name, sock):
    """No TLS; then an error whose words the client shows."""
    while True:
        size, code = struct.unpack("!II", _exactly(sock, 8))
        rest = _exactly(sock, size - 8)
        if code != 80877103:        # is TLS spoken?
            break
        sock.sendall(b"N")
    record.put("request", host=name, method="startup",
               target=rest.split(b"\0")[1].decode())
    body = b"SFATAL\0C3D000\0Mthis is the pretend internet\0\0"
    sock.sendall(b"E" + struct.pack("!I", len(body) + 4) + body)


def _ssh(name, sock):
    sock.sendall(b"SSH-2.0-pretend\r\n")
    said = sock.makefile("rb").readline()
    record.put("request", host=name, method="ssh", target=said.decode().strip())


SERVICES = {22: _ssh, 5432: _postgres, 6379: _redis}


def listen(http1, name, address):
    for port, run in SERVICES.items():
        http1.listen(address, port, None,
                     raw=lambda sock, run=run: _serve(name, sock, run))

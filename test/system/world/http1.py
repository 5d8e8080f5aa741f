"""http1.py -- a small HTTP/1.1 server that keeps exactly what arrived."""
import json
import socket
import ssl
import threading

import record

BODY_KEPT = 1 << 18     # of a request's body, in the record


class Gone(Exception):
    """The peer closed, or spoke nonsense."""


class Request:
    def __init__(self, method, target, fields, body, conn):
        self.method, self.target = method, target
        self.fields, self.body, self.conn = fields, body, conn
        self.path, _, self.query = target.partition("?")

    def get(self, name, default=""):
        return next((v for k, v in self.fields if k.lower() == name), default)

    def json(self):
        return json.loads(self.body or b"{}")


class Conn:
    """One connection: reading with a buffer, writing as it comes."""

    def __init__(self, sock, address, port, sni):
        self.sock, self.address, self.port, self.sni = sock, address, port, sni
        self.buffer = b""
        self.served = 0

    def _more(self):
        got = self.sock.recv(65536)
        if not got:
            raise Gone
        self.buffer += got

    def until(self, mark, most):
        while mark not in self.buffer:
            if len(self.buffer) > most:
                raise Gone
            self._more()
        out, self.buffer = self.buffer.split(mark, 1)
        return out

    def exactly(self, n):
        while len(self.buffer) < n:
            self._more()
        out, self.buffer = self.buffer[:n], self.buffer[n:]
        return out

    def send(self, data):
        self.sock.sendall(data)

    # ---- answers ----
    def reply(self, status, body=b"", kind="text/plain", fields=()):
        if isinstance(body, str):
            body = body.encode()
        head = [f"HTTP/1.1 {status} X", f"content-type: {kind}",
                f"content-length: {len(body)}"]
        head += [f"{k}: {v}" for k, v in fields]
        self.send("\r\n".join(head).encode() + b"\r\n\r\n" + body)

    def reply_json(self, value, status=200):
        self.reply(status, json.dumps(value), "application/json")

    def start_chunks(self, kind="text/event-stream"):
        self.send(("HTTP/1.1 200 OK\r\n"
                   f"content-type: {kind}\r\ncache-control: no-cache\r\n"
                   "transfer-encoding: chunked\r\n\r\n").encode())

    def chunk(self, data):
        if isinstance(data, str):
            data = data.encode()
        self.send(b"%x\r\n" % len(data) + data + b"\r\n")

    def end_chunks(self):
        self.send(b"0\r\n\r\n")


def _body(conn, fields):
    get = {k.lower(): v for k, v in fields}
    if "100-continue" in get.get("expect", "").lower():
        conn.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    if "chunked" in get.get("transfer-encoding", "").lower():
        out = b""
        while True:
            n = int(conn.until(b"\r\n", 4096).split(b";")[0], 16)
            data = conn.exactly(n + 2)[:-2]
            if n == 0:
                return out
            out += data
    return conn.exactly(int(get.get("content-length", "0") or 0))


def read_request(conn):
    head = conn.until(b"\r\n\r\n", 1 << 17).decode("latin-1").split("\r\n")
    parts = head[0].split(" ")
    if len(parts) != 3:
        raise Gone
    fields = []
    for line in head[1:]:
        name, _, value = line.partition(":")
        fields.append((name, value.strip()))
    body = _body(conn, fields)
    return Request(parts[0], parts[1], fields, body, conn)


def _note(conn, rq):
    record.put("request", address=conn.address, port=conn.port, sni=conn.sni,
               host=rq.get("host"), method=rq.method, target=rq.target,
               fields=rq.fields, length=len(rq.body), served=conn.served,
               body=rq.body[:BODY_KEPT].decode("utf-8", "replace"))


def serve(conn, handler):
    """Requests on one connection until either side ends it."""
    while True:
        rq = read_request(conn)
        _note(conn, rq)
        conn.served += 1
        if handler(rq) == "close" or rq.get("connection").lower() == "close":
            return


def _one(sock, address, port, context, handler):
    sock.settimeout(120)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    record.put("accept", address=address, port=port)
    try:
        if context is not None:
            sock = context.wrap_socket(sock, server_side=True)
        conn = Conn(sock, address, port, getattr(sock, "asked_name", ""))
        serve(conn, handler)
        if context is not None:
            sock.settimeout(2)
            sock.unwrap()       # says that the end is meant
    except (Gone, OSError, ValueError, ssl.SSLError):
        pass
    finally:
        sock.close()


def listen(address, port, handler, context=None, raw=None):
    """Serve HTTP (TLS with a context); raw(sock) takes the socket instead."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(512)

    def accept():
        while True:
            c, _ = s.accept()
            if raw is not None:
                record.put("accept", address=address, port=port)
                run, args = raw, (c,)
            else:
                run, args = _one, (c, address, port, context, handler)
            threading.Thread(target=run, args=args, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()

"""http2.py -- HTTP/2 by the byte: a client that sends what it is told, and a
server whose faults are asked for by path.  hpack does the compression."""
import hashlib
import json
import socket
import ssl
import struct
import threading

import hpack

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONT = \
    range(10)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
NO_ERROR, PROTOCOL, REFUSED, CANCEL, CALM = 0, 1, 7, 8, 11


def frame(kind, flags, stream, payload=b""):
    return struct.pack("!I", len(payload))[1:] + bytes([kind, flags]) + \
        struct.pack("!I", stream) + payload


class Stream:
    def __init__(self):
        self.heads, self.body, self.ended, self.reset = [], b"", False, None

    @property
    def status(self):
        return int(dict(self.heads[-1]).get(":status", 0)) \
            if len(self.heads) == 1 else int(dict(self.heads[0])[":status"])

    def json(self):
        return json.loads(self.body)


class Peer:
    """Either end: frames in, kept by stream."""
    def __init__(self, sock):
        self.sock, self.buffer = sock, b""
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.streams, self.goaway, self.closed = {}, None, False
        self.settings = {}
        self.opens = True      # windows open as data comes

    def send(self, *args):
        self.sock.sendall(frame(*args))

    def stream(self, n):
        return self.streams.setdefault(n, Stream())

    def head(self, n, fields, end=True, more=0):
        block = b"".join(self.literal(k, v) for k, v in fields)
        self.send(HEADERS, 4 * (not more) | end, n, block)

    @staticmethod
    def literal(name, value):
        """Never compressed, never checked: any bytes at all."""
        out = b"\0"
        for x in (name, value):
            x = x if isinstance(x, bytes) else x.encode("latin-1")
            out += (bytes([len(x)]) if len(x) < 127 else
                    b"\x7f" + _number(len(x) - 127)) + x
        return out

    def data(self, n, body, end=True):
        parts = [body[i:i + 16384] for i in range(0, len(body), 16384)] or [b""]
        for i, part in enumerate(parts):
            self.send(DATA, int(end and i == len(parts) - 1), n, part)

    def one(self):
        """(kind, flags, stream, payload), and what it means is kept."""
        while len(self.buffer) < 9 or \
                len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
            got = self.sock.recv(65536)
            if not got:
                self.closed = True
                raise EOFError
            self.buffer += got
        size = int.from_bytes(self.buffer[:3], "big")
        kind, flags = self.buffer[3], self.buffer[4]
        n = int.from_bytes(self.buffer[5:9], "big") & 0x7fffffff
        payload = self.buffer[9:9 + size]
        self.buffer = self.buffer[9 + size:]
        self.keep(kind, flags, n, payload)
        return kind, flags, n, payload

    def keep(self, kind, flags, n, payload):
        if kind == SETTINGS and not flags & 1:
            for i in range(0, len(payload), 6):
                k, v = struct.unpack("!HI", payload[i:i + 6])
                self.settings[k] = v
            self.send(SETTINGS, 1, 0)
        elif kind == PING and not flags & 1:
            self.send(PING, 1, 0, payload)
        elif kind == GOAWAY:
            self.goaway = struct.unpack("!I", payload[4:8])[0]
        elif kind == RST:
            self.stream(n).reset = struct.unpack("!I", payload)[0]
        elif kind == HEADERS:
            if flags & 0x20:
                payload = payload[5:]
            self.stream(n).heads.append(self.decoder.decode(payload))
        elif kind == DATA:
            self.stream(n).body += payload
            if payload and self.opens:
                self.send(WINDOW, 0, 0, struct.pack("!I", len(payload)))
                if not flags & 1:
                    self.send(WINDOW, 0, n, struct.pack("!I", len(payload)))
        if kind in (HEADERS, DATA) and flags & 1:
            self.stream(n).ended = True

    def until(self, done):
        """Reads until it is so, or nothing comes any more."""
        try:
            while not done():
                self.one()
        except (EOFError, ConnectionError, ssl.SSLError):
            self.closed = True
        return self


def _number(n):
    out = b""
    while n >= 128:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


# ---- the client ----
def tunnel(host, port=443, at=3128):
    s = socket.create_connection(("127.0.0.1", at), 30)
    s.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\n"
              f"Host: {host}:{port}\r\n\r\n".encode())
    got = b""
    while b"\r\n\r\n" not in got:
        x = s.recv(1)
        if not x:
            break
        got += x
    if b" 200 " not in got:
        raise ConnectionError(got)
    return s


class Client(Peer):
    def __init__(self, host, port=443, sock=None, tls=True, settings=b"",
                 trust=None):
        sock = sock or tunnel(host, port)
        if tls:
            c = ssl.create_default_context(cafile=trust)
            c.set_alpn_protocols(["h2"])
            sock = c.wrap_socket(sock, server_hostname=host)
            assert sock.selected_alpn_protocol() == "h2"
        super().__init__(sock)
        self.host, self.scheme, self.next = host, "https" if tls else "http", 1
        sock.sendall(PREFACE + frame(SETTINGS, 0, 0, settings))

    def fields(self, path="/", method="GET", more=()):
        return [(":method", method), (":scheme", self.scheme),
                (":authority", self.host), (":path", path), *more]

    def ask(self, path="/", method="GET", more=(), body=None, end=True):
        n = self.next
        self.next += 2
        self.head(n, self.fields(path, method, more),
                  end=end and body is None)
        if body is not None:
            self.data(n, body, end)
        return n

    def answer(self, n):
        s = self.stream(n)
        self.until(lambda: s.ended or s.reset is not None)
        return s

    def get(self, path="/", **kw):
        return self.answer(self.ask(path, **kw))


# ---- the server ----
class Server(Peer):
    refused = set()     # by any connection

    def __init__(self, sock, put, address, sni):
        super().__init__(sock)
        self.put, self.address, self.sni = put, address, sni
        self.served = 0

    def reply(self, n, body=b"", status=200, more=(), end=True):
        self.head(n, [(":status", str(status)), *more,
                      ("content-length", str(len(body)))], end=False)
        if end:
            self.data(n, body)

    def serve(self):
        assert self.sock.recv(24) == PREFACE
        self.send(SETTINGS, 0, 0)
        while True:
            kind, flags, n, _ = self.one()
            if kind in (DATA, HEADERS) and flags & 1:
                self.request(n)
            elif kind == HEADERS and len(self.stream(n).heads) == 1:
                self.early(n, dict(self.stream(n).heads[0]))

    def early(self, n, head):
        """Answers that do not wait for the request's end."""
        if head[":path"] == "/talk":
            self.head(n, [(":status", "200"),
                          ("content-type", "application/grpc")], end=False)

    def request(self, n):
        s = self.stream(n)
        head = dict(s.heads[0])
        path = head[":path"]
        self.put("request", address=self.address, sni=self.sni, version="2",
                 host=head[":authority"], method=head[":method"],
                 target=path, fields=s.heads[0], length=len(s.body),
                 served=self.served, stream=n)
        self.served += 1
        run = getattr(self, "on_" + path.split("/")[1].split("?")[0], None)
        if run is not None:
            run(n, path, s)
        else:
            self.reply(n, json.dumps({
                "fields": s.heads[0], "length": len(s.body),
                "sha256": hashlib.sha256(s.body).hexdigest(),
                "served": self.served, "connection": id(self),
                "trailers": s.heads[1:]}).encode(),
                more=[("content-type", "application/json")])

    def on_big(self, n, path, s):
        size = int(path.split("/")[2])
        self.head(n, [(":status", "200")], end=False)
        block = bytes(range(256)) * 64
        window = 65535 - size     # data is sent within the first windows
        assert window > 0
        for i in range(0, size, len(block)):
            self.send(DATA, 0, n, block[:min(len(block), size - i)])
        self.send(DATA, 1, n)

    def on_hints(self, n, path, s):
        self.head(n, [(":status", "103"), ("link", "</a>; rel=preload")],
                  end=False)
        self.reply(n, b"after hints")

    def on_trailers(self, n, path, s):
        self.head(n, [(":status", "200")], end=False)
        self.data(n, b"body", end=False)
        self.head(n, [("grpc-status", "0"), ("x-end", "yes")])

    def long(self, n, fields, end):
        block = b"".join(self.literal(k, v) for k, v in fields)
        parts = [block[i:i + 16384] for i in range(0, len(block), 16384)]
        for i, part in enumerate(parts):
            last = 4 if i == len(parts) - 1 else 0
            self.send(9 if i else HEADERS, last | (0 if i else end), n, part)

    def on_ends(self, n, path, s):
        """Trailers of so many bytes, as a proxy counts them."""
        size = int(path.split("/")[2])
        self.head(n, [(":status", "200")], end=False)
        self.data(n, b"body", end=False)
        self.long(n, [("x-end", "y" * (size - len("x-end: \r\n\r\n")))], 1)

    def on_only(self, n, path, s):       # gRPC's "Trailers-Only"
        self.head(n, [(":status", "200"),
                      ("content-type", "application/grpc"),
                      ("grpc-status", "12")])

    def on_talk(self, n, path, s):
        self.data(n, s.body, end=False)
        self.head(n, [("grpc-status", "0")])

    def on_refuse(self, n, path, s):
        if path not in self.refused:
            self.refused.add(path)
            return self.send(RST, 0, n, struct.pack("!I", REFUSED))
        return self.reply(n, b"at last")

    def on_never(self, n, path, s):
        self.send(RST, 0, n, struct.pack("!I", REFUSED))

    def on_cut(self, n, path, s):
        self.head(n, [(":status", "200")], end=False)
        self.data(n, b"some of it", end=False)
        self.send(RST, 0, n, struct.pack("!I", 2))

    def on_short(self, n, path, s):
        self.head(n, [(":status", "200"), ("content-length", "100")],
                  end=False)
        self.data(n, b"not so long")

    def on_die(self, n, path, s):
        raise EOFError

    def on_goaway(self, n, path, s):
        self.send(GOAWAY, 0, 0, struct.pack("!II", n, 0))
        self.reply(n, b"the last one")

    def on_push(self, n, path, s):
        block = self.encoder.encode([(":method", "GET"), (":path", "/x"),
                                     (":scheme", "https"),
                                     (":authority", self.sni)])
        self.send(PUSH, 4, n, struct.pack("!I", 2) + block)
        self.reply(n, b"pushed")

    def on_smuggle(self, n, path, s):
        self.head(n, [(":status", "200"),
                      ("x", "a\r\ntransfer-encoding: chunked")], end=True)

    def on_upgrade(self, n, path, s):
        self.head(n, [(":status", "200"), ("transfer-encoding", "chunked")])

    def on_wait(self, n, path, s):
        self.head(n, [(":status", "200")], end=False)
        self.data(n, b"begun", end=False)


def listen(address, port, context, put):
    s = socket.create_server((address, port), backlog=512)

    def one(sock):
        try:
            sock.settimeout(120)
            put("accept", address=address, port=port)
            if context is not None:
                sock = context.wrap_socket(sock, server_side=True)
            Server(sock, put, address,
                   getattr(sock, "asked_name", "")).serve()
        except (EOFError, OSError, AssertionError, ssl.SSLError):
            pass
        finally:
            sock.close()

    def accept():
        while True:
            sock, _ = s.accept()
            threading.Thread(target=one, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()

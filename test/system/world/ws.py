"""ws.py -- a WebSocket origin, well-behaved and not, and a client's frames.

The client's half (everything but serve) is also run inside sandboxes: it
needs nothing but Python.
"""
import base64
import hashlib
import os
import socket
import ssl
import struct
import zlib

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(op, data=b"", masked=False, fin=True, rsv=0):
    if isinstance(data, str):
        data = data.encode()
    out = bytes([(0x80 if fin else 0) | rsv << 4 | op])
    bit = 0x80 if masked else 0
    if len(data) < 126:
        out += bytes([bit | len(data)])
    elif len(data) < 65536:
        out += bytes([bit | 126]) + struct.pack("!H", len(data))
    else:
        out += bytes([bit | 127]) + struct.pack("!Q", len(data))
    if not masked:
        return out + data
    key = os.urandom(4)
    pad = (key * (len(data) // 4 + 1))[:len(data)]
    n = int.from_bytes(data, "big") ^ int.from_bytes(pad, "big")
    return out + key + n.to_bytes(len(data), "big")


def read_frame(exactly):
    """(op, payload, fin, masked) with exactly(n) as the reader."""
    a, b = exactly(2)
    n = b & 0x7f
    if n == 126:
        n = struct.unpack("!H", exactly(2))[0]
    elif n == 127:
        n = struct.unpack("!Q", exactly(8))[0]
    key = exactly(4) if b & 0x80 else b"\0\0\0\0"
    data = exactly(n)
    pad = (key * (n // 4 + 1))[:n]
    data = (int.from_bytes(data, "big") ^
            int.from_bytes(pad, "big")).to_bytes(n, "big")
    return a & 15, data, bool(a & 0x80), bool(b & 0x80)


class Deflate:
    """permessage-deflate of one side; fresh: no window is kept."""

    def __init__(self, fresh_out=False, fresh_in=False):
        self.fresh_out, self.fresh_in = fresh_out, fresh_in
        self.out = self.into = None

    def pack(self, data):
        if self.out is None or self.fresh_out:
            self.out = zlib.compressobj(9, zlib.DEFLATED, -15)
        return (self.out.compress(data) +
                self.out.flush(zlib.Z_SYNC_FLUSH))[:-4]

    def unpack(self, data):
        if self.into is None or self.fresh_in:
            self.into = zlib.decompressobj(-15)
        return self.into.decompress(data + b"\0\0\xff\xff")


def accept_of(key):
    return base64.b64encode(
        hashlib.sha1((key + GUID).encode()).digest()).decode()


class Client:
    """One WebSocket through the proxy, opened as little programs do."""

    def __init__(self, url, extra=(), proxy=("127.0.0.1", 3128), raw=b""):
        scheme, _, rest = url.partition("://")
        where, _, path = rest.partition("/")
        host, _, port = where.partition(":")
        port = int(port or (443 if scheme == "wss" else 80))
        self.buffer = b""
        self.sock = socket.create_connection(proxy, 20)
        target = f"{host}:{port}"
        self.sock.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}"
                          "\r\n\r\n".encode())
        self.connect = self.head()
        self.status, self.fields = self.connect[0], []
        if self.status != 200 or scheme == "tcp":
            return
        if scheme == "wss":
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=host)
        self.key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET /{path} HTTP/1.1", f"Host: {where}",
                 "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Version: 13",
                 f"Sec-WebSocket-Key: {self.key}", *extra, "", ""]
        self.sock.sendall("\r\n".join(lines).encode() + raw)
        self.status, self.fields = self.head()

    def more(self):
        got = self.sock.recv(65536)
        if not got:
            raise EOFError("the connection ended")
        self.buffer += got

    def exactly(self, n):
        while len(self.buffer) < n:
            self.more()
        out, self.buffer = self.buffer[:n], self.buffer[n:]
        return out

    def head(self):
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        text, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = text.decode("latin-1").split("\r\n")
        return int(lines[0].split()[1]), [x.lower() for x in lines[1:]]

    def body(self):
        n = next(int(f.split(":")[1]) for f in self.fields
                 if f.startswith("content-length"))
        return self.exactly(n).decode()

    def send(self, op, data=b"", **how):
        self.sock.sendall(frame(op, data, masked=True, **how))

    def get(self):
        return read_frame(self.exactly)

    def say(self, text):
        """Sends a text; what comes back."""
        self.send(TEXT, text)
        return self.get()[1].decode()

    def close_code(self):
        """The code of the close frame that comes next; None: cut."""
        self.reason = ""
        try:
            while True:
                op, data, _, _ = self.get()
                if op == CLOSE:
                    self.reason = data[2:].decode()
                    return struct.unpack("!H", data[:2])[0] if data else 0
        except (EOFError, OSError):
            return None


# ---- the origin ----
def _deflated(conn, put):
    """As _echo, compressed; what came is recorded as it was meant."""
    mine, parts, packed = Deflate(), b"", False
    while True:
        first = conn.exactly(1)
        op, data, fin, masked = read_frame(
            lambda n, got=[first]: got.pop() + conn.exactly(n - 1)
            if got else conn.exactly(n))
        if op == CLOSE:
            conn.send(frame(CLOSE, data))
            return
        if op == PING:
            conn.send(frame(PONG, data))
            continue
        packed |= bool(first[0] & 0x40)
        parts += data
        if not fin:
            continue
        text = mine.unpack(parts) if packed else parts
        put("ws", op=op, length=len(text), masked=masked, packed=packed,
            data=text[:200].decode("latin-1"))
        conn.send(frame(op, mine.pack(text), rsv=4))
        parts, packed = b"", False


def _echo(conn, put):
    while True:
        op, data, fin, masked = read_frame(conn.exactly)
        put("ws", op=op, length=len(data), masked=masked, fin=fin,
            data=data[:200].decode("latin-1"))
        if op == CLOSE:
            conn.send(frame(CLOSE, data))
            return
        conn.send(frame(PONG if op == PING else op, data, fin=fin))


BAD_FRAMES = {
    "masked": frame(TEXT, "x", masked=True),
    "rsv": frame(TEXT, "x", rsv=4),
    "kind": frame(3, "x"),
    "longping": frame(PING, "x" * 126),
    "midway": frame(TEXT, "x" * 10)[:5],
}


def serve(rq, put):
    """What /ws/... of the echo host does; always ends the connection."""
    conn, what = rq.conn, rq.path[len("/ws/"):]
    key = rq.get("sec-websocket-key")
    if what == "refused":
        return conn.reply(403, "no WebSocket today\n")
    fields = ["Upgrade: websocket", "Connection: Upgrade",
              "Sec-WebSocket-Accept: " + accept_of(
                  key if what != "badaccept" else "x")]
    if what == "extension":
        fields.append("Sec-WebSocket-Extensions: x-anything")
    if what == "deflate":
        put("offer", text=rq.get("sec-websocket-extensions"))
        fields.append("Sec-WebSocket-Extensions: permessage-deflate")
    if what == "protocol":
        fields.append("Sec-WebSocket-Protocol: nobody-asked")
    if what == "chat":
        fields.append("Sec-WebSocket-Protocol: chat")
    if what == "h2c":
        fields[0] = "Upgrade: h2c"
    conn.send("\r\n".join(["HTTP/1.1 101 Switching Protocols", *fields, "",
                           ""]).encode())
    if what in BAD_FRAMES:
        conn.send(frame(TEXT, "good") + BAD_FRAMES[what])
        if what == "midway":
            return "close"
        try:
            op, data, _, masked = read_frame(conn.exactly)
            put("ws", op=op, masked=masked,
                code=struct.unpack("!H", data[:2])[0])
        except OSError:
            pass
        return "close"
    (_deflated if what == "deflate" else _echo)(conn, put)
    return "close"

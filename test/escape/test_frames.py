"""Frames of HTTP/2 that are not quite right, from a client and from a server,
each with its one right reaction (RFC 9113 and 7541, the sections in brackets).
Whatever is sent, nothing but the good requests arrives, and others go on."""
import struct

import proxy
import pytest
from http2 import (CONT, DATA, GOAWAY, HEADERS, PING, PREFACE, PRIORITY,
                   PROTOCOL, PUSH, RST, SETTINGS, WINDOW, Client, Peer, Server,
                   frame)

POLICY = """
network:
  allow:
    - endpoint: h2.test
      ports: [80]
      protocols: [h2c]
      paths: ["/ok/**", "/case/**"]
"""
SIZE, STREAM_CLOSED, COMPRESSION, FLOW = 6, 5, 9, 3
GO, RESET, DENIED, FINE = "goaway", "reset", "denied", "fine"
SEEN = []


def u32(n):
    return struct.pack("!I", n)


def setting(k, v):
    return struct.pack("!HI", k, v)


def literal(*pairs):
    return b"".join(Peer.literal(k, v) for k, v in pairs)


GET = [(":method", "GET"), (":scheme", "http"), (":authority", "h2.test"),
       (":path", "/ok/x")]
POST = [(":method", "POST"), *GET[1:]]
HEAD, BODY = literal(*GET), literal(*POST)


def get(n=1, more=(), end=True):
    return frame(HEADERS, 4 | end, n, HEAD + literal(*more))


def post(n=1, more=()):
    return frame(HEADERS, 4, n, BODY + literal(*more))


def fields(*pairs):
    return frame(HEADERS, 5, 1, literal(*pairs))


def without(name, *more):
    return fields(*[x for x in GET if x[0] != name], *more)


def block(data, lead=HEAD):
    return frame(HEADERS, 5, 1, lead + data)


# (what, bytes after the preface and SETTINGS, reaction): the connection ends
# with a code, or stream 1 does, or it is answered 4xx, or 200.
FRAMES = [
    # what is to be ignored
    ("a frame of an unknown kind (4.1)", frame(99, 0, 0, b"x" * 8) + get(),
     FINE),
    ("one on a stream", frame(0xfe, 0xff, 1, b"x") + get(), FINE),
    ("flags that mean nothing (4.1)", frame(PING, 0xfe, 0, b"12345678") + get(),
     FINE),
    ("the reserved bit (4.1)",
     get().replace(u32(1), u32(1 | 1 << 31), 1), FINE),
    ("a setting that nobody knows (6.5.2)",
     frame(SETTINGS, 0, 0, setting(0xff, 1)) + get(), FINE),
    ("one of GREASE's", frame(SETTINGS, 0, 0, setting(0x1a1a, 1)) + get(),
     FINE),
    ("PRIORITY of an idle stream (6.3)",
     frame(PRIORITY, 0, 9, u32(0) + b"\0") + get(), FINE),
    ("PRIORITY_UPDATE (RFC 9218)", frame(16, 0, 0, u32(1) + b"u=1") + get(),
     FINE),
    ("a padded head (6.2)",
     frame(HEADERS, 13, 1, b"\x04" + HEAD + b"\0" * 4), FINE),
    ("a head with a priority (6.2)",
     frame(HEADERS, 37, 1, u32(0) + b"\x10" + HEAD), FINE),
    ("a head in pieces (6.10)", frame(HEADERS, 1, 1, HEAD[:9]) +
     frame(CONT, 0, 1, HEAD[9:20]) + frame(CONT, 4, 1, HEAD[20:]), FINE),
    ("an empty piece", frame(HEADERS, 1, 1, HEAD) + frame(CONT, 4, 1), FINE),
    ("padded data (6.1)", post() + frame(DATA, 9, 1, b"\x03hello\0\0\0"), FINE),
    ("padding alone", post() + frame(DATA, 9, 1, b"\x03\0\0\0"), FINE),
    ("a frame of 16,384 bytes (4.2)", post() + frame(DATA, 1, 1, b"x" * 16384),
     FINE),
    ("trailers", post() + frame(DATA, 0, 1, b"x") +
     frame(HEADERS, 5, 1, literal(("x", "y"))), FINE),
    ("a length that is right", post(1, [("content-length", "5")]) +
     frame(DATA, 1, 1, b"hello"), FINE),
    ("te for trailers", get(1, [("te", "trailers")]), FINE),
    ("an update of the table's size first (7541, 4.2)",
     frame(HEADERS, 5, 1, b"\x20" + HEAD), FINE),
    ("the largest window (6.9.1)",
     frame(WINDOW, 0, 0, u32(2**31 - 1 - 65535)) + get(), FINE),
    ("ENABLE_PUSH of 0 and 1 (6.5.2)", frame(SETTINGS, 0, 0, setting(2, 0)) +
     frame(SETTINGS, 0, 0, setting(2, 1)) + get(), FINE),
    # sizes (4.2)
    ("data over 16,384 bytes", post() + frame(DATA, 1, 1, b"x" * 16385), SIZE),
    ("a head over 16,384 bytes", frame(HEADERS, 5, 1, HEAD + literal(
        ("x", "y" * 16384))), SIZE),
    ("PRIORITY of 4 bytes (6.3)", post() + frame(PRIORITY, 0, 1, b"1234"),
     SIZE),
    ("RST_STREAM of 3 bytes (6.4)", post() + frame(RST, 0, 1, b"123"), SIZE),
    ("RST_STREAM of 5 bytes", post() + frame(RST, 0, 1, b"12345"), SIZE),
    ("SETTINGS of 5 bytes (6.5)", frame(SETTINGS, 0, 0, b"12345"), SIZE),
    ("an acknowledgement of something", frame(SETTINGS, 1, 0, b"123456"), SIZE),
    ("PING of 7 bytes (6.7)", frame(PING, 0, 0, b"1234567"), SIZE),
    ("PING of 9 bytes", frame(PING, 0, 0, b"123456789"), SIZE),
    ("GOAWAY of 7 bytes (6.8)", frame(GOAWAY, 0, 0, b"1234567"), SIZE),
    ("WINDOW_UPDATE of 3 bytes (6.9)", frame(WINDOW, 0, 0, b"123"), SIZE),
    ("WINDOW_UPDATE of 5 bytes", frame(WINDOW, 0, 0, b"12345"), SIZE),
    # streams that they cannot be on
    *[(f"{name} on stream 0", frame(kind, 4, 0, body), PROTOCOL)
      for name, kind, body in [
          ("DATA (6.1)", DATA, b"x"), ("HEADERS (6.2)", HEADERS, HEAD),
          ("PRIORITY (6.3)", PRIORITY, b"12345"), ("RST_STREAM (6.4)", RST,
                                                   u32(8)),
          ("CONTINUATION (6.10)", CONT, HEAD)]],
    *[(f"{name} on a stream", frame(kind, 0, 1, body), PROTOCOL)
      for name, kind, body in [
          ("SETTINGS (6.5)", SETTINGS, b""), ("PING (6.7)", PING, b"12345678"),
          ("GOAWAY (6.8)", GOAWAY, b"12345678")]],
    *[(f"{name} on an idle stream (5.1)", frame(kind, 0, 1, body), PROTOCOL)
      for name, kind, body in [
          ("DATA", DATA, b"x"), ("RST_STREAM", RST, u32(8)),
          ("WINDOW_UPDATE", WINDOW, u32(1)), ("CONTINUATION", CONT, HEAD)]],
    ("a stream of the server's number (5.1.1)", get(2), PROTOCOL),
    ("PUSH_PROMISE of a client (8.4)", frame(PUSH, 4, 1, u32(2) + HEAD),
     PROTOCOL),
    ("DATA after the end (5.1)", get() + frame(DATA, 1, 1, b"x"),
     {STREAM_CLOSED, PROTOCOL}),
    ("a second head after the end (5.1)", get() + fields(
        *GET[:3], (":path", "/case/no")), {STREAM_CLOSED, PROTOCOL}),
    # heads in pieces (6.10, 4.3)
    *[(f"{name} inside a head", frame(HEADERS, 1, 1, HEAD) + other, PROTOCOL)
      for name, other in [
          ("DATA", frame(DATA, 0, 1, b"x")), ("PING", frame(PING, 0, 0, b"1" * 8)),
          ("PRIORITY", frame(PRIORITY, 0, 1, u32(0) + b"\0")),
          ("SETTINGS", frame(SETTINGS, 0, 0)), ("an unknown kind",
                                                frame(99, 0, 0, b"x")),
          ("another head", get(3)), ("RST_STREAM", frame(RST, 0, 1, u32(8))),
          ("WINDOW_UPDATE", frame(WINDOW, 0, 0, u32(1))),
          ("another's piece", frame(CONT, 4, 3, HEAD)),
          ("a piece of stream 0", frame(CONT, 4, 0, HEAD)),
          ("GOAWAY", frame(GOAWAY, 0, 0, b"1" * 8))]],
    ("a piece behind the end", get() + frame(CONT, 4, 1, HEAD), PROTOCOL),
    ("a piece behind data", post() + frame(DATA, 0, 1, b"x") +
     frame(CONT, 4, 1, HEAD), PROTOCOL),
    # padding
    ("more padding than data (6.1)", post() + frame(DATA, 9, 1, b"\x06hello"),
     PROTOCOL),
    ("padding as long as the frame", post() + frame(DATA, 9, 1, b"\x01"),
     PROTOCOL),
    ("padding without its length", post() + frame(DATA, 9, 1),
     {PROTOCOL, SIZE}),
    ("more padding than head (6.2)", frame(HEADERS, 13, 1, b"\xff" + HEAD),
     PROTOCOL),
    ("a head's padding without its length", frame(HEADERS, 13, 1),
     {PROTOCOL, SIZE}),
    ("a head's priority in part", frame(HEADERS, 37, 1, b"\0\0"),
     {PROTOCOL, SIZE}),
    # settings (6.5.2)
    *[(f"ENABLE_PUSH of {v}", frame(SETTINGS, 0, 0, setting(2, v)), PROTOCOL)
      for v in (2, 0xffffffff)],
    *[(f"INITIAL_WINDOW_SIZE of {v}", frame(SETTINGS, 0, 0, setting(4, v)), FLOW)
      for v in (2**31, 2**32 - 1)],
    *[(f"MAX_FRAME_SIZE of {v}", frame(SETTINGS, 0, 0, setting(5, v)), PROTOCOL)
      for v in (0, 16383, 2**24, 2**32 - 1)],
    # windows
    ("a window of nothing more (6.9)", frame(WINDOW, 0, 0, u32(0)), PROTOCOL),
    ("a stream's window of nothing more", post() + frame(WINDOW, 0, 1, u32(0)),
     {RESET, PROTOCOL}),
    ("a window over 2^31-1 (6.9.1)", frame(WINDOW, 0, 0, u32(2**31 - 1)), FLOW),
    ("a stream's window over 2^31-1",
     post() + frame(WINDOW, 0, 1, u32(2**31 - 1)), {RESET, FLOW}),
    ("a setting that makes a window overflow (6.9.2)",
     post() + frame(WINDOW, 0, 1, u32(2**31 - 1 - 65535)) +
     frame(SETTINGS, 0, 0, setting(4, 65536)), {RESET, FLOW}),
    ("more data than the stream's window",
     post() + frame(DATA, 0, 1, b"x" * 16384) * 300, {RESET, FLOW, FINE}),
    # compression (RFC 7541)
    *[(f"HPACK: {what}", block(data), COMPRESSION) for what, data in [
        ("index 0 (6.1)", b"\x80"), ("an index that is not there", b"\xbe"),
        ("a large index", b"\xff\xff\xff\xff\xff\x07"),
        ("an index without end", b"\xff" + b"\xff" * 20),
        ("a name's index that is not there", b"\x7e\x01a"),
        ("a number in part", b"\xff"), ("a number in part, 2", b"\xff\xff"),
        ("a string that is longer than the head", b"\0\x05ab"),
        ("a value in part", b"\0\x01a\x05b"), ("no value", b"\0\x01a"),
        ("a string of 2^32 bytes", b"\0\x7f\xff\xff\xff\xff\x0f"),
        ("a table over what was granted (6.3)", b"\x3f\xe1\xff\x03"),
        ("a table's size behind fields (4.2)", b"\x20"),
        ("Huffman padding of 8 bits (5.2)", b"\0\x81\xff\x01a"),
        ("Huffman padding of zeros", b"\0\x81\x00\x01a"),
        ("Huffman's end in a string", b"\0\x84\xff\xff\xff\xff\x01a")]],
    ("HPACK: rubbish alone", block(b"\xff" * 40, b""), COMPRESSION),
    ("a broken block on a stream that is refused",
     frame(HEADERS, 5, 1, literal(("x", "y")) + b"\x80"), COMPRESSION),
    # fields (8.2, 8.3): the stream's fault alone
    *[(what, data, RESET) for what, data in [
        ("a capital in a name", get(1, [("X", "y")])),
        ("a blank in a name", get(1, [("x y", "z")])),
        ("a colon in a name", get(1, [("x:y", "z")])),
        ("a NUL in a name", get(1, [("x\0", "z")])),
        ("no name", get(1, [("", "z")])),
        ("a byte beyond ASCII in a name", get(1, [("\xe9", "z")])),
        *[(f"{c!r} in a value", get(1, [("x", "a" + c + "b")]))
          for c in "\0\r\n"],
        ("a blank before a value", get(1, [("x", " y")])),
        ("a blank behind a value", get(1, [("x", "y ")])),
        ("an unknown pseudo-field (8.3)", get(1, [(":x", "y")])),
        ("a pseudo-field of answers", get(1, [(":status", "200")])),
        ("a pseudo-field behind a field",
         without(":path", ("x", "y"), (":path", "/ok/x"))),
        *[(f"no {n}", without(n)) for n in (":method", ":scheme", ":path")],
        *[(f"{k} twice", fields(*GET, (k, v))) for k, v in GET],
        *[(f"an empty {n}", without(n, (n, ""))) for n in
          (":method", ":path", ":scheme")],
        *[(f"{n} (8.2.2)", get(1, [(n, v)])) for n, v in [
            ("connection", "close"), ("keep-alive", "1"), ("upgrade", "h2c"),
            ("proxy-connection", "x"), ("transfer-encoding", "chunked"),
            ("te", "gzip"), ("te", "trailers, gzip")]],
        ("a length, and none comes (8.1.1)", get(1, [("content-length", "5")])),
        ("a length that is too small", post(1, [("content-length", "1")]) +
         frame(DATA, 1, 1, b"hello")),
        ("a length that is too large", post(1, [("content-length", "9")]) +
         frame(DATA, 1, 1, b"hello")),
        ("a length that is no number", get(1, [("content-length", "x")])),
        ("a negative length", get(1, [("content-length", "-1")])),
        ("two lengths", post(1, [("content-length", "5"),
                                 ("content-length", "5")]) +
         frame(DATA, 1, 1, b"hello")),
        ("a length beyond what can be counted",
         get(1, [("content-length", "99999999999999999999")])),
        ("a pseudo-field in the trailers", post() + frame(DATA, 0, 1, b"x") +
         frame(HEADERS, 5, 1, literal((":path", "/ok/y")))),
        ("trailers that are not the end", post() + frame(DATA, 0, 1, b"x") +
         frame(HEADERS, 4, 1, literal(("x", "y")))),
        ("a capital in the trailers", post() + frame(DATA, 0, 1, b"x") +
         frame(HEADERS, 5, 1, literal(("X", "y")))),
        ("a transfer coding in the trailers", post() +
         frame(DATA, 0, 1, b"x") +
         frame(HEADERS, 5, 1, literal(("transfer-encoding", "chunked")))),
    ]],
    *[(what, data, {DENIED, RESET}) for what, data in [
        ("no :authority", without(":authority")),
        ("another :authority", without(":authority", (":authority", "x.test"))),
        ("a Host that differs", get(1, [("host", "x.test")])),
        ("another scheme", without(":scheme", (":scheme", "https"))),
        ("a target of a proxy", without(":path", (":path",
                                                  "http://h2.test/ok/x"))),
        ("a path with a blank", without(":path", (":path", "/ok/x y"))),
        ("a path with a fragment", without(":path", (":path", "/ok/x#y"))),
        ("a path with half an escape", without(":path", (":path", "/ok/%4"))),
        ("a path with a NUL", without(":path", (":path", "/ok/%00"))),
        ("a path that climbs", without(":path", (":path", "/ok/../no"))),
        ("a method with a blank", without(":method", (":method", "GET /no"))),
        ("a method of 33 letters", without(":method", (":method", "A" * 33))),
        ("a head of 40 KiB", frame(HEADERS, 1, 1, HEAD + literal(
            ("x", "y" * 16000))) + frame(CONT, 0, 1, literal(
                ("x", "y" * 16000))) + frame(CONT, 4, 1, literal(
                    ("x", "y" * 16000)))),
        ("129 fields", get(1, [("x", "y")] * 129)),
        ("CONNECT", fields((":method", "CONNECT"), (":authority",
                                                    "h2.test:80"))),
        ("CONNECT with a protocol", fields((":method", "CONNECT"),
                                           (":protocol", "x"), *GET[1:])),
        ("an expectation", get(1, [("expect", "x")])),
    ]],
]
# Before the first frame: HTTP/2 does not begin.
BAD_PREFACES = [
    PREFACE[:-1] + b"X", PREFACE.replace(b"SM", b"XX"), PREFACE[:18],
    PREFACE.replace(b"\r\n", b"\n"), PREFACE.lower(), PREFACE + PREFACE,
    PREFACE + get(), PREFACE + frame(PING, 0, 0, b"12345678"),
    PREFACE + frame(SETTINGS, 1, 0), b"PRI * HTTP/2.0\r\n\r\n",
    b"PRI * HTTP/2.0\r\nHost: h2.test\r\n\r\nSM\r\n\r\n",
    PREFACE.replace(b"*", b"/ok/x"),
]


class Quiet(Client):
    """Says nothing by itself, and keeps the code of a GOAWAY."""
    code = None

    def keep(self, kind, flags, n, payload):
        if kind == GOAWAY:
            self.code = struct.unpack("!I", payload[4:8])[0]
        super().keep(kind, flags, n, payload)


def note(event, **what):
    if event == "request":
        SEEN.append(what["target"])


def serve(c, kind=Server):
    try:
        kind(c.sock, note, "", "h2.test").serve()
    except (EOFError, AssertionError):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("frames"))


@pytest.fixture(scope="module")
def strict(pytestconfig, folder):
    origin = proxy.Origin(serve)
    p = proxy.Proxy(pytestconfig.getoption("--build"), folder, POLICY,
                    {"h2.test": origin.port}, 3203)
    yield p
    p.close()
    origin.close()


def client(p, kind=Quiet):
    s = p.tunnel("h2.test")
    s.settimeout(20)
    return kind("h2.test", sock=s, tls=False)


def reaction(p, data):
    c = client(p)
    try:
        c.sock.sendall(data)
        s = c.stream(1)
        c.until(lambda: s.reset is not None or s.ended or c.code is not None)
        if s.reset is not None:
            return RESET
        if s.ended:
            return FINE if s.status == 200 else DENIED \
                if 400 <= s.status < 500 else s.status
        return c.code if c.code is not None else "closed" \
            if c.closed else "nothing"
    except ConnectionError:
        return "closed"
    except TimeoutError:
        return "nothing"
    finally:
        c.sock.close()


def test_each_frame_has_the_one_right_reaction(strict):
    other = client(strict)
    wrong = []
    for what, data, want in FRAMES:
        SEEN.clear()
        got = reaction(strict, data)
        if got not in (want if isinstance(want, set) else {want}):
            wrong.append((what, got, want))
        if set(SEEN) - {"/ok/x"}:   # which may be the last case's
            wrong.append((what, list(SEEN)))
        if want is FINE and not SEEN:
            wrong.append((what, "did not arrive"))
    assert not wrong, wrong
    assert other.get("/ok/other").status == 200
    assert len(FRAMES) > 130


def test_a_stream_that_was_passed_over_is_none(strict):
    """Or was reset by us, and its frames were on the way (5.1): ignored."""
    c = client(strict)
    SEEN.clear()
    c.sock.sendall(get(5) + get(3) + frame(DATA, 1, 3, b"x") + post(7) +
                   frame(RST, 0, 7, u32(8)) + get(7) + get(9))
    assert c.answer(5).status == 200 and c.answer(9).status == 200
    assert not c.stream(3).heads and not c.stream(7).heads
    assert SEEN == ["/ok/x"] * 2


def test_what_is_no_preface_begins_nothing(strict):
    SEEN.clear()
    for data in BAD_PREFACES:
        s = strict.tunnel("h2.test")
        s.sendall(data + b"\0" * 24)
        s.shutdown(1)
        try:
            while s.recv(65536):
                pass
        except ConnectionError:
            pass
        s.close()
    assert SEEN == []


def test_each_byte_by_itself_means_the_same(strict):
    c = client(strict)
    data = post() + frame(DATA, 0, 1, b"hel") + frame(PING, 0, 0, b"1" * 8) + \
        frame(DATA, 9, 1, b"\x02lo\0\0") + get(3)
    for i in range(len(data)):
        c.sock.sendall(data[i:i + 1])
    assert c.answer(1).json()["length"] == 5
    assert c.answer(3).status == 200


def test_a_window_of_one_byte_is_kept_to(strict):
    c = client(strict, Client)
    c.opens = False
    c.send(SETTINGS, 0, 0, setting(4, 1))
    s = c.stream(c.ask("/ok/x"))
    c.until(lambda: s.body)
    assert len(s.body) == 1 and not s.ended
    for n in range(2, 6):
        c.send(WINDOW, 0, 1, u32(1))
        c.until(lambda n=n: len(s.body) >= n)
        assert len(s.body) == n
    c.opens = True
    c.send(WINDOW, 0, 1, u32(60000))
    assert c.answer(1).json()["length"] == 0


# ---- a server's ----
def response(*more, status="200", end=False):
    return lambda n: frame(HEADERS, 4 | end, n, literal((":status", status),
                                                        *more))


def then(*parts):
    return lambda n: b"".join(p if isinstance(p, bytes) else p(n)
                              for p in parts)


def data(body=b"hello", end=True, flags=0):
    return lambda n: frame(DATA, flags | end, n, body)


def raw(kind, flags, payload=b""):
    return lambda n: frame(kind, flags, n, payload)


BAD, CUT, GOOD = 502, "cut", b"hello"
FAILS = {BAD, CUT}      # by when it is seen
SERVERS = [
    ("an answer", then(response(), data()), GOOD),
    ("a length that is right", then(response(("content-length", "5")), data()),
     GOOD),
    ("trailers", then(response(), data(end=False),
                      raw(HEADERS, 5, literal(("x", "y")))), GOOD),
    ("hints first", then(response(status="103"), response(), data()), GOOD),
    ("padding", then(response(), data(b"\x02hello\0\0", True, 8)), GOOD),
    ("a head in pieces", then(raw(HEADERS, 0, literal((":status", "200"))),
                              raw(CONT, 4, literal(("x", "y"))), data()), GOOD),
    ("unknown frames", then(frame(99, 0, 0, b"x"), response(),
                            raw(77, 255, b"y"), data()), GOOD),
    ("ALTSVC and ORIGIN", then(frame(10, 0, 0, b"\0\1xh2"), frame(12, 0, 0),
                               response(), data()), GOOD),
    ("a PING between", then(response(), frame(PING, 0, 0, b"1" * 8), data()),
     GOOD),
    ("an end of its own", then(response(), data(end=False), data(b"")), GOOD),
    # no answer at all
    ("data without a head", data(), BAD),
    ("the end without a head", data(b""), BAD),
    ("no status", raw(HEADERS, 5, literal(("x", "y"))), BAD),
    *[(f"the status {v!r}", response(status=v, end=True), BAD) for v in [
        "", "2", "20", "2000", "2x0", "-20", "+20", " 200", "200 ", "200 OK",
        "099", "000", "600", "999"]],
    ("the status twice", response((":status", "200"), end=True), BAD),
    ("101", then(response(status="101"), data()), FAILS),
    ("a hint that is the end", response(status="103", end=True), BAD),
    ("65 hints", then(*[response(status="103")] * 65, response(), data()), BAD),
    *[(f"{k} in the head", response((k, v), end=True), BAD) for k, v in [
        (":path", "/"), (":method", "GET"), (":x", "y"), ("X", "y"),
        ("connection", "close"), ("keep-alive", "1"), ("upgrade", "x"),
        ("transfer-encoding", "chunked"), ("proxy-connection", "x"),
        ("x y", "z"), ("", "x"), ("x", "a\nb"), ("x", "a\r\nb: c"),
        ("x", "a\0b"), ("x:", "y")]],
    ("a pseudo-field behind a field", raw(HEADERS, 5, literal(
        ("x", "y"), (":status", "200"))), BAD),
    ("129 fields", response(*[("x", "y")] * 129, end=True), BAD),
    *[(f"the length {v!r}", then(response(("content-length", v)), data()), FAILS)
      for v in ["", "4", "6", "-5", "+5", "x", "5, 5", "5.0",
                "99999999999999999999"]],
    ("two lengths", then(response(("content-length", "5"),
                                  ("content-length", "6")), data()), FAILS),
    ("a length and no body", response(("content-length", "5"), end=True), FAILS),
    ("204, and a body that goes nowhere", then(response(status="204"), data()),
     204),
    # cut, or no longer an answer
    ("a reset at once", raw(RST, 0, u32(2)), BAD),
    ("a reset behind the head", then(response(), raw(RST, 0, u32(2))), CUT),
    ("a reset in the body", then(response(), data(end=False),
                                 raw(RST, 0, u32(0))), CUT),
    ("pseudo-fields in trailers", then(response(), data(end=False), raw(
        HEADERS, 5, literal((":status", "200")))), CUT),
    ("capitals in trailers", then(response(), data(end=False), raw(
        HEADERS, 5, literal(("X", "y")))), CUT),
    ("a second answer in its stead", then(response(), data(end=False), raw(
        HEADERS, 4, literal((":status", "200"))), data()), CUT),
    # the connection's fault
    *[(what, then(bad, response(), data()), BAD) for what, bad in [
        ("DATA on stream 0", frame(DATA, 0, 0, b"x")),
        ("HEADERS on stream 0", frame(HEADERS, 5, 0, b"\x88")),
        ("an answer that nobody asked for", frame(HEADERS, 5, 2, b"\x88")),
        ("one on a stream of ours to come", frame(HEADERS, 5, 99999, b"\x88")),
        ("a push", raw(PUSH, 4, u32(2) + HEAD)),
        ("SETTINGS on a stream", raw(SETTINGS, 0)),
        ("SETTINGS of 5 bytes", frame(SETTINGS, 0, 0, b"12345")),
        ("ENABLE_PUSH of a server", frame(SETTINGS, 0, 0, setting(2, 1))),
        ("a window of 2^31", frame(SETTINGS, 0, 0, setting(4, 2**31))),
        ("frames of 2^24", frame(SETTINGS, 0, 0, setting(5, 2**24))),
        ("a window of nothing", frame(WINDOW, 0, 0, u32(0))),
        ("a window too large", frame(WINDOW, 0, 0, u32(2**31 - 1))),
        ("PING of 7 bytes", frame(PING, 0, 0, b"1" * 7)),
        ("PING on a stream", raw(PING, 0, b"1" * 8)),
        ("a piece of no head", raw(CONT, 4, b"\x88")),
        ("a frame of 20,000 bytes", raw(DATA, 0, b"x" * 20000)),
        ("an index that is not there", raw(HEADERS, 5, b"\xfe")),
        ("HTTP/1.1", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        ("rubbish", b"\xff" * 100)]],
    ("padding longer than the frame",
     then(response(), raw(DATA, 9, b"\x09hello")), FAILS),
    ("data on the next stream", then(
        response(), lambda n: frame(DATA, 1, n + 2, b"evil!"), data()), FAILS),
    ("a head on the next stream", then(
        lambda n: frame(HEADERS, 5, n + 2, b"\x88"), response(), data()), BAD),
    ("a piece inside a head", then(raw(HEADERS, 0, b"\x88"),
                                   frame(PING, 0, 0, b"1" * 8)), BAD),
    ("more than the window",
     then(response(), *[data(b"x" * 16384, False)] * 1200, data()), CUT),
]


class Lying(Server):
    def on_case(self, n, path, s):
        self.sock.sendall(SERVERS[int(path.split("/")[2])][1](n))


def test_each_answer_has_the_one_right_reaction(pytestconfig, folder):
    origin = proxy.Origin(lambda c: serve(c, Lying))
    p = proxy.Proxy(pytestconfig.getoption("--build"), folder, POLICY,
                    {"h2.test": origin.port}, 3204)
    wrong = []
    for i, (what, _, want) in enumerate(SERVERS):
        c = client(p, Client)
        s = c.get(f"/case/{i}")
        got = CUT if s.reset is not None or not s.ended else max(
            int(dict(h).get(":status", "0")) for h in s.heads)
        got = s.body if got == 200 else got
        if got not in (want if isinstance(want, set) else {want}):
            wrong.append((what, got, want))
        after = c.get("/ok/after")
        fields_ = dict(after.json()["fields"]) if after.status == 200 else {}
        if fields_.get(":path") != "/ok/after":
            wrong.append((what, "then", after.status, after.body))
        c.sock.close()
    p.close()
    origin.close()
    assert not wrong, wrong
    assert len(SERVERS) > 80

"""Where a message ends, and what is one: hundreds of requests and answers that
are not quite HTTP, each with the one right reaction.  The origins record bytes:
what is refused must not arrive, not even as a connection."""
import socket

import proxy
import pytest

POLICY = """
network:
  allow:
    - endpoint: h1.test
      ports: [80]
      protocols: [http]
      paths: ["/ok/**"]
"""
NEXT = b"GET /ok/next HTTP/1.1\r\nHost: h1.test\r\n\r\n"
SMUGGLED = b"GET /no/smuggled HTTP/1.1\r\nHost: h1.test\r\n\r\n"


def answers(c):
    """Reads requests as strictly as one can, and says of each its target."""
    while True:
        head = c.until(b"\r\n\r\n")
        if not head:
            return
        body = b""
        if proxy.field(head, b"transfer-encoding") == b"chunked":
            while True:
                n = int(c.until(b"\r\n"), 16)
                body += c.exactly(n + 2)[:-2]
                if n == 0:
                    break
        else:
            body = c.exactly(int(proxy.field(head, b"content-length") or b"0"))
        text = head.split(b" ")[1] + b"|" + body
        c.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
               % (len(text), text))


RESPONSES = {}      # path -> bytes, or (bytes, bytes after a reset)


def lies(c):
    """Answers of the table, and good ones."""
    while True:
        head = c.until(b"\r\n\r\n")
        if not head:
            return
        target = head.split(b" ")[1].decode()
        case = RESPONSES.get(target)
        if case is None:
            c.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                   % (len(target), target.encode()))
            continue
        c.send(case[0])
        if case[1]:
            return


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("framing"))


@pytest.fixture(scope="module")
def strict(pytestconfig, folder):
    origin = proxy.Origin(answers)
    p = proxy.Proxy(pytestconfig.getoption("--build"), folder, POLICY,
                    {"h1.test": origin.port}, 3201)
    yield p, origin
    p.close()
    origin.close()


@pytest.fixture(scope="module")
def lying(pytestconfig, folder):
    origin = proxy.Origin(lies)
    p = proxy.Proxy(pytestconfig.getoption("--build"), folder, POLICY,
                    {"h1.test": origin.port}, 3202)
    yield p, origin
    p.close()
    origin.close()


# ---- requests ----
def get(fields=b"", line=b"GET /ok/x HTTP/1.1", host=b"Host: h1.test\r\n"):
    return line + b"\r\n" + host + fields + b"\r\n"


def post(fields, body=b"", line=b"POST /ok/x HTTP/1.1"):
    return get(fields, line) + body


def chunked(body):
    return post(b"Transfer-Encoding: chunked\r\n", body)


CONTROLS = [bytes([i]) for i in [*range(0x20), 0x7f]]
# What is not a token, HTTP's line ends and blanks left to other rows.
SEPARATORS = [bytes([i]) for i in b"\"(),/;<=>?@[\\]{}"]
LINES = [b"\r", b"\n", b"\r\n"]

# (what, bytes, status): nothing of it arrives, and the connection ends; None:
# at once.
REFUSED = [
    # the first line
    *[(f"{c!r} in the method", get(line=b"GE" + c + b"T /ok/x HTTP/1.1"), 400)
      for c in CONTROLS if c not in LINES],
    *[(f"{c!r} in the method", get(line=b"GE" + c + b"T /ok/x HTTP/1.1"), 400)
      for c in SEPARATORS],
    *[(f"{c!r} in the target", get(line=b"GET /ok/x" + c + b"y HTTP/1.1"), 400)
      for c in [*CONTROLS, b" ", b"#", b"\x80", b"\xff"] if c not in LINES],
    *[(f"the version {v!r}", get(line=b"GET /ok/x " + v), s) for v, s in [
        (b"HTTP/0.9", 505), (b"HTTP/1.2", 505), (b"HTTP/1.9", 505),
        (b"HTTP/2.0", 505), (b"HTTP/2", 400), (b"HTTP/3.0", 505),
        (b"HTTP/1", 400), (b"HTTP/1.", 400), (b"HTTP/1.10", 400),
        (b"HTTP/01.1", 400), (b"HTTP/1.1.1", 400), (b"http/1.1", 400),
        (b"Http/1.1", 400), (b"HTTPS/1.1", 400), (b"HTTP /1.1", 400),
        (b"HTTP/1,1", 400), (b"HTTP/+1.1", 400), (b"HTTP/1.1 ", 400),
        (b" HTTP/1.1", 400), (b"HTTP/1.1\t", 400), (b"ICY/1.1", 400),
        (b"RTSP/1.0", 400), (b"HTTP/1.x", 505), (b"HTTP/x.1", 505)]],
    ("no version", get(line=b"GET /ok/x"), 400),
    ("nothing but a method", get(line=b"GET"), 400),
    # of what follows a CONNECT the first byte says whether it is HTTP
    ("an empty first line", b"\r\n" + get(), None),
    ("a line feed first", b"\n" + get(), None),
    ("a blank first", b" " + get(), None),
    ("a tab for a blank", get(line=b"GET\t/ok/x HTTP/1.1"), 400),
    ("a tab before the version", get(line=b"GET /ok/x\tHTTP/1.1"), 400),
    ("two blanks", get(line=b"GET  /ok/x HTTP/1.1"), 400),
    ("two blanks before the version", get(line=b"GET /ok/x  HTTP/1.1"), 400),
    ("a method of 33 letters", get(line=b"A" * 33 + b" /ok/x HTTP/1.1"), 400),
    ("a target of 9 KiB", get(line=b"GET /ok/" + b"x" * 9000 + b" HTTP/1.1"),
     414),
    # the target
    *[(f"the target {t!r}", get(line=b"GET " + t + b" HTTP/1.1"), s)
      for t, s in [
          (b"ok/x", 400), (b"*", 400), (b"?x", 400), (b"h1.test/ok/x", 400),
          (b"h1.test:80", 400), (b"//h1.test/ok/x", 403),
          (b"https://h1.test/ok/x", 403), (b"http://other.test/ok/x", 403),
          (b"http://h1.test:81/ok/x", 403), (b"http://h1.test@other.test/", 400),
          (b"http://a@h1.test/ok/x", 400), (b"http:///ok/x", 400),
          (b"http:/ok/x", 400), (b"file:///ok/x", 400), (b"ftp://h1.test/", 400),
          (b"http://h1.test:080/ok/x", 400), (b"http://h1.test:0/ok/x", 400),
          (b"http://h1.test:65536/ok/x", 400), (b"http://h1.test:/ok/x", 400),
          (b"http://[h1.test]/ok/x", 400), (b"/ok/%", 400), (b"/ok/%4", 400),
          (b"/ok/%zz", 400), (b"/ok/%00", 400), (b"/ok/../no", 403),
          (b"/ok/%2e%2e/no", 403), (b"/ok/%2E./no", 403), (b"/ok/..%2fno", 400),
          (b"/OK/x", 403), (b"/no", 403), (b"/", 403), (b"/ok", 403),
          (b"/%6eo", 403)]],
    # fields
    *[(f"{c!r} in a value", get(b"X: a" + c + b"b\r\n"), 400)
      for c in CONTROLS if c != b"\t" and c not in LINES],
    *[(f"{c!r} in a name", get(b"X" + c + b"y: a\r\n"), 400)
      for c in CONTROLS if c not in LINES],
    *[(f"{c!r} in a name", get(b"X" + c + b"y: a\r\n"), 400)
      for c in [*SEPARATORS, b" ", b"\x80", b"\xc3\xa9"]],
    *[(f"{what} in the lines", get().replace(b"\r\n", end, n), 400)
      for what, end, n in [
          ("line feeds", b"\n", -1), ("a line feed", b"\n", 1),
          ("two line feeds", b"\n", 2), ("two carriage returns", b"\r\r\n", 1)]],
    ("a line feed as the end", get()[:-2] + b"\n", 400),
    ("a line feed before a field", get(b"X: y\nZ: w\r\n"), 400),
    ("a carriage return in a value", get(b"X: y\rZ: w\r\n"), 400),
    ("a carriage return before the end", get(b"X: y\r\r\n"), 400),
    ("a folded field", get(b"X: y\r\n z\r\n"), 400),
    ("a field folded by a tab", get(b"X: y\r\n\tz\r\n"), 400),
    ("a fold at once", get(host=b" Host: h1.test\r\n"), 400),
    ("a folded Host", get(host=b"Host:\r\n h1.test\r\n"), 400),
    ("a folded length", post(b"Content-Length:\r\n 5\r\n", b"hello"), 400),
    ("no colon", get(b"X y\r\n"), 400),
    ("no name", get(b": y\r\n"), 400),
    ("a colon alone", get(b":\r\n"), 400),
    ("a blank before the colon", get(b"X : y\r\n"), 400),
    ("a tab before the colon", get(b"X\t: y\r\n"), 400),
    ("129 fields", get(b"X: y\r\n" * 128), 431),
    ("a field of 33 KiB", get(b"X: " + b"y" * 33000 + b"\r\n"), 431),
    ("fields of 33 KiB", get((b"X: " + b"y" * 400 + b"\r\n") * 82), 431),
    # Host
    ("no Host", get(host=b""), 400),
    ("two Hosts", get(b"Host: h1.test\r\n"), 400),
    ("two Hosts that differ", get(b"HOST: other.test\r\n"), 400),
    *[(f"the Host {h!r}", get(host=b"Host: " + h + b"\r\n"), 403) for h in [
        b"", b"other.test", b"h1.test:81", b"h1.test:080", b"h1.test:", b"h1.test.evil.test",
        b"h1.test, h1.test", b"h1.test h1.test", b"a@h1.test", b"h1.test/ok",
        b"http://h1.test", b"[h1.test]", b"h1.test:80:80", b"h1.test:+80",
        b"h1.test:8 0", b"127.0.0.1", b"h1%2etest", b"h1.test#", b"h1.test?",
        b"\"h1.test\"", b".h1.test", b"h1..test"]],
    # lengths
    *[(f"the length {v!r}", post(b"Content-Length: " + v + b"\r\n", b"hello"),
       400) for v in [
        b"", b"+5", b"-5", b"-0", b"05", b"005", b"0x5", b"5.0", b"5e0", b"5 5",
        b"5, 5", b"5,5", b"5;5", b"5,", b",5", b"five", b"\"5\"", b"5\x0b",
        b"\xb25", b"\xd9\xa5", b"9223372036854775808", b"18446744073709551616",
        b"18446744073709551621", b"99999999999999999999999", b"5\t5", b"5 chunked",
        b"0x", b"NaN", b"Infinity", b"1_0", b"5L", b"(5)"]],
    ("two equal lengths", post(b"Content-Length: 5\r\n" * 2, b"hello"), 400),
    ("two lengths", post(b"Content-Length: 5\r\ncontent-length: 0\r\n",
                         b"hello"), 400),
    ("two lengths, the first of nothing",
     post(b"Content-Length: 0\r\nContent-Length: 44\r\n", SMUGGLED), 400),
    ("a length with a blank before its colon",
     post(b"Content-Length : 44\r\n", SMUGGLED), 400),
    ("a length under another name", post(b"Content-Length\x00: 44\r\n",
                                         SMUGGLED), 400),
    # chunks and lengths
    ("a length and chunks", post(b"Content-Length: 5\r\nTransfer-Encoding: "
                                 b"chunked\r\n", b"0\r\n\r\n" + SMUGGLED), 400),
    ("chunks and a length", post(b"Transfer-Encoding: chunked\r\n"
                                 b"Content-Length: 5\r\n", b"0\r\n\r\n"), 400),
    ("chunks in HTTP/1.0", get(b"Transfer-Encoding: chunked\r\n",
                               b"POST /ok/x HTTP/1.0") + b"0\r\n\r\n", 400),
    ("chunks twice", post(b"Transfer-Encoding: chunked\r\n" * 2,
                          b"0\r\n\r\n"), 400),
    ("chunks, then another coding",
     post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
          b"0\r\n\r\n" + SMUGGLED), 400),
    *[(f"the coding {v!r}", post(b"Transfer-Encoding: " + v + b"\r\n",
                                 b"0\r\n\r\n" + SMUGGLED), s) for v, s in [
        (b"", 501), (b"identity", 501), (b"gzip", 501), (b"gzip, chunked", 501),
        (b"chunked, gzip", 501), (b"chunked, chunked", 501), (b"xchunked", 501),
        (b"chunkedx", 501), (b"chunked;a=b", 501), (b"chunked,", 501),
        (b",chunked", 501), (b"\"chunked\"", 501), (b"'chunked'", 501),
        (b"chun ked", 501), (b"chunk", 501), (b"x chunked", 501),
        (b"chunked x", 501), (b"\xc2\xa0chunked", 501), (b"chunked\x0b", 400),
        (b"\x0bchunked", 400), (b"chunked\x00", 400), (b"\x0cchunked", 400),
        (b"chunked\x7f", 400), (b"identity, chunked", 501), (b"deflate", 501),
        (b"cow", 501), (b"chunked\xff", 501), (b"chu\tnked", 501)]],
    *[(f"the name {n!r} for a coding", post(n + b"chunked\r\n", b"0\r\n\r\n"), s)
      for n, s in [
        (b"Transfer-Encoding : ", 400), (b" Transfer-Encoding: ", 400),
        (b"Transfer-Encoding\t: ", 400), (b"X: y\nTransfer-Encoding: ", 400),
        (b"X: y\rTransfer-Encoding: ", 400), (b"Transfer-Encoding\x0b: ", 400),
        (b"Transfer-Encoding\x00: ", 400), (b"Transfer\rEncoding: ", 400),
        (b"Transfer-Encoding ", 400), (b"Transfer-Encoding;: ", 400)]],
    # Connection, Expect, Upgrade
    *[(f"Connection: {v!r}", get(b"Connection: " + v + b"\r\n"), 400)
      for v in [b"host", b"Host, close", b"content-length",
                b"close, transfer-encoding", b"a b", b"(close)", b"close; x",
                b"\"close\"", b"close=1", b"a/b"]],
    *[(f"Expect: {v!r}", post(b"Content-Length: 5\r\nExpect: " + v + b"\r\n",
                              b"hello"), 417)
      for v in [b"", b"200-ok", b"100-continue, x", b"100-continue;x", b"100",
                b"100 continue", b"x"]],
    ("CONNECT in a tunnel", get(line=b"CONNECT h1.test:80 HTTP/1.1"), 400),
    ("TRACE is not of the policy's methods' paths",
     get(line=b"TRACE /no HTTP/1.1"), 403),
]
# Framed in order, and then not: the head went on, the body must not be more.
BAD_CHUNKS = [
    *[(f"the size {v!r}", v + b"\r\nhello\r\n0\r\n\r\n") for v in [
        b"+5", b"-5", b"0x5", b" 5", b"5 ", b"5\t", b"\t5", b"", b"g", b"5h",
        b"5 ; a", b"5 5", b"5,5", b"5.0", b"\x005", b"5\x00", b"5\x0b",
        b"8000000000000000", b"ffffffffffffffff", b"10000000000000005",
        b"00000000000000000005", b"5;a\x00b", b"5;a\rb", b"5;a\nb", b"5\n",
        b"5\r", b"5;\n", b"5;a=\"\n\"", b"#5", b"%35", b"\xd9\xa5"]],
    ("a bare line feed after the size", b"5\nhello\r\n0\r\n\r\n"),
    ("a bare carriage return after the size", b"5\rhello\r\n0\r\n\r\n"),
    ("too few bytes", b"6\r\nhello\r\n0\r\n\r\n"),
    ("too many bytes", b"4\r\nhello\r\n0\r\n\r\n"),
    ("a line feed after the data", b"5\r\nhello\n0\r\n\r\n"),
    ("nothing after the data", b"5\r\nhello0\r\n\r\n"),
    ("a carriage return after the data", b"5\r\nhello\r0\r\n\r\n"),
    ("another letter after the data", b"5\r\nhelloXX0\r\n\r\n"),
    ("a line feed as the end", b"0\r\n\n"),
    ("a trailer without a colon", b"0\r\nx\r\n\r\n"),
    ("a folded trailer", b"0\r\nX: y\r\n z\r\n\r\n"),
    ("a trailer with a blank in its name", b"0\r\nX y: z\r\n\r\n"),
    ("a trailer with a NUL", b"0\r\nX: \x00\r\n\r\n"),
    ("a trailer with a line feed", b"0\r\nX: y\nZ: w\r\n\r\n"),
    ("129 trailers", b"0\r\n" + b"X: y\r\n" * 129 + b"\r\n"),
    ("trailers of 33 KiB", b"0\r\n" + b"X: " + b"y" * 33000 + b"\r\n\r\n"),
    ("a size of a kilobyte", b"5;" + b"a" * 20000 + b"\r\nhello\r\n0\r\n\r\n"),
]
# (what, bytes, what the origin says of it): it passes, as itself.
TAKEN = [
    ("a plain one", get(), b"/ok/x|"),
    ("any token is a method", get(line=b"M-SEARCH!#$%&'*+.^_`|~ /ok/x HTTP/1.1"),
     b"/ok/x|"),
    ("a method in small letters", get(line=b"get /ok/x HTTP/1.1"), b"/ok/x|"),
    ("an absolute target", get(line=b"GET http://h1.test/ok/x HTTP/1.1"),
     b"/ok/x|"),
    ("with its port", get(line=b"GET http://h1.test:80/ok/x HTTP/1.1"),
     b"/ok/x|"),
    ("a host in capitals", get(host=b"HOST: H1.TEST\r\n"), b"/ok/x|"),
    ("a host with its port", get(host=b"Host: h1.test:80\r\n"), b"/ok/x|"),
    ("dots are resolved", get(line=b"GET /no/../ok/./x HTTP/1.1"), b"/ok/x|"),
    ("what need not be encoded is not", get(line=b"GET /%6f%6b/%78 HTTP/1.1"),
     b"/ok/x|"),
    *[(f"{c!r} in the target", get(line=b"GET /ok/x" + c + b" HTTP/1.1"),
       b"/ok/x%%%02X|" % ord(c)) for c in [b"\"", b"<", b">", b"^", b"`", b"{",
                                         b"|", b"}"]],
    ("an empty query", get(line=b"GET /ok/x? HTTP/1.1"), b"/ok/x?|"),
    ("a query with slashes and dots", get(line=b"GET /ok/x?../no HTTP/1.1"),
     b"/ok/x?../no|"),
    ("128 fields", get(b"X: y\r\n" * 127), b"/ok/x|"),
    ("an empty value", get(b"X:\r\n"), b"/ok/x|"),
    ("blanks around a value", get(b"X: \t y \t \r\n"), b"/ok/x|"),
    ("bytes beyond ASCII in a value", get(b"X: \x80\xff\xc3\xa9\r\n"),
     b"/ok/x|"),
    ("a length", post(b"Content-Length: 5\r\n", b"hello"), b"/ok/x|hello"),
    ("a length of nothing", post(b"Content-Length: 0\r\n"), b"/ok/x|"),
    ("a body that looks like a request",
     post(b"Content-Length: %d\r\n" % len(SMUGGLED), SMUGGLED),
     b"/ok/x|" + SMUGGLED),
    ("a GET with a body", get(b"Content-Length: 5\r\n") + b"hello",
     b"/ok/x|hello"),
    ("chunks", chunked(b"5\r\nhello\r\n0\r\n\r\n"), b"/ok/x|hello"),
    ("chunks with an extension", chunked(b"5;a=b\r\nhello\r\n0;c\r\n\r\n"),
     b"/ok/x|hello"),
    ("chunks with zeros", chunked(b"0005\r\nhello\r\n0000\r\n\r\n"),
     b"/ok/x|hello"),
    ("chunks of one byte", chunked(
        b"".join(b"1\r\n%c\r\n" % c for c in b"hello") + b"0\r\n\r\n"),
     b"/ok/x|hello"),
    ("chunks with a trailer", chunked(b"5\r\nhello\r\n0\r\nX: y\r\n\r\n"),
     b"/ok/x|hello"),
    ("chunks with a trailer that frames",
     chunked(b"5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n"), b"/ok/x|hello"),
    ("chunks that hold a request", chunked(
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)),
     b"/ok/x|" + SMUGGLED),
    ("chunks in capitals", post(b"TRANSFER-ENCODING: CHUNKED\r\n",
                                b"0\r\n\r\n"), b"/ok/x|"),
    ("Connection names a field of its own", get(b"Connection: x\r\nX: y\r\n"),
     b"/ok/x|"),
    ("Connection with empty elements", get(b"Connection: ,,keep-alive,\r\n"),
     b"/ok/x|"),
    ("an upgrade to what is not spoken", get(b"Upgrade: h2c\r\nConnection: "
                                             b"upgrade\r\n"), b"/ok/x|"),
    ("te", get(b"TE: trailers, chunked\r\n"), b"/ok/x|"),
    ("another coding under another name", get(b"Transfer_Encoding: chunked\r\n"),
     None),
]


def ask(p, data, step=None):
    """Bytes sent, then those of a request behind them; a Reader."""
    s = p.tunnel("h1.test")
    try:
        for i in range(0, len(data), step or len(data)):
            s.sendall(data[i:i + (step or len(data))])
    except OSError:
        pass
    return s, proxy.Reader(s)


def refused(p, data, status):
    """What is wrong with the reaction; None: nothing."""
    s, r = ask(p, data + (NEXT if status != 403 else b""))
    try:
        got = r.answer()
        if got is None or status is None:
            return None if got is status else got or "no answer"
        if got[0] != status:
            return got[:2]
        if status != 403 and r.answer() is not None:
            return "what stood behind it was answered"
    finally:
        s.close()
    return None


def test_what_is_not_http_is_answered_and_does_not_leave(strict):
    p, origin = strict
    wrong = [(what, bad) for what, data, status in REFUSED
             if (bad := refused(p, data, status)) is not None]
    assert not wrong, wrong
    assert bytes(origin.got) == b""
    assert len(REFUSED) > 300


def test_a_line_that_is_never_ended_is_refused_early(strict):
    p, origin = strict
    for data, status in ((b"G" * 10000, 414), (b"GET /" + b"x" * 9000, 414),
                         (get(b"X: ")[:-2] + b"y" * 40000, 431)):
        s, r = ask(p, data)
        assert r.answer()[0] == status, data[:20]
        s.close()
    assert bytes(origin.got) == b""


def test_chunks_that_are_none_end_their_request(strict):
    """The head went on; the body that follows it is never a whole one."""
    p, origin = strict
    wrong = []
    for what, body in BAD_CHUNKS:
        origin.got.clear()
        s, r = ask(p, chunked(body) + NEXT)
        got = r.answer()
        if got is None or got[0] != 400 or r.answer() is not None:
            wrong.append((what, got))
        s.close()
        if b"0\r\n\r\n" in bytes(origin.got) or b"next" in bytes(origin.got):
            wrong.append((what, bytes(origin.got)))
    assert not wrong, wrong


def taken(p, data, says, step=None):
    s, r = ask(p, data + NEXT, step)
    try:
        one = r.answer()
        two = r.answer()
    finally:
        s.close()
    if one is None or one[0] != 200 or (says is not None and one[2] != says):
        return one
    if two is None or two[2] != b"/ok/next|":
        return two
    return None


@pytest.mark.parametrize("step", [None, 1, 7])
def test_what_is_http_passes_however_it_is_cut(strict, step):
    p, _ = strict
    wrong = [(what, bad) for what, data, says in TAKEN
             if (bad := taken(p, data, says, step)) is not None]
    assert not wrong, wrong


def test_a_request_is_written_anew_and_nothing_else_leaves(strict):
    """The bytes themselves: what was said twice, or for the proxy, is gone."""
    p, origin = strict
    origin.got.clear()
    s, r = ask(p, b"POST http://H1.test:80/no/%2e%2e/ok/x?q HTTP/1.1\r\n"
               b"hOST:h1.TEST:80\r\nProxy-Authorization: Basic eDp5\r\n"
               b"Proxy-Connection: keep-alive\r\nX-Hop: 1\r\nTE: gzip\r\n"
               b"Connection: keep-alive, x-hop\r\nKeep-Alive: 5\r\n"
               b"Accept:\t*/* \r\nTransfer-Encoding: chunked\r\n\r\n"
               b"0003;ext=\"a;b\"\r\nabc\r\n2\r\nde\r\n00\r\nX-T: 1\r\n\r\n")
    assert r.answer()[0] == 200
    s.close()
    assert bytes(origin.got).endswith(b"\r\n0\r\n\r\n")
    head, _, body = bytes(origin.got).partition(b"\r\n\r\n")
    assert head == (b"POST /ok/x?q HTTP/1.1\r\nHost: h1.test\r\n"
                    b"Accept: */*\r\nTransfer-Encoding: chunked"), head
    assert body.replace(b"5\r\nabcde\r\n", b"3\r\nabc\r\n2\r\nde\r\n") == \
        b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


# ---- answers ----
OK = b"HTTP/1.1 200 OK\r\n"


def reply(fields=b"", body=b"hello", line=OK):
    return line + fields + b"\r\n" + body


FIVE = b"Content-Length: 5\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
EVIL = OK + b"Content-Length: 8\r\n\r\nsmuggled"

# (what, bytes): 502, and no byte of it.
BAD_ANSWERS = [
    *[(f"the line {v!r}", reply(FIVE, line=v + b"\r\n")) for v in [
        b"", b"HTTP/1.1", b"HTTP/1.1 ", b"HTTP/1.1 2", b"HTTP/1.1 20",
        b"HTTP/1.1 2000 OK", b"HTTP/1.1 099 OK", b"HTTP/1.1 000 OK",
        b"HTTP/1.1 600 OK", b"HTTP/1.1 999 OK", b"HTTP/1.1 -20 OK",
        b"HTTP/1.1 +20 OK", b"HTTP/1.1 2x0 OK", b"HTTP/1.1  200 OK",
        b"HTTP/1.1\t200 OK", b"HTTP/1.1 200OK", b"HTTP/1.1 200\tOK",
        b"HTTP/1.0.1 200 OK", b"HTTP/1.2 200 OK", b"HTTP/2 200 OK",
        b"HTTP/2.0 200 OK", b"HTTP/0.9 200 OK", b"HTTP/11 200 OK",
        b"http/1.1 200 OK", b"HTTPS/1.1 200 OK", b"ICY 200 OK", b" " + OK[:-2],
        b"SSH-2.0-OpenSSH_9.2", b"220 mail.test ESMTP", b"GET / HTTP/1.1",
        b"HTTP/1.1 200 O\0K", b"HTTP/1.1 200 O\rK", b"HTTP/1.1 200 O\x1bK",
        b"HTTP/1.1 200 OK\x7f", b"HTTP/1.1 0200 OK", b"HTTP/1.1 \xd9\xa500 OK",
        b"\0HTTP/1.1 200 OK", b"HTTP/1.1 200.1 OK", b"XHTTP/1.1 200 OK"]],
    ("an empty line first", b"\r\n" + reply(FIVE)),
    ("line feeds", reply(FIVE).replace(b"\r\n", b"\n")),
    ("a line feed in the head", reply(FIVE + b"X: y\nZ: w\r\n")),
    ("a line feed as the end", OK + FIVE + b"\nhello"),
    *[(f"{c!r} in a value", reply(FIVE + b"X: a" + c + b"b\r\n"))
      for c in CONTROLS if c != b"\t" and c != b"\r\n"],
    *[(f"{c!r} in a name", reply(FIVE + b"X" + c + b"y: a\r\n"))
      for c in [*CONTROLS, *SEPARATORS, b" ", b"\x80"]],
    ("a folded field", reply(FIVE + b"X: y\r\n z\r\n")),
    ("a fold at once", reply(b" " + FIVE)),
    ("a blank before the colon", reply(b"Content-Length : 5\r\n")),
    ("no colon", reply(FIVE + b"X\r\n")),
    ("no name", reply(FIVE + b": x\r\n")),
    ("129 fields", reply(FIVE + b"X: y\r\n" * 128)),
    ("a field of 33 KiB", reply(FIVE + b"X: " + b"y" * 33000 + b"\r\n")),
    ("a head without end", OK + (b"X: " + b"y" * 400 + b"\r\n") * 90),
    *[(f"the length {v!r}", reply(b"Content-Length: " + v + b"\r\n"))
      for v in [b"", b"+5", b"-5", b"-1", b"05", b"0x5", b"5.0", b"5 5",
                b"5, 5", b"5,5", b"five", b"5;", b"\"5\"",
                b"9223372036854775808", b"18446744073709551621", b"5,6"]],
    ("two lengths", reply(FIVE + b"Content-Length: 50\r\n")),
    ("two equal lengths", reply(FIVE * 2)),
    ("a length and chunks", reply(FIVE + CHUNKED, b"0\r\n\r\n")),
    ("chunks and a length", reply(CHUNKED + FIVE, b"0\r\n\r\n")),
    ("chunks twice", reply(CHUNKED * 2, b"0\r\n\r\n")),
    ("chunks in HTTP/1.0", reply(CHUNKED, b"0\r\n\r\n",
                                 b"HTTP/1.0 200 OK\r\n")),
    *[(f"the coding {v!r}", reply(b"Transfer-Encoding: " + v + b"\r\n",
                                  b"0\r\n\r\n"))
      for v in [b"", b"identity", b"gzip", b"gzip, chunked", b"chunked, gzip",
                b"chunked, chunked", b"xchunked", b"chunked;a", b"\"chunked\"",
                b"chunked,", b"\x0bchunked"]],
    ("204 with a length", reply(FIVE, line=b"HTTP/1.1 204 No\r\n")),
    ("204 with chunks", reply(CHUNKED, b"0\r\n\r\n",
                              b"HTTP/1.1 204 No\r\n")),
    ("100 with a length", b"HTTP/1.1 100 Continue\r\n" + FIVE + b"\r\n"),
    ("101 that nobody asked for", b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n"
     b"Connection: upgrade\r\n\r\n" + EVIL),
    ("100 without end", b"HTTP/1.1 100 Continue\r\n\r\n" * 65),
    ("103 that is no head", b"HTTP/1.1 103 Hints\r\nX\r\n\r\n" + reply(FIVE)),
    ("Connection names the length", reply(FIVE + b"Connection: "
                                          b"content-length\r\n")),
    ("Connection is no list", reply(FIVE + b"Connection: a b\r\n")),
    ("nothing at all", b""),
]
# (what, bytes, then close?): 200, and cut: never a whole message.
CUT_ANSWERS = [
    ("shorter than it says", OK + b"Content-Length: 9\r\n\r\nhello", True),
    *[(f"the size {v!r}", reply(CHUNKED, v + b"\r\nhello\r\n0\r\n\r\n"), False)
      for v in [b"+5", b"-5", b"0x5", b" 5", b"5 ", b"", b"g", b"5 5",
                b"8000000000000000", b"10000000000000005", b"5\n", b"5;a\nb",
                b"5;\0"]],
    ("a chunk too long", reply(CHUNKED, b"4\r\nhello\r\n0\r\n\r\n"), False),
    ("a line feed behind it", reply(CHUNKED, b"5\r\nhello\n0\r\n\r\n"), False),
    ("a trailer that is none", reply(CHUNKED, b"0\r\nx\r\n\r\n"), False),
    ("a folded trailer", reply(CHUNKED, b"0\r\nX: y\r\n z\r\n\r\n"), False),
    ("no last chunk", reply(CHUNKED, b"5\r\nhello\r\n"), True),
    ("half a chunk", reply(CHUNKED, b"5\r\nhel"), True),
    ("no end of the trailers", reply(CHUNKED, b"0\r\nX: y\r\n"), True),
    ("a last chunk without its end", reply(CHUNKED, b"0\r\n"), True),
]
# (what, bytes, body): as they are, whatever stands behind them.
GOOD_ANSWERS = [
    ("a length", reply(FIVE), b"hello"),
    ("no reason", reply(FIVE, line=b"HTTP/1.1 200\r\n"), b"hello"),
    ("an empty reason", reply(FIVE, line=b"HTTP/1.1 200 \r\n"), b"hello"),
    ("chunks", reply(CHUNKED, b"5\r\nhello\r\n0\r\n\r\n"), b"hello"),
    ("chunks and trailers", reply(CHUNKED, b"5\r\nhello\r\n0\r\nX: y\r\n\r\n"),
     b"hello"),
    ("a length, and another answer behind it", reply(FIVE) + EVIL, b"hello"),
    ("chunks, and another answer", reply(CHUNKED, b"5\r\nhello\r\n0\r\n\r\n") +
     EVIL, b"hello"),
    ("nothing, and another answer", reply(b"Content-Length: 0\r\n", b"") + EVIL,
     b""),
    ("304, and what it speaks of", b"HTTP/1.1 304 No\r\n" + FIVE + b"\r\n" +
     b"hello" + EVIL, b""),
    ("204, and more", b"HTTP/1.1 204 No\r\n\r\n" + EVIL, b""),
    ("a hint before it", b"HTTP/1.1 103 Hints\r\nLink: <x>\r\n\r\n" +
     reply(FIVE), b"hello"),
    ("100 before it", b"HTTP/1.1 100 Continue\r\n\r\n" + reply(FIVE),
     b"hello"),
    ("bytes beyond ASCII", reply(FIVE + b"X: \xff\x80\r\n"), b"hello"),
    ("HTTP/1.0", reply(FIVE, line=b"HTTP/1.0 200 OK\r\n"), b"hello"),
]


def answered(p, n):
    """The answer to case n, and to the next request: (first, next)."""
    s = p.tunnel("h1.test")
    try:
        s.sendall(b"GET /ok/%d HTTP/1.1\r\nHost: h1.test\r\n\r\n" % n)
        r = proxy.Reader(s)
        first = r.answer()
        try:
            s.sendall(b"GET /ok/then HTTP/1.1\r\nHost: h1.test\r\n\r\n")
            then = r.answer()
        except OSError:
            then = None
    finally:
        s.close()
    other = p.tunnel("h1.test")
    other.sendall(b"GET /ok/other HTTP/1.1\r\nHost: h1.test\r\n\r\n")
    last = proxy.Reader(other).answer()
    other.close()
    assert last is not None and last[2] == b"/ok/other", (n, last)
    assert then is None or then[2] == b"/ok/then", (n, then)
    return first


def each(p, cases):
    for n, case in enumerate(cases):
        ends = len(case) == 3 and case[2] is True or b"\r\n\r\n" not in case[1]
        RESPONSES[f"/ok/{n}"] = case[1], ends
        yield case, answered(p, n)
    RESPONSES.clear()


def test_an_answer_that_is_not_http_is_502(lying):
    wrong = [(case[0], got) for case, got in each(lying[0], BAD_ANSWERS)
             if got is None or got[0] != 502 or b"smuggled" in got[2]]
    assert not wrong, wrong
    assert len(BAD_ANSWERS) > 150


def test_an_answer_that_ends_wrongly_is_never_whole(lying):
    wrong = [(case[0], got) for case, got in each(lying[0], CUT_ANSWERS)
             if got is not None and got[2] is not None and got[0] != 502]
    assert not wrong, wrong


def test_an_answer_goes_to_its_request_whatever_stands_behind_it(lying):
    wrong = [(case[0], got) for case, got in each(lying[0], GOOD_ANSWERS)
             if got is None or got[0] not in (200, 204, 304) or
             got[2] != case[2]]
    assert not wrong, wrong


def test_what_a_client_says_after_the_end_is_not_asked(strict):
    """Half-closed: what is whole is answered, and what is not is dropped."""
    p, origin = strict
    origin.got.clear()
    s, r = ask(p, NEXT + NEXT[:-1])
    s.shutdown(socket.SHUT_WR)
    assert r.answer()[2] == b"/ok/next|"
    assert r.answer() is None
    s.close()
    assert bytes(origin.got).count(b"next") == 1

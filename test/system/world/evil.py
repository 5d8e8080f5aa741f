"""evil.py -- hosts that lie: broken HTTP, redirects, dead TLS."""
import time

import hosts

OK = b"HTTP/1.1 200 OK\r\n"

# path -> the bytes of the answer, as they are; the connection then closes
# unless the path begins with /keep.
BAD = {
    "/two-lengths": OK + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
    "/length-and-chunked": OK + b"content-length: 5\r\n"
        b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "/negative-length": OK + b"content-length: -1\r\n\r\nhello",
    "/huge-length": OK + b"content-length: 99999999999999999999\r\n\r\nhello",
    "/plus-length": OK + b"content-length: +5\r\n\r\nhello",
    "/folded": OK + b"x-a: one\r\n two\r\ncontent-length: 5\r\n\r\nhello",
    "/nul": OK + b"x-a: o\0ne\r\ncontent-length: 5\r\n\r\nhello",
    "/bare-cr": OK + b"x-a: one\rx-b: two\r\ncontent-length: 5\r\n\r\nhello",
    "/bare-lf": b"HTTP/1.1 200 OK\ncontent-length: 5\n\nhello",
    "/space-colon": OK + b"content-length : 5\r\n\r\nhello",
    "/bad-status": b"HTTP/1.1 20 OK\r\ncontent-length: 5\r\n\r\nhello",
    "/bad-version": b"HTTP/3.7 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    "/not-http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "/bad-chunk": OK + b"transfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
    "/chunk-overflow": OK + b"transfer-encoding: chunked\r\n\r\n"
        b"ffffffffffffffff1\r\nhello\r\n0\r\n\r\n",
    "/truncated": OK + b"content-length: 500\r\n\r\nhello",
    "/huge-field": OK + b"x-a: " + b"a" * 200000 + b"\r\n\r\n",
    "/many-fields": OK + b"".join(b"x-%d: a\r\n" % i for i in range(2000)) +
        b"\r\n",
    "/two-answers": OK + b"content-length: 5\r\n\r\nhello" + OK +
        b"content-length: 6\r\n\r\nsecond",
    "/unasked-101": b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n"
        b"connection: upgrade\r\n\r\nraw bytes",
    "/te-gzip": OK + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
}


def badhttp(rq):
    rq.conn.send(BAD.get(rq.path, OK + b"content-length: 0\r\n\r\n"))
    return "close"


def redirect(rq):
    where = {
        "/metadata": f"http://{hosts.METADATA}/latest/meta-data/",
        "/loopback": "http://127.0.0.1:18080/",
        "/evil": "https://evil.test/stolen",
        "/private": f"http://{hosts.PRIVATE}/",
    }.get(rq.path, "https://other.test/")
    rq.conn.reply(302, "", fields=[("location", where)])


def swallow(rq):
    """Takes whatever it is sent, and says thank you."""
    rq.conn.reply(200, "thank you\n")


def metadata(rq):
    rq.conn.reply(200, "AKIAPRETENDSECRET\n")


def plaintext(sock):
    with sock:
        sock.sendall(OK + b"content-length: 5\r\n\r\nhello")
        time.sleep(0.5)


def silent(sock):
    with sock:
        time.sleep(600)

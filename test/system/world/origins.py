"""origins.py -- the well-behaved hosts: an API, packages, git, echo."""
import base64
import codecs
import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
import time
import zipfile

import record
import ws

BIG = bytes(range(256)) * 256           # one 64 KiB block of a big body
WHEEL = "tinywheel-1.0-py3-none-any.whl"


# ---- api.github.com ----
def github(rq):
    c = rq.conn
    if rq.path == "/zen":
        c.reply(200, "Keep it logically awesome.\n")
    elif rq.path.startswith("/repos/"):
        c.reply_json({"path": rq.path, "method": rq.method})
    else:
        c.reply_json({"message": "Not Found", "path": rq.path}, 404)


# ---- echo.test ----
def _sse(rq):
    n = 5
    rq.conn.start_chunks()
    for i in range(n):
        rq.conn.chunk(f"id: {i}\ndata: {{\"i\": {i}, \"t\": {time.time()}}}\n\n")
        time.sleep(0.2)
    rq.conn.end_chunks()


def _big(rq):
    size = int(rq.path.rsplit("/", 1)[1])
    rq.conn.send(("HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream"
                  f"\r\ncontent-length: {size}\r\n\r\n").encode())
    if rq.method == "HEAD":
        return
    while size > 0:
        rq.conn.send(BIG[:min(size, len(BIG))])
        size -= len(BIG)


def _upload(rq):
    rq.conn.reply_json({"length": len(rq.body),
                        "sha256": hashlib.sha256(rq.body).hexdigest()})


def _slow(rq):
    time.sleep(float(rq.path.rsplit("/", 1)[1]))
    rq.conn.reply(200, "at last\n")


def _served(rq):
    rq.conn.reply_json({"served": rq.conn.served,
                        "connection": id(rq.conn)})


def _chunked(rq):
    rq.conn.start_chunks("text/plain")
    for part in ("one\n", "two\n", "three\n"):
        rq.conn.chunk(part)
    rq.conn.end_chunks()


def _forever(rq):
    """Until nobody reads it."""
    rq.conn.start_chunks()
    while True:
        rq.conn.chunk("data: again\n\n")
        time.sleep(0.05)


def _around(rq):
    """What comes before an answer, and behind it."""
    rq.conn.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n"
                 b"\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                 b"Trailer: x-end\r\n\r\n4\r\nbody\r\n0\r\n"
                 b"x-end: yes\r\n\r\n")


def _until_close(rq):
    rq.conn.send(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nuntil close\n")
    return "close"


def _status(rq):
    code = int(rq.path.rsplit("/", 1)[1])
    if code in (204, 304):
        rq.conn.send(f"HTTP/1.1 {code} X\r\n\r\n".encode())
    else:
        rq.conn.reply(code, f"status {code}\n")


def _ws(rq):
    if not rq.get("upgrade"):
        return rq.conn.reply(426, "a WebSocket only\n")
    return ws.serve(rq, record.put)


def _back(rq):
    """What the body says in ROT13 comes back, in the way the path names."""
    c, how = rq.conn, rq.path.rsplit("/", 1)[1]
    text = codecs.decode(rq.body.decode(), "rot13")
    if how == "whole":
        return c.reply(200, text)
    if how == "field":
        return c.reply(200, "fine", fields=[("set-cookie", "a=" + text)])
    if how == "asked":
        return c.reply(200, str(rq.get("accept-encoding")))
    if how == "gzip":
        return c.reply(200, gzip.compress(text.encode()),
                       fields=[("content-encoding", "gzip")])
    if how == "close":
        c.send(b"HTTP/1.1 200 OK\r\n\r\n" + text.encode())
        return "close"
    c.start_chunks()
    if how == "bytes":
        for one in text:
            c.chunk(one)
    if how == "trailer":
        c.chunk("x")
        return c.send(b"0\r\nx-end: " + text.encode() + b"\r\n\r\n")
    if how == "event":      # and the next only when somebody asks again
        c.chunk(f"data: {text}\n\n")
        time.sleep(30)
        return "close"
    return c.end_chunks()


def _apt(rq):
    """As much of a repository as apt-get update asks for."""
    if not rq.path.endswith("/Packages"):
        return rq.conn.reply(404, "not here\n")
    return rq.conn.reply(200, "Package: tinydeb\nVersion: 1.0\n"
                         "Architecture: all\nMaintainer: w <w@world.test>\n"
                         "Filename: ./tinydeb.deb\nSize: 1\n"
                         "Description: of the pretend internet\n")


ECHO = {"/apt/": _apt, "/sse": _sse, "/big/": _big, "/upload": _upload,
        "/slow/": _slow, "/forever": _forever, "/around": _around,
        "/served": _served, "/chunked": _chunked, "/close": _until_close,
        "/back/": _back, "/status/": _status, "/ws/": _ws}


def echo(rq):
    for prefix, run in ECHO.items():
        if rq.path.startswith(prefix):
            return run(rq)
    return rq.conn.reply_json({
        "method": rq.method, "target": rq.target, "host": rq.get("host"),
        "fields": rq.fields, "length": len(rq.body),
        "body": rq.body[:4096].decode("utf-8", "replace"),
        "sni": rq.conn.sni})


# ---- pypi.org and files.pythonhosted.org ----
def _wheel():
    files = {
        "tinywheel.py": "ANSWER = 42\n",
        "tinywheel-1.0.dist-info/METADATA":
            "Metadata-Version: 2.1\nName: tinywheel\nVersion: 1.0\n",
        "tinywheel-1.0.dist-info/WHEEL":
            "Wheel-Version: 1.0\nGenerator: world\nRoot-Is-Purelib: true\n"
            "Tag: py3-none-any\n",
    }
    names = list(files) + ["tinywheel-1.0.dist-info/RECORD"]
    files["tinywheel-1.0.dist-info/RECORD"] = "".join(n + ",,\n" for n in names)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, text in files.items():
            z.writestr(name, text)
    return out.getvalue()


_WHEEL_BYTES = _wheel()


def pypi(rq):
    if rq.path == "/simple/tinywheel/":
        digest = hashlib.sha256(_WHEEL_BYTES).hexdigest()
        rq.conn.reply(200, "<!DOCTYPE html><html><body><a href=\""
                      f"https://files.pythonhosted.org/packages/{WHEEL}"
                      f"#sha256={digest}\">{WHEEL}</a></body></html>",
                      "text/html")
    elif rq.path == "/simple/":
        rq.conn.reply(200, "<!DOCTYPE html><html><body><a href=\""
                      "/simple/tinywheel/\">tinywheel</a></body></html>",
                      "text/html")
    else:
        rq.conn.reply(404, "no such project\n")


def pythonhosted(rq):
    if rq.path == f"/packages/{WHEEL}":
        rq.conn.reply(200, b"" if rq.method == "HEAD" else _WHEEL_BYTES,
                      "application/octet-stream")
    else:
        rq.conn.reply(404, "no such file\n")


# ---- registry.npm.test ----
def _tarball():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for name, text in {
            "package/package.json": json.dumps(
                {"name": "tinypackage", "version": "1.0.0",
                 "main": "index.js"}),
            "package/index.js": "module.exports = 42;\n",
        }.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text), 0o644
            t.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


_TARBALL = _tarball()


def npm(rq):
    if rq.path == "/tinypackage":
        digest = base64.b64encode(hashlib.sha512(_TARBALL).digest()).decode()
        rq.conn.reply_json({
            "name": "tinypackage", "dist-tags": {"latest": "1.0.0"},
            "versions": {"1.0.0": {
                "name": "tinypackage", "version": "1.0.0", "main": "index.js",
                "dist": {"integrity": "sha512-" + digest,
                         "tarball": "https://registry.npm.test/tinypackage/-/"
                                    "tinypackage-1.0.0.tgz"}}}})
    elif rq.path.endswith("tinypackage-1.0.0.tgz"):
        rq.conn.reply(200, _TARBALL, "application/octet-stream")
    else:
        rq.conn.reply_json({"error": "not found"}, 404)


# ---- github.com: git's own server ----
def make_repository(folder):
    work, bare = os.path.join(folder, "work"), os.path.join(folder, "git")
    env = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null",
               GIT_AUTHOR_NAME="w", GIT_AUTHOR_EMAIL="w@world.test",
               GIT_COMMITTER_NAME="w", GIT_COMMITTER_EMAIL="w@world.test")

    def git(*args):
        subprocess.run(["git", *args], check=True, env=env,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    git("init", "-q", "-b", "main", work)
    with open(os.path.join(work, "README"), "w", encoding="ascii") as f:
        f.write("hello from the pretend internet\n")
    git("-C", work, "add", "README")
    git("-C", work, "commit", "-q", "-m", "first")
    os.makedirs(os.path.join(bare, "org"))
    repo = os.path.join(bare, "org", "hello.git")
    git("clone", "-q", "--bare", work, repo)
    git("-C", repo, "config", "http.receivepack", "true")
    return bare


def git_backend(root):
    def handler(rq):
        env = {"GIT_PROJECT_ROOT": root, "GIT_HTTP_EXPORT_ALL": "1",
               "PATH_INFO": rq.path, "QUERY_STRING": rq.query,
               "REQUEST_METHOD": rq.method, "PATH": os.environ["PATH"],
               "CONTENT_TYPE": rq.get("content-type"),
               "CONTENT_LENGTH": str(len(rq.body)),
               "HTTP_CONTENT_ENCODING": rq.get("content-encoding"),
               "GIT_PROTOCOL": rq.get("git-protocol"),
               "REMOTE_USER": "w", "REMOTE_ADDR": "0",
               "GIT_CONFIG_COUNT": "1",
               "GIT_CONFIG_KEY_0": "safe.directory",
               "GIT_CONFIG_VALUE_0": "*"}
        out = subprocess.run(["git", "http-backend"], input=rq.body, env=env,
                             capture_output=True, check=False).stdout
        head, _, body = out.partition(b"\r\n\r\n")
        status, fields = 200, []
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(": ")
            if name.lower() == "status":
                status = int(value.split()[0])
            elif name.lower() not in ("content-length", "content-type"):
                fields.append((name, value))
            elif name.lower() == "content-type":
                kind = value
        rq.conn.reply(status, body, kind, fields)
    return handler

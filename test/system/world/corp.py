"""corp.py -- a company's network: a proxy in front of the world, and a server
that believes its own authority alone, about itself and about its clients."""
import base64
import os
import socket
import ssl
import threading
import time

import hosts
import record

# port -> how the proxy is there
PROXIES = {3128: "open", 3129: "basic", 3130: "forbids", 3131: "broken",
           3132: "slow", 3133: "silent", 3134: "garbage", 3135: "early",
           3136: "endless", 3137: "ends"}
WORDS = base64.b64encode(b"me:secret-word").decode()


def _pump(a, b):
    try:
        while True:
            got = a.recv(65536)
            if not got:
                break
            b.sendall(got)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def _resolve(name):
    for table in (hosts.HOSTS, hosts.H2, hosts.MAIL, hosts.CORP):
        if name in table:
            return table[name]
    return name


def _answer(kind, head):
    """What is said before anything else, or None to go on."""
    if kind == "basic" and f"Proxy-Authorization: Basic {WORDS}" not in head:
        return (b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                b"Proxy-Authenticate: Basic realm=\"corp\"\r\n"
                b"Content-Length: 0\r\n\r\n")
    return {"forbids": b"HTTP/1.1 403 Not For\x1b[31m You\r\n\r\nno",
            "broken": b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
            "slow": b"HTTP/1.1 504 Gateway Timeout\r\n\r\n",
            "garbage": b"SSH-2.0-proxy\r\n\r\n",
            "endless": b"HTTP/1.1 200 OK\r\nx: " + b"a" * 200000}.get(kind)


def proxy(kind):
    def one(sock):
        sock.settimeout(60)
        head = b""
        try:
            while b"\r\n\r\n" not in head:
                got = sock.recv(4096)
                if not got:
                    return
                head += got
            head = head.decode("latin-1")
            target = head.split(" ")[1]
            record.put("proxy", kind=kind, target=target, head=head)
            if kind == "ends":
                return
            if kind == "silent":
                time.sleep(60)
                return
            said = _answer(kind, head)
            if said is not None:
                sock.sendall(said)
                sock.recv(1)
                return
            name, port = target.rsplit(":", 1)
            to = socket.create_connection((_resolve(name.strip("[]")),
                                           int(port)), 10)
            early = b"\x16\x03\x03\0\x01x" if kind == "early" else b""
            sock.sendall(b"HTTP/1.1 200 Fine\r\nVia: corp\r\n\r\n" + early)
            back = threading.Thread(target=_pump, args=(to, sock),
                                    daemon=True)
            back.start()
            _pump(sock, to)
            back.join()
            to.close()
        except (OSError, ValueError, IndexError):
            pass
        finally:
            sock.close()
    return one


def whoami(rq):
    cert = rq.conn.sock.getpeercert() or {}
    rq.conn.reply_json({"subject": dict(x[0] for x in cert.get(
        "subject", ())), "sni": rq.conn.sni})


def certificates(folder, authority, context):
    """Contexts of the private server, by port."""
    private = authority(folder, "private-ca")
    pem = private.issue("private", list(hosts.CORP))
    private.issue("client", ["me.corp.test"], use="clientAuth")
    out = {}
    for port, version, asks in (
            (443, ssl.TLSVersion.TLSv1_3, ssl.CERT_REQUIRED),
            (8443, ssl.TLSVersion.TLSv1_2, ssl.CERT_REQUIRED),
            (444, ssl.TLSVersion.TLSv1_3, ssl.CERT_NONE)):
        c = out[port] = context(pem)
        c.minimum_version = c.maximum_version = version
        c.verify_mode = asks
        c.load_verify_locations(os.path.join(folder, "private-ca.pem"))
    return out

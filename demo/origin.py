#!/usr/bin/env python3
"""A small HTTPS origin on loopback for ./quickstart: origin.py DIR.

Makes an authority (DIR/ca.pem) and a certificate for api.demo.test and
pkgs.demo.test, listens on a free port, and writes its number to DIR/port.
Ends when its standard input does.
"""
import http.server
import os
import ssl
import subprocess
import sys
import threading

NAMES = ("api.demo.test", "pkgs.demo.test")


def openssl(*args):
    subprocess.run(("openssl", *args), check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_certificates():
    """ca.pem, and leaf.pem with its key in leaf.key, for a day."""
    names = ",".join("DNS:" + n for n in NAMES)
    with open("leaf.ext", "w", encoding="ascii") as f:
        f.write(f"subjectAltName={names}\n")
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *ec, "-days", "1", "-subj", "/CN=Demo authority",
            "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *ec, "-subj", "/CN=" + NAMES[0],
            "-keyout", "leaf.key", "-out", "leaf.csr")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey",
            "ca.key", "-CAcreateserial", "-days", "1", "-extfile",
            "leaf.ext", "-out", "leaf.pem")


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        host = self.headers.get("Host", "")
        if host == "pkgs.demo.test":
            text = "left-pad 1.3.0\n"
        elif self.command == "GET":
            text = "Keep it logically awesome.\n"
        else:
            text = f"received {length} bytes\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = answer

    def log_message(self, *args):
        pass


def main():
    os.chdir(sys.argv[1])
    make_certificates()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("leaf.pem", "leaf.key")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open("port.new", "w", encoding="ascii") as f:
        f.write(str(server.server_address[1]))
    os.rename("port.new", "port")
    sys.stdin.read()


main()

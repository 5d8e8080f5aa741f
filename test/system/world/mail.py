"""mail.py -- servers on which TLS begins in the middle: SMTP, IMAP, POP3,
LDAP, PostgreSQL, MySQL; and such as lie about it.

What arrives in clear is recorded as "clear", what arrives under TLS as
"mail", line by line."""
import socket
import ssl
import struct

import record

# name -> what is wrong with its server
LIES = {"mail.test": "", "strip.mail.test": "strip",
        "inject.mail.test": "inject", "early.mail.test": "early",
        "refuse.mail.test": "refuse", "clear.mail.test": "clear",
        "smtp.gmail.com": ""}


class Talk:
    """One connection: lines in clear, then under TLS."""

    def __init__(self, sock, context, lie):
        sock.settimeout(60)
        self.sock, self.context, self.lie = sock, context, lie
        self.event, self.held = "clear", b""

    def more(self):
        got = self.sock.recv(65536)
        if not got:
            raise OSError("the end")
        self.held += got

    def line(self):
        while b"\n" not in self.held:
            self.more()
        out, self.held = self.held.split(b"\n", 1)
        out = out.decode("latin-1").rstrip("\r")
        record.put(self.event, line=out, sni=getattr(
            self.sock, "asked_name", ""))
        return out

    def exactly(self, n):
        while len(self.held) < n:
            self.more()
        out, self.held = self.held[:n], self.held[n:]
        record.put(self.event, line=out.hex())
        return out

    def say(self, text):
        self.sock.sendall(text if isinstance(text, bytes) else text.encode())

    def tls(self, consent, injected=b""):
        """Agrees, and begins; a careless server keeps what it held."""
        if self.lie == "inject":
            consent += injected
        self.say(consent)
        if self.lie == "clear":
            self.say(consent)
            return
        self.sock = self.context.wrap_socket(self.sock, server_side=True)
        self.event = "mail"


def smtp(t):
    if t.lie == "early":
        t.say("220 mail.test ESMTP\r\n250 early\r\n")
    else:
        t.say("220 mail.test ESMTP\r\n")
    while True:
        words = t.line().split(" ")
        verb = words[0].upper()
        if verb == "EHLO":
            under = t.event == "mail"
            offers = ["mail.test", "PIPELINING", "AUTH PLAIN LOGIN"]
            if not under and t.lie != "strip":
                offers.append("STARTTLS")
            offers.append("8BITMIME")
            t.say("".join(f"250{'-' if i + 1 < len(offers) else ' '}{o}\r\n"
                          for i, o in enumerate(offers)))
        elif verb == "STARTTLS" and t.lie == "refuse":
            t.say("454 4.7.0 TLS not available\r\n")
        elif verb == "STARTTLS":
            t.tls(b"220 2.0.0 go ahead\r\n", b"250 injected\r\n")
        elif verb == "DATA":
            t.say("354 go on\r\n")
            while t.line() != ".":
                pass
            t.say("250 taken\r\n")
        elif verb == "AUTH":
            t.say("235 2.7.0 welcome\r\n")
        elif verb == "QUIT":
            t.say("221 bye\r\n")
            return
        else:
            t.say("250 fine\r\n")


def imap(t):
    t.say("* PREAUTH welcome\r\n" if t.lie == "early" else
          "* OK IMAP4rev1 here\r\n")
    while True:
        tag, _, rest = t.line().partition(" ")
        verb = rest.split(" ")[0].upper()
        if verb == "CAPABILITY":
            t.say("* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\n"
                  f"{tag} OK done\r\n")
        elif verb == "STARTTLS":
            t.tls(f"{tag} OK begin\r\n".encode(),
                  b"* CAPABILITY IMAP4rev1 X-INJECTED\r\n")
        elif verb == "LOGOUT":
            t.say(f"* BYE\r\n{tag} OK bye\r\n")
            return
        else:
            t.say(f"{tag} OK done\r\n")


def pop3(t):
    t.say("+OK POP3 here\r\n")
    while True:
        verb = t.line().split(" ")[0].upper()
        if verb == "CAPA":
            t.say("+OK\r\nSTLS\r\nUSER\r\n.\r\n")
        elif verb == "STLS":
            t.tls(b"+OK begin\r\n", b"+OK injected\r\n")
        elif verb == "STAT":
            t.say("+OK 0 0\r\n")
        else:
            t.say("+OK fine\r\n")
            if verb == "QUIT":
                return


def ldap(t):
    while True:
        head = t.exactly(2)
        body = t.exactly(head[1])
        n = 2 + body[1]         # its number
        if body[n] == 0x77:
            t.tls(b"\x30" + bytes([7 + 2 + n]) + body[:n] +
                  b"\x78\x07\x0a\x01\x00\x04\x00\x04\x00",
                  b"\x30\x0c\x02\x01\x00\x78\x07\x0a\x01\x00\x04\x00\x04\x00")
        elif body[n] == 0x60:
            t.say(b"\x30" + bytes([7 + 2 + n]) + body[:n] +
                  b"\x61\x07\x0a\x01\x00\x04\x00\x04\x00")


def postgres(t):
    while True:
        n, code = struct.unpack("!II", t.exactly(8))
        if code == 80877103 and t.lie == "refuse":
            t.say("N")
        elif code == 80877103:
            t.tls(b"S", b"E\0\0\0\x05\0")
        else:
            t.exactly(n - 8)
            t.say(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I")


def mysql(t):
    hello = b"\x0a8.0.1\0" + b"\1\0\0\0" + b"saltsalt\0" + b"\xff\xff" + \
        b"\x08\2\0\xff\xdf\x15" + b"\0" * 10 + b"saltsaltsalt\0"
    t.say(struct.pack("<I", len(hello)) + hello)
    ask = t.exactly(36)
    if ask[5] & 8:
        t.tls(b"")
        t.say(b"\7\0\0\3\0\0\0\2\0\0\0")
    while True:
        t.exactly(1)


PORTS = {25: smtp, 587: smtp, 143: imap, 110: pop3, 389: ldap,
         5432: postgres, 3306: mysql}


def server(run, context, lie):
    """For http1.listen(raw=...)."""
    def one(sock):
        t = Talk(sock, context, lie)
        try:
            run(t)
        except (OSError, ssl.SSLError, ValueError, IndexError, struct.error):
            pass
        finally:
            try:
                t.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            t.sock.close()
    return one


def implicit(context):
    """The same under TLS from the first byte (465)."""
    def one(sock):
        try:
            sock = context.wrap_socket(sock, server_side=True)
        except (OSError, ssl.SSLError):
            return
        t = Talk(sock, context, "")
        t.event = "mail"
        try:
            smtp(t)
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            sock.close()
    return one

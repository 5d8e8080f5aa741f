"""certs.py -- the test authority and every certificate, good and bad."""
import os
import ssl
import subprocess

import hosts


def _openssl(*args):
    subprocess.run(["openssl", *args], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _key(path):
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout",
             "-out", path)


class Authority:
    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.key = os.path.join(folder, name + ".key")
        self.cert = os.path.join(folder, name + ".pem")
        _key(self.key)
        _openssl("req", "-x509", "-new", "-key", self.key, "-days", "30",
                 "-subj", f"/CN={name}", "-out", self.cert,
                 "-addext", "basicConstraints=critical,CA:TRUE",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, label, names, days="30", use="serverAuth"):
        """A chain file with its key for names; days may be negative."""
        base = os.path.join(self.folder, label)
        _key(base + ".key")
        with open(base + ".ext", "w", encoding="ascii") as f:
            f.write("basicConstraints=CA:FALSE\n"
                    "keyUsage=digitalSignature\n"
                    f"extendedKeyUsage={use}\n"
                    "subjectAltName=" +
                    ",".join("DNS:" + n for n in names) + "\n")
        _openssl("req", "-new", "-key", base + ".key", "-subj",
                 f"/CN={names[0]}", "-out", base + ".csr")
        _openssl("x509", "-req", "-in", base + ".csr", "-CA", self.cert,
                 "-CAkey", self.key, "-set_serial", str(os.getpid()),
                 "-days", days, "-extfile", base + ".ext",
                 "-out", base + ".crt")
        with open(base + ".pem", "w", encoding="ascii") as out:
            for part in (base + ".key", base + ".crt"):
                with open(part, encoding="ascii") as f:
                    out.write(f.read())
        return base + ".pem"


def _keep_name(sock, name, _unused):
    sock.asked_name = name or ""


def context(pem):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(pem)
    c.set_alpn_protocols(["http/1.1"])
    c.sni_callback = _keep_name
    return c


def make(folder):
    """Contexts by host name; folder/ca.pem is what a client must trust."""
    ca = Authority(folder, "ca")
    other = Authority(folder, "untrusted-ca")
    good = context(ca.issue("good", list(hosts.HOSTS) + ["cdn.echo.test"] +
                             list(hosts.H2) + list(hosts.MAIL) +
                             list(hosts.A_RECORDS) + list(hosts.AAAA_RECORDS) +
                             list(hosts.REBIND) + list(hosts.CNAMES)))
    contexts = {name: good for name in hosts.HOSTS}
    h2 = context(os.path.join(folder, "good.pem"))
    h2.set_alpn_protocols(["h2"])
    contexts.update({name: h2 for name in hosts.H2})
    contexts["wrongname.evil.test"] = context(
        ca.issue("wrongname", ["somebody-else.test"]))
    contexts["expired.evil.test"] = context(
        ca.issue("expired", ["expired.evil.test"], "-1"))
    contexts["untrusted.evil.test"] = context(
        other.issue("untrusted", ["untrusted.evil.test"]))
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
             "-subj", "/CN=selfsigned.evil.test",
             "-addext", "subjectAltName=DNS:selfsigned.evil.test",
             "-keyout", os.path.join(folder, "ss.key"),
             "-out", os.path.join(folder, "ss.crt"))
    with open(os.path.join(folder, "ss.pem"), "w", encoding="ascii") as out:
        for part in ("ss.key", "ss.crt"):
            with open(os.path.join(folder, part), encoding="ascii") as f:
                out.write(f.read())
    contexts["selfsigned.evil.test"] = context(os.path.join(folder, "ss.pem"))
    old = context(os.path.join(folder, "good.pem"))
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    contexts["oldtls.evil.test"] = old
    contexts[""] = good
    return contexts

"""hosts.py -- the names and addresses of the pretend internet."""
import sys

OWN = "44.127.0.1"      # of the machine itself, and public
DNS = "44.128.0.53"
RELAY = "44.128.6.1"
EVIL = "44.128.66.6"
METADATA = "169.254.169.254"
PRIVATE = "10.11.12.13"

# name -> address; every one has a certificate of the test authority.
HOSTS = {
    "api.github.com": "44.128.1.1",
    "github.com": "44.128.1.2",
    "pypi.org": "44.128.2.1",
    "files.pythonhosted.org": "44.128.2.2",
    "registry.npm.test": "44.128.3.1",
    "api.anthropic.com": "44.128.4.1",
    "api.openai.com": "44.128.5.1",
    "models.dev": "44.128.5.2",
    "oauth.composio.dev": "44.128.5.3",
    "pastebin.com": "44.128.66.9",
    "abc.ngrok.io": "44.128.66.9",
    "abc.requestbin.com": "44.128.66.9",
    "echo.test": RELAY,
    "sub.echo.test": RELAY,
    "deep.sub.echo.test": RELAY,
    "other.test": "44.128.6.2",
    "kept.test": RELAY,
    "brief.test": RELAY,
    "xn--bcher-kva.test": "44.128.6.3",
    "evil.test": EVIL,
    "badhttp.evil.test": "44.128.66.7",
    "redirect.evil.test": "44.128.66.8",
}

# Speaks HTTP/2 only (http2.py).
H2 = {"h2.test": "44.128.7.1"}

# TLS that begins in the middle (mail.py).
MAIL = {
    "mail.test": "44.128.8.1",
    "strip.mail.test": "44.128.8.2",
    "inject.mail.test": "44.128.8.3",
    "early.mail.test": "44.128.8.4",
    "refuse.mail.test": "44.128.8.5",
    "clear.mail.test": "44.128.8.6",
    "smtp.gmail.com": "44.128.8.7",
}

# A company's own (corp.py).
CORP = {
    "proxy.corp.test": "44.128.9.1",
    "vault.corp.test": "44.128.9.2",
}

# Hosts whose TLS is wrong, each in its own way (tls.py).
BAD_TLS = {
    "wrongname.evil.test": "44.128.66.10",
    "expired.evil.test": "44.128.66.11",
    "selfsigned.evil.test": "44.128.66.12",
    "untrusted.evil.test": "44.128.66.13",
    "plaintext.evil.test": "44.128.66.14",
    "silent.evil.test": "44.128.66.15",
    "oldtls.evil.test": "44.128.66.16",
}

# Public names that lead where no name may lead.
A_RECORDS = {
    "metadata.evil.test": [METADATA],
    "loopback.evil.test": ["127.0.0.1"],
    "loopback2.evil.test": ["127.255.0.9"],
    "private.evil.test": [PRIVATE],
    "private172.evil.test": ["172.16.5.5"],
    "private192.evil.test": ["192.168.1.1"],
    "cgnat.evil.test": ["100.64.0.1"],
    "zero.evil.test": ["0.0.0.0"],
    "zeronet.evil.test": ["0.1.2.3"],
    "multicast.evil.test": ["224.0.0.1"],
    "broadcast.evil.test": ["255.255.255.255"],
    "reserved.evil.test": ["240.0.0.1"],
    "testnet.evil.test": ["203.0.113.7"],
    "benchmark.evil.test": ["198.18.0.1"],
    "mixed.evil.test": [EVIL, METADATA],
    "own.evil.test": [OWN],
    "own-too.evil.test": [EVIL, OWN],
}
AAAA_RECORDS = {
    "loopback6.evil.test": ["::1"],
    "unspecified6.evil.test": ["::"],
    "mapped.evil.test": ["::ffff:169.254.169.254"],
    "mapped127.evil.test": ["::ffff:127.0.0.1"],
    "compat.evil.test": ["::169.254.169.254"],
    "nat64.evil.test": ["64:ff9b::a9fe:a9fe"],
    "sixtofour.evil.test": ["2002:a9fe:a9fe::1"],
    "teredo.evil.test": ["2001:0:4136:e378:8000:63bf:5601:5601"],
    "ula.evil.test": ["fd00:ec2::254"],
    "linklocal6.evil.test": ["fe80::1"],
    "multicast6.evil.test": ["ff02::1"],
    "doc6.evil.test": ["2001:db8::1"],
}
CNAMES = {
    "alias.evil.test": "metadata.evil.test",
    "cdn.echo.test": "echo.test",
    "loop.evil.test": "loop2.evil.test",
    "loop2.evil.test": "loop.evil.test",
}
# First answer a public address, every later one the target.
REBIND = {
    "rebind.evil.test": (EVIL, METADATA),
    "rebind-loopback.evil.test": (EVIL, "127.0.0.1"),
    "rebind-kept.evil.test": (EVIL, METADATA),
}

# How long answers live, in seconds; all others do not.
TTL = {"kept.test": 60, "brief.test": 1, "rebind-kept.evil.test": 60}

# Names that must answer nothing or wrong.
NO_ANSWER = {"silent-dns.evil.test"}
SERVFAIL = {"servfail.evil.test"}


def addresses():
    """Every address beyond the cable, of networks close by too."""
    seen = {DNS, METADATA, PRIVATE, "192.168.1.1", "100.64.0.1"}
    seen.update(HOSTS.values())
    seen.update(H2.values())
    seen.update(MAIL.values())
    seen.update(CORP.values())
    seen.update(BAD_TLS.values())
    return sorted(seen)


def main():
    if "--addresses" in sys.argv:
        print("\n".join(a + "/32" for a in addresses()))
    elif "--own" in sys.argv:
        print(OWN)
    elif "--resolv-conf" in sys.argv:
        print(f"nameserver {DNS}\noptions timeout:2 attempts:1")


if __name__ == "__main__":
    main()

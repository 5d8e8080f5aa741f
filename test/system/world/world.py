"""world.py -- the pretend internet.  usage: world.py FOLDER

In FOLDER it leaves ca.pem (what clients must trust), log.jsonl (all that
arrived anywhere) and, once everything listens, the file "ready".  Model
servers play FOLDER/scripts/KEY.json for the API key KEY (model.py).
"""
import ctypes
import os
import signal
import sys
import threading

import certs
import corp
import dns
import evil
import hosts
import http1
import http2
import mail
import model
import origins
import record
import services

# Other ports of the relay and of the hostile host that a guest might try.
EXTRA_PORTS = (22, 25, 587, 8080, 8443, 9418)
LOOPBACK_SERVICE = 18080


def _handlers(folder):
    scripts = os.path.join(folder, "scripts")
    git = origins.git_backend(origins.make_repository(folder))
    return {
        "api.github.com": origins.github,
        "github.com": git,
        "pypi.org": origins.pypi,
        "files.pythonhosted.org": origins.pythonhosted,
        "registry.npm.test": origins.npm,
        "api.anthropic.com": model.anthropic(scripts),
        "api.openai.com": model.openai(scripts),
        "models.dev": model.catalogue,
        "other.test": evil.swallow,
        "evil.test": evil.swallow,
        "badhttp.evil.test": evil.badhttp,
        "redirect.evil.test": evil.redirect,
    }


def start(folder):
    contexts = certs.make(folder)
    handlers = _handlers(folder)
    done = set()
    for name, address in hosts.HOSTS.items():
        if address in done:
            continue
        done.add(address)
        handler = handlers.get(name, origins.echo)
        http1.listen(address, 443, handler, contexts[name])
        http1.listen(address, 80, handler)
    for name, address in hosts.H2.items():
        http2.listen(address, 443, contexts[name], record.put)
        http2.listen(address, 80, None, record.put)
    for name, address in hosts.BAD_TLS.items():
        raw = {"plaintext.evil.test": evil.plaintext,
               "silent.evil.test": evil.silent}.get(name)
        http1.listen(address, 443, evil.swallow, contexts.get(name), raw)
    for name, address in hosts.MAIL.items():
        for port, run in mail.PORTS.items():
            http1.listen(address, port, None, raw=mail.server(
                run, contexts[""], mail.LIES[name]))
        http1.listen(address, 465, None, raw=mail.implicit(contexts[""]))
    for port, kind in corp.PROXIES.items():
        http1.listen(hosts.CORP["proxy.corp.test"], port, None,
                     raw=corp.proxy(kind))
    for port, context in corp.certificates(folder, certs.Authority,
                                           certs.context).items():
        http1.listen(hosts.CORP["vault.corp.test"], port, corp.whoami,
                     context)
    for port in EXTRA_PORTS:
        context = contexts[""] if port == 8443 else None
        http1.listen(hosts.RELAY, port, origins.echo, context)
        http1.listen(hosts.EVIL, port, evil.swallow, context)
    services.listen(http1, "other.test", hosts.HOSTS["other.test"])
    for address in (hosts.METADATA, hosts.PRIVATE, "192.168.1.1",
                    "100.64.0.1"):
        http1.listen(address, 80, evil.metadata)
        http1.listen(address, 443, evil.metadata, contexts[""])
    return contexts


def start_near(contexts):
    """Services of the machine itself, as a developer's has."""
    http1.listen("127.0.0.1", LOOPBACK_SERVICE, evil.metadata)
    http1.listen("::1", LOOPBACK_SERVICE, evil.metadata)
    http1.listen(hosts.OWN, 80, evil.metadata)
    http1.listen(hosts.OWN, 443, evil.metadata, contexts[""])


def enter(process):
    """This thread's new sockets are in the network of that process."""
    fd = os.open(f"/proc/{process}/ns/net", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)


def main():
    folder = sys.argv[1]
    os.makedirs(os.path.join(folder, "scripts"), exist_ok=True)
    os.chmod(os.path.join(folder, "scripts"), 0o1777)
    record.open_log(os.path.join(folder, "log.jsonl"))
    threading.stack_size(1 << 18)
    record.sniff("cable")
    dns.start()
    contexts = start(folder)
    enter(os.getppid())
    record.sniff("lo")
    start_near(contexts)
    for name in os.listdir(folder):
        if name.endswith(".pem") and name != "ca.pem":
            os.chmod(os.path.join(folder, name), 0o600)
    os.chmod(os.path.join(folder, "ca.pem"), 0o644)
    with open(os.path.join(folder, "ready"), "w", encoding="ascii"):
        pass
    signal.pause()


if __name__ == "__main__":
    main()

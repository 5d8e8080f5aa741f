"""dns.py -- the pretend internet's one name server, UDP and TCP."""
import socket
import struct
import threading

import hosts
import record

A, CNAME, AAAA = 1, 5, 28
_asked = {}
_lock = threading.Lock()


def _name(packet, at):
    labels = []
    while packet[at]:
        n = packet[at]
        labels.append(packet[at + 1:at + 1 + n].decode("latin-1"))
        at += 1 + n
    return ".".join(labels), at + 1


def _encode(name):
    out = b""
    for label in name.split("."):
        raw = label.encode("latin-1")
        out += bytes([len(raw)]) + raw
    return out + b"\0"


def _addresses(name, kind):
    """The addresses of kind for name; None if there is no such name."""
    if name in hosts.REBIND:
        with _lock:
            n = _asked.get((name, kind), 0)
            _asked[(name, kind)] = n + 1
        return [hosts.REBIND[name][min(n, 1)]] if kind == A else []
    for table in (hosts.HOSTS, hosts.H2, hosts.MAIL, hosts.CORP,
                  hosts.BAD_TLS):
        if name in table:
            return [table[name]] if kind == A else []
    if name in hosts.A_RECORDS:
        return hosts.A_RECORDS[name] if kind == A else []
    if name in hosts.AAAA_RECORDS:
        return hosts.AAAA_RECORDS[name] if kind == AAAA else []
    return None


def _records(name, kind):
    """Answers as (owner, type, data), and the reply code."""
    out, hops = [], 0
    while name in hosts.CNAMES and hops < 8:
        out.append((name, CNAME, _encode(hosts.CNAMES[name])))
        name = hosts.CNAMES[name]
        hops += 1
    found = _addresses(name, kind)
    if found is None:
        return out, 0 if out else 3
    family = socket.AF_INET if kind == A else socket.AF_INET6
    for address in found:
        out.append((name, kind, socket.inet_pton(family, address)))
    return out, 0


def answer(packet, over):
    if len(packet) < 17:
        return None
    ident = packet[:2]
    name, end = _name(packet, 12)
    kind = struct.unpack("!H", packet[end:end + 2])[0]
    question = packet[12:end + 4]
    record.put("dns", name=name, kind=kind, over=over)
    name = name.lower()
    if name in hosts.NO_ANSWER:
        return None
    if name in hosts.SERVFAIL:
        rrs, code = [], 2
    else:
        rrs, code = _records(name, kind)
    head = struct.pack("!HHHHH", 0x8180 | code, 1, len(rrs), 0, 0)
    body = b"".join(
        _encode(owner) + struct.pack("!HHIH", rtype, 1,
                                     hosts.TTL.get(owner, 0), len(data)) +
        data
        for owner, rtype, data in rrs)
    return ident + head + question + body


def _udp(s):
    while True:
        packet, peer = s.recvfrom(4096)
        try:
            reply = answer(packet, "udp")
        except IndexError:
            continue
        if reply is not None:
            s.sendto(reply, peer)


def _tcp_one(c):
    with c:
        while True:
            head = c.recv(2, socket.MSG_WAITALL)
            if len(head) < 2:
                return
            packet = c.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL)
            reply = answer(packet, "tcp")
            if reply is not None:
                c.sendall(struct.pack("!H", len(reply)) + reply)


def _tcp(s):
    while True:
        c, _ = s.accept()
        threading.Thread(target=_tcp_one, args=(c,), daemon=True).start()


def start():
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind((hosts.DNS, 53))
    t = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    t.bind((hosts.DNS, 53))
    t.listen(128)
    for run, s in ((_udp, u), (_tcp, t)):
        threading.Thread(target=run, args=(s,), daemon=True).start()

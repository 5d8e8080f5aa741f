"""record.py -- what arrived anywhere in the pretend internet, as JSON lines."""
import json
import socket
import struct
import threading
import time

IP = (0x0800, 0x86DD)   # of what goes over a cable, ARP left out
_lock = threading.Lock()
_file = None


def open_log(path):
    global _file
    _file = open(path, "a", buffering=1, encoding="utf-8")


def put(event, **fields):
    line = json.dumps({"t": time.time(), "event": event, **fields})
    with _lock:
        _file.write(line + "\n")


def _packet(frame):
    """(protocol, destination, port) of a packet worth a line, or None."""
    if len(frame) < 20:
        return None
    if frame[0] >> 4 == 6:
        if len(frame) < 44:
            return None
        kind, dst = frame[6], socket.inet_ntop(socket.AF_INET6, frame[24:40])
        rest = frame[40:]
    else:
        kind, dst = frame[9], socket.inet_ntoa(frame[16:20])
        rest = frame[(frame[0] & 15) * 4:]
    if len(rest) < 4:
        return None
    port = struct.unpack("!H", rest[2:4])[0]
    if kind == 6:
        # A first SYN only: one line per attempt at a connection.
        if len(rest) < 14 or rest[13] & 0x12 != 0x02:
            return None
        return "tcp", dst, port
    if kind == 17:
        return "udp", dst, port
    if kind in (1, 58):
        return "icmp", dst, 0
    return f"ip{kind}", dst, 0


def sniff(interface):
    """Watch an interface itself, so that nothing at all can be missed."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    s.bind((interface, 0))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)

    def run():
        while True:
            frame, where = s.recvfrom(65536)
            if where[2] == socket.PACKET_OUTGOING or where[1] not in IP:
                continue
            got = _packet(frame)
            if got is not None:
                put("packet", proto=got[0], address=got[1], port=got[2])

    threading.Thread(target=run, daemon=True).start()

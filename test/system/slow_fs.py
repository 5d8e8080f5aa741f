"""slow_fs.py -- a file system that does not always answer: slow_fs.py WHERE HOLD

Serves a small tree at WHERE, through /dev/fuse.  While the file HOLD is there,
whatever is asked about a name that has "stuck" in it waits; all else is
answered at once.  Nothing is remembered by the kernel.  Says "ready", and goes
when it is killed.
"""
import ctypes
import errno
import os
import select
import stat
import struct
import sys

(LOOKUP, FORGET, GETATTR, SETATTR, READLINK, MKDIR, UNLINK, RMDIR, RENAME,
 OPEN, READ, WRITE, STATFS, RELEASE, FLUSH, INIT, OPENDIR, READDIR,
 RELEASEDIR, ACCESS, CREATE, INTERRUPT, BATCH_FORGET, RENAME2) = (
     1, 2, 3, 4, 5, 9, 10, 11, 12, 14, 15, 16, 17, 18, 25, 26, 27, 28, 29,
     34, 35, 36, 42, 45)
PARALLEL = 1 << 18     # names of one directory are looked up at the same time
SCRIPT = b"#!/bin/sh\necho ran $0\n"


class Node:
    def __init__(self, name, mode, data=b""):
        self.name, self.mode, self.data = name, mode, data


class Tree:
    def __init__(self):
        self.nodes = {1: Node("", stat.S_IFDIR | 0o777)}
        for name, mode, data in (
                ("file", 0o666, b"readable\n"), ("k.pem", 0o666, b"SECRET\n"),
                ("stuck", 0o666, b"late\n"), ("stuck.pem", 0o666, b"SECRET\n"),
                ("tool", 0o777, SCRIPT), ("stuck-tool", 0o777, SCRIPT)):
            self.add(name, stat.S_IFREG | mode, data)
        self.add("way", stat.S_IFDIR | 0o777)

    def add(self, name, mode, data=b""):
        number = max(self.nodes) + 1
        self.nodes[number] = Node(name, mode, data)
        return number

    def find(self, name):
        for number, node in self.nodes.items():
            if number > 1 and node.name == name:
                return number
        return 0

    def attr(self, number):
        node = self.nodes[number]
        return struct.pack("<QQQQQQIIIIIIIIII", number, len(node.data), 1, 0,
                           0, 0, 0, 0, 0, node.mode, 1, 0, 0, 0, 4096, 0)

    def entry(self, number):
        return struct.pack("<QQQQII", number, 1, 0, 0, 0, 0) + self.attr(
            number)


def text(body):
    return body.split(b"\0")[0].decode()


class Server:
    def __init__(self, fd):
        self.fd, self.tree, self.late = fd, Tree(), []

    def answer(self, unique, body=b"", error=0):
        try:
            os.write(self.fd, struct.pack("<IiQ", 16 + len(body), -error,
                                          unique) + body)
        except OSError:
            pass    # whoever asked was killed

    def names(self, op, node, body):
        """What the question is about, for those who are to wait."""
        name = self.tree.nodes[node].name if node in self.tree.nodes else ""
        if op in (LOOKUP, UNLINK):
            name = text(body)
        elif op == CREATE:
            name = text(body[16:])
        return name

    def make(self, body):
        flags, mode = struct.unpack("<II", body[:8])
        name = text(body[16:])
        number = self.tree.find(name) or self.tree.add(
            name, stat.S_IFREG | (mode & 0o7777))
        del flags
        return self.tree.entry(number) + struct.pack("<QII", 0, 0, 0)

    def entries(self, body):
        _, offset, _ = struct.unpack("<QQI", body[:20])
        out = b""
        names = [(n, v) for n, v in self.tree.nodes.items() if n > 1]
        for i, (number, node) in enumerate(names[offset:], offset + 1):
            raw = node.name.encode()
            one = struct.pack("<QQII", number, i, len(raw), 8) + raw
            out += one + bytes(-len(one) % 8)
        return out

    def write(self, node, body):
        _, offset, size = struct.unpack("<QQI", body[:20])
        data = body[40:40 + size]
        old = self.tree.nodes[node].data.ljust(offset, b"\0")
        self.tree.nodes[node].data = (old[:offset] + data +
                                      old[offset + size:])
        return struct.pack("<II", size, 0)

    def interrupt(self, body):
        """Who asked is being killed: the kernel waits for us to say so."""
        other = struct.unpack("<Q", body[:8])[0]
        for question in self.late:
            if question[1] == other:
                self.late.remove(question)
                self.answer(other, error=errno.EINTR)
                return

    def serve(self, op, unique, node, body):
        tree = self.tree
        if op in (FORGET, BATCH_FORGET):
            return
        if op == INTERRUPT:
            self.interrupt(body)
            return
        if op == INIT:
            self.answer(unique, struct.pack("<IIIIHHIIHHI28x", 7, 31, 65536,
                                            PARALLEL, 10, 10, 65536, 1, 16, 0,
                                            0))
        elif op == LOOKUP:
            number = tree.find(text(body))
            if number:
                self.answer(unique, tree.entry(number))
            else:
                self.answer(unique, error=errno.ENOENT)
        elif op in (GETATTR, SETATTR):
            if op == SETATTR:
                valid, _, _, size = struct.unpack("<IIQQ", body[:24])
                if valid & 8:
                    tree.nodes[node].data = tree.nodes[node].data[:size]
            self.answer(unique, struct.pack("<QII", 0, 0, 0) +
                        tree.attr(node))
        elif op in (OPEN, OPENDIR):
            self.answer(unique, struct.pack("<QII", 0, 0, 0))
        elif op == READ:
            _, offset, size = struct.unpack("<QQI", body[:20])
            self.answer(unique, tree.nodes[node].data[offset:offset + size])
        elif op == READDIR:
            self.answer(unique, self.entries(body))
        elif op == WRITE:
            self.answer(unique, self.write(node, body))
        elif op == CREATE:
            self.answer(unique, self.make(body))
        elif op == UNLINK:
            tree.nodes.pop(tree.find(text(body)), None)
            self.answer(unique)
        elif op == STATFS:
            self.answer(unique, struct.pack("<QQQQQIIII24x", 1 << 20, 1 << 19,
                                            1 << 19, 99, 99, 4096, 255, 4096,
                                            0))
        elif op in (RELEASE, RELEASEDIR, FLUSH, ACCESS):
            self.answer(unique)
        else:
            self.answer(unique, error=errno.ENOSYS)

    def run(self, hold):
        while True:
            ready, _, _ = select.select([self.fd], [], [], 0.05)
            if not os.path.exists(hold):
                late, self.late = self.late, []
                for question in late:
                    self.serve(*question)
            if not ready:
                continue
            try:
                got = os.read(self.fd, 1 << 18)
            except OSError as e:
                if e.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
                    continue
                return
            _, op, unique, node = struct.unpack("<IIQQ", got[:24])
            question = op, unique, node, got[40:]
            if os.path.exists(hold) and op not in (
                    FORGET, BATCH_FORGET, INTERRUPT) and \
                    "stuck" in self.names(op, node, got[40:]):
                self.late.append(question)
            else:
                self.serve(*question)


def main(where, hold):
    fd = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other"
    if libc.mount(b"slow", where.encode(), b"fuse.slow", 6,
                  options.encode()) != 0:
        sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
    print("ready", flush=True)
    Server(fd).run(hold)


main(*sys.argv[1:])

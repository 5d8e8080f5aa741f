"""Attacks on a WebSocket whose messages are judged: each tries to have one
operation carried out that the policy does not allow."""
import json
import os

import hosts

with open(os.path.join(os.path.dirname(hosts.__file__), "ws.py"),
          encoding="utf-8") as f:
    CLIENT = f.read()

POLICY = """
network:
  allow:
    - endpoint: echo.test
      paths: [/ws/*]
      graphql: {operations: [query]}
"""
EVIL = '{"type":"subscribe","id":"1","payload":{"query":"mutation{evil}"}}'
GOOD = EVIL.replace("mutation{evil}", "{a}")

# What is sent, as Python that has c, frame() and EVIL.
SMUGGLED = {
    "as it is": "t(EVIL)",
    "byte by byte": "[t(b, 0 if i else 1, i == len(EVIL) - 1) "
                    "for i, b in enumerate(EVIL)]",
    "around a ping": "t(EVIL[:9], fin=False); p(); t(EVIL[9:], 0)",
    "inside a ping, where nobody looks for it": "t(EVIL[:9], fin=False); "
                    "p(EVIL[9:]); t(GOOD[9:], 0)",
    "behind a good one": "t(GOOD); t(EVIL)",
    "within one frame behind a good one": "t(GOOD + EVIL)",
    "beside a good one": "t('[' + GOOD + ',' + EVIL + ']')",
    "as bytes": "t(EVIL, 2)",
    "as bytes that begin as text": "t(EVIL[:9], 1, False); t(EVIL[9:], 2)",
    "as a kind that is not": "t(EVIL, 3)",
    "as a continuation of nothing": "t(EVIL, 0)",
    "without a mask": "c.sock.sendall(frame(1, EVIL))",
    "behind a byte order mark": "t(chr(0xfeff) + EVIL)",
    "in UTF-16": "t(EVIL.encode('utf-16-le'))",
    "with bytes that are no text": "t(EVIL.encode() + bytes([0xff]))",
    "with a NUL behind it": "t(EVIL + chr(0))",
    "with a second query": "t(EVIL.replace('\"query\"', "
                           "'\"query\":\"{a}\",\"query\"'))",
    "with a second type": "t(EVIL.replace('\"subscribe\"', "
                          "'\"ping\",\"type\":\"subscribe\"'))",
    "with a type in capitals": "t(EVIL.replace('type', 'Type'))",
    "with a type in an escape": "t(EVIL.replace('subscribe', "
                                "'subscrib' + chr(92) + 'u0065'))",
    "in an escape": "t(EVIL.replace('mutation', chr(92) + 'u006dutation'))",
    "as another message of the older protocol": "t(EVIL.replace("
                                                "'subscribe', 'start'))",
    "as what only ends one": "t(EVIL.replace('subscribe', 'complete')"
                             ".replace('payload', 'Payload'))",
    "compressed": "t(d.pack(EVIL.encode()), rsv=4)",
    "compressed, with a window from before": "t(d.pack(GOOD.encode()), rsv=4)"
                    "; t(d.pack(EVIL.encode()), rsv=4)",
    "compressed behind a last block": "x = zlib.compressobj(9, 8, -15); "
                    "t(x.compress(GOOD.encode()) + x.flush() + "
                    "d.pack(EVIL.encode()), rsv=4)",
    "compressed from the second frame on": "t('', 1, False); "
                    "t(d.pack(EVIL.encode()), 0, rsv=4)",
    "compressed with another bit": "t(d.pack(EVIL.encode()), rsv=2)",
    "after a close": "c.send(8, bytes([3, 232])); t(EVIL)",
    "with a length that is a lie": "c.sock.sendall(bytes([0x81, 0xfe, 0, 4]) "
                    "+ bytes(4) + GOOD[:4].encode()); t(EVIL)",
}


def test_no_spelling_of_it_reaches_the_server(boxes, world):
    box = boxes(POLICY)
    out = box.exec("box", "python3", "-c", CLIENT + f"""
import json
EVIL, GOOD = {EVIL!r}, {GOOD!r}
out = {{}}
for what, code in {SMUGGLED!r}.items():
    for where in ("deflate" if "compressed" in what else "echo",):
        d = Deflate()
        c = Client("wss://echo.test/ws/" + where,
                   ["Sec-WebSocket-Extensions: permessage-deflate"])
        def t(data, op=1, fin=True, rsv=0):
            c.send(op, data, fin=fin, rsv=rsv)
        def p(data="x"):
            c.send(9, data)
        try:
            exec(code)
            c.send(8, bytes([3, 232]))
        except OSError:
            pass
        out[what + " " + where] = c.close_code()
print(json.dumps(out))
""", timeout=120)
    codes = json.loads(out.out)
    wrong = {k: v for k, v in codes.items()
             if v not in (1000, 1002, 1007, 1008, None) and "ping" not in k}
    assert not wrong, wrong
    texts = [e["data"] for e in world.events(event="ws")
             if e["op"] in (0, 1, 2)]
    assert texts and not any("evil" in x or "mutation" in x for x in texts), \
        texts


def test_what_is_sent_before_the_answer_is_judged_after_it(boxes, world):
    box = boxes(POLICY)
    out = box.exec("box", "python3", "-c", CLIENT + f"""
c = Client("wss://echo.test/ws/echo", raw=frame(1, {EVIL!r}, masked=True))
print(c.status, c.close_code())
c = Client("wss://echo.test/ws/refused", raw=frame(1, {EVIL!r}, masked=True))
print(c.status)
for more in ("X-HTTP-Method-Override: POST", "X-Original-URL: /ws/other",
             "Content-Length: {len(EVIL)}"):
    print(Client("wss://echo.test/ws/echo", [more]).status)
""").out.split()
    assert out[:3] == ["101", "1008", "403"], out
    assert out[3:] == ["403", "403", "400"], out
    assert not any(e["op"] < 8 for e in world.events(event="ws"))

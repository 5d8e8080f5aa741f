"""Messages of a WebSocket are judged, and inspected, before they leave."""
import json
import os

import hosts
import shell

with open(os.path.join(os.path.dirname(hosts.__file__), "ws.py"),
          encoding="utf-8") as f:
    CLIENT = f.read() + """
import json
def gql(text, type="subscribe"):
    return json.dumps({"type": type, "id": "1", "payload": {"query": text}})
def call(method, **params):
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                       "params": params})
"""
CARD = "4539148803436467"
TOKEN = "ghp_" + "q7Zr2Lm9Kx4TbW8sYc3Vd6Nf1Hg5Jp0Qe2Ra"   # of no account
POLICY = """
network:
  allow:
    - endpoint: echo.test
      graphql: {operations: [query, subscription]}
    - endpoint: cdn.echo.test
      mcp: {methods: [initialize, tools/call], tools: [search]}
    - endpoint: sub.echo.test
      json_rpc: {methods: [get], params: {key: [a*]}}
    - endpoint: deep.sub.echo.test
"""
DENY = """
  deny:
    - endpoint: deep.sub.echo.test
      graphql: {operations: [mutation]}
"""


def run(sh, code, timeout=60):
    r = sh.exec("box", "python3", "-c", CLIENT + code, timeout=timeout)
    return r.out


def came(world):
    return [e["data"] for e in world.events(event="ws") if e["op"] == 1]


def test_operations_of_graphql_pass_or_end_it(boxes, world):
    box = boxes(POLICY)
    out = run(box, """
for more in ([], ["Sec-WebSocket-Extensions: permessage-deflate"]):
    c = Client("wss://echo.test/ws/echo", more)
    print(c.say('{"type":"connection_init","payload":{"token":"x"}}'))
    print(c.say(gql("subscription { news }")))
    c.send(TEXT, gql("{ a }")[:20], fin=False)
    c.send(PING, "in between")
    c.send(0, gql("{ a }")[20:])
    print(c.get()[:2], c.get()[1])
    c.send(TEXT, gql("mutation { evil }"))
    print(c.close_code(), c.reason)
""").splitlines()
    half = ['{"type":"connection_init","payload":{"token":"x"}}',
            json.dumps({"type": "subscribe", "id": "1",
                        "payload": {"query": "subscription { news }"}}),
            "(10, b'in between') b'" + json.dumps(
                {"type": "subscribe", "id": "1",
                 "payload": {"query": "{ a }"}}) + "'"]
    assert out[:3] == half and out[4:7] == half, out
    for line in (out[3], out[7]):
        assert line.startswith("1008 not permitted by policy: mutation "
                               "evil"), out
    assert not any("evil" in text for text in came(world))
    got = box.audited(kind="http", host="echo.test", verdict="denied")
    assert "mutation evil" in got[-1]["reason"], got
    seen = box.audited(kind="http", host="echo.test", verdict="allowed")
    assert any("message subscription news" in r["reason"] for r in seen), seen


def test_what_cannot_be_understood_is_not_sent(boxes, world):
    box = boxes(POLICY)
    bad = ["not json", "[]", '{"type":"subscribe","id":"1"}',
           '{"type":"subscribe","type":"ping"}', '{"type":"Subscribe",'
           '"payload":{"query":"mutation{a}"}}',
           '{"TYPE":"subscribe","payload":{"query":"mutation{a}"}}',
           '{"type":"ping","query":"mutation{a}"}',
           '{"type":"start","payload":{"id":"stored"}}',
           '{"query":"mutation{a}"}', '{"id":"stored"}']
    out = run(box, f"""
for text in {bad!r}:
    c = Client("wss://echo.test/ws/echo")
    c.send(TEXT, text)
    print(c.close_code())
c = Client("wss://echo.test/ws/echo")
c.send(BINARY, gql("{{a}}"))
print(c.close_code(), c.reason)
c = Client("wss://echo.test/ws/echo")
c.send(TEXT, b"\\xff")
print(c.close_code())
""").splitlines()
    assert out[:len(bad)] == ["1008"] * len(bad), out
    assert out[-2].startswith("1008 ") and "message of bytes" in out[-2], out
    assert out[-1] == "1007", out
    assert came(world) == []


def test_calls_are_judged_by_method_and_argument(boxes, world):
    box = boxes(POLICY)
    out = run(box, """
c = Client("wss://cdn.echo.test/ws/echo")
c.say(call("initialize"))
c.say(call("tools/call", name="search", arguments={}))
c.send(TEXT, call("tools/call", name="delete", arguments={}))
print(c.close_code(), c.reason)
c = Client("wss://sub.echo.test/ws/echo")
c.say(call("get", key="abc"))
c.send(TEXT, "[" + call("get", key="a") + "," + call("get", key="b") + "]")
print(c.close_code())
""").splitlines()
    assert out[0].startswith("1008 ") and "delete" in out[0], out
    assert out[1] == "1008", out
    assert len(came(world)) == 3, came(world)


def test_a_deny_of_an_operation_holds_in_messages_too(boxes, world):
    box = boxes(POLICY + DENY)
    out = run(box, """
c = Client("wss://deep.sub.echo.test/ws/echo")
print(c.say(gql("{ a }")) == gql("{ a }"))
c.send(TEXT, gql("mutation { a }"))
print(c.close_code())
c = Client("wss://deep.sub.echo.test/ws/echo")
c.send(TEXT, "what is that")
print(c.close_code())
""").split()
    assert out == ["True", "1008", "1008"], out


def test_the_request_itself_asks_for_nothing(boxes, world):
    box = boxes(POLICY)
    out = run(box, """
for path in ("ws/echo?query=mutation%7Ba%7D", "ws/echo?query=%7Ba%7D",
             "echo", "ws/refused"):
    c = Client("wss://echo.test/" + path)
    print(c.status)
""").split()
    assert out == ["403", "403", "502", "403"], out
    assert not any("query" in q["target"] for q in world.requests())


def test_a_bomb_is_too_big_and_nothing_of_it_leaves(boxes, world):
    box = boxes(POLICY)
    out = run(box, """
d = Deflate(fresh_out=True)
c = Client("wss://echo.test/ws/deflate",
           ["Sec-WebSocket-Extensions: permessage-deflate"])
print([f for f in c.fields if f.startswith("sec-websocket-e")])
for i in range(2):
    c.send(TEXT, d.pack(gql("{ a }").encode()), rsv=4)
    print(c.get()[0])
c.send(TEXT, d.pack(b" " * 50_000_000), rsv=4)
print(c.close_code())
c = Client("wss://echo.test/ws/echo")
c.send(TEXT, b" " * 1_100_000)
print(c.close_code())
""").splitlines()
    assert out == ["['sec-websocket-extensions: permessage-deflate; "
                   "client_no_context_takeover']", "1", "1", "1009",
                   "1009"], out
    ws = [e for e in world.events(event="ws") if e["op"] == 1]
    assert [e["packed"] for e in ws] == [False, False], ws
    assert ws[0]["data"] == json.dumps({"type": "subscribe", "id": "1",
                                        "payload": {"query": "{ a }"}})


def test_messages_are_inspected(boxes, world):
    box = boxes("""
network:
  inspect: {secrets: block, personal: redact}
  allow: [{endpoint: echo.test}]
""")
    out = run(box, f"""
c = Client("wss://echo.test/ws/echo",
           ["Sec-WebSocket-Extensions: permessage-deflate"])
print(c.say("pay with {CARD} now"))
c.send(TEXT, "my card: {CARD[:7]}", fin=False)
c.send(0, "{CARD[7:]}.")
print(c.get()[1].decode())
c.send(BINARY, "no card, " + "x" * 300_000)
print(sum(len(c.get()[1]) for i in range(1)))
c.send(TEXT, "the key is {TOKEN}")
print(c.close_code(), c.reason)
""").splitlines()
    assert out[0] == "pay with 9999999999999999 now", out
    assert out[1] == "my card: 9999999999999999.", out
    assert out[2] == "300009", out
    assert out[3].startswith("1008 ") and "github-token" in out[3], out
    assert not any(CARD in t or TOKEN in t for t in came(world))


def test_a_policy_that_asks_for_more_ends_it_and_then_judges(sh):
    sh.start("box", "network:\n  allow: [{endpoint: echo.test}]\n")
    t = sh.term("sandbox", "exec", "box", "--", "python3", "-c", CLIENT + """
c = Client("wss://echo.test/ws/echo")
print(c.say("anything"), flush=True)
print("code", c.close_code(), flush=True)
c = Client("wss://echo.test/ws/echo")
print("again", c.say(gql("subscription{a}")) != "", flush=True)
c.exactly(1)
c.buffer = bytes([0x88]) + c.buffer
print("then", c.close_code(), flush=True)
""")
    t.expect("anything")
    sh.ok("policy", "set", "box", "--policy", sh.write("more.yaml", POLICY),
          "--wait")
    t.expect("code 1012")
    t.expect("again True")
    sh.ok("policy", "set", "box", "--policy", sh.write(
        "none.yaml", "network: {allow: [{endpoint: other.test}]}"), "--wait")
    t.expect("then 1012")
    assert t.wait() == 0
    assert shell.wait_until(lambda: sh.audited(
        kind="net_close", host="echo.test", verdict="denied"), what="it")


OLDER = """
version: 1
network_policies:
  all:
    binaries: [{path: /**}]
    endpoints:
      - {host: echo.test, port: 443, path: /graphql, protocol: graphql,
         access: read-only}
      - {host: echo.test, port: 443, path: /rpc, protocol: json-rpc,
         rules: [{allow: {method: get}}]}
      - {host: echo.test, port: 443, path: /mcp, protocol: mcp,
         rules: [{allow: {method: tools/call, tool: {any: [read, "list_*"]}}},
                 {allow: {method: initialize}}],
         deny_rules: [{method: tools/call, tool: list_secrets}]}
      - {host: echo.test, port: 443, path: /ws/echo, protocol: websocket,
         rules: [{allow: {method: GET}}, {allow: {operation_type: query}}]}
"""


def test_documents_of_the_older_schema_judge_bodies_too(boxes, world):
    box = boxes(OLDER)
    out = run(box, """
import urllib.request, urllib.error
def post(path, text, method="POST"):
    q = urllib.request.Request("https://echo.test" + path, method=method,
        data=text if text is None else text.encode(),
        headers={"Content-Type": "application/json"})
    try:
        return urllib.request.urlopen(q, timeout=20).status
    except urllib.error.HTTPError as e:
        return e.code
def tool(name):
    return call("tools/call", name=name, arguments={})
print(post("/graphql", '{"query":"{a}"}'),
      post("/graphql", '{"query":"mutation{a}"}'),
      post("/graphql", '{"extensions":{"persistedQuery":{}}}'),
      post("/graphql", "{}"), post("/graphql", None, "GET"),
      post("/rpc", '{"query":"{a}"}'))
print(post("/rpc", call("get")), post("/rpc", call("set")),
      post("/rpc", '{"id":1,"result":1}'), post("/rpc", None, "GET"))
print(post("/mcp", call("initialize")), post("/mcp", tool("read")),
      post("/mcp", tool("list_all")), post("/mcp", tool("list_secrets")),
      post("/mcp", tool("write")), post("/mcp", call("tools/list")),
      post("/mcp", None, "GET"), post("/mcp", None, "DELETE"),
      post("/mcp", '{"jsonrpc":"2.0","id":1,"result":{}}'))
c = Client("wss://echo.test/ws/echo")
print(len(c.say(gql("{a}"))) > 3)
c.send(TEXT, gql("mutation{a}"))
print(c.close_code(), post("/ws/echo", None, "GET"),
      Client("wss://echo.test/graphql").status)
""").splitlines()
    assert out == ["200 403 403 403 403 403", "200 403 403 403",
                   "200 200 200 403 403 403 200 403 200", "True",
                   "1008 403 403"], out

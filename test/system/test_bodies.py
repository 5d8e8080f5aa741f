"""What a request's body asks for: GraphQL, JSON-RPC and MCP, judged whole
before a byte of it leaves."""
import gzip
import json

import hosts
import pytest

POLICY = """
network:
  allow:
    - endpoint: echo.test
      paths: [/graphql]
      graphql:
        operations: [query]
        fields: [viewer, repository.name]
    - endpoint: echo.test
      paths: [/mcp]
      mcp:
        methods: [initialize, ping, notifications/*, tools/*, GET, DELETE]
        tools: [search, read]
        arguments:
          path: {any: [/srv/**], optional: true}
    - endpoint: echo.test
      paths: [/rpc]
      json_rpc: {methods: [eth_call], params: {"0": "ok*"}}
    - endpoint: echo.test
      paths: [/must]
      mcp: {tools: [read], arguments: {opts.path: "/srv/**"}}
    - endpoint: echo.test
      paths: [/open]
  deny:
    - endpoint: echo.test
      paths: [/open]
      graphql: {operations: [mutation]}
"""


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


def post(sh, path, body, *more, kind="application/json"):
    if not isinstance(body, str):
        body = json.dumps(body)
    r = sh.exec("box", "curl", "-sS", "--max-time", "20", "-o", "-", "-w",
                "\n%{http_code}", "-H", "Content-Type: " + kind,
                "--data-binary", body, *more, "https://echo.test" + path)
    out, _, code = r.out.rpartition("\n")
    return int(code), out


def call(tool, **arguments):
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": tool, "arguments": arguments}}


def ask(method, **params):
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


CASES = [
    # GraphQL
    (200, "/graphql", {"query": "{ viewer { login } }"}),
    (200, "/graphql", {"query": "query A { x: viewer { id } } "
                       "query B { repository(id: 1) { name } }",
                       "operationName": "A"}),
    (403, "/graphql", {"query": "mutation { viewer { login } }"}),
    (403, "/graphql", {"query": "{ viewer: deleteAll { login } }"}),
    (403, "/graphql", {"query": "{ repository(id: 1) { name secrets } }"}),
    (403, "/graphql", {"query": "{ ...F } fragment F on Query "
                       "{ users { name } }"}),
    (403, "/graphql", [{"query": "{viewer{id}}"},
                       {"query": "mutation{a}"}]),
    (403, "/graphql", '{"query": "{viewer{id}}", "query": "mutation{a}"}'),
    (403, "/graphql", '{"query": "{viewer{id}}", "Query": "mutation{a}"}'),
    (403, "/graphql", {"extensions": {"persistedQuery": {
        "version": 1, "sha256Hash": "00"}}}),
    (403, "/graphql", "{}"),
    # MCP
    (200, "/mcp", ask("initialize")),
    (200, "/mcp", ask("tools/list")),
    (200, "/mcp", call("search", q="x")),
    (200, "/mcp", call("read", path="/srv/a/b")),
    (403, "/mcp", call("read", path="/etc/passwd")),
    (403, "/mcp", call("read", path="/srv/../etc/passwd")),
    (403, "/mcp", call("read", Path="/etc/passwd")),
    (403, "/mcp", call("read", path=["/srv/a", "/etc/passwd"])),
    (403, "/mcp", call("delete")),
    (403, "/mcp", ask("resources/read")),
    (200, "/mcp", [ask("ping"), call("search")]),
    (403, "/mcp", [call("search"), call("delete")]),
    (403, "/mcp", '{"jsonrpc":"2.0","id":1,"method":"ping","Method":"x"}'),
    (403, "/mcp", '{"jsonrpc":"2.0","id":1,"m\\u0065thod":"delete"}'),
    (403, "/mcp", '{"jsonrpc":"2.0","id":1,"result":{}}'),
    # what must be there is there, under that name
    (200, "/must", call("read", opts={"path": "/srv/x"})),
    (403, "/must", call("read")),
    (403, "/must", call("read", OPTS={"PATH": "/srv/x"})),
    (403, "/must", call("read", **{"opts.path": "/srv/x"})),
    # JSON-RPC
    (200, "/rpc", {"jsonrpc": "2.0", "id": 1, "method": "eth_call",
                   "params": ["ok1", 2]}),
    (403, "/rpc", {"jsonrpc": "2.0", "id": 1, "method": "eth_call",
                   "params": ["no"]}),
    (403, "/rpc", {"jsonrpc": "2.0", "id": 1, "method": "eth_sign",
                   "params": ["ok"]}),
    # a deny, on a path that is open otherwise
    (200, "/open", {"query": "{ anything }"}),
    (200, "/open", {"some": "thing"}),
    (403, "/open", {"query": "mutation { a }"}),
    (403, "/open", "not json"),
]


@pytest.mark.parametrize("want,path,body", CASES)
def test_a_body_is_judged_as_a_whole(box, world, want, path, body):
    code, out = post(box, path, body)
    assert code == want, out
    came = world.requests(host="echo.test")
    if want == 200:     # what is judged is what is sent
        text = body if isinstance(body, str) else json.dumps(body)
        assert came[-1]["body"] == text
    else:
        assert came == []


def test_a_get_with_an_operation_is_judged_by_it(box, world):
    def get(query):
        return box.exec("box", "curl", "-sS", "-G", "-o", "/dev/null", "-w",
                        "%{http_code}", "--data-urlencode", "query=" + query,
                        "https://echo.test/graphql").out
    assert get("{viewer{login}}") == "200"
    assert get("{users{login}}") == "403"
    assert get("{viewer{login}}&query={users}") == "403"


def test_a_stream_of_mcp_opens_and_what_is_no_websocket_does_not(box):
    def get(*more):
        return box.exec("box", "curl", "-sS", "-o", "/dev/null", "-w",
                        "%{http_code}", *more, "https://echo.test/mcp").out
    assert get() == "200"
    assert get("-X", "DELETE") == "200"
    assert get("-X", "PUT") == "403"
    assert get("-H", "Connection: Upgrade", "-H", "Upgrade: websocket",
               "-H", "Sec-WebSocket-Version: 13", "-H",
               "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
               "--http1.1") == "502"    # an answer, where a 101 is due


def test_a_denial_says_what_was_asked_for(box):
    code, out = post(box, "/mcp", [call("search"), call("delete_all")])
    got = json.loads(out)
    assert code == 403
    assert 'tools/call delete_all: mcp.tools "delete_all" is not in ' \
        '[search, read]' in got["reason"], got
    assert "tools/call delete_all" in got["asks"]
    r = box.audited(verdict="denied", host="echo.test")
    assert "delete_all" in json.dumps(r)


def test_an_allowed_call_is_recorded_with_what_it_was(box):
    assert post(box, "/mcp", call("search", q="x"))[0] == 200
    r = box.audited(verdict="allowed", host="echo.test")
    assert "tools/call search" in json.dumps(r)


def test_a_compressed_body_is_not_known(box, world):
    body = gzip.compress(json.dumps(call("search")).encode())
    box.write("body.gz", "")
    r = box.sh("box", f"printf '%s' '{body.hex()}' | python3 -c 'import sys;"
               "sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' |"
               "curl -sS --data-binary @- -H 'Content-Encoding: gzip' -H "
               "'Content-Type: application/json' https://echo.test/mcp")
    assert "its body is compressed" in r.out
    assert world.requests(host="echo.test") == []


RAW = """python3 - <<'E'
import http.client, json, sys
c = http.client.HTTPSConnection("127.0.0.1", 3128)
c.set_tunnel("echo.test", 443)
def one(body, **fields):
    c.putrequest("POST", "/mcp")
    c.putheader("Content-Type", "application/json")
    for k, v in fields.items():
        c.putheader(k.replace("_", "-"), v)
    c.endheaders()
    for piece in body:
        c.send(b"%x\\r\\n" % len(piece) + piece + b"\\r\\n")
    c.send(b"0\\r\\n\\r\\n")
    r = c.getresponse()
    r.read()
    return r.status
good = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
bad = b'{"jsonrpc":"2.0","id":1,"method":"rm"}'
print(one([bytes([x]) for x in good], Transfer_Encoding="chunked"),
      one([bytes([x]) for x in bad], Transfer_Encoding="chunked"),
      one([good], Transfer_Encoding="chunked"),
      one([good, b" " * 1100000], Transfer_Encoding="chunked"))
E"""


def test_pieces_are_put_together_and_the_connection_goes_on(box, world):
    assert box.sh("box", RAW).out.split() == ["200", "403", "200", "403"]
    assert len(world.requests(host="echo.test")) == 2


def test_who_waits_to_be_told_is_told_when_its_head_is_not_refused(box,
                                                                   world):
    code, _ = post(box, "/mcp", ask("ping"), "-H", "Expect: 100-continue",
                   "-v")
    assert code == 200
    assert "expect" not in [k.lower() for k, _ in
                            world.requests(host="echo.test")[-1]["fields"]]
    r = box.exec("box", "curl", "-sSv", "-d", "x", "-H",
                 "Expect: 100-continue", "https://echo.test/other")
    assert "403" in r.err and "100 Continue" not in r.err


H2 = """
network:
  allow:
    - endpoint: h2.test
      mcp: {tools: [search]}
"""


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_it_is_the_same_in_http2(sh, world, version):
    sh.start("box", H2)

    def post_h2(body):
        return sh.exec("box", "curl", "-sS", "-o", "/dev/null", "-w",
                       "%{http_code}", version, "-H",
                       "Content-Type: application/json", "--data-binary",
                       json.dumps(body), "https://h2.test/mcp").out
    assert post_h2(call("search", q="x" * 70000)) == "200"
    assert post_h2(call("delete")) == "403"
    assert post_h2(call("search")) == "200"
    came = world.requests(host="h2.test")
    assert [r["length"] > 60000 for r in came] == [True, False]

"""A policy set on a running sandbox is obeyed from the next request."""
import hosts
import pytest

OPEN = "network:\n  allow:\n    - endpoint: echo.test\n"
BOTH = OPEN + "    - endpoint: other.test\n"
GETS = ("network:\n  allow:\n    - endpoint: echo.test\n"
        "      methods: [GET]\n")


def code(sh, url, *more):
    return sh.exec("box", "curl", "-s", "-o", "/dev/null", "-w",
                   "%{http_code}/%{http_connect}", *more, url).out


def put(sh, text, *more):
    return sh.run("policy", "set", "box", "--policy",
                  sh.policy(text, "new.yaml"), "--wait", *more)


@pytest.mark.both
def test_wait_opens_and_closes_an_endpoint_without_a_restart(sh, world):
    pid = sh.start("box", OPEN)["pid"]
    for _ in range(3):
        assert code(sh, "https://other.test/") == "000/403"
        assert put(sh, BOTH).code == 0
        assert code(sh, "https://other.test/") == "200/200"
        assert put(sh, OPEN).code == 0
        world.mark()
    assert code(sh, "https://other.test/") == "000/403"
    assert world.packets(hosts.HOSTS["other.test"]) == []
    assert sh.get("box")["pid"] == pid


@pytest.mark.parametrize("text,word", [
    ("network:\n  alow: []\n", "alow"),
    ("network:\n  allow:\n    - endpoint: '*'\n", "*"),
    ("network: [\n", "new.yaml"),
    ("\tnetwork: {}\n", "tab"),
    ("network:\n  allow:\n    - endpoint: echo.test\n"
     "      when: context_sensitivity < high\n",
     "not enforced by this version: fact context_sensitivity"),
    ("commands:\n  allow: [python3]\n", "fixed when a sandbox is created"),
    ("inference:\n  router:\n    default: local\n",
     "not enforced by this version"),
    ("resources:\n  max_memory_mb: 1\n", "not enforced by this version"),
    ("file_access:\n  deny:\n    - path: '**/.env'\n",
     "fixed when a sandbox is created"),
])
def test_a_refused_policy_changes_nothing(sh, text, word):
    sh.start("box", OPEN)
    before = sh.get("box")["policy"]
    r = put(sh, text)
    assert r.code == 1 and word in r.err, r
    assert sh.get("box")["policy"] == before
    assert code(sh, "https://echo.test/") == "200/200"
    assert code(sh, "https://other.test/") == "000/403"


def test_a_change_of_a_locked_part_is_refused_with_its_name(sh):
    sh.start("box", OPEN)
    d = sh.folder("d")
    r = put(sh, OPEN + f"""
file_access:
  allow:
    - path: "{d}/**"
      permissions: [read]
""")
    assert r.code == 1 and "file_access" in r.err, r
    assert code(sh, "https://echo.test/") == "200/200"


def test_a_kept_alive_connection_obeys_from_the_next_request(sh):
    sh.start("box", OPEN)
    t = sh.term("sandbox", "exec", "box", "--", "python3", "-c", """
import http.client, os
c = http.client.HTTPSConnection("127.0.0.1", 3128)
c.set_tunnel("echo.test", 443)
while True:
    line = input()
    try:
        c.request(line, "/x", body=b"a" if line == "POST" else None)
        r = c.getresponse(); r.read()
        print("status", r.status, flush=True)
    except (http.client.HTTPException, OSError) as e:
        print("broken", type(e).__name__, flush=True)
        c.close()
""")
    t.send("POST\n")
    t.expect("status 200")
    assert put(sh, GETS).code == 0
    t.send("POST\n")
    t.expect("status 403|broken")
    t.send("GET\n")
    t.expect("status 200|broken")
    assert put(sh, "network:\n  allow:\n    - endpoint: other.test\n"
               ).code == 0
    t.send("GET\n")
    assert t.expect(r"(status|broken) (\w+)").group(2) != "200"


def test_the_revision_counts_up_and_old_ones_can_be_read(sh):
    sh.start("box", OPEN)
    assert put(sh, BOTH).code == 0
    assert sh.get("box")["policy"]["revision"] == 2
    assert "other.test" in sh.ok("policy", "get", "box").out
    r = sh.ok("policy", "get", "box", "--rev", "1")
    assert "other.test" not in r.out and "echo.test" in r.out


def test_a_policy_of_a_stopped_sandbox_is_used_at_its_next_start(sh):
    sh.start("box", OPEN)
    sh.ok("sandbox", "stop", "box")
    assert sh.run("policy", "set", "box", "--policy", sh.policy(BOTH)
                  ).code == 0
    sh.ok("sandbox", "start", "box", "--detach")
    assert code(sh, "https://other.test/") == "200/200"


def test_fifty_changes_in_a_row_end_in_the_last(sh):
    sh.start("box", OPEN)
    for i in range(25):
        assert put(sh, BOTH).code == 0, i
        assert put(sh, OPEN).code == 0, i
    assert code(sh, "https://other.test/") == "000/403"
    assert sh.get("box")["policy"]["revision"] == 51


def test_policy_check_says_what_it_is_and_where(sh):
    good = sh.policy(OPEN, "good.yaml")
    assert sh.run("policy", "check", good).code == 0
    bad = sh.policy("network:\n  allow:\n    - endpiont: a.test\n",
                    "bad.yaml")
    r = sh.run("policy", "check", bad)
    assert r.code == 1 and "bad.yaml:3:7" in r.err + r.out, r
    assert "endpoint" in r.err + r.out

"""Policies as things people keep: libraries, updates, revisions, a maximum."""
import json
import os
import stat

import pytest

OPEN = "network:\n  allow:\n    - endpoint: echo.test # ours\n"
BOTH = OPEN + "    - endpoint: other.test\n"


def code(sh, url, *more):
    return sh.exec("box", "curl", "-s", "-o", "/dev/null", "-w",
                   "%{http_code}/%{http_connect}", *more, url).out


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


# ---- extends

def test_a_policy_extends_a_library_ones_own_and_a_file(sh):
    sh.write("../config/policies/mine.yaml",
             "network: {allow: [{endpoint: other.test}]}\n")
    sh.policy("network: {allow: [{endpoint: echo.test}]}\n", "base.yaml")
    top = sh.policy("extends: [github-readonly, mine, ./base.yaml]\n",
                    "top.yaml")
    sh.start("box", top)
    assert code(sh, "https://echo.test/") == "200/200"
    assert code(sh, "https://other.test/") == "200/200"
    r = sh.run("policy", "explain", "box", "POST https://github.com/x")
    assert r.code == 1 and "github-readonly:" in r.out, r
    denied = sh.audited(verdict="allowed", host="echo.test")
    assert "base.yaml:1" in json.dumps(denied)


def test_a_library_that_changes_later_changes_nothing(sh):
    sh.write("../config/policies/mine.yaml",
             "network: {allow: [{endpoint: echo.test}]}\n")
    sh.start("box", sh.policy("extends: [mine]\n"))
    sh.write("../config/policies/mine.yaml",
             "network: {allow: [{endpoint: other.test}]}\n")
    sh.ok("sandbox", "stop", "box")
    sh.ok("sandbox", "start", "box", "--detach")
    assert code(sh, "https://echo.test/") == "200/200"
    assert code(sh, "https://other.test/") == "000/403"


@pytest.mark.parametrize("text,words", [
    ("extends: [github-readonyl]\n", ['did you mean "github-readonly"?']),
    ("extends: [zzzzzzzz]\n", ["there are", "pypi"]),
    ("extends: [./gone.yaml]\n", ["there is no such file"]),
    ("extends: [base.yaml]\n", ["write ./base.yaml"]),
    ("extends: [./policy.yaml]\n", ["break the circle"]),
    ("extends: pypi\n", ["write [pypi]"]),
])
def test_what_cannot_be_extended_is_said_with_its_place(sh, text, words):
    r = sh.run("sandbox", "create", "--no-keep", "--policy",
               sh.policy(text), "--", "true")
    assert r.code != 0 and "policy.yaml:1:" in r.err, r
    for word in words:
        assert word in r.err, r


def test_what_is_wrong_beside_extends_is_said_in_the_same_run(sh):
    bad = sh.policy("extends: [pypy]\nnetwork: {alow: []}\n")
    for status, command in (
            (1, ["check", bad]),
            (2, ["explain", "--policy", bad, "READ /x"]),
            (1, ["get", "--effective", "--policy", bad])):
        r = sh.run("policy", *command)
        assert r.code == status and r.err.count("error:") == 2, r
        assert 'did you mean "pypi"?' in r.err, r
        assert 'did you mean "allow"?' in r.err, r
    r = sh.run("policy", "check", "-o", "json", bad)
    assert r.code == 1 and not r.err, r
    assert [d["line"] for d in r.json()["diagnostics"]] == [1, 2]
    assert not r.json()["well_formed"]


def test_get_has_the_effective_policy_of_files_as_json_too(sh):
    p = sh.policy(OPEN)
    text = sh.ok("policy", "get", "--effective", "--policy", p).out
    r = sh.ok("policy", "get", "--effective", "--policy", p, "-o", "json")
    assert r.json()["effective"].strip() == text.strip()
    r = sh.run("policy", "get", "--policy", p)
    assert r.code == 2 and "--effective" in r.err, r


def test_explain_has_another_exit_status_for_no_answer(sh):
    p = sh.policy(OPEN)
    for status, words in ((0, ["--policy", p, "GET https://echo.test/"]),
                          (1, ["--policy", p, "GET https://other.test/"]),
                          (2, ["--policy", p + ".gone", "READ /x"]),
                          (2, ["nobody", "READ /x"])):
        assert sh.run("policy", "explain", *words).code == status


def test_explain_of_a_profile_that_is_not_there_lists_those_that_are(sh):
    profiles = "profiles: {reader: {network: {}}, other: {network: {}}}\n"
    for text, words in ((profiles, 'no profile "nope": it has other, reader'),
                        ("network: {}\n", 'no profile "nope", nor any other')):
        r = sh.run("policy", "explain", "GET https://x.test/", "--policy",
                   sh.policy(text), "--profile", "nope")
        assert r.code == 2 and words in r.err, r


def test_flags_are_completed_behind_words(sh):
    got = sh.ok("__complete", "proposal", "approve", "3", "--").out.split()
    assert "--once" in got and "--for" in got, got
    assert sh.ok("__complete", "sandbox", "create", "--", "--").out == ""


def test_cases_that_cannot_be_asked_are_no_failed_cases(sh):
    p = sh.policy(OPEN)
    head = "cases:\n  - {request: GET https://echo.test/, expect: "
    good = sh.write("good.yaml", head + "allow}\n")
    for status, cases in ((0, [good]),
                          (1, [sh.write("fails.yaml", head + "deny}\n")]),
                          (2, [good, sh.write("odd.yaml", "case: []\n")]),
                          (2, ["gone.yaml"])):
        r = sh.run("policy", "test", "--policy", p, *cases)
        assert r.code == status, r
    r = sh.run("policy", "test", "--policy", "gone.yaml", good)
    assert r.code == 2, r


def test_explain_suggests_no_method_that_is_refused(sh):
    p = sh.policy(OPEN + "      methods: [GET]\n")
    r = sh.run("policy", "explain", "--policy", p, "get https://echo.test/")
    assert r.code == 1 and "upper case" in r.out, r


def test_a_dry_run_says_as_json_what_would_be(sh):
    p = sh.policy(OPEN)
    r = sh.ok("policy", "update", "--policy", p, "--add-allow",
              "other.test:443:GET:/x", "--dry-run", "-o", "json").json()
    assert r["changed"] and "other.test" in r["policies"][0]["text"]
    assert read(p) == OPEN


def test_a_library_of_ones_own_is_no_shipped_one(sh):
    sh.write("../config/policies/pypi.yaml", OPEN)
    r = sh.run("policy", "check", sh.policy("extends: [pypi]\n"))
    assert r.code == 1 and "rename yours" in r.err, r


def test_the_library_is_listed(sh):
    sh.write("../config/policies/mine.yaml", "# What we do.\n" + OPEN)
    rows = sh.ok("policy", "list", "--library", "-o", "json").json()
    names = {r["name"]: r for r in rows}
    assert names["mine"] == {"name": "mine", "from": "yours",
                             "title": "What we do"}
    for name in ("claude", "codex", "opencode", "openclaw", "copilot",
                 "gemini", "ollama", "pi", "github-pr", "no-exfiltration",
                 "secrets-protected"):
        assert names[name]["from"] == "shipped"
        assert len(names[name]["title"]) > 10
    for name in names:
        r = sh.run("policy", "check", sh.policy(f"extends: [{name}]\n"))
        assert r.code == 0 or "not enforced by this version" in r.err, r


# ---- the maximum

def maximum(sh, text):
    sh.write("../config/max.yaml", text, 0o600)
    sh.config(upstream_ca=os.path.join(os.environ["OPENSHELL_WORLD"],
                                       "ca.pem"), maximum_policy="max.yaml")


def test_nothing_is_allowed_beyond_the_maximum(sh):
    maximum(sh, OPEN)
    sh.start("box", BOTH)
    assert code(sh, "https://echo.test/") == "200/200"
    assert code(sh, "https://other.test/") == "000/403"
    assert "the maximum policy: " in json.dumps(
        sh.audited(verdict="denied", host="other.test"))
    r = sh.run("policy", "explain", "box", "GET https://other.test/")
    assert r.code == 1 and "the maximum policy: " in r.out, r
    assert sh.ok("policy", "set", "box", "--policy", sh.policy(
        BOTH + "  deny: []\n"), "--wait").code == 0
    assert code(sh, "https://other.test/") == "000/403"
    status = sh.ok("status", "-o", "json").json()
    assert status["config"]["maximum_policy"] == "max.yaml"


def test_a_maximum_that_changes_bounds_what_runs(sh):
    maximum(sh, BOTH)
    sh.start("box", BOTH)
    assert code(sh, "https://other.test/") == "200/200"
    maximum(sh, OPEN)
    sh.ok("policy", "set", "box", "--policy", sh.policy(BOTH), "--wait")
    assert code(sh, "https://other.test/") == "000/403"
    assert code(sh, "https://echo.test/") == "200/200"


def test_a_maximum_that_cannot_be_read_lets_nothing_be_set(sh):
    maximum(sh, OPEN)
    sh.start("box", BOTH)
    sh.write("../config/max.yaml", "network: [\n")
    for args in (("policy", "set", "box", "--policy", sh.policy(BOTH)),
                 ("sandbox", "create", "--no-keep", "--", "true")):
        r = sh.run(*args)
        assert r.code != 0 and "max.yaml" in r.err, r
    assert code(sh, "https://other.test/") == "000/403"


def test_a_maximum_is_tried_without_a_gateway(sh):
    sh.policy(OPEN, "max.yaml")
    r = sh.run("policy", "explain", "--policy", sh.policy(BOTH), "--maximum",
               "max.yaml", "GET https://other.test/")
    assert r.code == 1 and "the maximum policy: " in r.out, r
    r = sh.run("policy", "explain", "--policy", sh.policy(BOTH), "--maximum",
               "max.yaml", "GET https://echo.test/")
    assert r.code == 0, r


# ---- update

def test_an_update_opens_and_keeps_the_text(sh):
    sh.start("box", OPEN)
    assert code(sh, "https://other.test/") == "000/403"
    sh.ok("policy", "update", "box", "--add-allow",
          "other.test:443:GET:/*", "--wait")
    assert code(sh, "https://other.test/") == "200/200"
    assert code(sh, "https://other.test/", "-X", "POST") == "403/200"
    text = sh.ok("policy", "get", "box").out
    assert text.startswith(OPEN), text
    rows = sh.ok("policy", "list", "box", "-o", "json").json()
    assert rows[0]["reason"] == "add-allow other.test:443:GET:/*"
    sh.ok("policy", "update", "box", "--remove-endpoint", "other.test:443",
          "--wait")
    assert code(sh, "https://other.test/") == "000/403"
    assert sh.ok("policy", "get", "box").out == OPEN


def test_a_dry_run_changes_nothing(sh):
    sh.start("box", OPEN)
    r = sh.ok("policy", "update", "box", "--add-endpoint", "other.test:443",
              "--dry-run")
    assert "+     - endpoint: other.test" in r.out, r
    assert sh.get("box")["policy"]["revision"] == 1


def test_a_refused_update_changes_nothing(sh):
    sh.start("box", "network:\n  allow:\n    - endpoint: echo.test\n"
             "      binaries: [curl]\n")
    for edit, words in (
            (("--add-endpoint", "echo.test:443"), "some programs alone"),
            (("--add-endpoint", "echo.test:443::tcp", "--binary", "curl"),
             "spoken in one way"),
            (("--add-deny", "other.test:443:GET:/"), "nothing to deny"),
            (("--remove-endpoint", "other.test:443"), "nothing allows"),
            (("--add-endpoint", "*:443"), "every one"),
            (("--add-endpoint", "other.test:443", "--remove-rule", "x"),
             "no rule is called")):
        r = sh.run("policy", "update", "box", *edit)
        assert r.code == 1 and words in r.err, r
    assert sh.get("box")["policy"]["revision"] == 1


def test_updates_at_once_are_all_made(sh):
    sh.start("box", OPEN)
    running = [sh.popen("policy", "update", "box", "--add-endpoint",
                        f"h{i}.test:443") for i in range(3)]
    for p in running:
        assert p.wait(30) == 0
    text = sh.ok("policy", "get", "box").out
    for i in range(3):
        assert f"h{i}.test" in text


def test_a_file_is_edited_in_place(sh):
    path = sh.policy("# head\n" + OPEN + "# tail\n")
    os.chmod(path, 0o640)
    sh.ok("policy", "update", "--policy", path, "--add-endpoint",
          "other.test:443:read-only")
    assert read(path) == ("# head\n" + OPEN + "    - endpoint: other.test\n"
                          "      ports: [443]\n      methods: [GET, HEAD, "
                          "OPTIONS]\n# tail\n")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640
    before = read(path)
    r = sh.run("policy", "update", "--policy", path, "--add-endpoint",
               "*.com:443")
    assert r.code == 1 and "nothing was changed" in r.err, r
    assert read(path) == before


# ---- revisions

def test_a_rollback_is_a_new_revision_of_the_old_policy(sh):
    sh.start("box", OPEN)
    sh.ok("policy", "set", "box", "--policy", sh.policy(BOTH), "--wait")
    assert code(sh, "https://other.test/") == "200/200"
    sh.ok("policy", "rollback", "box", "1", "--wait")
    assert code(sh, "https://other.test/") == "000/403"
    rows = sh.ok("policy", "list", "box", "-o", "json").json()
    assert [r["revision"] for r in rows] == [3, 2, 1]
    assert rows[0]["reason"] == "rollback to revision 1"
    assert rows[0]["hash"] == rows[2]["hash"]
    assert sh.audited(kind="policy", action="rollback")
    r = sh.run("policy", "rollback", "box", "9")
    assert r.code == 1 and "policy list" in r.err, r
    assert sh.run("policy", "rollback", "box", "x").code == 2


def test_what_is_in_force_is_printed_as_one(sh):
    sh.policy(OPEN, "base.yaml")
    sh.start("box", sh.policy("extends: [pypi, ./base.yaml]\n"))
    out = sh.ok("policy", "get", "box", "--effective").out
    assert "# pypi:" in out and "base.yaml:3" in out, out
    sh.policy(out, "again.yaml")
    r = sh.run("policy", "diff", "policy.yaml", "again.yaml")
    assert r.code == 0 and r.out.strip() in ("", "the same"), r


def test_an_old_document_is_converted(sh):
    old = sh.policy("version: 1\nnetwork_policies:\n  # why\n  r:\n"
                    "    endpoints:\n      - {host: echo.test, port: 443, "
                    "protocol: rest, access: read-only}\n"
                    "    binaries: [{path: \"/**\"}]\n", "old.yaml")
    out = sh.ok("policy", "convert", old).out
    assert "# why" in out and "methods: [GET, HEAD, OPTIONS]" in out, out
    sh.start("box", sh.policy(out, "new.yaml"))
    assert code(sh, "https://echo.test/") == "200/200"
    assert code(sh, "https://echo.test/", "-X", "POST") == "403/200"

"""Pushes, judged by the refs that they change: git's own client, and git's own
server under TLS."""
import itertools
import json

import pytest

POLICY = """
network:
  allow:
    - endpoint: github.com
      git:
        operations: [fetch, push]
        repositories: [org/*]
        refs: ["refs/heads/agent/*", "refs/tags/agent-*"]
    - endpoint: github.com
      git: {operations: [delete], refs: ["refs/heads/agent/tmp-*"]}
"""
DENIES = """
network:
  allow:
    - endpoint: github.com
  deny:
    - endpoint: github.com
      git: {refs: [refs/heads/main]}
    - endpoint: github.com
      git: {operations: [delete]}
"""
CLONE = """
export HOME=/tmp GIT_TERMINAL_PROMPT=0
cd /tmp && rm -rf hello && git clone -q https://github.com/org/hello.git &&
cd hello && git config user.name a && git config user.email a@a.test &&
echo change NNN >> README && git commit -qam more || exit 99
"""


_serial = itertools.count(1)


def git(sh, script):
    """NNN in it is another number each time: the server is everybody's."""
    n = str(next(_serial))
    return sh.sh("box", (CLONE + script).replace("NNN", n), timeout=60)


@pytest.fixture
def box(boxes):
    return boxes(POLICY)


@pytest.fixture
def long(slow):
    if not slow:
        pytest.skip("only with the slow ones")


def test_a_push_of_an_allowed_ref_passes_and_of_another_does_not(sh, world):
    sh.start("box", POLICY)
    r = git(sh, "git push -q origin HEAD:refs/heads/agent/aNNN")
    assert r.code == 0, r
    world.mark()
    r = git(sh, "git push origin HEAD:refs/heads/main")
    assert r.code not in (0, 99) and "403" in r.err, r
    assert [q for q in world.requests() if q["method"] == "POST" and
            "receive-pack" in q["target"]] == []
    r = sh.audited(verdict="denied", host="github.com")
    assert 'push refs/heads/main: git.refs \\"refs/heads/main\\" is not ' \
        'in [refs/heads/agent/*' in json.dumps(r)


def test_refs_are_judged_each_for_itself(box):
    r = git(box, """
git tag agent-NNN; git push -q origin HEAD:refs/heads/agent/bNNN --tags &&
! git push -q origin HEAD:refs/heads/agent/cNNN HEAD:refs/heads/other &&
! git ls-remote origin | grep agent/cNNN""")
    assert r.code == 0, r


def test_to_remove_a_ref_is_not_to_push_one(box):
    r = git(box, """
git push -q origin HEAD:refs/heads/agent/dNNN HEAD:refs/heads/agent/tmp-dNNN &&
! git push -q origin :refs/heads/agent/dNNN &&
git push -q origin :refs/heads/agent/tmp-dNNN &&
git ls-remote origin > /tmp/now && grep agent/dNNN /tmp/now &&
! grep agent/tmp-dNNN /tmp/now""")
    assert r.code == 0, r


def test_a_large_push_passes_in_pieces(box, long):
    r = git(box, """
head -c 3000000 /dev/urandom > big && git add big && git commit -qm big &&
git push -q origin HEAD:refs/heads/agent/bigNNN""")
    assert r.code == 0, r


def test_each_version_of_the_protocol_fetches_and_pushes(box, long):
    r = git(box, """for v in 0 1 2; do git config protocol.version $v &&
git fetch -q && git push -q origin HEAD:refs/heads/agent/v${v}NNN &&
! git push -q origin HEAD:refs/heads/v$v || exit; done""")
    assert r.code == 0, r


def test_a_forced_push_is_one_of_its_ref(box, long):
    r = git(box, """
git push -q origin HEAD:refs/heads/agent/fNNN && git commit -q --amend -m x &&
git push -q --force origin HEAD:refs/heads/agent/fNNN &&
! git push -q --force origin HEAD:refs/heads/main""")
    assert r.code == 0, r


def test_another_repository_is_not_reached(box):
    r = git(box, """git remote set-url origin https://github.com/o/x.git
git push origin HEAD:refs/heads/agent/x""")
    assert r.code != 0 and "403" in r.err, r


def test_denies_of_refs_and_of_removals(sh):
    sh.start("box", DENIES)
    r = git(sh, """
git push -q origin HEAD:refs/heads/freeNNN &&
! git push -q origin HEAD:refs/heads/main && git push -q origin \
HEAD:refs/heads/goneNNN && ! git push -q origin :refs/heads/goneNNN""")
    assert r.code == 0, r


def test_a_compressed_push_is_not_known(box, world):
    r = box.sh("box", """printf 0000 | gzip | curl -sS --data-binary @- -H \
'Content-Encoding: gzip' https://github.com/org/hello.git/git-receive-pack""")
    assert "its body is compressed" in r.out, r

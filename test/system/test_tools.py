"""Real clients, unmodified: they work when allowed, and say why when not."""
import os
import shutil

import pytest

# Of packages what openshell-policy(5) says: GET, and the paths that are read.
POLICY = """
network:
  allow:
    - endpoint: github.com
    - endpoint: pypi.org
      methods: [GET]
      paths: [/simple/tinywheel/]
    - endpoint: files.pythonhosted.org
      methods: [GET]
      paths: ["/packages/**"]
    - endpoint: registry.npm.test
      methods: [GET]
      paths: [/tinypackage, /tinypackage/-/*]
    - endpoint: echo.test
"""
NOTHING = """
network:
  allow:
    - endpoint: sub.echo.test
"""
# What each does, and a word of the reason that it must show when refused.
CLIENTS = {
    "curl": (["curl", "-fsS", "https://echo.test/x"], "403"),
    "git": (["git", "clone", "https://github.com/org/hello.git"], "403"),
    "pip": (["python3", "-m", "pip", "download", "--no-deps",
             "--disable-pip-version-check", "--retries", "1", "tinywheel"],
            "403"),
    "npm": (["npm", "install", "--no-audit", "--no-fund",
             "--fetch-retries", "0",
             "--registry", "https://registry.npm.test", "tinypackage"],
            "403"),
    "python": (["python3", "-c", "import urllib.request; print("
                "urllib.request.urlopen('https://echo.test/x').status)"],
               "403"),
}
NEEDS = {"pip": "pip3"}


def present(name):
    if shutil.which(NEEDS.get(name, name.replace("python", "python3"))) is None:
        pytest.skip(f"{name} is not installed here")


@pytest.mark.both
@pytest.mark.parametrize("name", list(CLIENTS))
def test_it_works_when_allowed(sh, world, name):
    present(name)
    r = sh.once(*CLIENTS[name][0], policy=POLICY, timeout=120)
    assert r.code == 0, r
    assert world.requests()


@pytest.mark.parametrize("name", list(CLIENTS))
def test_it_fails_with_a_readable_reason_when_not(sh, world, name):
    present(name)
    command, word = CLIENTS[name]
    r = sh.once(*command, policy=NOTHING, timeout=120)
    assert r.code != 0, r
    assert word in r.out + r.err, r
    assert world.events(event="accept") == []


def test_a_clone_can_be_pushed_and_only_with_its_path_allowed(sh):
    sh.start("g", """
network:
  allow:
    - endpoint: github.com
      methods: [GET]
    - endpoint: github.com
      methods: [POST]
      paths: ["/org/hello.git/git-upload-pack"]
""")
    r = sh.sh("g", """
git clone -q https://github.com/org/hello.git && cd hello &&
cat README && echo more >> README &&
git -c user.name=a -c user.email=a@a.test commit -qam more &&
git push -q origin HEAD:refs/heads/other""", timeout=60)
    assert "hello from the pretend internet" in r.out, r
    assert r.code != 0 and "403" in r.err, r


def test_a_downloaded_package_installs_and_works(sh):
    present("pip")
    r = sh.once("sh", "-c", "python3 -m pip install -q --retries 0 "
                "--break-system-packages --disable-pip-version-check "
                "tinywheel && python3 -c 'import tinywheel; "
                "print(tinywheel.ANSWER)'", policy=POLICY, timeout=120)
    assert r.out.endswith("42\n"), r


def test_no_other_package_is_read_and_none_is_published(sh, world):
    present("npm")
    sh.start("box", POLICY)
    r = sh.sh("box", "mkdir p && cd p && echo "
              "'{\"name\":\"mine\",\"version\":\"1.0.0\"}' >package.json && "
              "echo //registry.npm.test/:_authToken=x >.npmrc && npm publish "
              "--fetch-retries 0 --registry https://registry.npm.test",
              timeout=120)
    assert r.code != 0 and "403" in r.out + r.err, r
    for how in ("https://registry.npm.test/other",
                "-X PUT https://registry.npm.test/tinypackage",
                "-F content=x https://pypi.org/legacy/",
                "https://pypi.org/simple/",
                "https://registry.npm.test/tinypackage/-rev/1",
                "'https://registry.npm.test/tinypackage/-/..%2f..%2fother'",
                "--path-as-is "
                "https://registry.npm.test/tinypackage/-/../../other"):
        r = sh.sh("box", "curl -s -o /dev/null -w '%{http_code}' " + how)
        assert r.out in ("400", "403"), (how, r)
    assert world.requests() == []


def test_node_fetch_goes_through_the_proxy(sh, pytestconfig):
    """Node's fetch looks at proxy variables from 22.21 and 24.5 on."""
    folder = pytestconfig.getoption("--agents")
    node = os.path.join(folder, "node_modules", "node", "bin", "node")
    if not folder or not os.path.exists(node):
        pytest.skip("no newer node: ./check installs one")
    script = ("fetch('https://echo.test/x').then(async r => "
              "console.log(r.status, (await r.text()).length > 0))"
              ".catch(e => { console.error(String(e.cause || e)); "
              "process.exit(1); })")
    mount = ["--mount", f"{os.path.realpath(folder)}:/agents:ro"]
    r = sh.once("/agents/node_modules/node/bin/node", "-e", script,
                policy=POLICY, options=mount)
    assert r.out == "200 true\n", r
    r = sh.once("/agents/node_modules/node/bin/node", "-e", script,
                policy=NOTHING, options=mount)
    assert r.code != 0 or "403" in r.out, r

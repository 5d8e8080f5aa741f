"""A company's network: its proxy, its authorities, certificates of ours."""
import os

import hosts
import pytest
import shell

POLICY = """
network:
  allow:
    - endpoint: echo.test
    - endpoint: api.github.com
    - {endpoint: echo.test, ports: [80], protocols: [http]}
    - {endpoint: mail.test, ports: [587], protocols: [smtps]}
    - {endpoint: echo.test, ports: [9418], protocols: [tcp]}
    - endpoint: h2.test
    - endpoint: metadata.evil.test
    - endpoint: nowhere.test
    - {endpoint: vault.corp.test, ports: [443, 444, 8443]}
"""
PROXY = hosts.CORP["proxy.corp.test"]
VAULT = hosts.CORP["vault.corp.test"]


def secret(sh, name, text, mode=0o600):
    return sh.write(name, text, mode)


def world_file(sh, name, mode=0o600):
    with open(os.path.join(shell.WORLD, name), encoding="ascii") as f:
        return secret(sh, os.path.basename(name), f.read(), mode)


def proxied(sh, port=3128, **more):
    sh.config(upstream_ca=os.path.join(shell.WORLD, "ca.pem"),
              upstream_proxy={"url": f"http://proxy.corp.test:{port}",
                              **more})
    sh.start("box", POLICY)


def get(sh, *args):
    r = sh.exec("box", "curl", "-sS", "--max-time", "30", "-w",
                " %{http_code}", *args)
    return r.out


def by_proxy(world):
    return [e["target"] for e in world.events(event="proxy")]


def direct_packets(world):
    """Connections of the machine itself: to anything but proxy and DNS."""
    mine = {hosts.DNS, PROXY}
    return [e for e in world.events(event="packet")
            if e["address"] not in mine]


# ---- the proxy ----
WAYS_IN = """
curl -sS https://echo.test/a | head -c 10; echo
curl -sS --noproxy '*' https://echo.test/b | head -c 10; echo
curl -sS --socks5-hostname 127.0.0.1:3128 https://echo.test/c | head -c 10
echo
curl -sS http://echo.test/d | head -c 10; echo
curl -sS -w '%{http_version}' https://h2.test/e -o /dev/null; echo
python3 -c '
import socket
s = socket.create_connection(("mail.test", 587), 20)
print(s.recv(10))
s = socket.create_connection(("echo.test", 9418), 20)
s.sendall(b"GET /f HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
print(s.recv(12))
'
"""


@pytest.mark.parametrize("by", ["address", "unchecked_name"])
def test_all_that_leaves_goes_through_the_proxy(sh, world, by):
    proxied(sh, connect_by=by)
    r = sh.sh("box", WAYS_IN, timeout=60)
    assert r.out.splitlines() == ['{"method":'] * 4 + [
        "2", "b'220 mail.t'", "b'HTTP/1.1 200'"], r
    asked = set(by_proxy(world))
    want = {"echo.test:443", "echo.test:80", "h2.test:443", "mail.test:587",
            "echo.test:9418"}
    if by == "address":
        want = {f"{hosts.RELAY}:443", f"{hosts.RELAY}:80",
                f"{hosts.H2['h2.test']}:443",
                f"{hosts.MAIL['mail.test']}:587", f"{hosts.RELAY}:9418"}
    assert asked == want, asked
    resolved = {e["name"] for e in world.events(event="dns")}
    assert ("echo.test" in resolved) == (by != "unchecked_name"), resolved
    # the world's records of packets are of both ends of the cable
    ours = [e for e in world.events(event="accept")
            if e["address"] == hosts.RELAY]
    assert len(ours) == len([t for t in by_proxy(world)
                             if hosts.RELAY in t or "echo" in t]), ours


def test_a_name_is_checked_before_a_proxy_hears_it(sh, world):
    proxied(sh, connect_by="name")
    assert get(sh, "https://echo.test/x").endswith(" 200")
    assert by_proxy(world) == ["echo.test:443"]
    world.mark()
    out = get(sh, "https://metadata.evil.test/")
    assert "ssrf_denied" in out and out.endswith(" 403"), out
    out = get(sh, "https://nowhere.test/")
    assert "does not resolve" in out and out.endswith(" 502"), out
    assert by_proxy(world) == []


def test_what_needs_no_proxy_goes_without(sh, world):
    proxied(sh, no_proxy=["api.github.com", "44.128.7.0/24",
                          "echo.test:80"])
    for url, through in (("https://api.github.com/zen", False),
                         ("https://h2.test/", False),
                         ("http://echo.test/", False),
                         ("https://echo.test/", True)):
        world.mark()
        assert get(sh, url).endswith(" 200"), url
        assert bool(by_proxy(world)) == through, url


def test_credentials_are_the_proxys_alone(sh, world):
    proxied(sh, 3129, credentials=secret(sh, "auth", "me:secret-word\n"))
    assert get(sh, "https://echo.test/x").endswith(" 200")
    assert get(sh, "http://echo.test/x").endswith(" 200")
    assert "Basic bWU6c2VjcmV0LXdvcmQ=" in \
        world.events(event="proxy")[0]["head"]
    assert "bWU6c2VjcmV0" not in str(world.requests())
    r = sh.sh("box", "env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null")
    assert "secret-word" not in r.out and "bWU6c2" not in r.out
    assert "secret-word" not in str(sh.audit()) and \
        "bWU6c2" not in str(sh.audit())
    r = sh.ok("status")
    assert "proxy.corp.test:3129" in r.out and "secret" not in r.out, r


@pytest.mark.parametrize("port,status,why", [
    (3129, 502, "asks for credentials: 407 Proxy Authentication Required"),
    (3131, 502, "refuses: 502 Bad Gateway"),
    (3132, 504, "says 504 Gateway Timeout"),
    (3134, 502, "the upstream proxy proxy.corp.test:3134"),
    (3136, 502, "the upstream proxy proxy.corp.test:3136"),
    (3137, 502, "it went away without an answer"),
    (3140, 502, "Connection refused")])
def test_the_proxys_faults_are_told_as_such(sh, world, slow, port, status,
                                            why):
    if port in (3131, 3134, 3136, 3137) and not slow:
        pytest.skip("with --all")
    proxied(sh, port)
    out = get(sh, "https://echo.test/x")
    assert "the upstream proxy proxy.corp.test:" in out and why in out and \
        out.endswith(f" {status}"), out
    got = sh.audited(kind="finding", host="echo.test")[-1]
    assert why in got["reason"], got
    assert not world.requests()
    assert not [e for e in world.events(event="accept")
                if e["address"] == hosts.RELAY]


def test_a_proxys_no_has_no_control_characters(sh, slow):
    if not slow:
        pytest.skip("with --all")
    proxied(sh, 3130)
    out = get(sh, "https://echo.test/x")
    assert "\x1b" not in out and "the upstream proxy" in out and \
        out.endswith(" 502"), out


def test_what_a_proxy_says_before_the_server_is_not_tls(sh, world):
    proxied(sh, 3135)
    out = get(sh, "https://echo.test/x")
    assert out.endswith(" 502"), out
    assert world.requests() == []


def test_the_environment_counts_only_when_it_is_asked(sh, world):
    env = {"HTTPS_PROXY": f"http://{PROXY}:3128",
           "NO_PROXY": "localhost, .github.com"}
    sh.config(upstream_ca=os.path.join(shell.WORLD, "ca.pem"))
    fetch = ("sh", "-c", "curl -sS https://echo.test/x https://api.github"
             ".com/zen -o /dev/null -o /dev/null -w '%{http_code} '")
    r = sh.once(*fetch, policy=POLICY, env=env)
    assert r.out == "200 200 " and by_proxy(world) == [], r
    sh.ok("gateway", "stop")
    sh.config(upstream_ca=os.path.join(shell.WORLD, "ca.pem"),
              upstream_proxy={"url": "environment"})
    r = sh.once(*fetch, policy=POLICY, env=env)
    assert r.out == "200 200 ", r
    assert by_proxy(world) == [f"{hosts.RELAY}:443"]


# ---- TLS of single servers ----
def own(sh, **more):
    world_file(sh, "private-ca.pem", 0o644)
    world_file(sh, "client.crt", 0o644)
    world_file(sh, "client.key")
    sh.config(upstream_ca=os.path.join(shell.WORLD, "ca.pem"),
              upstream_tls={"vault.corp.test": more})
    sh.start("box", POLICY)


def at(sh, name):
    return os.path.join(sh.files, name)


def test_a_server_is_shown_our_certificate_and_believed_by_its_own(sh,
                                                                   world):
    own(sh, ca=at(sh, "private-ca.pem"), certificate=at(sh, "client.crt"),
        key=at(sh, "client.key"))
    for url in ("https://vault.corp.test/x", "https://vault.corp.test:8443/",
                "https://vault.corp.test:444/"):
        out = get(sh, url)
        assert out.endswith(" 200"), out
        assert ("me.corp.test" in out) == (":444" not in url), out
    assert get(sh, "https://echo.test/x").endswith(" 200")
    r = sh.sh("box", "curl -sS --noproxy '*' https://vault.corp.test/")
    assert "me.corp.test" in r.out, r


def test_without_its_authority_a_private_server_is_not_believed(sh, slow):
    if not slow:
        pytest.skip("with --all")
    sh.start("box", POLICY)
    out = get(sh, "https://vault.corp.test:444/")
    assert "its certificate is not trusted" in out and \
        out.endswith(" 502"), out


def test_a_private_authority_speaks_for_its_server_alone(sh):
    own(sh, ca=os.path.join(shell.WORLD, "ca.pem"))
    out = get(sh, "https://vault.corp.test:444/")
    assert "its certificate is not trusted" in out, out
    sh.ok("sandbox", "delete", "box")
    sh.config(upstream_tls={"vault.corp.test":
                            {"ca": at(sh, "private-ca.pem")}},
              upstream_ca=at(sh, "private-ca.pem"))
    sh.start("box", POLICY)
    assert get(sh, "https://vault.corp.test:444/").endswith(" 200")


def test_a_server_that_wants_a_certificate_says_so(sh, slow):
    if not slow:
        pytest.skip("with --all")
    own(sh, ca=at(sh, "private-ca.pem"))
    for port in (443, 8443):
        out = get(sh, f"https://vault.corp.test:{port}/")
        assert "alert" in out and out.endswith(" 502"), out


def test_a_key_that_is_not_the_certificates_is_told(sh, slow):
    if not slow:
        pytest.skip("with --all")
    world_file(sh, "good.key")
    own(sh, ca=at(sh, "private-ca.pem"), certificate=at(sh, "client.crt"),
        key=at(sh, "good.key"))
    out = get(sh, "https://vault.corp.test/")
    assert "upstream_tls: the key for vault.corp.test: key values mismatch" \
        in out and out.endswith(" 502"), out


def test_keys_never_enter_the_sandbox(sh):
    own(sh, ca=at(sh, "private-ca.pem"), certificate=at(sh, "client.crt"),
        key=at(sh, "client.key"))
    get(sh, "https://vault.corp.test/x")
    r = sh.sh("box", "cat /proc/*/environ 2>/dev/null; "
              f"cat {at(sh, 'client.key')}; "
              "grep -rl 'BEGIN .*PRIVATE' /etc /home /tmp 2>/dev/null")
    assert "PRIVATE" not in r.out and "client.key" not in r.out, r

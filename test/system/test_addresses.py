"""Addresses that no name may lead to, and spellings that must not help."""
import hosts
import pytest

NAMES = sorted(set(hosts.A_RECORDS) | set(hosts.AAAA_RECORDS) |
               {"alias.evil.test"})
LITERALS = [
    "127.0.0.1", "169.254.169.254", "10.11.12.13", "0.0.0.0", "[::1]",
    "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[fe80::1]",
    "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "44.128.6.2",
    "localhost", "localhost.", "metadata.google.internal",
]


def everything():
    return "network:\n  allow:\n" + "".join(
        f"    - endpoint: {n}\n      ports: [80, 443, 18080]\n"
        "      protocols: [http]\n"
        for n in [*NAMES, *hosts.REBIND, *hosts.TTL, "echo.test",
                  "cdn.echo.test", "evil.test"])


def curl(sh, *args):
    return sh.exec("box", "curl", "-sS", "-i", "--max-time", "10", *args)


def test_no_name_leads_to_a_special_address(sh, world):
    sh.start("box", everything())
    for name in NAMES:
        for port in (80, 18080):
            r = curl(sh, f"http://{name}:{port}/")
            assert "SECRET" not in r.out, (name, r)
            assert " 403" in r.out.split("\n")[0], (name, r)
            assert "ssrf_denied" in r.out, (name, r)
    bad = [e for e in world.events(event="packet")
           if e["address"] != hosts.DNS]
    assert [e for e in bad if e["proto"] != "udp"] == []


@pytest.mark.parametrize("name", ["own.evil.test", "own-too.evil.test"])
def test_no_name_leads_back_to_the_machine_itself(sh, world, name):
    """Its public address, on which a developer's services may listen."""
    sh.start("box", f"""
network:
  allow:
    - endpoint: {name}
    - endpoint: {name}
      ports: [80]
      protocols: [http]
""")
    r = curl(sh, f"http://{name}/")
    assert "ssrf_denied" in r.out and "this machine itself" in r.out, r
    r = curl(sh, "--noproxy", "*", f"https://{name}/")
    assert "SECRET" not in r.out, r
    assert world.packets(hosts.OWN, hosts.EVIL) == []


def test_the_machine_itself_is_reached_where_an_entry_says_so(sh):
    sh.start("box", f"""
network:
  allow:
    - endpoint: own.evil.test
      ports: [80]
      protocols: [http]
      allowed_ips: [{hosts.OWN}]
    - endpoint: {hosts.OWN}
      ports: [80]
      protocols: [http]
""")
    assert "SECRET" in curl(sh, "http://own.evil.test/").out
    assert "SECRET" in curl(sh, f"http://{hosts.OWN}/").out


def test_a_special_address_beside_a_good_one_is_not_dialled(sh, world):
    sh.start("box", everything())
    for _ in range(4):
        curl(sh, "http://mixed.evil.test/")
    assert world.packets(hosts.METADATA) == []


@pytest.mark.parametrize("name", list(hosts.REBIND))
def test_a_rebinding_name_never_reaches_its_second_address(boxes, world, name):
    sh = boxes(everything())
    for port in (80, 18080):
        for _ in range(4):
            r = curl(sh, f"http://{name}:{port}/")
            assert "SECRET" not in r.out
    assert world.packets(hosts.METADATA) == []
    assert [e for e in world.requests() if "127." in e["address"]] == []


def test_an_answer_is_asked_for_again_when_it_is_over(boxes, world):
    sh = boxes(everything())
    for name, asked in (("kept.test", 1), ("brief.test", 2),
                        ("echo.test", 2)):
        world.mark()
        # Two ports, so that no connection to the server is used again.
        assert " 200" in curl(sh, f"http://{name}/").out.split("\n")[0]
        if name == "brief.test":
            sh.sh("box", "sleep 1.2")
        curl(sh, f"http://{name}:18080/")
        got = [e for e in world.events(event="dns", name=name)
               if e["kind"] == 1]
        assert len(got) == asked, (name, got)


@pytest.mark.parametrize("host", LITERALS)
def test_a_literal_address_is_refused_when_no_entry_names_it(boxes, world,
                                                              host):
    sh = boxes(everything())
    for scheme, port in (("http", 80), ("http", 18080), ("https", 443)):
        r = sh.exec("box", "env", "no_proxy=", "NO_PROXY=", "curl", "-sS",
                    "-i", "--max-time", "10", "-x", "http://127.0.0.1:3128",
                    f"{scheme}://{host}:{port}/")
        assert "SECRET" not in r.out, r
        assert " 200" not in r.out.split("\n")[0] or scheme == "https", r
    assert world.requests() == []


def test_a_literal_is_dialled_when_an_entry_names_it(sh):
    sh.start("box", f"""
network:
  allow:
    - endpoint: "{hosts.RELAY}"
      ports: [80]
""")
    assert " 200" in curl(sh, f"http://{hosts.RELAY}/").out


def test_an_alias_of_an_allowed_name_is_followed(sh):
    sh.start("box", everything())
    assert " 200" in curl(sh, "http://cdn.echo.test/").out


def test_names_that_do_not_resolve_say_so(sh):
    sh.start("box", """
network:
  allow:
    - endpoint: nowhere.echo.test
      ports: [80]
    - endpoint: servfail.evil.test
      ports: [80]
    - endpoint: loop.evil.test
      ports: [80]
""")
    for name in ("nowhere.echo.test", "servfail.evil.test", "loop.evil.test"):
        r = curl(sh, f"http://{name}/")
        assert " 502" in r.out.split("\n")[0], (name, r)
        assert name in r.out, r


def test_allowed_ips_open_what_an_entry_says_and_no_more(sh):
    sh.start("box", """
network:
  allow:
    - endpoint: private.evil.test
      ports: [80]
      allowed_ips: [10.11.12.0/24]
    - endpoint: private192.evil.test
      ports: [80]
      allowed_ips: [10.11.12.0/24]
""")
    assert "SECRET" in curl(sh, "http://private.evil.test/").out
    assert " 403" in curl(sh, "http://private192.evil.test/").out


@pytest.mark.parametrize("host,code", [
    ("ECHO.test", "200"), ("echo.test.", "200"), ("evil.test@echo.test", "200"),
    ("echo.test@other.test", "403"), ("echo.test.evil.test", "403"),
    ("echo.tesT", "200"), ("xecho.test", "403"), ("echo.test%00.other.test",
                                                 "")])
def test_spellings_of_a_host(boxes, world, host, code):
    sh = boxes(everything())
    r = curl(sh, f"http://{host}/")
    first = r.out.split("\n")[0]
    if code == "200":
        assert " 200" in first or " 400" in first, r
    else:
        assert " 200" not in first, r
    assert world.packets(hosts.HOSTS["other.test"]) == []

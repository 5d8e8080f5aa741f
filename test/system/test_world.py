"""The pretend internet is what the other tests believe it is."""
import os
import subprocess

import hosts
import shell


def curl(*args):
    return subprocess.run(
        ["curl", "-sS", "--max-time", "5", "--cacert",
         os.path.join(shell.WORLD, "ca.pem"), *args],
        capture_output=True, text=True, check=False)


def test_the_only_way_out_is_the_cable_to_the_world():
    with open("/proc/net/dev", encoding="ascii") as f:
        names = {n.split(":")[0].strip() for n in f if ":" in n}
    assert names == {"lo", "cable"}
    with open("/proc/net/route", encoding="ascii") as f:
        routes = [line.split() for line in f][1:]
    assert {r[0] for r in routes} == {"cable"}
    assert not [r for r in routes if r[1] == "00000000"], "a default route"


def test_a_name_resolves_to_its_host_and_its_certificate_is_good(world):
    assert curl("https://api.github.com/zen").stdout.startswith("Keep")
    assert world.requests(host="api.github.com", target="/zen")


def test_hosts_with_wrong_certificates_are_refused_by_curl():
    for name in hosts.BAD_TLS:
        if name != "silent.evil.test":
            assert curl(f"https://{name}/").returncode != 0, name


def test_the_metadata_address_would_answer_if_it_were_asked(world):
    assert "PRETENDSECRET" in curl(f"http://{hosts.METADATA}/").stdout
    assert world.packets(hosts.METADATA)


def test_what_nobody_sends_is_not_recorded(world):
    assert world.events() == []


def test_a_rebinding_name_changes_its_address():
    first = subprocess.run(["getent", "ahostsv4", "rebind.evil.test"],
                           capture_output=True, text=True, check=False)
    later = subprocess.run(["getent", "ahostsv4", "rebind.evil.test"],
                           capture_output=True, text=True, check=False)
    assert hosts.EVIL in first.stdout or hosts.METADATA in first.stdout
    assert hosts.METADATA in later.stdout

"""inspect: what requests hold that is to stay inside."""
import base64
import codecs
import gzip
import json
import os
import shutil
import subprocess
import zlib

import hosts
import pytest

with open(os.path.join(os.path.dirname(hosts.__file__), "ws.py"),
          encoding="utf-8") as f:
    CLIENT = f.read()

CARD, OTHER = "4539148803436467", "5425233430109903"
TOKEN = "ghp_" + "q7Zr2Lm9Kx4TbW8sYc3Vd6Nf1Hg5Jp0Qe2Ra"   # of no account
POLICY = """
network:
  inspect: {secrets: block, personal: redact, addresses: log}
  allow:
    - endpoint: echo.test
    - endpoint: other.test
      inspect: {personal: block}
"""


def post(sh, data, url="https://echo.test/echo", *more):
    return sh.exec("box", "curl", "-s", "-w", "\n%{http_code}", "--max-time",
                   "20", "-H", "Content-Type: application/json", *more,
                   "--data-binary", data, url).out


@pytest.mark.both
def test_a_secret_in_a_body_stays_inside_in_every_form(sh, world):
    sh.start("box", POLICY)
    forms = [TOKEN, TOKEN.replace("_", "\\u005f"),
             base64.b64encode(b"key " + TOKEN.encode()).decode(),
             TOKEN.encode().hex(), TOKEN.replace("ghp", "%67%68%70"),
             TOKEN.replace("p_", "p\u200b_")]
    for http in ("--http1.1", "--http2"):
        for form in forms:
            out = post(sh, json.dumps({"x": form}).replace("\\\\", "\\"),
                       "https://echo.test/echo", http)
            assert out.endswith("\n403"), (form, out)
            assert "github-token" in out and TOKEN not in out
    assert world.requests(host="echo.test") == []
    got = sh.audited(verdict="denied", host="echo.test")
    assert "github-token" in json.dumps(got) and TOKEN not in json.dumps(got)


def test_a_secret_in_a_url_stays_inside(sh, world):
    sh.start("box", POLICY)
    for url in (f"https://echo.test/a/{TOKEN}", f"https://echo.test/?t={TOKEN}",
                f"http://echo.test/?t=%67{TOKEN[1:]}"):
        out = sh.exec("box", "curl", "-s", "-w", "\n%{http_code}", url).out
        assert out.endswith("403"), out
    assert world.requests(host="echo.test") == []


def test_what_is_redacted_arrives_without_it_and_as_long(sh, world):
    sh.start("box", POLICY)
    text = json.dumps({"card": CARD, "n": int(OTHER), "who": "x"})
    out = post(sh, text)
    assert out.endswith("\n200"), out
    body = world.requests(host="echo.test")[-1]["body"]
    assert CARD not in body and OTHER not in body
    assert len(body) == len(text)
    assert json.loads(body) == {"card": "9" * 16, "n": int("9" * 16),
                                "who": "x"}
    # In chunks, and across their borders.
    out = post(sh, text, "https://echo.test/echo", "-H",
               "Transfer-Encoding: chunked")
    assert out.endswith("\n200"), out
    assert CARD not in world.requests(host="echo.test")[-1]["body"]


def test_entries_and_the_section_add_up_to_the_stricter(sh, world):
    sh.start("box", POLICY)
    assert post(sh, CARD, "https://other.test/x").endswith("\n403")
    assert post(sh, TOKEN, "https://other.test/x").endswith("\n403")
    assert world.requests(host="other.test") == []
    assert post(sh, "nothing", "https://other.test/x").endswith("\n200")


LONG = """
network:
  inspect: {secrets: redact, addresses: log, generic: block}
  allow:
    - endpoint: echo.test
"""


def post_file(sh, text, *more):
    sh.exec("box", "python3", "-c", "import sys; open('/tmp/p', 'w').write("
            "sys.stdin.read())", data=text)
    return post(sh, "@/tmp/p", "https://echo.test/echo", *more)


def test_what_is_too_long_to_be_redacted_whole_is_not_sent(sh, world):
    """Only the beginning of a finding was put aside once."""
    sh.start("box", LONG)
    lines = "\n".join("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7"
                      for _ in range(40))
    key = ("-----BEGIN PRIVATE KEY-----\n" + lines +
           "\n-----END PRIVATE KEY-----\n")
    spelled = "".join("\\u%04x" % ord(c) for c in key)
    behind = "-----BEGIN PRIVATE KEY-----\n" + "a few words " * 670 + key
    for text in (spelled, behind):
        out = post_file(sh, text)
        assert out.endswith("\n403") and "private-key" in out, out
    assert world.requests(host="echo.test") == []
    assert post_file(sh, key).endswith("\n200")
    assert "MII" not in world.requests(host="echo.test")[-1]["body"]


def test_what_overlaps_is_judged_by_the_strictest_word(sh, world):
    """A password that reads like an address is one all the same."""
    sh.start("box", LONG)
    out = post(sh, "password=a8Kx72hQ9z@corp-mail.de")
    assert out.endswith("\n403"), out
    assert world.requests(host="echo.test") == []


def test_what_is_only_logged_passes(sh, world):
    sh.start("box", POLICY)
    assert post(sh, "write to ann.lee@corp-mail.de").endswith("\n200")
    assert "ann.lee@corp-mail.de" in world.requests(
        host="echo.test")[-1]["body"]
    assert "email-address at byte 9 of the body" in sh.ok(
        "logs", "box", "-n", "50").out


def post_bytes(sh, data, *more):
    sh.exec("box", "python3", "-c",
            "import sys; open('/tmp/p', 'wb').write(bytes.fromhex("
            f"'{data.hex()}'))")
    return post(sh, "@/tmp/p", "https://echo.test/echo", *more)


def packed(coding, data):
    if coding == "gzip":
        return gzip.compress(data)
    if coding == "deflate":
        return zlib.compress(data)
    tool = {"br": ["brotli", "-c"], "zstd": ["zstd", "-q", "-c"]}[coding]
    return subprocess.run(tool, input=data, stdout=subprocess.PIPE,
                          check=True).stdout


CODINGS = [c for c, tool in (("gzip", "sh"), ("deflate", "sh"),
                             ("br", "brotli"), ("zstd", "zstd"))
           if shutil.which(tool) is not None]


def fields_of(out):
    assert out.endswith("\n200"), out
    return {k.lower(): v for k, v in json.loads(
        out.rsplit("\n", 1)[0])["fields"]}


def test_a_compressed_body_is_read_and_goes_on_as_it_was(sh, world):
    sh.start("box", POLICY)
    for coding in CODINGS:
        said = ("-H", f"Content-Encoding: {coding}")
        out = post_bytes(sh, packed(coding, TOKEN.encode()), *said)
        assert out.endswith("403") and "github-token at byte 0" in out, out
        fine = packed(coding, b"nothing of interest")
        got = fields_of(post_bytes(sh, fine, *said, "--http1.1"
                                   if coding == "gzip" else "--http2"))
        assert got["content-encoding"] == coding
        assert int(got["content-length"]) == len(fine)
    assert all(TOKEN not in e["body"]
               for e in world.requests(host="echo.test"))


def test_what_is_redacted_in_a_compressed_body_is_sent_unpacked(sh, world):
    sh.start("box", POLICY)
    text = json.dumps({"card": CARD, "who": "x"})
    for coding in CODINGS:
        for more in (("-H", "Transfer-Encoding: chunked", "--http1.1"),
                     ("--http2",)):
            out = post_bytes(sh, packed(coding, text.encode()), "-H",
                             f"Content-Encoding: {coding}", *more)
            assert "content-encoding" not in fields_of(out)
            got = world.requests(host="echo.test")[-1]
            assert json.loads(got["body"]) == {"card": "9" * 16, "who": "x"}
    # Such a name is another one here, and the same one to some servers.
    for more in (("Content_Length: 5",), ("content_length: 1",
                 "Transfer-Encoding: chunked")):
        out = post_bytes(sh, packed("gzip", text.encode()), "-H",
                         "Content-Encoding: gzip", "--http1.1",
                         *(x for m in more for x in ("-H", m)))
        assert not {"content_length", "content-encoding"} & set(
            fields_of(out))
    assert "of the unpacked body, redacted" in sh.ok("logs", "box", "-n",
                                                     "50").out


def test_what_cannot_be_read_is_not_sent(sh, world):
    sh.start("box", POLICY)
    whole = gzip.compress(b"nothing of interest" * 20)
    for data, coding, why in (
            (whole, "compress", "compressed in a way that is not read"),
            (whole, "gzip, gzip", "compressed in a way that is not read"),
            (whole[:-9], "gzip", "cut short"),
            (whole + whole, "gzip", "followed by more"),
            (b"not at all", "gzip", "not what its coding says"),
            (b"\xf3H\xcd\xc9\xc9\x07\x00", "deflate", "not what its coding"),
            (gzip.compress(bytes(9000000)), "gzip", "once it is unpacked")):
        out = post_bytes(sh, data, "-H", f"Content-Encoding: {coding}")
        assert out.endswith("403") and why in out, (coding, out)
    out = post_bytes(sh, gzip.compress(TOKEN.encode()), "-H",
                     "Content_Encoding: gzip")
    assert out.endswith("403"), out
    out = post_bytes(sh, whole, "-H", "Content-Encoding: gzip", "-H",
                     "content-encoding: gzip")
    assert "says twice" in out and out.endswith("403"), out
    out = sh.exec("box", "sh", "-c", "head -c 9000000 /dev/zero | curl -s -w "
                  "'\n%{http_code}' --data-binary @- https://echo.test/echo"
                  ).out
    assert "longer than 8 MiB" in out and out.endswith("403"), out
    assert world.requests(host="echo.test") == []


def test_what_runs_when_inspection_begins_sends_nothing_more(sh, world):
    """Neither a WebSocket nor the rest of a body, which nobody looked at."""
    sh.start("box", "network:\n  allow: [{endpoint: echo.test}]\n")
    t = sh.term("sandbox", "exec", "box", "--", "python3", "-c", CLIENT + """
import subprocess
c = Client("wss://echo.test/ws/echo")
p = subprocess.Popen(["curl", "-s", "-w", "\\n%{http_code}", "-H",
    "Expect:", "-T", "-", "https://echo.test/up"], stdin=subprocess.PIPE,
    stdout=subprocess.PIPE, bufsize=0)
p.stdin.write(b"some")
print(c.say("one"), flush=True)
input()
print("code", c.close_code(), flush=True)
try:
    p.stdin.write(b"more")
    p.stdin.close()
except OSError:
    pass
print("curl", p.stdout.read().decode()[-3:], flush=True)
""")
    t.expect("one")
    sh.audited(host="echo.test", path="/up")
    for text in ("{secrets: log}", "{secrets: block}"):
        sh.ok("policy", "set", "box", "--policy", sh.write(
            "more.yaml", "network: {inspect: " + text +
            ", allow: [{endpoint: echo.test}]}"), "--wait")
    t.send("\n")
    t.expect("code 1012")
    t.expect("curl 403")
    assert t.wait() == 0
    assert "more" not in json.dumps(world.requests(host="echo.test"))


CANARY = "nightingale/7731-Decoy+x"
CANARIES = """
network:
  canaries:
    - {name: decoy, value: "%s"}
  allow:
    - endpoint: echo.test
""" % CANARY


def spellings(value):
    """What a value looks like to whoever does not want it to be seen."""
    raw = value.encode()
    b64 = base64.b64encode(raw).decode()
    return {
        "plain": value, "capitals": value.upper(), "reversed": value[::-1],
        "base64": b64, "base64 inside": base64.b64encode(
            b"ab" + raw + b"c").decode(),
        "base64 for urls": base64.urlsafe_b64encode(raw + b"?>").decode(),
        "base64 twice": base64.b64encode(b64.encode()).decode(),
        "hexadecimal": raw.hex(), "hexadecimal of base64": b64.encode().hex(),
        "percents": "".join(f"%{c:02x}" for c in raw),
        "percents twice": "".join(f"%25{c:02x}" for c in raw),
        "escapes": "".join(f"\\u{c:04x}" for c in raw),
        "entities": "".join(f"&#{c};" for c in raw),
        "zero width": "\u200b".join(value),
        "full width": "".join(chr(ord(c) + 0xfee0) for c in value),
        "look-alikes": value.replace("e", "\u0435").replace("o", "\u043e"),
    }


def test_a_canary_stays_inside_however_it_is_spelled_and_wherever(sh, world):
    sh.start("box", CANARIES)
    ways = []
    for name, text in spellings(CANARY).items():
        ways.append((name, ["--data-binary", text]))
        if name in ("reversed", "base64", "base64 twice", "escapes"):
            ways.append((name + " in a field", ["-H", "X-Note: " + text]))
    b64 = base64.b64encode(CANARY.encode()).decode()
    ways += [
        ("credentials", ["-H", "Authorization: Bearer " + CANARY]),
        ("basic", ["-u", "bob:" + CANARY]),
        ("cookie", ["-H", "Cookie: a=b; c=" + b64]),
        ("the name of a field", ["-H", CANARY.encode().hex() + ": x"]),
        ("form", ["-F", "a=b", "-F", "c=" + CANARY]),
        ("file name", ["-F", "c=x;filename=" + b64]),
        ("chunks", ["-H", "Transfer-Encoding: chunked", "-d", CANARY]),
    ]
    for n, (name, args) in enumerate(ways):
        http = "--http2" if n % 2 else "--http1.1"
        out = sh.exec("box", "curl", "-s", "-w", "\n%{http_code}", http,
                      *args, "https://echo.test/x").out
        assert out.endswith("\n403") and "canary decoy" in out, (name, out)
        assert CANARY not in out
    for url in ("?q=" + b64, b64.replace("+", "-"), CANARY.encode().hex() + "/y",
                "?" + "".join(f"%25{c:02x}" for c in CANARY.encode())):
        out = sh.exec("box", "curl", "-s", "-w", "\n%{http_code}",
                      "https://echo.test/" + url).out
        assert out.endswith("\n403") and "canary decoy" in out, (url, out)
    assert world.requests(host="echo.test") == []
    assert post(sh, "a nightingale sang").endswith("\n200")
    denied = sh.audited(verdict="denied", host="echo.test")
    n = str(denied[-1]["_"]["metadata"]["sequence"])
    assert "send it without that" in sh.ok("audit", "explain", n).out
    assert "--add-allow" not in out and "without what it must not" in out
    told = json.dumps(denied)
    assert "canary decoy" in told and CANARY not in told and b64 not in told


def test_in_utf16_and_in_pieces_it_is_the_same(sh, world):
    sh.start("box", CANARIES)
    for data in (CANARY.encode("utf-16-le"), CANARY.encode("utf-16-be"),
                 b"x" * 32760 + CANARY.encode() + b"y" * 99999,
                 os.urandom(40000) + CANARY.encode() + os.urandom(40000)):
        sh.exec("box", "python3", "-c", "import sys; open('/tmp/p', 'wb')."
                "write(bytes.fromhex(sys.stdin.read()))", data=data.hex())
        out = post(sh, "@/tmp/p", "https://echo.test/x")
        assert out.endswith("\n403") and "canary decoy" in out, out
    assert world.requests(host="echo.test") == []


def test_a_field_is_looked_at_but_credentials_belong_into_some(sh, world):
    sh.start("box", POLICY)
    for args in (["-H", "X-Note: " + TOKEN], ["-H", "Referer: https://a/" +
                                              TOKEN]):
        out = sh.exec("box", "curl", "-s", "-w", "\n%{http_code}", *args,
                      "https://echo.test/x").out
        assert out.endswith("\n403"), (args, out)
    assert world.requests(host="echo.test") == []
    out = sh.exec("box", "curl", "-s", "-w", "\n%{http_code}", "-H",
                  "Authorization: Bearer " + TOKEN, "https://echo.test/x").out
    assert out.endswith("\n200"), out


def test_a_canary_may_only_be_said_and_is_never_redacted_in_a_url(sh, world):
    sh.start("box", CANARIES.replace(
        "network:", "network:\n  inspect: {canaries: log}"))
    assert post(sh, "x " + CANARY).endswith("\n200")
    assert CANARY in world.requests(host="echo.test")[-1]["body"]
    said = [line for line in sh.ok("logs", "box", "-n", "20").out.split("\n")
            if "FOUND" in line]
    assert "canary decoy at byte 2 of the body" in said[0]
    assert CANARY not in said[0]
    sh.ok("policy", "set", "box", "--wait", "--policy", sh.policy(
        CANARIES.replace("network:",
                         "network:\n  inspect: {canaries: redact}")))
    assert post(sh, "x " + CANARY + ".").endswith("\n200")
    body = world.requests(host="echo.test")[-1]["body"]
    assert CANARY not in body and body.startswith("x ****")
    out = sh.exec("box", "curl", "-s", "-w", "\n%{http_code}",
                  "https://echo.test/?q=" + CANARY.replace("+", "%2B")).out
    assert out.endswith("\n403"), out


def rot(text):
    """Something that is not read: by design there is always one more."""
    return codecs.encode(text, "rot13")


def back(sh, how, text=CANARY, *more):
    return sh.exec("box", "curl", "-sS", "-w", "\n%{http_code}", *more,
                   "--data-binary", rot(text), "https://echo.test/back/" + how)


def responses(act):
    return CANARIES.replace("network:",
                            "network:\n  inspect: {responses: %s}" % act)


WAYS_BACK = ("whole", "bytes", "close")


def test_what_comes_back_is_redacted_whatever_it_is_cut_into(sh, world):
    sh.start("box", responses("redact"))
    forms = [CANARY, CANARY.upper(), CANARY.replace("/", "\\/"),
             CANARY.encode().hex(), CANARY.replace("/", "%2F").replace(
                 "+", "%2b")]
    for n, form in enumerate(forms + [CANARY]):
        r = back(sh, WAYS_BACK[n % 3], f"a {form} b",
                 ("--http1.1", "--http2")[n % 2])
        assert r.out.endswith(" b\n200"), (form, r)
        assert form not in r.out and r.out.startswith("a ")
        assert len(r.out) == len(form) + 8
    out = back(sh, "field", CANARY, "-D", "-").out.lower()
    assert "set-cookie: a=***" in out and CANARY.lower() not in out
    for http in ("--http1.1", "--http2"):
        r = back(sh, "trailer", CANARY, "-D", "-", http)
        assert CANARY not in r.out and r.out.endswith("\n200"), r
    for text, how in (("nothing", "close"), (CANARY[:-1], "bytes"),
                      (CANARY[:9] + CANARY, "bytes"), ("x" * 60000, "whole")):
        got = back(sh, how, text).out
        assert CANARY not in got and len(got) == len(text) + 4, got[:99]
        if CANARY not in text:
            assert got == text + "\n200"
    assert len(sh.exec("box", "curl", "-s",
                       "https://echo.test/big/3000000").out) > 1000000
    said = sh.ok("logs", "box", "-n", "400").out
    assert "canary decoy at byte 2 of the response, redacted" in said
    assert CANARY not in said


def test_what_ends_an_answer_may_be_as_long_as_its_head(sh):
    sh.start("box", responses("redact") + "    - endpoint: h2.test\n")
    for size in (32000, 32600, 32768, 32769, 60000):
        r = sh.exec("box", "curl", "-sS", "-D", "-", "-m", "20",
                    f"https://h2.test/ends/{size}")
        assert ("bodyx-end: " + "y" * (size - 11) + "\r\n" in r.out) == (
            size <= 32768), (size, r.out[-99:], r.err)


def test_an_answer_full_of_them_is_told_of_and_comes_whole(sh):
    sh.start("box", responses("redact"))
    r = sh.exec("box", "sh", "-c", f"yes '{rot(CANARY)}' | head -n 8000 | "
                "curl -sS --data-binary @- https://echo.test/back/whole | "
                f"tee /tmp/o | wc -c; grep -c {CANARY[:11]} /tmp/o")
    assert r.out.split() == [str(8000 * (len(CANARY) + 1)), "0"], r
    said = sh.ok("logs", "box", "-n", "400").out
    assert said.count("of the response, redacted") == 65
    assert "more of them follow, and are not told" in said


def test_what_comes_back_is_blocked(sh, world):
    sh.start("box", responses("block"))
    for how, http in zip(WAYS_BACK, ("--http1.1", "--http2", "--http1.1")):
        r = back(sh, how, f"a {CANARY} b", http)
        assert CANARY[:9] not in r.out, r
        assert r.code != 0 or " b" not in r.out
        r = back(sh, how, "nothing of it", http)
        assert r.out == "nothing of it\n200", (how, r)
    r = back(sh, "field")
    assert r.out.endswith("502") and "response_blocked" in r.out
    assert CANARY not in r.out
    r = back(sh, "gzip")
    assert r.out.endswith("502") and "response_not_inspected" in r.out
    assert back(sh, "asked", "x", "-H", "Accept-Encoding: gzip, br"
                ).out.startswith("identity")
    assert "of the response, blocked" in sh.ok("logs", "box", "-n", "99").out


def test_what_comes_back_may_only_be_said_and_an_event_waits_for_nothing(
        sh, world):
    sh.start("box", responses("log"))
    assert CANARY in back(sh, "whole").out
    said = [line for line in sh.ok("logs", "box", "-n", "20").out.split("\n")
            if "FOUND" in line]
    assert "canary decoy at byte 0 of the response" in said[0]
    # An event goes on at once though the answer does not end.
    assert sh.exec("box", "python3", "-c", "import subprocess as s; p = "
                   "s.Popen(['curl', '-sN', '--data-binary', '" + rot("tick")
                   + "', 'https://echo.test/back/event'], stdout=s.PIPE); "
                   "print(p.stdout.readline()); p.kill()"
                   ).out == "b'data: tick\\n'\n"


def test_without_a_word_for_responses_they_pass_as_they_are(sh, world):
    sh.start("box", CANARIES)
    assert CANARY in back(sh, "whole").out
    assert back(sh, "asked", "x", "-H", "Accept-Encoding: gzip").out.startswith(
        "gzip")


def test_what_unpacks_to_nothing_is_looked_at_too(sh, world):
    """A comment of gzip and a frame to be skipped go on with the body."""
    sh.start("box", CANARIES)
    plain = gzip.compress(b"nothing of it", mtime=0)
    noted = plain[:3] + b"\x10" + plain[4:10] + CANARY.encode() + b"\0"
    skipped = b"\x50\x2a\x4d\x18" + len(CANARY).to_bytes(4, "little")
    for data, coding in ((noted + plain[10:], "gzip"),
                         (noted[:3] + b"\x08" + noted[4:] + plain[10:],
                          "gzip"),
                         (skipped + CANARY.encode(), "zstd")):
        out = post_bytes(sh, data, "-H", f"Content-Encoding: {coding}")
        assert out.endswith("403"), (coding, out)
        assert "of the packed body, blocked" in out and CANARY not in out
    assert world.requests(host="echo.test") == []
    fine = noted.replace(CANARY.encode(), b"x.txt") + plain[10:]
    assert fields_of(post_bytes(sh, fine, "-H", "Content-Encoding: gzip"))[
        "content-length"] == str(len(fine))


def test_control_frames_are_looked_at_too(sh, world):
    sh.start("box", CANARIES)
    r = sh.exec("box", "python3", "-c", CLIENT + f"""
for op, data in ((9, {CANARY!r}), (10, {CANARY!r}),
                 (8, bytes([3, 232]) + {CANARY.encode()!r}),
                 (9, "ping"), (8, bytes([3, 232]) + b"bye")):
    c = Client("wss://echo.test/ws/echo")
    c.send(1, "before", fin=False)
    c.send(op, data)
    if op == 9:
        c.send(0, "after"); c.send(8, bytes([3, 232]))
    print(c.close_code())
""")
    assert r.out.split() == ["1008"] * 3 + ["1000"] * 2, r
    assert CANARY not in json.dumps(world.events(event="ws"))
    assert "canary decoy at byte 0 of the control frame, blocked" in sh.ok(
        "logs", "box", "-n", "99").out


def test_what_comes_back_is_asked_for_whole(sh, world):
    sh.start("box", responses("block"))
    back(sh, "whole", "x", "-H", "Range: bytes=0-3", "-H", "If-Range: x")
    got = {k.lower() for k, v in world.requests(host="echo.test")[-1][
        "fields"]}
    assert "range" not in got and "if-range" not in got

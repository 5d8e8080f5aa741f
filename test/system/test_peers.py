"""More real clients, as they come: each works when it is allowed, by whatever
way it takes, and when it is not says so, and nothing of it arrives."""
import os
import shutil
import subprocess

import pytest

POLICY = """
network:
  allow:
    - endpoint: echo.test
    - endpoint: echo.test
      ports: [80]
      protocols: [http]
    - endpoint: h2.test
    - endpoint: echo.test
      protocols: [wss]
    - endpoint: other.test
      ports: [22, 5432, 6379]
      protocols: [tcp]
"""
NOTHING = "network: {allow: [{endpoint: sub.echo.test}]}\n"

REQUESTS = """
import requests, sys
with requests.Session() as s:
    for i in range(3):
        r = s.get("https://echo.test/x", params={"i": i})
        print(r.status_code, r.json()["target"])
    r = s.post("https://echo.test/upload", data=iter([b"one ", b"two"]))
    print(r.status_code, r.json()["length"])
    got = sum(len(x) for x in s.get("https://echo.test/big/3000000",
              stream=True).iter_content(10000))
    print(got, [x.decode() for x in s.get("https://echo.test/chunked",
          stream=True).iter_lines()], s.get("https://h2.test/x").status_code)
"""
HTTPX = """
import asyncio, httpx
for version in False, True:
    with httpx.Client(http2=version) as c:
        for host in "echo.test", "h2.test":
            r = c.get(f"https://{host}/x")
            print(r.status_code, r.http_version, r.json() != {})
        print(c.post("https://h2.test/x", content=b"x" * 100000).json()[
            "length"])
async def many():
    async with httpx.AsyncClient(http2=True, timeout=30) as c:
        got = await asyncio.gather(*(c.get(f"https://h2.test/{i}")
                                     for i in range(60)))
        print(all(dict(r.json()["fields"])[":path"] == f"/{i}"
                  for i, r in enumerate(got)))
asyncio.run(many())
"""
WEBSOCKETS = """
import asyncio, websockets
async def main():
    async with websockets.connect("wss://echo.test/ws/echo") as w:
        for text in "hello", "x" * 200000:
            await w.send(text)
            print(await w.recv() == text)
        await (await w.ping())
asyncio.run(main())
"""
FETCH = """
(async () => {
    for (const h of ["echo.test", "h2.test"]) {
        const r = await fetch(`https://${h}/x`);
        console.log(r.status, typeof await r.json());
    }
    const r = await fetch("https://echo.test/upload", {method: "POST",
        body: "x".repeat(100000)});
    console.log((await r.json()).length);
})().catch(e => { console.error(String(e.cause || e)); process.exit(1); });
"""
APT = "apt-get -o Dir::State=$PWD/s -o Dir::Cache=$PWD/c -o Dir::Etc=$PWD/e " \
    "-o Dir::Log=$PWD -o Acquire::Retries=0 -o APT::Sandbox::User= " \
    "-o Dir::State::status=/dev/null "
PYTHON = ["python3", "-c"]
# name: (what must be there, command, its output, a word of the refusal)
CLIENTS = {
    "requests": ("requests", [*PYTHON, REQUESTS], "200 /x?i=0\n200 /x?i=1\n"
                 "200 /x?i=2\n200 7\n3000000 ['one', 'two', 'three'] 200\n",
                 "403"),
    "httpx": ("httpx h2", [*PYTHON, HTTPX],
              "200 HTTP/1.1 True\n200 HTTP/1.1 True\n100000\n"
              "200 HTTP/2 True\n200 HTTP/2 True\n100000\nTrue\n", "403"),
    "websockets": ("websockets", [*PYTHON, WEBSOCKETS], "True\nTrue\n",
                   "Name or service not known"),
    "nghttp": ("nghttp", ["sh", "-c", "nghttp -v https://h2.test/x | "
                          "grep -o ':status: ...' && nghttp -d /etc/passwd "
                          "https://h2.test/x | grep -o '\"length\": '"],
               ":status: 200\n\"length\": ", "Name or service not known"),
    "h2load": ("h2load", ["sh", "-c", "h2load -n 2000 -c 4 -m 100 "
                          "https://h2.test/x | grep -E '^requests|^status'"],
               "requests: 2000 total, 2000 started, 2000 done, 2000 succeeded, "
               "0 failed, 0 errored, 0 timeout\nstatus codes: 2000 2xx, 0 3xx, "
               "0 4xx, 0 5xx\n", None),
    "node": ("node", ["node", "-e", FETCH],
             "200 object\n200 object\n100000\n", "ENOTFOUND"),
    "apt": ("apt-get", ["sh", "-ec", "cd && mkdir -p s c/archives/partial "
                        "s/lists/partial e && echo 'deb [trusted=yes] "
                        "https://echo.test/apt ./' >e/sources.list\n"
                        f"{APT} update\n{APT.replace('get', 'cache', 1)} show "
                        "tinydeb | grep Desc"], "pretend internet", "403"),
    "redis": ("redis-cli", ["redis-cli", "-h", "other.test", "ping"], "PONG\n",
              "Name or service not known"),
    "psql": ("psql", ["sh", "-c", "psql -h other.test -U me -d x -c 'select 1'"
                      " 2>&1; true"], "pretend internet", None),
    "ssh": ("ssh", ["sh", "-c", "ssh -v -F none other.test 2>&1; true"],
            "remote software version pretend", None),
}


def present(needs):
    for name in needs.split():
        if not (os.path.exists(name) or shutil.which(name) or subprocess.run(
                ["/usr/bin/python3", "-c", f"import {name}"], check=False,
                capture_output=True).returncode == 0):
            pytest.skip(f"{name} is not installed here")


@pytest.mark.parametrize("name", list(CLIENTS))
def test_it_works_when_allowed(boxes, world, name):
    needs, command, out, _ = CLIENTS[name]
    present(needs)
    r = boxes(POLICY).exec("box", *command, timeout=120)
    assert out in r.out and r.code == 0, r
    assert world.requests()


@pytest.mark.parametrize("name", list(CLIENTS))
def test_it_is_refused_when_not(boxes, world, name):
    needs, command, out, word = CLIENTS[name]
    present(needs)
    r = boxes(NOTHING).exec("box", *command, timeout=120)
    assert out not in r.out, r
    assert word is None or (r.code != 0 and word in r.out + r.err), r
    assert world.events(event="accept") == [] and world.requests() == []

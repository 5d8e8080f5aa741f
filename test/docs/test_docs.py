r"""Every `console` block of the documents is run, and says what it says.

    ```console
    $ openshell sandbox list
    NAME  PHASE ...
    ```

The commands of one file run in order in one shell, in the pretend internet,
by the ordinary user.  A block without output is only required to succeed;
one with output must give it: lines in order, `...` stands for anything, here
and inside a line.  A block whose info is `console fails` ends not 0, and one
with `console later` is not run (it needs something that tests do not have).
"""
import os
import re
import shutil
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FENCE = re.compile(r"^```console([^\n]*)\n(.*?)^```", re.M | re.S)


def documents():
    out = ["README.md"]
    out += ["docs/" + f for f in sorted(os.listdir(os.path.join(ROOT, "docs")))
            if f.endswith(".md")]
    return [f for f in out if os.path.exists(os.path.join(ROOT, f)) and
            FENCE.search(open(os.path.join(ROOT, f), encoding="utf-8").read())]


def steps(text):
    """(info, command, expected lines) of each command of a document."""
    for info, block in FENCE.findall(text):
        command, expected = None, []
        for line in block.splitlines():
            if line.startswith("$ "):
                if command is not None:
                    yield info, command, expected
                command, expected = line[2:], []
            elif command is not None and (command.endswith("\\") or
                                          line.startswith("> ")):
                command += "\n" + line.removeprefix("> ")
            else:
                expected.append(line)
        if command is not None:
            yield info, command, expected


def matches(expected, said):
    """Each expected line appears, in order; ... is anything."""
    pattern = ""
    for line in expected:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
            continue
        parts = [r"\s+".join(map(re.escape, part.split()))
                 if part.strip() else part
                 for part in line.strip().split("...")]
        pattern += r"\s*" + ".*".join(parts) + r"\s*\n"
    return re.search(pattern, said + "\n")


@pytest.mark.skipif(not documents(), reason="no document has a console block")
@pytest.mark.parametrize("name", documents() or ["none"])
def test_the_commands_of_a_document_do_what_it_says(sh, programs, name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as f:
        text = f.read()
    work = sh.folder("project")
    for d in ("policies", "docs"):
        if os.path.isdir(os.path.join(ROOT, d)):
            shutil.copytree(os.path.join(ROOT, d), os.path.join(work, d),
                            dirs_exist_ok=True)
    env = sh.environment()
    env["PATH"] = programs + ":" + env["PATH"]
    subprocess.run(["chown", "-R", f"{sh.user.uid}:{sh.user.gid}", work],
                   check=True)
    for info, command, expected in steps(text):
        if "later" in info:
            continue
        r = subprocess.run(
            [*sh.user.prefix(), "bash", "-c", f"cd {work} && {{ {command}\n}}"],
            env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=90, check=False)
        failed = r.returncode != 0
        assert failed == ("fails" in info), \
            f"{name}: $ {command}\nexit {r.returncode}\n{r.stdout}"
        if expected:
            assert matches(expected, r.stdout), \
                f"{name}: $ {command}\nexpected\n" + "\n".join(expected) + \
                f"\ngot\n{r.stdout}"

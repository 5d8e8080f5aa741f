"""The schema for editors takes every policy that we ship or must load, and
every example of the manual page."""
import glob
import json
import os
import re
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
jsonschema = pytest.importorskip("jsonschema")
yaml = pytest.importorskip("yaml")


@pytest.fixture(name="check", scope="module")
def make_check(programs):
    text = subprocess.run([os.path.join(programs, "openshell"), "policy",
                           "schema"], stdout=subprocess.PIPE, check=True,
                          timeout=30).stdout
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def policies():
    out = glob.glob(os.path.join(ROOT, "policies", "*.yaml"))
    out += glob.glob(os.path.join(ROOT, "test/cases/policies/0*.yaml"))
    return sorted(f for f in out if not f.endswith(".cases.yaml"))


@pytest.mark.parametrize("name", policies())
def test_the_schema_takes_a_policy(check, name):
    with open(name, encoding="utf-8") as f:
        check.validate(yaml.safe_load(f))


@pytest.mark.parametrize("text", [
    "netwrok: {}",
    "network: {allow: [{endpiont: a}]}",
    "network: {allow: {endpoint: a}}",
    "policy_mode: enforced",
    "file_access: {allow: [{permissions: [read]}]}",
    "resources: {max_memory_mb: lots}",
])
def test_the_schema_refuses_what_the_compiler_refuses(check, text):
    with pytest.raises(jsonschema.ValidationError):
        check.validate(yaml.safe_load(text))


def examples():
    """(text) of each literal display of the manual page that is a policy."""
    with open(os.path.join(ROOT, "man/openshell-policy.5"),
              encoding="utf-8") as f:
        man = f.read()
    for body in re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", man,
                           re.M | re.S):
        text = body.replace("\\e", "\\").replace("\\&", "")
        text = text.replace("\\(dq", '"')
        if re.match(r"[a-z_]+:( |\n|$)", text) and "error:" not in text:
            yield text


def policies_of_the_manual():
    return [t for t in examples() if not t.startswith("cases:")]


def test_the_manual_has_examples():
    assert len(list(examples())) >= 8


@pytest.mark.parametrize("text", policies_of_the_manual())
def test_an_example_of_the_manual_is_a_policy(check, programs, tmp_path, text):
    document = yaml.safe_load(text)
    if "version" not in document or document["version"] != 1:
        check.validate(document)
    if "extends" in document:
        del document["extends"]     # of files that an example only names
        text = yaml.safe_dump(document)
    name = tmp_path / "policy.yaml"
    name.write_text(text, encoding="utf-8")
    r = subprocess.run([os.path.join(programs, "openshell"), "policy",
                        "check", "-o", "json", name], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, check=False,
                       timeout=30)
    assert json.loads(r.stdout)["well_formed"], r.stdout


def test_the_case_file_of_the_manual_is_one(programs, tmp_path):
    text, = (t for t in examples() if t.startswith("cases:"))
    policy, cases = tmp_path / "policy.yaml", tmp_path / "cases.yaml"
    policy.write_text("agent_name: x\n", encoding="utf-8")
    cases.write_text(text, encoding="utf-8")
    r = subprocess.run([os.path.join(programs, "openshell"), "policy", "test",
                        "--policy", policy, cases], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, check=False,
                       timeout=30)
    assert "error:" not in r.stdout and " passed, " in r.stdout, r.stdout


def test_the_statements_of_the_manual_are_some(programs, tmp_path):
    with open(os.path.join(ROOT, "man/openshell-policy.5"),
              encoding="utf-8") as f:
        man = f.read()
    body = re.search(r"^\.Sh STATEMENTS.*?^\.Bd[^\n]*\n(.*?)^\.Ed", man,
                     re.M | re.S).group(1)
    policy, text = tmp_path / "policy.yaml", tmp_path / "statements"
    policy.write_text("agent_name: x\n", encoding="utf-8")
    text.write_text(body, encoding="utf-8")
    r = subprocess.run([os.path.join(programs, "openshell"), "policy", "prove",
                        "--policy", policy, "--statements", text],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, check=False, timeout=30)
    assert "error:" not in r.stdout and r.returncode < 2, r.stdout

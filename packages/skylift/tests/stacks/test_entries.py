from __future__ import annotations

import tomllib
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.stacks.entries import DEFAULT, NAME, Component, Kind, check_name, read_entries
from skylift_contract.errors import ConfigurationError, UnknownName

HERE = Path("/p/skylift.toml")

FILE = """
[project]
name = "churn"
[active]
stack = "production"
[stack.production]
orchestrator = "prod"
artifact_store = "bucket"
[orchestrator.prod]
flavor = "sagemaker"
execution_role = "arn"
id = "00000000-0000-0000-0000-000000000007"
[artifact_store.bucket]
uri = "s3://b"
[flavor]
mine = "my_package:Mine"
[secret]
TOKEN = "env:CI_TOKEN"
[integration]
index = "https://packages.example/simple"
"""


def test_it_reads_all_of_a_file() -> None:
    entries = read_entries(tomllib.loads(FILE), HERE)
    assert entries.active == "production"
    assert list(entries.stacks) == [DEFAULT, "production"]
    assert entries.component(Kind.ORCHESTRATOR, "prod") == Component(
        Kind.ORCHESTRATOR, "prod", "sagemaker", {"execution_role": "arn"}, UUID(int=7)
    )
    assert entries.flavors == {"mine": "my_package:Mine"}
    assert entries.secrets == {"TOKEN": "env:CI_TOKEN"}
    assert entries.index == "https://packages.example/simple"
    assert entries.used_by(Kind.ARTIFACT_STORE, "bucket") == ("production",)


def test_without_a_file_there_is_the_default_stack() -> None:
    entries = read_entries({}, HERE)
    assert (entries.active, list(entries.stacks)) == (DEFAULT, [DEFAULT])
    assert entries.component(Kind.ORCHESTRATOR, DEFAULT).flavor == "local"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[orchestrater.x]", r"there is no table named 'orchestrater'\. Did you mean 'orchestrator'\?$"),
        (
            "[integration]\nidex = 'x'",
            r"\[integration\]: there is no key named 'idex'\. Did you mean 'index'\?$",
        ),
        ("[integration]\nindex = 1", r"integration\.index: it is text \(got 1\)\.$"),
        ("stack = 1", r"skylift\.toml, \[stack\]: it is a table \(got 1\)\.$"),
        ("[stack]\nx = 1", r"\[stack\.x\]: it is a table \(got 1\)\.$"),
        (
            "[stack.x]\norchestator = 'a'",
            r"\[stack\.x\]: there is no kind of component named 'orchestator'\. ",
        ),
        ("[stack.x]\norchestrator = 3", r"\[stack\.x\], orchestrator: it is text \(got 3\)\.$"),
        ("[orchestrator.x]", r"\[orchestrator\.x\]: it names no flavor\. Add: flavor = \"local\"$"),
        (
            "[orchestrator.x]\nflavor = 'a'\nid = 'b'",
            r", id: it is no UUID \(got 'b'\)\. Leave the line out\.$",
        ),
        ("[active]\nstak = 'a'", r"\[active\]: there is no key named 'stak'\. Did you mean 'stack'\?$"),
        ("[active]\nstack = ''", r"active\.stack: it is text \(got ''\)\.$"),
        ("[project]\nnme = 'x'", r"\[project\]: there is no key named 'nme'\. Did you mean 'name'\?$"),
        ("[stack.default]", r"\[stack\.default\]: it is always there, as it is\. Give yours another name\.$"),
        ("[orchestrator.default]\nflavor = 'local'", r"default\]: it is always there, as it is\. Give yours"),
        ("[flavor]\nx = 1", r"flavor\.x: it is text \(got 1\)\.$"),
        ("[artifact_store.'a b']", r"\[artifact_store\.a b\]: it cannot be a name \(got 'a b', limit: "),
    ],
)
def test_what_cannot_be_is_named(text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        read_entries(tomllib.loads(text), HERE)


def test_an_unknown_component_offers_the_nearest() -> None:
    entries = read_entries(tomllib.loads(FILE), HERE)
    with pytest.raises(UnknownName, match=r"no artifact store named 'buket'\. Did you mean 'bucket'\?"):
        entries.component(Kind.ARTIFACT_STORE, "buket")
    with pytest.raises(UnknownName, match=r"no stack named 'producton'\. Did you mean 'production'\?"):
        entries.stack("producton")


@given(st.from_regex(NAME, fullmatch=True))
def test_a_name_is_a_bare_key(name: str) -> None:
    assert tomllib.loads(f"[stack.{name}]") == {"stack": {check_name(name, "x"): {}}}


@given(st.text().filter(lambda text: NAME.fullmatch(text) is None))
def test_any_other_text_is_no_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match="it cannot be a name"):
        check_name(name, "stack")

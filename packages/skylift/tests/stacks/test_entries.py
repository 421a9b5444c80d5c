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


TEXT = r'Write it in quotes: "text"\.$'
TABLE = r"Write what is in it below its name in brackets\.$"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[orchestrater.x]", r"there is no table named 'orchestrater'\. Did you mean 'orchestrator'\?$"),
        (
            "[integration]\nidex = 'x'",
            r"\[integration\]: there is no key named 'idex'\. Did you mean 'index'\?$",
        ),
        ("[integration]\nindex = 1", rf"integration\.index: it is text \(got 1\)\. {TEXT}"),
        ("stack = 1", rf"skylift\.toml, \[stack\]: it is a table \(got 1\)\. {TABLE}"),
        ("[active]\nstak = 'a'", r"\[active\]: there is no key named 'stak'\. Did you mean 'stack'\?$"),
        ("[active]\nstack = ''", rf"active\.stack: it is text \(got ''\)\. {TEXT}"),
        ("[project]\nnme = 'x'", r"\[project\]: there is no key named 'nme'\. Did you mean 'name'\?$"),
        ("[flavor]\nx = 1", rf"flavor\.x: it is text \(got 1\)\. {TEXT}"),
    ],
)
def test_what_cannot_be_is_named(text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        read_entries(tomllib.loads(text), HERE)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[stack]\nx = 1", rf"\[stack\.x\]: it is a table \(got 1\)\. {TABLE}"),
        (
            "[stack.x]\norchestator = 'a'",
            r"\[stack\.x\]: there is no kind of component named 'orchestator'\. Did you mean 'orchestrator'\?$",
        ),
        ("[stack.x]\norchestrator = 3", rf"\[stack\.x\], orchestrator: it is text \(got 3\)\. {TEXT}"),
        ("[stack.default]", r"\[stack\.default\]: it is always there, as it is\. Give yours another name\.$"),
    ],
)
def test_a_stack_that_cannot_be_keeps_no_other_back(text: str, sentence: str) -> None:
    entries = read_entries(tomllib.loads(f"{text}\n[stack.y]\norchestrator = 'default'"), HERE)
    assert entries.stack("y").components == {Kind.ORCHESTRATOR: DEFAULT}
    (name,) = entries.broken_stacks
    assert name not in entries.stacks
    with pytest.raises(ConfigurationError, match=sentence):
        entries.stack(name)


@pytest.mark.parametrize(
    ("kind", "name", "text", "sentence"),
    [
        (
            Kind.ORCHESTRATOR,
            "x",
            "[orchestrator.x]",
            r"\[orchestrator\.x\]: it names no flavor\. Add: flavor = \"local\"$",
        ),
        (
            Kind.ORCHESTRATOR,
            "x",
            "[orchestrator.x]\nflavor = 'a'\nid = 'b'",
            r", id: it is no UUID \(got 'b'\)\. Leave the line out\.$",
        ),
        (
            Kind.ORCHESTRATOR,
            "default",
            "[orchestrator.default]\nflavor = 'local'",
            r"default\]: it is always there, as it is\. Give yours another name\.$",
        ),
        (
            Kind.ARTIFACT_STORE,
            "a b",
            "[artifact_store.'a b']",
            r"\[artifact_store\.a b\]: it cannot be a name \(got 'a b', limit: .*\)\. Choose another\.$",
        ),
    ],
)
def test_a_component_that_cannot_be_keeps_no_other_back(
    kind: Kind, name: str, text: str, sentence: str
) -> None:
    entries = read_entries(tomllib.loads(f"{text}\n[{kind.value}.y]\nflavor = 'local'"), HERE)
    assert entries.component(kind, "y").name == "y"
    assert name not in entries.components[kind]
    assert name in entries.names(kind)
    with pytest.raises(ConfigurationError, match=sentence):
        entries.component(kind, name)


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

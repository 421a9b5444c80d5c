"""One bad table of skylift.toml keeps no command back that does not need it."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project

BROKEN = """
[project]
name = "ours"
[orchestrator.nameless]
[orchestrator.fine]
flavor = "local"
[artifact_store.'a b']
uri = "s3://b"
[container_registry.hub]
uri = "https://hub"
[stack.strange]
orchestratr = "fine"
[stack.fine]
orchestrator = "fine"
artifact_store = "default"
[stack.bad]
orchestrator = "nameless"
artifact_store = "default"
[stack.flavored]
orchestrator = "local"
artifact_store = "default"
"""
FLOW = """
from skylift import pipeline, step

@step
def one() -> int:
    return 1

@pipeline
def flow() -> None:
    one()
"""
NAMELESS = '[orchestrator.nameless]: it names no flavor. Add: flavor = "local"\n'


@pytest.fixture
def broken(project: Project) -> Project:
    project.write("skylift.toml", BROKEN)
    project.write("flow.py", FLOW)
    return project


@pytest.mark.parametrize(
    ("group", "key", "bad", "sentence"),
    [
        ("orchestrator", "orchestrators", "nameless", "it names no flavor. Add: "),
        ("artifact-store", "artifact_stores", "a b", "it cannot be a name"),
        ("container-registry", "container_registries", "hub", "without a scheme"),
        ("stack", "stacks", "strange", "Did you mean 'orchestrator'?"),
        ("stack", "stacks", "bad", "it names no flavor. Add: "),
    ],
)
def test_lists_show_the_bad_one_and_all_others(
    broken: Project, group: str, key: str, bad: str, sentence: str
) -> None:
    shown = broken.skylift(group, "list")
    assert shown.code == 0
    (told,) = (line for line in shown.err.splitlines() if f" {bad!r} cannot be used: " in line)
    assert sentence in told
    answer = broken.skylift(group, "list", "--output", "json")
    found = {one["name"]: one["error"] for one in json.loads(answer.out)[key]}
    assert sentence in found[bad]
    for name in set(found) & {"default", "fine", "flavored"}:
        assert found[name] is None
    assert all(name in shown.out for name in found)


def test_what_needs_none_of_them_works(broken: Project) -> None:
    assert broken.skylift("run", "flow.py").code == 0
    assert broken.skylift("run", "flow.py", "--stack", "fine").code == 0
    assert broken.skylift("runs", "list").out.count("flow") == 2
    assert broken.skylift("stack", "set", "fine").code == 0
    assert broken.skylift("orchestrator", "flavor", "list").code == 0


@pytest.mark.parametrize(
    "line",
    [
        "run flow.py --stack bad",
        "run flow.py --orchestrator nameless",
        "compile flow.py -o out --orchestrator nameless",
        "orchestrator describe nameless",
        "stack register new -o nameless",
    ],
)
def test_what_uses_it_is_refused_with_its_sentence(broken: Project, line: str) -> None:
    answer = broken.skylift(*line.split())
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.endswith(NAMELESS)


def test_a_name_near_a_broken_one_offers_it_among_the_registered(broken: Project) -> None:
    answer = broken.skylift("run", "flow.py", "--orchestrator", "namless")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: there is no orchestrator named 'namless'. Did you mean 'nameless'? "
        "Registered: default, fine, nameless; flavors: local.\n"
    )


def test_a_variable_that_names_a_broken_stack(broken: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYLIFT_STACK", "strange")
    shown = broken.skylift("stack", "list")
    assert shown.out.endswith("\n\nSKYLIFT_STACK says which is active: strange\n")
    assert "stack 'strange' cannot be used: " in shown.err
    answer = broken.skylift("stack", "list", "--output", "json")
    found = {one["name"]: one for one in json.loads(answer.out)["stacks"]}
    assert found["strange"]["active_by"] == "SKYLIFT_STACK"
    assert "Did you mean 'orchestrator'?" in found["strange"]["error"]
    refused = broken.skylift("run", "flow.py")
    assert refused.code == 2
    assert "[stack.strange]: there is no kind of component named 'orchestratr'." in refused.err


def test_the_bad_one_can_be_deleted_by_command(broken: Project) -> None:
    assert broken.skylift("stack", "delete", "bad").code == 0
    assert broken.skylift("stack", "delete", "strange").code == 0
    assert broken.skylift("orchestrator", "delete", "nameless").code == 0
    left = tomllib.loads((broken.folder / "skylift.toml").read_text())
    assert (list(left["orchestrator"]), list(left["stack"])) == (["fine"], ["fine", "flavored"])


def test_a_stack_names_a_flavor_that_needs_no_options(broken: Project) -> None:
    assert broken.skylift("run", "flow.py", "--stack", "flavored").code == 0
    assert broken.skylift("stack", "register", "typed", "-o", "local").code == 0
    assert broken.skylift("stack", "validate", "typed").code == 0
    assert "orchestrator        local    local" in broken.skylift("stack", "describe", "typed").out
    answer = broken.skylift("stack", "register", "other", "-o", "lokal")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        f"error: {broken.folder}/skylift.toml: there is no orchestrator named 'lokal'. "
        "Did you mean 'local'? See: skylift orchestrator list\n"
    )

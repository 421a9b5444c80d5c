from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from skylift.cli.config_file import read_config
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from skylift_tests_support.commands import Project

YAML = """
parameters:
  depth: 8
  names: [a, b]
settings:
  resources: {memory: 8GB}
"""
TOML = """
[parameters]
depth = 8
names = ["a", "b"]
[settings.resources]
memory = "8GB"
"""
JSON = '{"parameters": {"depth": 8, "names": ["a", "b"]}, "settings": {"resources": {"memory": "8GB"}}}'


@pytest.mark.parametrize(
    ("suffix", "text"), [(".yaml", YAML), (".yml", YAML), (".toml", TOML), (".json", JSON)]
)
def test_three_formats_say_the_same(tmp_path: Path, suffix: str, text: str) -> None:
    path = tmp_path / f"config{suffix}"
    path.write_text(text)
    found = read_config(path)
    assert found.parameters == {"depth": 8, "names": ["a", "b"]}
    assert found.settings == {"resources": {"memory": "8GB"}}


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(codec="ascii", exclude_categories=["C"])),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), VALUES, max_size=4))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, parameters: dict[str, Any]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name, text in (
        ("any.yaml", yaml.safe_dump({"parameters": parameters})),
        ("any.json", json.dumps({"parameters": parameters})),
    ):
        (folder / name).write_text(text)
        assert read_config(folder / name).parameters == parameters


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing yet\n")
    assert (read_config(path).parameters, read_config(path).settings) == ({}, {})


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.ini", "", "a.ini: its suffix says no format that is read here (got '.ini'). Use one of .yaml, .yml, .toml, .json."),
        ("a.yaml", "paramters: {}", "a.yaml: there is no key named 'paramters'. Did you mean 'parameters'?"),
        ("a.json", '{"steps": {}}', "a.json: there is no key named 'steps'. Known: parameters, settings."),
        ("a.yaml", "- 1", "a.yaml: it is a mapping of names to values (got 'list')."),
        ("a.toml", "parameters = 3", "a.toml, parameters: it is a mapping of names to values (got 'int')."),
        ("a.yaml", "settings: {resources: 3}", "a.yaml, settings.resources: it is a mapping of names to values (got 'int')."),
        ("a.yaml", "parameters: {1: 2}", "a.yaml, parameters: a name is text (got 1). Put it in quotes."),
        ("a.yaml", "parameters: {a: 1, a: 2}", "a.yaml: it cannot be read: line 1 has 'a' twice. Mend the line."),
        ("a.json", '{"parameters": {}, "parameters": {}}', "a.json: it cannot be read: an object has 'parameters' twice. Mend the line."),
        ("a.json", "{", "a.json: it cannot be read: Expecting property name enclosed in double quotes: line 1 column 2 (char 1). Mend the line."),
    ],
)  # fmt: skip
def test_refusals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, sentence: str
) -> None:
    from pathlib import Path as Here

    monkeypatch.chdir(tmp_path)
    Here(name).write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        read_config(Here(name))
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("name", "text"), [("a.yaml", "a: [1"), ("a.yaml", "a: !!python/object:os.system x"), ("a.toml", "a = ]")]
)
def test_what_cannot_be_parsed_names_the_line(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"it cannot be read: .*line 1.* Mend the line\.$"):
        read_config(path)


def test_a_file_that_is_not_there(project: Project) -> None:
    project.write("flow.py", FLOW)
    answer = project.skylift("run", "flow.py", "--config", "no.yaml")
    assert answer.err == "error: no.yaml: it cannot be read: No such file or directory. Check the path.\n"


FLOW = """
from skylift import ResourceSettings, pipeline, step

@step
def show(depth: int, label: str) -> None:
    print(depth, label)

@pipeline(settings={"resources": ResourceSettings(cpu_count=1)})
def daily(depth: int = 1, label: str = "none") -> None:
    show(depth, label)
"""


def test_the_command_line_wins_over_the_file_and_the_file_over_the_code(project: Project) -> None:
    project.write("flow.py", FLOW)
    project.write(
        "run.yaml", "parameters: {depth: 8, label: from the file}\nsettings: {resources: {memory: 1MB}}\n"
    )
    answer = project.skylift("run", "flow.py", "--config", "run.yaml", "--param", "depth=9")
    assert (answer.code, answer.out) == (0, "9 from the file\n")

    from skylift.client import Client

    (step,) = Client(project.store).run("last").snapshot_of.steps
    assert (step.config.resource_settings.cpu_count, step.config.resource_settings.memory) == (1, "1MB")


def test_a_parameter_of_the_file_that_the_pipeline_has_not(project: Project) -> None:
    project.write("flow.py", FLOW)
    project.write("run.toml", "[parameters]\ndept = 8\n")
    answer = project.skylift("run", "flow.py", "--config", "run.toml")
    assert answer.err == (
        "error: pipeline 'daily': there is no parameter named 'dept'. Did you mean 'depth'?\n"
    )


def test_settings_that_there_are_not(project: Project) -> None:
    project.write("flow.py", FLOW)
    project.write("run.json", '{"settings": {"resource": {}}}')
    answer = project.skylift("run", "flow.py", "--config", "run.json")
    assert answer.code == 2
    assert "there is no settings key named 'resource'. Did you mean 'resources'?" in answer.err

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
        ("a.json", '{"stacks": {}}', "a.json: there is no key named 'stacks'. Did you mean 'tags'?"),
        ("a.json", '{"enable_cache": "no"}', "a.json, enable_cache: it is true or false (got 'no'). Write one of them, without quotes."),
        ("a.json", '{"tags": "a"}', "a.json, tags: it is a list of tags (got 'a'). Put it in brackets."),
        ("a.json", '{"tags": [1]}', "a.json, tags: a tag is text (got 1). Put it in quotes."),
        ("a.json", '{"steps": {"train": 3}}', "a.json, steps.train: it is a mapping of names to values (got 'int'). Give each value its name."),
        ("a.json", '{"steps": {"train": {"timeot": 3}}}', "a.json, steps.train.timeot: there is no option named 'timeot'. Did you mean 'timeout'?"),
        ("a.yaml", "steps:\n  load: {}\n  train:\n    timeot: 3", "a.yaml, line 4, steps.train.timeot: there is no option named 'timeot'. Did you mean 'timeout'?"),
        ("a.yaml", "steps:\n  train:\n    name: other", "a.yaml, line 3, steps.train.name: there is no option named 'name'. Known: settings, environment, secrets, retry, timeout, enable_cache, cache_policy, runtime."),
        ("a.yaml", "steps:\n  train:\n    settings:\n      resources: {memory: 3}", "a.yaml, line 3, steps.train.settings, ResourceSettings.memory: it has no unit (got 3). Say the unit: '3GB' or '3MB'."),
        ("a.yaml", "steps:\n  train: {enable_cache: 'no'}", "a.yaml, line 2, steps.train.enable_cache, enable_cache: it is of another type (got 'no', limit: bool or None). Give a value of that type."),
        ("a.yaml", "steps:\n  train: {timeout: soon}", "a.yaml, line 2, steps.train.timeout, timeout: it is a number of seconds or a timedelta, above zero (got 'soon', limit: 31622400 s). Give a number of seconds: 3600."),
        ("a.yaml", "steps:\n  train: {retry: {max_retires: 2}}", "a.yaml, line 2, steps.train.retry, StepRetryConfig: there is no option named 'max_retires'. Did you mean 'max_retries'?"),
        ("a.yaml", "steps:\n  train: {environment: {A: 3}}", "a.yaml, line 2, steps.train.environment, environment['A']: environment variables are text (got 3). Write '3'."),
        ("a.yaml", "steps:\n  train: {environment: {SKYLIFT_A: b}}", "a.yaml, line 2, steps.train.environment, environment: variables of that prefix are Skylift's own (got 'SKYLIFT_A'). Choose another name."),
        ("a.yaml", "steps:\n  train: {environment: {A=B: c}}", "a.yaml, line 2, steps.train.environment, environment: no environment can hold it (got 'A=B'). Choose a name without =, and a value without a zero byte."),
        ("a.yaml", "steps:\n  train: {settings: {resource: {}}}", "a.yaml, line 2, steps.train.settings: there is no settings key named 'resource'. Did you mean 'resources'?"),
        ("a.yaml", "- 1", "a.yaml: it is a mapping of names to values (got 'list'). Give each value its name."),
        ("a.toml", "parameters = 3", "a.toml, parameters: it is a mapping of names to values (got 'int'). Give each value its name."),
        ("a.yaml", "settings: {resources: 3}", "a.yaml, settings.resources: it is a mapping of names to values (got 'int'). Give each value its name."),
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


def test_a_yaml_file_that_holds_itself_is_refused_like_any(tmp_path: Path) -> None:
    path = tmp_path / "round.yaml"
    path.write_text("steps: &steps\n  train: *steps\n")
    with pytest.raises(
        ConfigurationError, match=r"line 2, steps\.train\.train: there is no option named 'train'"
    ):
        read_config(path)


STEPS = """
from skylift import pipeline, step

@step(settings={"resources": {"cpu_count": 1}}, environment={"A": "code", "B": "code"})
def show(number: int) -> None:
    import os
    print(number, os.environ["A"], os.environ["B"])

@pipeline(tags=["own"])
def daily() -> None:
    show(1)
    show(2)
"""


def test_options_of_a_step_reach_every_call_of_it(project: Project) -> None:
    project.write("flow.py", STEPS)
    project.write(
        "run.yaml",
        "enable_cache: false\ntags: [nightly, own]\nsteps:\n  show:\n    environment: {A: file}\n"
        "    settings: {resources: {memory: 1MB}}\n",
    )
    answer = project.skylift("run", "flow.py", "--config", "run.yaml")
    assert (answer.code, answer.out) == (0, "1 file code\n2 file code\n"), answer.err

    from skylift.client import Client

    run = Client(project.store).run("last")
    assert run.tags == ("own", "nightly")
    for found in run.snapshot_of.steps:
        assert found.config.resource_settings.cpu_count == 1
        assert found.config.resource_settings.memory == "1MB"
        assert not found.config.enable_cache
    project.skylift("run", "flow.py", "--config", "run.yaml")
    assert Client(project.store).run("last").steps["show"].status == "completed"


def test_a_step_that_the_pipeline_does_not_call(project: Project) -> None:
    project.write("flow.py", STEPS)
    project.write("run.yaml", "steps:\n  shwo: {timeout: 3}\n")
    answer = project.skylift("run", "flow.py", "--config", "run.yaml")
    assert (answer.code, answer.err) == (
        2,
        "error: run.yaml, line 2, steps.shwo: there is no step named 'shwo'. Did you mean 'show'?\n",
    )


@pytest.mark.parametrize(("suffix", "text"), [(".yaml", YAML), (".toml", TOML), (".json", JSON)])
def test_a_byte_order_mark_is_no_content(tmp_path: Path, suffix: str, text: str) -> None:
    path = tmp_path / f"config{suffix}"
    path.write_text(text, encoding="utf-8-sig")
    assert read_config(path).parameters == {"depth": 8, "names": ["a", "b"]}


@pytest.mark.parametrize(("suffix", "text"), [(".yaml", "a: " + "[" * 5000), (".json", "[" * 100_000)])
def test_what_is_nested_too_deeply(tmp_path: Path, suffix: str, text: str) -> None:
    path = tmp_path / f"config{suffix}"
    path.write_text(text)
    with pytest.raises(
        ConfigurationError,
        match=rf"^{path}: it cannot be read: its values are nested too deeply\. Nest them less\.$",
    ):
        read_config(path)

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.bootstrap.recipes import Recipe
from skylift_contract.errors import ConfigurationError
from skylift_docker.dockerfile import dockerfile

GOLDEN = Path(__file__).parent / "golden"
WHOLE = Recipe(
    parent="python:3.11-slim",
    requirements=("skylift==0.1.0", "numpy"),
    apt_packages=("curl", "git"),
    environment=(("COLOUR", 'dark "red" $HOME'), ("SIZE", "1")),
)
LEAST = Recipe(parent="own:1", requirements=("skylift==0.1.0",))


@pytest.mark.parametrize("name", ["whole", "least"])
def test_the_golden_dockerfile(name: str, request: pytest.FixtureRequest) -> None:
    found = (
        dockerfile("python@sha256:1", "app", WHOLE, "https://packages.example/simple", has_wheels=False)
        if name == "whole"
        else dockerfile("own:1", "", LEAST, "", has_wheels=True)
    )
    golden = GOLDEN / f"{name}.Dockerfile"
    if request.config.getoption("--update-golden"):
        golden.write_text(found)
    assert found == golden.read_text()


def test_what_changes_most_often_comes_last() -> None:
    lines = dockerfile("own:1", "", WHOLE, "", has_wheels=True).splitlines()
    first = [next(n for n, line in enumerate(lines) if words in line) for words in ("apt-get", "pip", "ENV")]
    assert first == sorted(first)


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True),
        st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",))),
    )
)
def test_values_are_read_back_as_they_were(variables: dict[str, str]) -> None:
    """By the rules of a POSIX shell's double quotes, which are the Dockerfile's: $ must be escaped there."""
    recipe = Recipe("own:1", (), environment=tuple(sorted(variables.items())))
    text = dockerfile("own:1", "", recipe, "", has_wheels=False)
    lines = [line.removeprefix("ENV ") for line in text.split("\n") if line.startswith("ENV ")]
    pairs = (shlex.split(line.replace("\\$", "$"))[0].partition("=") for line in lines)
    assert {name: value for name, _, value in pairs} == variables


@pytest.mark.parametrize(("name", "value"), [("A", "two\nlines"), ("A-B", "x"), ("", "x")])
def test_a_variable_that_no_dockerfile_can_hold(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        dockerfile("own:1", "", Recipe("own:1", (), environment=((name, value),)), "", has_wheels=False)
    assert str(caught.value) == (
        f"DockerSettings.environment[{name!r}]: no Dockerfile can hold it: a name is letters, digits and _, and a "
        f"value one line (got {value!r}). Give it to the step: @step(environment={{…}})."
    )


@given(st.sampled_from([";", "&&", "$(id)", "`id`", "a b", "'"]))
def test_the_name_of_a_package_is_one_word_of_the_shell(name: str) -> None:
    text = dockerfile("own:1", "", Recipe("own:1", (), apt_packages=(name,)), "", has_wheels=False)
    (line,) = (line for line in text.splitlines() if "apt-get" in line)
    assert name in shlex.split(line)

"""What holds of every command, and of whichever comes next: JSON, and words for the shell."""

from __future__ import annotations

from typing import Final

import click
import pytest
from skylift_tests_support.command_tree import commands

COMMANDS: Final = commands()

DONE: Final = "it changes one thing, and says on stderr that it is done; the exit code tells a program"
NO_JSON: Final = {
    "schedule update": DONE,
    "schedule pause": DONE,
    "schedule resume": DONE,
    "schedule delete": DONE,
    "runs stop": DONE,
    "runs tag": DONE,
    "runs note": DONE,
    "stack set": DONE,
    "stack register": DONE,
    "stack copy": DONE,
    "stack update": DONE,
    "stack delete": DONE,
    **{
        f"{kind} {change}": DONE
        for kind in ("orchestrator", "artifact-store", "container-registry")
        for change in ("register", "update", "delete")
    },
    "orchestrator flavor register": DONE,
    "integration install": DONE,
    "integration uninstall": DONE,
    "init": DONE,
    "runs watch": "it is for eyes; `runs describe --output json` says how it ended",
    "artifact download": "it prints one path, which is what a program wants of it",
    "completion": "it prints a script",
}

ANY_WORD: Final = "a new name, which nobody can know"
NO_WORDS: Final = {
    "stack register NAME": ANY_WORD,
    "stack copy NAME": ANY_WORD,
    "orchestrator register NAME": ANY_WORD,
    "artifact-store register NAME": ANY_WORD,
    "container-registry register NAME": ANY_WORD,
    "orchestrator flavor register MODULE.CLASS": "to know which classes there are, modules would be imported",
    "runs tag TAG": "a new word, as a rule",
    "runs note TEXT": "a sentence",
}


@pytest.mark.parametrize("path", COMMANDS)
def test_each_command_answers_in_json_or_has_a_reason(path: str) -> None:
    found = [
        option for option in COMMANDS[path].params if option.name == "output" and option.opts[0] == "--output"
    ]
    assert bool(found) != (path in NO_JSON)
    for option in found:
        assert isinstance(option.type, click.Choice)
        assert (list(option.type.choices), option.default) == (["text", "json"], "text")


@pytest.mark.parametrize("path", COMMANDS)
def test_each_argument_has_words_for_the_shell_or_a_reason(path: str) -> None:
    for argument in COMMANDS[path].params:
        if isinstance(argument, click.Argument):
            name = f"{path} {argument.human_readable_name.removesuffix('...')}"
            assert _has_words(argument) != (name in NO_WORDS), name


NAMING: Final = {"--stack", "--store", "--orchestrator", "--artifact-store", "--container-registry"}


@pytest.mark.parametrize("path", COMMANDS)
def test_each_option_that_names_something_has_words_too(path: str) -> None:
    for option in COMMANDS[path].params:
        if {*option.opts, *option.secondary_opts} & {*NAMING, "--flavor", "--schedule"}:
            assert _has_words(option), option.opts


def _has_words(parameter: click.Parameter) -> bool:
    """By a function of ours, or by its type: a choice, or a path."""
    own = parameter._custom_shell_complete  # pyright: ignore[reportPrivateUsage] -- click has no other way to tell
    return own is not None or isinstance(parameter.type, click.Choice | click.Path)


def test_no_reason_is_left_of_a_command_that_is_gone() -> None:
    assert NO_JSON.keys() <= COMMANDS.keys()
    assert {name.rsplit(" ", 1)[0] for name in NO_WORDS} <= COMMANDS.keys()

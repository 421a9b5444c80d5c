from __future__ import annotations

import pytest

from documented_commands import commands, is_run, refusal, session_names


@pytest.mark.parametrize(
    "command",
    [
        "skylift runs list",
        "python pipeline.py",
        "MODE=fast python pipeline.py",
        "make test",
        "make demo PYTHON=python3.12",
        "pip install skylift",
        "uv pip install 'skylift-contract>=0.1' rich",
        "pip install ./shared/skylift-contract ./packages/skylift",
        "nox -s lint tests-skylift tests-contract-lowest -- --fix",
        "# a remark",
    ],
)
def test_what_this_repository_offers_may_be_shown(command: str) -> None:
    assert refusal(command) is None


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("rm -rf /", "there is no rule for `rm`; exempt the block with a reason, or add a rule"),
        (
            "pip install skylift-mainframe",
            "`skylift-mainframe` is neither a package of this repository nor in a lock",
        ),
        ("pip install 'skylift[mainframe]'", "`skylift` has no extra named mainframe"),
        ("pip install ./packages/mainframe", "`./packages/mainframe` is no package's folder"),
        ("pip download skylift", "only `install` is looked up, not `download`"),
        ("make dinner", "the Makefile has no target dinner"),
        ("nox -s dinner", "the noxfile has no session dinner"),
        ("uv publish", "only `uv pip install` is looked up, not `uv publish`"),
    ],
)
def test_what_it_does_not_offer_is_refused_with_the_reason(command: str, reason: str) -> None:
    assert refusal(command) == reason


def test_only_what_changes_no_machine_is_run() -> None:
    assert is_run("DEPTH=3 skylift run p.py:daily")
    assert not is_run("pip install skylift")
    assert not is_run("# skylift run")


def test_a_bash_block_is_its_command_lines() -> None:
    code = "# first\nskylift run \\\n  p.py:daily\n\nskylift runs list\n"
    assert commands(code) == [("skylift run    p.py:daily", []), ("skylift runs list", [])]


def test_a_console_block_is_its_prompts_and_their_output() -> None:
    code = "$ skylift runs list\nid  status\n\n$ echo done\ndone\n"
    assert commands(code, prompt="$ ") == [("skylift runs list", ["id  status"]), ("echo done", ["done"])]


def test_sessions_are_those_written_and_those_made_for_each_package() -> None:
    assert {"lint", "new-plugin", "tests-across", "tests-skylift", "tests-contract-lowest"} <= session_names()

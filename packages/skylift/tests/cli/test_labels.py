"""Tags and notes on the command line and in Python."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from skylift.client import Client

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project

FLOW = """
from skylift import pipeline, step

@step
def load() -> int:
    return 1

@pipeline(tags=["declared"])
def tagged() -> None:
    load()
"""


@pytest.fixture(autouse=True)
def flow(project: Project) -> None:
    project.write("flow.py", FLOW)


def described(project: Project) -> dict[str, Any]:
    return json.loads(project.skylift("runs", "describe", "last", "--output", "json").out)["run"]


def test_a_run_keeps_the_tags_and_the_note_it_was_started_with(project: Project) -> None:
    answer = project.skylift("run", "flow.py", "--tag", "a", "--tag", "b", "--note", "the new data")
    assert answer.code == 0
    run = Client(project.store).run("last")
    assert (run.tags, run.notes) == (("declared", "a", "b"), ("the new data",))
    found = described(project)
    assert (found["tags"], found["notes"][-1]) == (["declared", "a", "b"], "the new data")
    out = project.skylift("runs", "describe", "last").out
    assert "\ntags        declared, a, b\n" in out
    assert "the new data" in out


def test_the_snapshot_is_the_same_whatever_a_run_is_called(project: Project) -> None:
    for tag in ("a", "b"):
        project.skylift("run", "flow.py", "--no-cache", "--tag", tag)
    first, second = Client(project.store).runs()
    assert first.snapshot == second.snapshot


def test_a_wrong_tag_starts_nothing(project: Project) -> None:
    answer = project.skylift("run", "flow.py", "--tag", "")
    sentence = (
        "error: tag: it is a word or several in one line, without space around it (got ''). Give another.\n"
    )
    assert (answer.code, answer.out, answer.err) == (2, "", sentence)
    assert not list(Client(project.store).runs())


def test_tags_come_and_go(project: Project) -> None:
    project.skylift("run", "flow.py")
    run = Client(project.store).run("last")
    answer = project.skylift("runs", "tag", "last", "add", "baseline", "second")
    assert answer.err == f"run {run.id} has the tags: declared, baseline, second\n"
    assert project.skylift("runs", "tag", "last", "remove", "second", "declared").code == 0
    assert run.tags == ("baseline",)
    answer = project.skylift("runs", "tag", "last", "remove", "basline")
    sentence = f"error: run {run.id}: there is no tag named 'basline'. Did you mean 'baseline'?\n"
    assert (answer.code, answer.out, answer.err) == (2, "", sentence)


def test_notes_are_kept_in_their_order(project: Project) -> None:
    project.skylift("run", "flow.py", "--note", "first")
    assert project.skylift("runs", "note", "last", "second").code == 0
    run = Client(project.store).run("last")
    run.add_note("third")
    assert run.notes == ("first", "second", "third")
    assert described(project)["notes"][-3:] == ["first", "second", "third"]


def test_the_list_by_tag(project: Project) -> None:
    project.skylift("run", "flow.py", "--tag", "a")
    project.skylift("run", "flow.py", "--tag", "b")
    newest, oldest = Client(project.store).runs()
    newest.add_tags("late")

    def listed(*tags: str) -> dict[str, list[str]]:
        options = [part for tag in tags for part in ("--tag", tag)]
        found = json.loads(project.skylift("runs", "list", *options, "--output", "json").out)["runs"]
        return {run["id"]: run["tags"] for run in found}

    assert listed("a") == {str(oldest.id): ["declared", "a"]}
    assert listed("b", "late") == {str(newest.id): ["declared", "b", "late"]}
    assert listed("a", "b") == {}
    assert list(listed("declared")) == [str(newest.id), str(oldest.id)]

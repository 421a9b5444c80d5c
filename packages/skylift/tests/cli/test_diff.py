"""`skylift diff`: what would change, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import folder_scheduler
from skylift_tests_support.commands import SKYLIFT
from skylift_tests_support.folder_scheduler import DAILY, make_scheduling

from skylift.client import Client
from skylift.ledger import keys

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project

SUPPORT = str(Path(folder_scheduler.__file__).parent.parent)

NEWER = """
from datetime import timedelta
from skylift import ResourceSettings, Schedule, pipeline, step

@step
def load() -> int:
    return 42

@step(timeout=timedelta(minutes=2), environment={"MODE": "fast"}, settings={"resources": ResourceSettings(cpu_count=1)})
def more(value: int, by: int) -> int:
    return value + by

@step
def report(value: int) -> None:
    print(value)

@pipeline(schedule=Schedule(cron_expression="30 3 * * *", timezone="Europe/Berlin"))
def daily(by: int = 3) -> None:
    report(more(load(), by))

@pipeline
def plain() -> None:
    load()
"""


@pytest.fixture
def deployed(project: Project) -> Project:
    make_scheduling(project)
    assert project.skylift("schedule", "deploy", "flow.py:daily").code == 0
    return project


def changes(project: Project, *words: str, code: int = 1) -> dict[str, Any]:
    answer = project.skylift("diff", *words, "--output", "json")
    assert answer.code == code, answer.err
    return json.loads(answer.out)


def test_nothing_differs(deployed: Project) -> None:
    answer = deployed.skylift("diff", "flow.py:daily")
    assert (answer.code, answer.out) == (0, "daily against schedule daily: nothing differs\n")
    found = changes(deployed, "flow.py:daily", code=0)
    assert (found["version"], found["same"], found["changes"], found["not_compared"]) == (1, True, [], [])
    assert found["against"] == {"kind": "schedule", "name": "daily", "snapshot": found["snapshot"]}


def test_what_would_change_grouped_by_step(deployed: Project) -> None:
    deployed.write("flow.py", NEWER)
    deployed.write("extra.py", "x = 1\n")
    answer = deployed.skylift("diff", "flow.py:daily")
    assert answer.code == 1
    assert (
        answer.out
        == """\
daily against schedule daily

  pipeline
  ~ parameter.by  1 → 3

  schedule
  ~ cron_expression  0 2 * * * → 30 3 * * *

  source
  ~ flow.py
  + extra.py

  step more
  ~ parameter.by         1 → 3
  + resources.cpu_count  1.0
  + timeout              2 min 0 s
  + environment.MODE     fast

+ step report  flow:report
"""
    )


def test_what_would_change_as_data(deployed: Project) -> None:
    deployed.write("flow.py", NEWER)
    deployed.write("extra.py", "x = 1\n")
    found = changes(deployed, "flow.py:daily")["changes"]
    assert {
        "group": "step",
        "step": "more",
        "field": "timeout",
        "change": "added",
        "before": None,
        "after": 120.0,
    } in found
    assert {
        "group": "step",
        "step": "report",
        "field": None,
        "change": "added",
        "before": None,
        "after": "flow:report",
    } in found
    assert [one["field"] for one in found if one["group"] == "source"] == ["flow.py", "extra.py"]


def test_a_step_that_is_gone(deployed: Project) -> None:
    text = DAILY.replace("    more(load(), by)", "    load()")
    deployed.write("flow.py", text)
    assert "\n- step more  flow:more\n" in deployed.skylift("diff", "flow.py:daily").out


def test_times_that_were_updated_are_what_is_deployed(deployed: Project) -> None:
    assert deployed.skylift("schedule", "update", "daily", "--cron", "0 5 * * *").code == 0
    (change,) = changes(deployed, "flow.py:daily")["changes"]
    assert (change["group"], change["before"], change["after"]) == ("schedule", "0 5 * * *", "0 2 * * *")


def test_against_the_newest_run_where_nothing_is_deployed(project: Project) -> None:
    project.write("flow.py", DAILY)
    assert project.skylift("run", "flow.py:daily", "--param", "by=4").code == 0
    first = Client(project.store).run("last").id
    assert changes(project, "flow.py:daily", "--param", "by=4", code=0)["against"]["name"] == str(first)
    assert project.skylift("run", "flow.py:daily").code == 0
    found = changes(project, "flow.py:daily", "--against", str(first))
    assert {change["field"] for change in found["changes"]} == {"parameter.by"}
    assert found["against"]["kind"] == "run"


def test_steps_from_the_cache_are_compared_with_the_run_that_made_them(project: Project) -> None:
    project.write("flow.py", DAILY)
    for _ in range(2):
        assert project.skylift("run", "flow.py:daily").code == 0
    assert Client(project.store).run("last").snapshot_of.steps == ()
    answer = project.skylift("diff", "flow.py:daily", "--output", "json")
    found = json.loads(answer.out)
    assert (answer.code, found["changes"], found["not_compared"]) == (0, [], [])
    found = changes(project, "flow.py:daily", "--param", "by=2")
    assert [(one["step"], one["field"]) for one in found["changes"]] == [
        (None, "parameter.by"),
        ("more", "parameter.by"),
    ]


def test_a_run_of_another_project_is_not_it(project: Project) -> None:
    project.write("flow.py", DAILY)
    assert project.skylift("run", "flow.py:plain").code == 0
    project.write("skylift.toml", '[project]\nname = "other"\n')
    answer = project.skylift("diff", "flow.py:plain")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        f"error: pipeline 'plain': nothing of it is deployed or has run in {project.store}. "
        "Deploy it: skylift schedule deploy FILE.py; or run it: skylift run FILE.py\n"
    )


def test_against_what_is_not_there(deployed: Project) -> None:
    answer = deployed.skylift("diff", "flow.py:daily", "--against", "nightly")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        f"error: {deployed.store}: there is neither a schedule nor a run 'nightly'. "
        "See: skylift schedule list, skylift runs list\n"
    )


def test_trouble_is_two_and_never_one(deployed: Project) -> None:
    store = Client(deployed.store).ledger.store
    (key,) = store.list("snapshots/")
    Path(f"{deployed.store.removeprefix('file://')}/skylift/1/{key}").write_text("{}")
    answer = deployed.skylift("diff", "flow.py:daily")
    assert (answer.code, answer.out) == (2, "")
    assert "its bytes have changed since it was written" in answer.err


def test_a_source_that_is_not_kept_is_said_to_differ(deployed: Project) -> None:
    store = Client(deployed.store).ledger.store
    snapshot = changes(deployed, "flow.py:daily", code=0)["snapshot"]
    code = Client(deployed.store).ledger.snapshot(snapshot).code
    assert code is not None
    _delete(deployed, keys.code(code.digest))
    assert store.get(keys.code(code.digest)) is None
    deployed.write("flow.py", f"{DAILY}\n# more\n")
    (change,) = changes(deployed, "flow.py:daily")["changes"]
    assert (change["group"], change["field"]) == ("source", "archive")
    assert code.digest in change["before"]


def _delete(project: Project, key: str) -> None:
    Path(f"{project.store.removeprefix('file://')}/skylift/1/{key}").unlink()


def test_colors_on_a_terminal_and_none_in_a_pipe(deployed: Project) -> None:
    deployed.write("flow.py", NEWER)
    terminal = deployed.terminal(*SKYLIFT, "diff", "flow.py:daily", lines=40, PYTHONPATH=SUPPORT)
    assert terminal.wait() == 1
    assert b"\x1b[32m+ step report  flow:report" in terminal.raw
    assert b"\x1b[33m  ~ parameter.by" in terminal.raw
    plain = deployed.terminal(*SKYLIFT, "diff", "flow.py:daily", PYTHONPATH=SUPPORT, NO_COLOR="1")
    assert plain.wait() == 1
    assert b"\x1b" not in plain.raw

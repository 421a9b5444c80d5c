"""`skylift runs delete` and `skylift gc`: what goes, what is refused, and who is asked."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.commands import SKYLIFT
from skylift_tests_support.stored_files import age, objects_of

from skylift.client import Client
from skylift.ledger import keys
from skylift.store.location import open_store

if TYPE_CHECKING:
    from skylift_tests_support.commands import Answer, Project

FLOW = """
from skylift import pipeline, step

@step(enable_cache=False)
def load(size: int) -> str:
    return str(size) * 2000

@step(enable_cache=False)
def breaks() -> int:
    raise ValueError("no")

@pipeline
def good(size: int = 3) -> None:
    load(size)

@pipeline
def bad() -> None:
    breaks()
"""


@pytest.fixture(autouse=True)
def flow(project: Project) -> None:
    project.write("flow.py", FLOW)


def ran(project: Project, pipeline: str = "good", *argv: str) -> str:
    project.skylift("run", f"flow.py:{pipeline}", *argv)
    return str(Client(project.store).run("last").id)


def delete(project: Project, *argv: str) -> Answer:
    return project.skylift("runs", "delete", *argv)


def left(project: Project) -> set[str]:
    return {str(run.id) for run in Client(project.store).runs()}


def refused(answer: Answer, sentence: str) -> None:
    assert (answer.code, answer.out, answer.err) == (2, "", f"error: {sentence}\n")


def test_a_run_goes_with_all_that_is_of_it(project: Project) -> None:
    first, second = ran(project), ran(project)
    answer = delete(project, first[:8], "--yes")
    assert answer.code == 0
    assert answer.out.splitlines()[1].startswith(f"{first}  good ")
    assert answer.err == (
        "deleted; what they made goes with: skylift gc --delete"
        " (and what the cache holds for longer: --cache-older-than 30d)\n"
    )
    assert left(project) == {second}
    assert not [path for path in objects_of(project.store, "") if first in str(path)]
    assert len(list(objects_of(project.store, "submissions"))) == 2
    assert Client(project.store).run(second).steps["load"].outputs["output"].load() == "3" * 2000


def test_by_pipeline_status_and_age(project: Project) -> None:
    good, bad = ran(project), ran(project, "bad")
    assert "there are no such runs" in delete(project, "--older-than", "1h", "--yes").err
    assert delete(project, "--status", "failed", "--pipeline", "good", "--yes").out == ""
    assert delete(project, "--status", "failed", "--yes").code == 0
    assert left(project) == {good}
    assert bad not in left(project)
    assert delete(project, "--pipeline", "good", "--older-than", "0m", "--yes").code == 0
    assert left(project) == set()


def test_a_dry_run_deletes_nothing_and_asks_nobody(project: Project) -> None:
    run = ran(project)
    answer = delete(project, "last", "--dry-run", "--output", "json")
    found = json.loads(answer.out)
    assert (answer.code, found["deleted"], [one["id"] for one in found["runs"]]) == (0, False, [run])
    assert left(project) == {run}


def test_in_a_pipe_it_has_to_be_said(project: Project) -> None:
    run = ran(project)
    answer = project.piped(*SKYLIFT, "runs", "delete", "last")
    fix = "Look at them with --dry-run, and give --yes."
    refused(answer, f"runs delete: 1 run would be deleted, and nobody can be asked here. {fix}")
    assert left(project) == {run}


@pytest.mark.parametrize(("reply", "code"), [("y", 0), ("n", 130)])
def test_a_terminal_is_asked(project: Project, reply: str, code: int) -> None:
    run = ran(project)
    terminal = project.terminal(*SKYLIFT, "runs", "delete", "last")
    terminal.expect(r"Delete 1 run, with logs\? \[y/N\]:")
    terminal.send(f"{reply}\n")
    assert terminal.wait() == code
    assert left(project) == (set() if code == 0 else {run})


def test_which_has_to_be_said_in_one_way(project: Project) -> None:
    fix = "Name runs, or give --older-than, --pipeline or --status."
    refused(delete(project, "--yes"), f"runs delete: it is not said which. {fix}")
    sentence = f"runs delete: runs are named, and asked for by options too. {fix}"
    refused(delete(project, "last", "--status", "failed"), sentence)
    assert (
        "'30 days' is no age: give a number and s, m, h, d or w"
        in delete(project, "--older-than", "30 days").err
    )


def test_one_that_still_runs_is_refused(project: Project) -> None:
    run = ran(project)
    store = open_store(project.store)
    # Without its end and its result it is a run of this very process, which is alive.
    store.delete([*store.list(keys.ends(run)), *store.list(keys.steps(run))])
    sentence = f"run {run}: it is still running. Stop it first: skylift runs stop {run}"
    answer = delete(project, run, "--yes", "--force")
    refused(answer, sentence)
    assert delete(project, "--pipeline", "good", "--yes").out == ""
    assert left(project) == {run}


def test_one_that_nobody_can_tell_of_is_deleted_by_force_only(project: Project) -> None:
    run = ran(project)
    store = open_store(project.store)
    store.delete([keys.snapshot(Client(project.store).run(run).snapshot), *store.list(keys.ends(run))])
    fix = f"See: skylift runs why {run}; delete it all the same with --force."
    refused(delete(project, run, "--yes"), f"run {run}: nobody here can tell whether it has ended. {fix}")
    assert delete(project, run, "--yes", "--force").code == 0
    assert left(project) == set()


def test_what_a_deletion_left_behind_is_deleted_by_its_id(project: Project) -> None:
    run = ran(project)
    store = open_store(project.store)
    store.delete([*store.list(keys.INDEX), keys.run(run)])
    assert delete(project, run, "--yes").code == 0
    assert store.list("runs") == []


def test_gc_counts_first_and_deletes_when_it_is_told_to(project: Project) -> None:
    ran(project, "good", "--param", "size=1")
    kept = ran(project, "good", "--param", "size=2")
    delete(project, str(list(Client(project.store).runs())[1].id), "--yes")
    store = open_store(project.store)
    age(store, "", timedelta(days=2))
    before = store.list("")

    answer = project.skylift("gc")
    assert answer.code == 0
    assert answer.out.splitlines()[0].split() == ["WHAT", "COUNT", "BYTES"]
    assert [line.split()[:2] for line in answer.out.splitlines()[1:]] == [
        ["artifacts", "1"],
        ["snapshots", "1"],
    ]
    assert answer.err == "delete that with: skylift gc --delete\n"
    assert store.list("") == before

    found = json.loads(project.skylift("gc", "--delete", "--output", "json").out)
    assert found["deleted"] is True
    counts = {kind["kind"]: kind["count"] for kind in found["kinds"]}
    assert counts == {"artifacts": 1, "snapshots": 1, "code": 0, "submissions": 0, "cache": 0, "runs": 0}
    assert Client(project.store).run(kept).steps["load"].outputs["output"].load() == "2" * 2000
    answer = project.skylift("gc", "--delete")
    assert (answer.code, answer.out, answer.err) == (0, "", "nothing is to be deleted\n")


def test_gc_leaves_what_is_young(project: Project) -> None:
    delete(project, ran(project), "--yes")
    assert project.skylift("gc").err == "nothing is to be deleted\n"
    sentence = "--grace: what is younger may be part of a run that has not said so yet"
    refused(
        project.skylift("gc", "--grace", "1h"),
        f"{sentence} (got '1 h', limit: at least 24 h). Leave it out, or give more.",
    )


def test_gc_drops_entries_of_the_cache_that_are_older_than_it_is_told(project: Project) -> None:
    project.write("flow.py", FLOW.replace("(enable_cache=False)", ""))
    delete(project, ran(project), "--yes")
    store = open_store(project.store)
    age(store, "", timedelta(days=2))
    assert "cache" not in project.skylift("gc").out
    assert project.skylift("gc", "--cache-older-than", "30d").out == project.skylift("gc").out
    before = store.list("")

    answer = project.skylift("gc", "--cache-older-than", "0s")
    rows = [line.rsplit(maxsplit=2)[:2] for line in answer.out.splitlines()[1:]]
    assert ["cache entries", "1"] in rows
    assert ["artifacts", "1"] in rows
    assert answer.err == "delete that with: skylift gc --delete --cache-older-than 0s\n"
    assert store.list("") == before

    found = json.loads(project.skylift("gc", "--cache-older-than", "0s", "--delete", "--output", "json").out)
    counts = {kind["kind"]: kind["count"] for kind in found["kinds"]}
    assert (counts["cache"], counts["artifacts"]) == (1, 1)
    assert store.list("artifacts") == store.list("cache") == []
    assert "cached" not in project.skylift("run", "flow.py:good").err

"""Pipelines in the cells of a notebook that a real kernel runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.notebooks import Notebook, notebook

from skylift.client import Client

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

LOAD = """
from skylift import pipeline, step

@step
def load(rows: int) -> list[int]:
    print("loading", rows)
    return list(range(rows))
"""
TRAIN = """
@step
def train(rows: list[int]) -> float:
    print("training")
    return sum(rows) * FACTOR / 1
"""
FLOW = """
FACTOR = 2

@pipeline
def flow(rows: int = 4) -> None:
    train(load(rows))
"""
LATE = """
@pipeline(settings={'orchestrator.local': {'max_parallelism': 2}})
def late() -> None:
    train.with_options(timeout=60)(load(3))

late()
"""
SCORE = "run.steps['train'].outputs['output'].load()"
MODULE = """
import os
from skylift import pipeline, step

@step
def where() -> int:
    return os.getpid()
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SKYLIFT_STORE_URI", uri := f"file://{tmp_path}/store")
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    return uri


@pytest.fixture
def book(store: str, tmp_path: Path) -> Generator[Notebook]:
    with notebook(tmp_path) as opened:
        yield opened


def ran(out: str) -> list[str]:
    """What the steps printed."""
    return [line for line in out.splitlines() if line.startswith(("loading", "training"))]


def test_a_cell_that_runs_again_is_cached_and_one_that_was_edited_is_not(book: Notebook) -> None:
    for source in (LOAD, TRAIN, FLOW):
        assert book.run(source).raw == ""
    assert ran(book.run("run = flow()").out) == ["loading 4", "training"]
    assert book.run(SCORE).result == "12.0"

    for source in (LOAD, TRAIN, FLOW):  # as "Run all" does
        book.run(source)
    assert ran(book.run("run = flow()").out) == []
    assert book.run(SCORE).result == "12.0"

    book.run(TRAIN.replace("sum", "max"))
    assert ran(book.run("run = flow()").out) == ["training"]
    assert book.run(SCORE).result == "6.0"

    book.run("FACTOR = 3")  # what a step uses of another cell counts too
    assert ran(book.run("run = flow()").out) == ["training"]
    assert book.run(SCORE).result == "9.0"


def test_what_a_step_prints_stands_between_the_lines_about_it(book: Notebook) -> None:
    for source in (LOAD, TRAIN, FLOW):
        book.run(source)
    shown = book.run("run = flow()")
    assert (shown.err, shown.error) == ("", "")
    kept = [line.partition(" in ")[0] for line in shown.out.splitlines()]
    begin = kept.index("load: running")
    assert kept[begin : begin + 3] == ["load: running", "loading 4", "load: completed"]
    assert not {"\x1b", "\r", "\b"} & set(shown.raw)


def test_an_error_shows_the_users_own_lines(book: Notebook) -> None:
    for source in (LOAD, TRAIN, FLOW):
        book.run(source)
    book.run(TRAIN.replace("sum(rows)", "rows[99]"))
    shown = book.run("rows = 4\nflow(rows)")
    assert "return rows[99] * FACTOR / 1" in shown.err
    assert "IndexError: list index out of range" in shown.err
    assert "line 2, in <module>" in shown.error
    assert "RunFailed: run " in shown.error
    assert "failed: step 'train': IndexError: list index out of range. See: skylift runs why" in shown.error
    assert "/skylift/" not in shown.err + shown.error


def test_an_error_of_the_pipelines_function_shows_its_line_and_nothing_of_ours(book: Notebook) -> None:
    book.run(LOAD)
    shown = book.run("@pipeline\ndef wrong() -> None:\n    load(nothing)\nwrong()")
    assert "----> 3     load(nothing)" in shown.error
    assert "NameError: name 'nothing' is not defined" in shown.error
    assert "/skylift/" not in shown.error


@pytest.mark.parametrize(
    ("call", "fix"),
    [
        (
            "flow.with_options(settings={'orchestrator.local': {'max_parallelism': 2}})()",
            "run it with max_parallelism=1",
        ),
        ("flow.with_options(timeout=60)()", "run it without the timeout of 'load', 'train'"),
        (
            LATE,
            "run it with max_parallelism=1 and without the timeout of 'train'",
        ),
    ],
)
def test_what_cannot_travel_is_said_before_anything_is_made(
    book: Notebook, tmp_path: Path, call: str, fix: str
) -> None:
    for source in (LOAD, TRAIN, FLOW):
        book.run(source)
    assert book.run(call).error.splitlines()[-1] == (
        "AuthoringError: step 'load': it is defined in a notebook: it exists in this process only, and "
        "steps with a timeout, or in parallel, run in processes of their own. Move it to a module that the "
        f"notebook imports, or {fix}."
    )
    assert not (tmp_path / "store").exists()


def test_a_copy_of_an_earlier_definition_is_told_apart_from_the_last(book: Notebook) -> None:
    book.run(f"{LOAD}\nother = load.with_options(name='other')")
    book.run(LOAD)
    shown = book.run("@pipeline\ndef old() -> None:\n    other(3)\nold()")
    assert shown.error.endswith(
        "AuthoringError: step 'other': 'load' has been defined anew since this was made of it, and the last "
        "definition counts. Run the cell again that makes this of it; or give each its own name."
    )


def test_the_fix_works_steps_of_a_module_run_in_workers(book: Notebook, store: str, tmp_path: Path) -> None:
    (tmp_path / "wherever.py").write_text(MODULE)
    book.run("import os, wherever\nfrom skylift import pipeline")
    parallel = "@pipeline(settings={'orchestrator.local': {'max_parallelism': 2}})"
    assert book.run(f"{parallel}\ndef flow() -> None:\n    wherever.where()\nrun = flow()").error == ""
    here = book.run("os.getpid()").result
    run = Client(store).run("last")
    assert run.steps["where"].outputs["output"].load() != int(here)
    assert run.snapshot_of.code is not None

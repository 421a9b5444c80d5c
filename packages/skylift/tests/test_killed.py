"""What is said of a step whose process was killed, and of none that ended otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skylift import ResourceSettings, pipeline, step
from skylift.killed import HERE, advice
from skylift.launch.plan import plan

if TYPE_CHECKING:
    from skylift_contract.snapshot import PipelineSnapshot


@step(settings={"resources": ResourceSettings(memory="1GB")})
def sized() -> None: ...


@step
def plain() -> None: ...


@pipeline
def flow() -> None:
    sized()
    plain()


@pipeline(dynamic=True, settings={"resources": ResourceSettings(memory="1.5GB")})
def found() -> None:
    plain()


def on(flavor: str, root: Any) -> PipelineSnapshot:
    snapshot = plan(root, {}).snapshot
    return snapshot.model_copy(update={"runtime": snapshot.runtime.model_copy(update={"flavor": flavor})})


@pytest.mark.parametrize(
    ("root", "name", "expected"),
    [
        (flow, "sized", '@step(settings={"resources": ResourceSettings(memory="…")}): it asks for 1GB.'),
        (flow, "plain", '@step(settings={"resources": ResourceSettings(memory="…")}): it asks for none.'),
        (found, "plain", '@pipeline(settings={"resources": ResourceSettings(memory="…")}): it asks for 1.5GB.'),
    ],
)  # fmt: skip
def test_more_memory_is_asked_for_where_it_was(root: Any, name: str, expected: str) -> None:
    told = advice(on("acme", root), name, "exit code 137", is_silent=False)
    assert told == f"if its memory ran out, give it more with {expected}"


@pytest.mark.parametrize(
    "reason",
    [
        "its container was killed by SIGKILL (exit code 137)",
        "it used more than its memory of 80MB, and was killed (OOM)",
        "AlgorithmError: , exit code: 137",
        "The replica workerpool0-0 exited with a non-zero status of 137.",
        "Replicas low on memory: workerpool0.",
        "ClientError: Please use an instance type with more memory, or reduce the size of job data",
        "the process died",
    ],
)
def test_a_kill_is_known_by_its_words(reason: str) -> None:
    assert advice(on("acme", flow), "plain", reason, is_silent=False)


@pytest.mark.parametrize(
    "reason",
    [
        "it could not be started: there is no image",
        "its container ended with exit code 3",
        "exit code 1370",
    ],
)
def test_what_was_not_killed_needs_no_memory(reason: str) -> None:
    assert advice(on("acme", flow), "plain", reason, is_silent=False) == ""


def test_of_what_nobody_wrote_memory_may_be_the_cause() -> None:
    """Unless the backend says another."""
    snapshot = on("acme", flow)
    assert advice(snapshot, "plain", "AlgorithmError: See job logs", is_silent=True)
    assert advice(snapshot, "plain", "The job's running time exceeded its timeout.", is_silent=True) == ""


def test_here_nothing_is_set_aside_for_a_step() -> None:
    assert advice(on("local", flow), "sized", "the process died", is_silent=True) == HERE

"""The corpus holds what backends trip over, and each field that may be owned can be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skylift.flavors import load_flavor
from skylift_contract.capability import Capability
from skylift_contract.check import uses
from skylift_contract.flavor import make_orchestrator
from skylift_testkit import corpus, shapes
from skylift_testkit.compiling import MASK, Compiling, compiling, compiling_corpus
from skylift_testkit.owners import CHANGES, FIELDS, changed

if TYPE_CHECKING:
    from pathlib import Path

    from skylift_contract.orchestrator import BaseOrchestrator


@pytest.fixture
def orchestrator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BaseOrchestrator:
    monkeypatch.setenv("SKYLIFT_STORE_URI", f"file://{tmp_path}")
    flavor = load_flavor("local")
    return make_orchestrator(flavor, flavor.config_class())


def steps(made: Compiling) -> int:
    return len(made.snapshot.steps)


def test_its_pipelines_are_what_they_are_called(orchestrator: BaseOrchestrator) -> None:
    found = {
        name: steps(compiling_corpus(orchestrator, name)) for name in ("single", "chain", "fan_out", "fan_in")
    }
    assert found == {"single": 1, "chain": 4, "fan_out": 101, "fan_in": 2 + shapes.INTO_ONE}


def test_names_are_apart_by_what_backends_fold() -> None:
    assert len(shapes.NEAR) == len(set(shapes.NEAR))
    assert len({name.lower().replace("_", "-") for name in shapes.NEAR}) < len(shapes.NEAR)
    assert max(map(len, shapes.AWKWARD)) == shapes.LONGEST


def test_every_kind_of_schedule_is_in_it() -> None:
    asked = {
        Capability.SCHEDULE_CRON: "cron",
        Capability.SCHEDULE_INTERVAL: "interval",
        Capability.SCHEDULE_ONCE: "once",
        Capability.SCHEDULE_CATCHUP: "catching_up",
        Capability.SCHEDULE_MAX_CONCURRENT_RUNS: "one_at_a_time",
    }
    assert set(asked.values()) <= set(corpus.SCHEDULES)
    zones = {one.timezone for one in corpus.SCHEDULES.values()}
    assert len(zones) > 1


def test_a_crowded_step_has_as_many_variables_as_asked(orchestrator: BaseOrchestrator) -> None:
    (step,) = compiling(orchestrator, shapes.crowded(7, 3)).snapshot.steps
    assert [len(value) for value in step.config.environment.values()] == [3] * 7


@pytest.mark.parametrize("field", CHANGES)
def test_a_change_changes_the_snapshot(orchestrator: BaseOrchestrator, field: str) -> None:
    snapshot = compiling_corpus(orchestrator, "chain").snapshot
    assert field in FIELDS
    assert changed(snapshot, field).digest != snapshot.digest


def test_what_resources_use_is_what_flavors_are_asked_for(orchestrator: BaseOrchestrator) -> None:
    snapshot = compiling_corpus(orchestrator, "asking").snapshot
    assert {one.capability for one in uses(snapshot)} >= {Capability.CPU, Capability.MEMORY}


def test_the_mask_hides_a_digest_and_its_beginning(
    orchestrator: BaseOrchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = compiling_corpus(orchestrator, "single")
    digest = made.snapshot.digest
    texts = {"a": f"x {digest} y".encode(), "b": f"{digest[:12]}!".encode(), "c": digest[:5].encode()}

    def documents(made: Compiling, snapshot: object = None) -> dict[str, bytes]:
        return texts

    monkeypatch.setattr(Compiling, "documents", documents)
    assert made.masked() == {"a": b"x " + MASK + b" y", "b": MASK + b"!", "c": digest[:5].encode()}

"""A pipeline as a person runs it, started elsewhere, comes to what plain Python comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skylift.client import Client
from skylift_contract.capability import Capability
from skylift_contract.enums import ExecutionStatus
from skylift_testkit import shapes, signals, training
from skylift_testkit.running import RunningSuite
from skylift_testkit.suite import about

if TYPE_CHECKING:
    from pathlib import Path

    from skylift.models import PipelineRun
    from skylift_testkit.running import Started

ELSEWHERE = {"PYTHONHASHSEED": "3", "TZ": "Asia/Tokyo", "LANG": "tr_TR.UTF-8"}


class EndToEndSuite(RunningSuite):
    needs = (Capability.STATIC_PIPELINES,)

    @about(Capability.STATIC_PIPELINES)
    def test_it_is_the_same_wherever_it_is_started(self, start: Started, tmp_path: Path) -> None:
        """Data by its digest, a model by what it predicts."""
        runs = [
            _completed(start, "trained", tmp_path),
            _completed(start, "trained", tmp_path / "elsewhere", ELSEWHERE),
        ]
        model = training.fitted(list(training.POINTS))
        for made in runs:
            assert made.steps["points"].outputs["points"].load() == list(training.POINTS)
            loaded = made.steps["train"].outputs["model"].load()
            predicted = [model.predict(x) for x in training.ASKED]
            assert [loaded.predict(x) for x in training.ASKED] == predicted
            assert made.steps["predict"].outputs["predicted"].load() == predicted
        digests = {made.steps["predict"].outputs["predicted"].ref.digest for made in runs}
        assert len(digests) == 1

    @about(Capability.STATIC_PIPELINES)
    @pytest.mark.parametrize("name", ["nearly_equal_names", "awkward_names"])
    def test_names_lead_to_their_own_steps(self, name: str, start: Started, tmp_path: Path) -> None:
        """Each step's input came the way that the pipeline says, whatever a backend makes of its name."""
        made = _completed(start, name, tmp_path)
        names = {"nearly_equal_names": shapes.NEAR, "awkward_names": shapes.AWKWARD}[name]
        assert list(made.steps) == ["start", *names]
        assert made.steps[names[-1]].outputs["path"].load() == " > ".join(("start", *names))

    @about(Capability.STATIC_PIPELINES)
    def test_many_come_together(self, start: Started, tmp_path: Path) -> None:
        made = _completed(start, "fan_in", tmp_path)
        paths = made.steps["gather"].outputs["path"].load().split(" | ")
        assert paths == [f"start > {number}" for number in range(shapes.INTO_ONE)]


def _completed(
    start: Started, name: str, folder: Path, environment: dict[str, str] | None = None
) -> PipelineRun:
    folder.mkdir(exist_ok=True)
    process = start(name, cwd=folder, env=environment or {})
    assert process.wait(signals.PATIENCE_S) == 0
    made = Client().run("last")
    assert made.status is ExecutionStatus.COMPLETED
    return made

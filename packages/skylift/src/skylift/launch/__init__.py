"""From a call of a pipeline to a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.authoring.pipelines import PipelineFunction


def launch(pipeline: PipelineFunction, arguments: Mapping[str, Any]) -> Any:
    """Run a pipeline and wait for it; see `skylift.launch.submit` for the parts."""
    from skylift.launch.submit import run_and_wait

    return run_and_wait(pipeline, arguments)

"""What every suite is given that makes runs: through the same launch that people use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skylift.client import Client
from skylift_contract.errors import RunFailed
from skylift_testkit.suite import Suite

if TYPE_CHECKING:
    from skylift.authoring.pipelines import PipelineFunction
    from skylift.models import PipelineRun
    from skylift_contract.orchestrator import BaseOrchestrator


class RunningSuite(Suite):
    @pytest.fixture(autouse=True)
    def _the_store(self, store_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SKYLIFT_STORE_URI", store_uri)

    @pytest.fixture
    def run(self, orchestrator: BaseOrchestrator) -> Any:
        """Runs one of the kit's pipelines on the flavor; returns its run, also of one that failed.

        Nothing is taken from an earlier run, unless the pipeline's options say so.
        """

        def start(pipeline: PipelineFunction, **parameters: Any) -> PipelineRun:
            cache = bool(pipeline.options.enable_cache)
            try:
                return pipeline.with_options(orchestrator=orchestrator, enable_cache=cache)(**parameters)
            except RunFailed as error:
                return Client().run(error.run_id)

        return start

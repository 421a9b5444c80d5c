"""A step that cannot tell its run does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skylift_contract.errors import RunIdError
from skylift_contract.run_id import PLACEHOLDERS, RUN_ID_ENV, Argument, Env, find_orchestrator_run_id
from skylift_testkit.suite import Suite

if TYPE_CHECKING:
    from skylift_contract.flavor import BaseOrchestratorFlavor
    from skylift_contract.orchestrator import BaseOrchestrator


class RunIdSuite(Suite):
    def test_without_its_backend_there_is_none(
        self, orchestrator: BaseOrchestrator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(RUN_ID_ENV, raising=False)
        for source in orchestrator.run_id_sources:
            if isinstance(source, Env):
                monkeypatch.delenv(source.name, raising=False)
        with pytest.raises(Exception):  # noqa: B017, PT011 -- a step makes a RunIdError of whatever it is
            orchestrator.get_orchestrator_run_id()

    @pytest.mark.parametrize("mark", PLACEHOLDERS)
    def test_a_placeholder_is_refused(
        self, flavor: BaseOrchestratorFlavor, orchestrator: BaseOrchestrator, mark: str
    ) -> None:
        for source in orchestrator.run_id_sources:
            environment = {source.name: f"{mark}x"} if isinstance(source, Env) else {}
            arguments = {source.name: f"{mark}x"} if isinstance(source, Argument) else {}
            if not environment and not arguments:
                continue
            with pytest.raises(RunIdError, match="still holds a placeholder"):
                find_orchestrator_run_id(
                    [source], backend=flavor.name, dynamic=True, environment=environment, arguments=arguments
                )

    def test_a_source_of_one_job_is_no_source_of_a_static_pipeline(
        self, flavor: BaseOrchestratorFlavor, orchestrator: BaseOrchestrator
    ) -> None:
        per_job = [source for source in orchestrator.run_id_sources if source.scope == "job"]
        environment = {source.name: "x" for source in per_job if isinstance(source, Env)}
        with pytest.raises(RunIdError, match="no orchestrator run ID"):
            find_orchestrator_run_id(per_job, backend=flavor.name, dynamic=False, environment=environment)

"""Whole runs, through the same launch that people use, read back by another process."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from skylift import ExecutionMode, ExecutionStatus
from skylift.client import Client
from skylift.launch.environments import base_environment, step_environments
from skylift.launch.leaks import refuse_leaks
from skylift.launch.plan import plan
from skylift.store.location import open_store
from skylift_contract.canonical import digest
from skylift_contract.capability import Capability, Level, Support
from skylift_contract.errors import UnsupportedCapability
from skylift_contract.run_id import RUN_ID_LIMIT
from skylift_testkit import pipelines
from skylift_testkit.documents import check_has_documents
from skylift_testkit.refusals import unproven
from skylift_testkit.running import RunningSuite
from skylift_testkit.suite import about

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.models import PipelineRun
    from skylift_contract.orchestrator import BaseOrchestrator


def given(secret: tuple[str, str] | None) -> tuple[str, str]:
    if secret is None:
        unproven("nothing that its steps could read a secret from: override the fixture `secret`")
    return secret


_ASK: dict[Capability, dict[str, Any]] = {
    Capability.SECRETS: {"secrets": ["CONFORMANCE_SECRET"]},
    Capability.SECRETS_FROM_ENVIRONMENT: {"secrets": ["CONFORMANCE_SECRET"]},
    Capability.STEP_TIMEOUT: {"timeout": 60},
    Capability.CPU: {"settings": {"resources": {"cpu_count": 1}}},
    Capability.MEMORY: {"settings": {"resources": {"memory": "512MiB"}}},
    Capability.GPU_TYPE: {"settings": {"resources": {"gpu_count": 1, "gpu_type": "T4"}}},
    Capability.GPU: {"settings": {"resources": {"gpu_count": 1}}},
    Capability.IMAGES: {"settings": {"docker": {"image": "example:1"}}},
    Capability.DYNAMIC_PIPELINES: {"dynamic": True},
    Capability.FAIL_FAST: {"execution_mode": ExecutionMode.FAIL_FAST},
    Capability.STOP_ON_FAILURE: {"execution_mode": ExecutionMode.STOP_ON_FAILURE},
    Capability.CONTINUE_ON_FAILURE: {"execution_mode": ExecutionMode.CONTINUE_ON_FAILURE},
}
"""How a pipeline asks for something that a flavor may not have."""

AWKWARD = {
    "CONFORMANCE_EMPTY": "",
    "CONFORMANCE_SPACED": "  a  b ",
    "CONFORMANCE_LINES": 'one\n"two"\t= $HOME $(CONFORMANCE_ALL) \\n',
    "CONFORMANCE_LETTERS": "naïve, 日本",
}
"""Values of variables that are often read again on their way, dropped or trimmed."""

_READ = """
import sys
from skylift.client import Client
run = Client(sys.argv[1]).run(sys.argv[2])
print(run.status.value, run.steps["total"].outputs["value"].load())
"""


class RunSuite(RunningSuite):
    needs = (Capability.STATIC_PIPELINES, Capability.RUN_STATUS, Capability.STEP_STATUS)

    @about(Capability.STATIC_PIPELINES)
    def test_data_flows_along_the_edges(self, run: Any, store_uri: str) -> None:
        made: PipelineRun = run(pipelines.diamond, value=5)
        seen = subprocess.run(  # noqa: S603 -- argv list, no shell
            [sys.executable, "-c", _READ, store_uri, str(made.id)], capture_output=True, text=True, check=True
        )
        assert seen.stdout.split() == ["completed", "20"]

    @about(Capability.STATIC_PIPELINES)
    def test_every_step_finds_the_same_run(self, run: Any) -> None:
        made: PipelineRun = run(pipelines.diamond)
        told = [step.outputs["told"].load() for step in made.steps.values()]
        assert len(told) == 4
        assert {one["run_id"] for one in told} == {str(made.id)}
        (own,) = {one["orchestrator_run_id"] for one in told}
        assert 0 < len(own) <= RUN_ID_LIMIT
        assert made.orchestrator_run_id in {own, None}

    @about(Capability.STATIC_PIPELINES)
    def test_what_an_earlier_run_made_is_not_made_again(self, run: Any) -> None:
        """Of such a step the flavor is handed its outputs alone; where all are such, it is handed nothing."""
        cached = pipelines.product.with_options(enable_cache=True)
        made: PipelineRun = run(cached, value=2, factor=3)
        again: PipelineRun = run(cached, value=2, factor=5)
        assert again.steps["first"].cached_from is not None
        assert again.steps["first"].cached_from.run_id == str(made.id)
        assert again.steps["times"].status is ExecutionStatus.COMPLETED
        assert again.steps["times"].outputs["output"].load() == 10
        whole: PipelineRun = run(cached, value=2, factor=5)
        assert whole.status is ExecutionStatus.COMPLETED
        assert {step.status for step in whole.steps.values()} == {ExecutionStatus.CACHED}
        assert whole.steps["times"].outputs["output"].load() == 10

    @about(Capability.STATIC_PIPELINES)
    def test_every_run_has_an_id_of_its_own(self, run: Any) -> None:
        runs: list[PipelineRun] = [run(pipelines.diamond) for _ in range(2)]
        records = [made.record for made in runs]
        assert len({record.orchestrator_run_id for record in records if record}) == 2
        assert len({made.id for made in runs}) == 2

    @about(Capability.STEP_ENVIRONMENT)
    def test_each_step_has_its_environment(
        self, run: Any, capabilities: Mapping[Capability, Support], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As it was written, whatever whoever submits has under these names, and nothing of another's."""
        monkeypatch.setenv("CONFORMANCE_OWN", "the submitter's")
        of_all = {"CONFORMANCE_BOTH": "pipeline", "CONFORMANCE_ALL": "all", **AWKWARD}
        own = {**of_all, "CONFORMANCE_OWN": "own", "CONFORMANCE_BOTH": "step"}
        made: PipelineRun = run(pipelines.environments.with_options(environment=of_all))
        for name, expected in (("environment", own), ("beside", {**own, "CONFORMANCE_BESIDE": "beside"})):
            seen = made.steps[name].outputs
            assert seen["in_step"].load() == expected
            if capabilities[Capability.STEP_ENVIRONMENT].level is Level.FULL:
                assert seen["at_start"].load() == expected

    @about(Capability.STATIC_PIPELINES)
    def test_a_failure_is_the_runs_and_its_words_are_kept(self, run: Any) -> None:
        made: PipelineRun = run(pipelines.failing)
        status = {name: step.status for name, step in made.steps.items()}
        assert made.status is ExecutionStatus.FAILED
        assert status["fail"] is ExecutionStatus.FAILED
        assert status["double"] is ExecutionStatus.SKIPPED
        assert "ValueError: conformance 1" in made.steps["fail"].reason

    @about(Capability.STEP_RETRIES)
    def test_a_failed_step_is_tried_again(self, run: Any) -> None:
        made: PipelineRun = run(pipelines.retrying)
        assert made.steps["second_try"].outputs["output"].load() == 2

    @pytest.fixture
    def secret(
        self, capabilities: Mapping[Capability, Support], monkeypatch: pytest.MonkeyPatch
    ) -> tuple[str, str] | None:
        """Where the flavor's steps can read a secret, and what it is; None where there is no such place.

        Override it with a place of the flavor's platform.
        """
        if not capabilities[Capability.SECRETS_FROM_ENVIRONMENT]:
            return None
        value = f"conformance-{os.urandom(12).hex()}"
        monkeypatch.setenv("CONFORMANCE_SOURCE", value)
        return "env:CONFORMANCE_SOURCE", value

    @about(Capability.STATIC_PIPELINES)
    def test_a_secret_reaches_its_step_and_stays_there(
        self, run: Any, secret: tuple[str, str] | None, store_uri: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        reference, value = given(secret)
        asking = pipelines.secretive.with_options(secrets=[f"CONFORMANCE_SECRET={reference}"])
        made: PipelineRun = run(asking, name="CONFORMANCE_SECRET")
        assert made.steps["use_secret"].outputs["output"].load() == digest(value.encode())
        assert "ValueError: conformance: it is ***" in made.steps["fail_with_secret"].reason
        store = open_store(store_uri)
        holding = [key for key in store.list("") if value.encode() in (store.get(key) or b"")]
        assert holding == []
        assert value not in "".join(capfd.readouterr())

    @about(Capability.STATIC_PIPELINES)
    def test_a_secret_is_in_no_compiled_document(
        self, orchestrator: BaseOrchestrator, secret: tuple[str, str] | None
    ) -> None:
        check_has_documents(orchestrator)
        reference, value = given(secret)
        options = {"orchestrator": orchestrator, "secrets": [f"CONFORMANCE_SECRET={reference}"]}
        made = plan(pipelines.secretive.with_options(**options), {"name": "CONFORMANCE_SECRET"})
        base = base_environment(made, "conformance")
        steps = step_environments(made.snapshot, base)
        compiled = orchestrator.compile_pipeline(made.snapshot, made.stack, base, steps)
        refuse_leaks(made, compiled.documents)
        assert [name for name, content in compiled.documents.items() if value.encode() in content] == []

    def test_what_it_does_not_do_is_refused_before_anything_is_made(
        self, run: Any, capabilities: Mapping[Capability, Support]
    ) -> None:
        for capability, options in _ASK.items():
            if not capabilities[capability]:
                with pytest.raises(UnsupportedCapability, match=f"uses {capability.value}: "):
                    run(pipelines.diamond.with_options(**options))
        assert list(Client().runs()) == []

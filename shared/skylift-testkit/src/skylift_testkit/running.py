"""What every suite is given that makes runs: through the same launch that people use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from skylift.client import Client
from skylift.flavors import load_flavor
from skylift.stacks.changes import register_component
from skylift.stacks.entries import Component, Kind
from skylift.store.location import open_store
from skylift_contract.errors import DiscoveryError, RunFailed
from skylift_testkit.made import EMULATED_ENV
from skylift_testkit.suite import Suite

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.models import PipelineRun
    from skylift.store.objects import ObjectStore
    from skylift_contract.flavor import BaseOrchestratorFlavor
    from skylift_contract.orchestrator import BaseOrchestrator

    Started = Callable[..., subprocess.Popen[bytes]]


def _check_found(flavor: BaseOrchestratorFlavor, session: pytest.Session) -> None:
    """Steps run in processes that know the flavor by its name alone: without that nothing can pass."""
    try:
        load_flavor(flavor.name)
    except DiscoveryError as error:
        why = str(error)
    else:
        return
    session.shouldstop = (
        "the kit's steps find a flavor by the entry point of an installed package: name it in the group "
        "skylift.orchestrators of your package, and install that"
    )
    pytest.fail(why, pytrace=False)


class RunningSuite(Suite):
    @pytest.fixture(autouse=True)
    def _the_store(self, store_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SKYLIFT_STORE_URI", store_uri)

    @pytest.fixture(autouse=True)
    def _on_this_machine(
        self,
        is_emulated: bool,  # noqa: FBT001 -- pytest gives it
        flavor: BaseOrchestratorFlavor,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        if is_emulated:
            monkeypatch.setattr(flavor.config_class, "is_remote", False)
            monkeypatch.setenv(EMULATED_ENV, "1")

    @pytest.fixture(autouse=True)
    def _the_component(
        self,
        _refused: None,
        request: pytest.FixtureRequest,
        flavor: BaseOrchestratorFlavor,
        options: Mapping[str, Any],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Registered, so that whoever reads a run finds the orchestrator that it was made on."""
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
        monkeypatch.chdir(tmp_path)  # out of the plugin's own project, whose skylift.toml is its author's
        fields = flavor.config_class.model_fields
        _check_found(flavor, request.session)
        plain = {
            name: value for name, value in options.items() if "Secret" not in str(fields[name].annotation)
        }
        register_component(Component(Kind.ORCHESTRATOR, "conformance", flavor.name, plain))

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

    @pytest.fixture
    def store(self, store_uri: str) -> ObjectStore:
        return open_store(store_uri)

    @pytest.fixture
    def start(
        self, flavor: BaseOrchestratorFlavor, options: Mapping[str, Any], store_uri: str
    ) -> Generator[Started]:
        """Starts one of the kit's pipelines from another process, which is gone at the test's end."""
        started: list[subprocess.Popen[bytes]] = []

        def begin(
            pipeline: str, *how: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
        ) -> subprocess.Popen[bytes]:
            given = json.dumps(dict(options), default=str)
            argv = [sys.executable, "-m", "skylift_testkit.apart", flavor.name, given, pipeline, *how]
            environment = {**os.environ, "SKYLIFT_STORE_URI": store_uri, **(env or {})}
            one = subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, cwd=cwd)  # noqa: S603 -- argv list, no shell
            started.append(one)
            return one

        yield begin
        for process in started:
            process.kill()
            process.wait()

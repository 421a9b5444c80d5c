"""Plugins with one fault each: the test that should notice does, and no other."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN = '''
"""A backend of processes: sound, but for what a test replaces."""
import os, subprocess, sys, uuid
from pydantic import SecretStr
from skylift_contract.capability import FULL, Capability, no
from skylift_contract.flavor import BY_THE_RUNTIME, BaseOrchestratorFlavor
from skylift_contract.orchestrator import BaseOrchestrator, BaseOrchestratorConfig, SubmissionResult
from skylift_contract.run_id import Env, find_orchestrator_run_id

class Config(BaseOrchestratorConfig):
    token: SecretStr | None = None
    @property
    def is_remote(self): return False

class Orchestrator(BaseOrchestrator):
    def get_orchestrator_run_id(self):
        return find_orchestrator_run_id([Env(name="BACKEND_RUN")], backend="broken", dynamic=False)
    def submit_pipeline(self, snapshot, stack, base_environment, step_environments, placeholder_run=None):
        run = f"run-{uuid.uuid4()}"
        for name in snapshot.step_configurations:
            environment = {**os.environ, **step_environments[name], "BACKEND_RUN": run}
            argv = ["-m", "skylift.runtime", "step", "--snapshot", snapshot.digest, "--step", name]
            subprocess.run([sys.executable, *argv], env=environment)
        return SubmissionResult(orchestrator_run_id=run)

class Flavor(BaseOrchestratorFlavor):
    name = "broken"
    config_class = Config
    implementation_class = Orchestrator
    capabilities = dict.fromkeys(Capability, no("not built yet")) | BY_THE_RUNTIME | {
        Capability.STATIC_PIPELINES: FULL, Capability.STEP_ENVIRONMENT: FULL,
        Capability.SECRETS_FROM_ENVIRONMENT: FULL}
'''

LEAKING = """
    def compile_pipeline(self, snapshot, stack, base_environment, step_environments):
        from skylift_contract.compiled import CompiledPipeline
        return CompiledPipeline({"job.yaml": repr(dict(os.environ)).encode()}, {})
"""

CONFORMANCE = """
import pytest
from broken_plugin import Flavor
from skylift_testkit import Conformance

class TestBroken(Conformance):
    @pytest.fixture
    def flavor(self):
        return Flavor()
    @pytest.fixture
    def sdk(self):
        return ("graphlib",)
"""


def failures(folder: Path, code: str, only: str = "test") -> set[str]:
    """The kit's tests, of those with `only` in their name, that fail on a plugin."""
    (folder / "broken_plugin.py").write_text(code)
    info = folder / "broken_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[skylift.orchestrators]\nbroken = broken_plugin:Flavor\n")
    (folder / "test_it.py").write_text(CONFORMANCE)
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:timeout",
            "-k",
            only,
            "test_it.py",
        ],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.search(r"\d+ (passed|failed)", ended.stdout), ended.stdout + ended.stderr
    return {name.partition("[")[0] for name in re.findall(r"^FAILED \S+::(\S+)", ended.stdout, re.MULTILINE)}


def test_a_sound_plugin_passes(tmp_path: Path) -> None:
    assert failures(tmp_path, PLUGIN) == set()


@pytest.mark.parametrize(
    ("before", "after", "caught"),
    [
        pytest.param(
            "return find_orchestrator_run_id(",
            'return str(uuid.uuid4()) if "SKYLIFT_STORE" in os.environ else find_orchestrator_run_id(',
            "test_every_step_finds_the_same_run",
            id="an id made up in each step",
        ),
        pytest.param(
            'run = f"run-{uuid.uuid4()}"',
            'run = "the-job"',
            "test_every_run_has_an_id_of_its_own",
            id="an id that all runs share",
        ),
        pytest.param(
            "**step_environments[name],",
            "**base_environment,",
            "test_each_step_has_its_environment",
            id="step environments dropped",
        ),
        pytest.param(
            "import os, subprocess, sys, uuid",
            "import os, subprocess, sys, uuid, graphlib",
            "test_showing_it_loads_no_sdk",
            id="the SDK is imported by the card",
        ),
        pytest.param(
            "dict.fromkeys(Capability, no(",
            "dict.fromkeys(list(Capability)[5:], no(",
            "test_every_capability_is_declared",
            id="a capability left out",
        ),
        pytest.param(
            'no("not built yet")',
            'no("")',
            "test_whatever_is_less_than_full_says_why",
            id="no reason given",
        ),
        pytest.param(
            "token: SecretStr | None = None",
            "token: SecretStr | None = None\n    def __str__(self): return str(self.token and self.token.get_secret_value())",
            "test_secrets_are_not_shown",
            id="a secret in plain text",
        ),
        pytest.param(
            "    def submit_pipeline(",
            LEAKING + "    def submit_pipeline(",
            "test_a_secret_is_in_no_compiled_document",
            id="a secret in a compiled document",
        ),
        pytest.param(
            "environment = {**os.environ,",
            "print(*os.environ.values())\n            environment = {**os.environ,",
            "test_a_secret_reaches_its_step_and_stays_there",
            id="a secret on the terminal",
        ),
        pytest.param(
            "environment = {**os.environ,",
            "environment = {**dict.fromkeys(os.environ, 'x'), 'PATH': os.environ['PATH'], "
            "'PYTHONPATH': os.environ['PYTHONPATH'], 'HOME': os.environ['HOME'],",
            "test_a_secret_reaches_its_step_and_stays_there",
            id="a secret that does not arrive",
        ),
        pytest.param(
            "return find_orchestrator_run_id(",
            "return os.environ.get('BACKEND_RUN', 'unknown') or find_orchestrator_run_id(",
            "test_without_its_backend_there_is_none",
            id="a run ID where there is no run",
        ),
        pytest.param(
            "return find_orchestrator_run_id(",
            "return os.environ['BACKEND_RUN'] or find_orchestrator_run_id(",
            "test_without_its_backend_there_is_none",
            id="an error that says nothing of the run",
        ),
    ],
)
def test_each_fault_is_caught(tmp_path: Path, before: str, after: str, caught: str) -> None:
    assert before in PLUGIN
    assert failures(tmp_path, PLUGIN.replace(before, after), only=caught) == {caught}


def test_a_test_of_the_kit_cannot_be_taken_away() -> None:
    from skylift_testkit import Conformance

    with pytest.raises(
        TypeError, match=r"test_it_cannot_be_changed replaces a test of the kit\. Declare what the plugin"
    ):
        type("TestMine", (Conformance,), {"test_it_cannot_be_changed": print, "__module__": "mine"})

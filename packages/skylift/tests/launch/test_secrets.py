"""From `secrets=[…]` to what is in the snapshot, and what is refused before anything is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from skylift_tests_support.backends import Here, Processes

from skylift import get_step_context, pipeline, step
from skylift.launch.plan import Plan, plan
from skylift.models import PipelineRun
from skylift.orchestrators import BaseOrchestratorConfig
from skylift.stack import ArtifactStore, Stack
from skylift_contract.errors import ConfigurationError, UnknownName, UnsupportedCapability

DEFINED = """
[secret]
DB_PASSWORD = "env:CI_DB_PASSWORD"
"""


@pytest.fixture(autouse=True)
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKYLIFT_STORE_URI", f"file://{tmp_path}/store")
    for name in ("DB_PASSWORD", "CI_DB_PASSWORD", "OTHER", "TOKEN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "skylift.toml").write_text(DEFINED)
    return tmp_path


@step
def reads() -> dict[str, int]:
    return {name: len(value) for name, value in get_step_context().secrets.items()}


@pipeline
def reading() -> None:
    reads()


@pipeline(secrets=["TOKEN=env:OTHER", "DB_PASSWORD"])
def both() -> None:
    reads.with_options(secrets=["TOKEN=env:CI_DB_PASSWORD"])()


def planned(secrets: Any, orchestrator: Processes | None = None, **options: Any) -> Plan:
    store = ArtifactStore("s3://bucket" if orchestrator else "memory://plans")
    stack = Stack("mine", orchestrator or Processes(Here(), flavor="processes"), store)
    return plan(reading.with_options(stack=stack, secrets=secrets, **options), {})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["DB_PASSWORD"], {"DB_PASSWORD": "env:CI_DB_PASSWORD"}),
        (["OTHER"], {"OTHER": "env:OTHER"}),
        (["TOKEN=env:OTHER", "DB_PASSWORD=env:OTHER"], {"TOKEN": "env:OTHER", "DB_PASSWORD": "env:OTHER"}),
    ],
)
def test_a_name_is_defined_in_the_file_or_is_the_variables_own(
    monkeypatch: pytest.MonkeyPatch, written: list[str], expected: dict[str, str]
) -> None:
    monkeypatch.setenv("CI_DB_PASSWORD", "hunter2")
    monkeypatch.setenv("OTHER", "other")
    made = planned(written)
    (one,) = made.snapshot.steps
    assert one.config.secrets == made.snapshot.pipeline_configuration.secrets == expected
    assert b"hunter2" not in made.snapshot.content


def test_a_steps_own_reference_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_DB_PASSWORD", "hunter2")
    monkeypatch.setenv("OTHER", "other")

    stack = Stack("mine", Processes(Here(), flavor="processes"), ArtifactStore("memory://plans"))
    (one,) = plan(both.with_options(stack=stack), {}).snapshot.steps
    assert one.config.secrets == {"TOKEN": "env:CI_DB_PASSWORD", "DB_PASSWORD": "env:CI_DB_PASSWORD"}


@pytest.mark.parametrize("written", ["", "a b", "1A", "SKYLIFT_STORE", "hunter-2", "hunter 2=env:A", 3])
def test_what_is_no_variable_is_refused_and_not_repeated(written: Any) -> None:
    with pytest.raises(ConfigurationError) as raised:
        planned([written])
    assert str(raised.value) == (
        "step 'reads', secrets: a secret is the name of an environment variable, not Skylift's own. "
        'Write secrets=["DB_PASSWORD"], or ["DB_PASSWORD=env:OTHER_NAME"].'
    )


def test_a_value_in_place_of_a_reference_is_refused_and_not_repeated(project: Path) -> None:
    sentence = (
        r"^step 'reads', secret 'A': it is no reference to a secret\. Write where the secret is: env:NAME\.$"
    )
    with pytest.raises(ConfigurationError, match=sentence):
        planned(["A=hunter2"])
    (project / "skylift.toml").write_text('[secret]\nA = "hunter2"\n')
    with pytest.raises(ConfigurationError, match=sentence):
        planned(["A"])


def test_a_variable_that_is_in_the_environment_too_is_refused() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"^step 'reads', variable 'A': it is a secret, and stands in environment= too\. Leave it out",
    ):
        planned(["A"], environment={"A": "1"})


def test_a_kind_of_reference_that_nothing_reads_is_refused() -> None:
    with pytest.raises(
        UnknownName, match=r"^pipeline 'reading', secret 'A': there is no kind of secret named 'vault'"
    ):
        planned(["A=vault:a"])


def test_variables_that_are_not_set_are_refused_before_anything_is_made(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER", "")
    with pytest.raises(ConfigurationError) as raised:
        reading.with_options(secrets=["DB_PASSWORD", "OTHER"])()
    assert str(raised.value) == (
        "pipeline 'reading': secrets are to be read from CI_DB_PASSWORD, OTHER, which are not set here, or empty. "
        "export CI_DB_PASSWORD=… OTHER=…"
    )
    assert not (project / "store").exists()


def test_a_run_has_them_and_its_store_has_not(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_DB_PASSWORD", "hunter2-and-3")
    run: PipelineRun = reading.with_options(secrets=["DB_PASSWORD"])()
    assert run.steps["reads"].outputs["output"].load() == {"DB_PASSWORD": 13}
    files = [path.read_bytes() for path in (project / "store").rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not [data for data in files if b"hunter2" in data and not data.startswith(b"PK")]


def test_another_machine_has_not_this_environment() -> None:
    elsewhere = Processes(BaseOrchestratorConfig(), flavor="elsewhere")
    with pytest.raises(UnsupportedCapability) as raised:
        planned(["TOKEN"], elsewhere)
    why = "another machine has not this environment; name where its platform keeps it, such as aws-sm:… or gcp-sm:…"
    assert raised.value.refusals == tuple(
        f"{who} uses secrets_from_environment: {why}" for who in ("pipeline 'reading'", "step 'reads'")
    )

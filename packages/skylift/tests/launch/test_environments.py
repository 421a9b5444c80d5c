from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support.backends import Here, Processes, Scheduling, counting
from skylift_tests_support.runs import SUPPORT

from skylift import ExecutionStatus, Schedule
from skylift.authoring.options import PipelineOptions
from skylift.launch.environments import base_environment, step_environments
from skylift.launch.plan import plan
from skylift.launch.stacks import resolve_stack
from skylift.orchestrators import SubmissionResult
from skylift.runtime.opening import open_ledger
from skylift.stack import ArtifactStore, Stack
from skylift.store.options import FOR_STEPS, OPTIONS, SECRET_OPTIONS
from skylift_contract.environment import STORE_ENV, STORE_OPTIONS_ENV, SUBMISSION_ENV
from skylift_contract.errors import ConfigurationError, UnknownName
from skylift_contract.run_id import Env

if TYPE_CHECKING:
    from pathlib import Path

    from skylift.launch.plan import Plan
    from skylift.models import PipelineRun

DAILY = Schedule(cron_expression="0 2 * * *")
S3 = {"endpoint": "http://127.0.0.1:1", "region": "eu-central-1"}


def planned(store: ArtifactStore, **options: Any) -> Plan:
    stack = Stack("mine", Processes(Scheduling(), flavor="processes"), store)
    return plan(counting.with_options(stack=stack, **options), {})


def test_a_run_carries_its_submission() -> None:
    made = planned(ArtifactStore("s3://bucket/path"))
    assert base_environment(made, "S") == {STORE_ENV: "s3://bucket/path", SUBMISSION_ENV: "S"}


def test_a_schedule_carries_none_for_each_firing_is_a_run_of_its_own() -> None:
    made = planned(ArtifactStore("s3://bucket/path"), schedule=DAILY)
    base = base_environment(made, "S")
    assert made.snapshot.schedule == DAILY
    assert base == {STORE_ENV: "s3://bucket/path"}
    assert SUBMISSION_ENV not in {
        name for one in step_environments(made.snapshot, base).values() for name in one
    }


def test_what_an_orchestrator_is_handed_for_a_schedule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handed: list[dict[str, str]] = []

    class Deploying(Processes):
        run_id_sources = (Env(name="PROCESSES_RUN_ID"),)

        def submit_pipeline(self, *given: Any, **_: Any) -> SubmissionResult:
            base, steps = given[2:4]
            handed.extend([base, *steps.values()])
            return SubmissionResult(schedule_id="its-id", notes=("nobody was asked",))

    store = ArtifactStore(f"file://{tmp_path}/store")
    stack = Stack("mine", Deploying(Scheduling(), flavor="processes"), store)
    counting.with_options(stack=stack, schedule=DAILY)()
    assert len(handed) == 3
    assert [SUBMISSION_ENV in one for one in handed] == [False] * 3
    assert "note: nobody was asked\n" in capsys.readouterr().err


def test_options_that_are_no_secrets_reach_every_step() -> None:
    made = planned(ArtifactStore("s3://bucket/path", S3))
    environments = step_environments(made.snapshot, base_environment(made, "S"))
    assert [json.loads(one[STORE_OPTIONS_ENV]) for one in environments.values()] == [S3, S3]


@pytest.mark.parametrize("own", sorted({name for known in OPTIONS.values() for name in known} - FOR_STEPS))
def test_what_says_who_this_machine_is_stays_here_and_that_is_noted(own: str) -> None:
    made = planned(ArtifactStore("s3://bucket/path", {**S3, own: "a value that must not show"}))
    assert made.notes == (f"the steps reach the store with an identity of their own: its {own} stay here",)
    assert "must not show" not in str(base_environment(made, "S"))


def test_options_that_all_steps_are_given_need_no_note() -> None:
    assert planned(ArtifactStore("s3://bucket/path", S3)).notes == ()


def test_secrets_of_a_store_are_never_for_steps() -> None:
    assert not SECRET_OPTIONS & FOR_STEPS


def test_the_local_flavor_has_them_at_hand_and_puts_none_in_an_environment() -> None:
    local = resolve_stack(PipelineOptions()).orchestrator
    stack = Stack("mine", local, ArtifactStore("s3://bucket", {**S3, "secret_access_key": "hidden"}))
    made = plan(counting.with_options(stack=stack), {})
    assert made.notes == ()
    assert json.loads(base_environment(made, "S")[STORE_OPTIONS_ENV]) == S3


def test_a_step_opens_the_store_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STORE_ENV, "s3://bucket/path")
    monkeypatch.setenv(STORE_OPTIONS_ENV, '{"no_such_option": "x"}')
    with pytest.raises(UnknownName, match="there is no option named 'no_such_option'"):
        open_ledger(None)
    assert open_ledger("s3://another/path").store.uri == "s3://another/path"


@pytest.mark.parametrize("text", ["[1]", "{", "3"])
def test_options_that_were_changed_on_their_way_are_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(STORE_ENV, "s3://bucket/path")
    monkeypatch.setenv(STORE_OPTIONS_ENV, text)
    with pytest.raises(
        ConfigurationError, match=r"SKYLIFT_STORE_OPTIONS: it is no JSON object of a store's options"
    ):
        open_ledger(None)


def test_steps_reach_a_store_whose_endpoint_is_an_option(
    s3_server: str, clean_environment: None, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    from skylift_tests_support.stores import BUCKET

    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PYTHONPATH": SUPPORT,
    }.items():
        monkeypatch.setenv(name, value)
    store = ArtifactStore(
        f"s3://{BUCKET}/{request.node.name}", {"endpoint": s3_server, "region": "us-east-1"}
    )
    stack = Stack("mine", Processes(Here(), flavor="processes"), store)
    run: PipelineRun = counting.with_options(stack=stack)()
    assert run.status is ExecutionStatus.COMPLETED
    assert run.steps["more"].outputs["output"].load() == 2

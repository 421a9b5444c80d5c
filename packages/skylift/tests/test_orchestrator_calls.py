"""What goes wrong in a plugin's own code is said to be the plugin's, with method and submission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support.backends import Here, Processes, Scheduling, counting

from skylift import Schedule
from skylift.orchestrator_calls import calling
from skylift.orchestrators import BaseOrchestrator, SubmissionResult
from skylift.stack import ArtifactStore, Stack
from skylift_contract.errors import BackendError, RunIdError, StepFailed
from skylift_contract.run_id import Env

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from skylift_tests_support.commands import Project

_SOURCES = (Env(name="PROCESSES_RUN_ID"),)
WHERE = r"of flavor 'acme' of \S+:Given: "


@pytest.fixture
def submit(tmp_path: Path) -> Callable[[Callable[[], Any]], None]:
    """Submits the pipeline to an orchestrator whose `submit_pipeline` does what it is given."""

    def with_body(body: Callable[[], Any], **options: Any) -> None:
        class Given(Processes):
            run_id_sources = _SOURCES

            def submit_pipeline(self, *_: Any, **__: Any) -> Any:
                return body()

        Given.__qualname__ = "Given"
        config = Scheduling() if "schedule" in options else Here()
        stack = Stack("mine", Given(config, flavor="acme"), ArtifactStore(f"file://{tmp_path}/store"))
        counting.with_options(stack=stack, **options)()

    return with_body


def _raise(error: BaseException) -> Any:
    raise error


def _result(**wrong: Any) -> SubmissionResult:
    return SubmissionResult(**wrong)


@pytest.mark.parametrize("error", [RuntimeError("no quota"), SystemExit("no quota")])
def test_a_submit_that_raises(submit: Any, error: BaseException) -> None:
    expected = (
        rf"^Given\.submit_pipeline {WHERE}it failed for submission \S{{36}}: {type(error).__name__}: no quota\. "
        r"It is the plugin's own code: with --debug, its traceback\.$"
    )
    with pytest.raises(BackendError, match=expected) as caught:
        submit(lambda: _raise(error))
    assert caught.value.__cause__ is error


def test_a_wait_that_raises(submit: Any) -> None:
    expected = rf"^Given\.wait_for_completion {WHERE}it failed for submission \S{{36}}: OSError: gone\."
    with pytest.raises(BackendError, match=expected):
        submit(lambda: SubmissionResult(lambda: _raise(OSError("gone"))))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), StepFailed("a", "b")])
def test_ctrl_c_and_errors_of_the_contract_pass(submit: Any, error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        submit(lambda: _raise(error))
    assert caught.value is error


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (True, r"it returned True for submission \S{36}\. Return a SubmissionResult, or None\."),
        ({"a": 1}, r"it returned {'a': 1} for submission"),
        ((n for n in "a"), r"it returned <generator object .*> for submission"),
        (_result(wait_for_completion=3), r"it returned wait_for_completion=3, which cannot be called"),
        (_result(schedule_id=3), r"it returned schedule_id=3, which is no text"),
    ],
)
def test_a_result_that_is_none(submit: Any, result: Any, sentence: str) -> None:
    with pytest.raises(BackendError, match=rf"^Given\.submit_pipeline {WHERE}.*{sentence}"):
        submit(lambda: result)


@pytest.mark.parametrize("result", [True, {"run": "x"}])
def test_the_old_hook_is_named_by_its_own_name(tmp_path: Path, result: Any) -> None:
    class Old(BaseOrchestrator):
        run_id_sources = _SOURCES

        def get_orchestrator_run_id(self) -> str:
            return "x"

        def prepare_or_run_pipeline(self, deployment: Any, stack: Any) -> Any:
            return result

    stack = Stack("mine", Old(Here(), flavor="old"), ArtifactStore(f"file://{tmp_path}/store"))
    with pytest.raises(BackendError, match=r"Old\.prepare_or_run_pipeline of flavor 'old' .*: it returned "):
        counting.with_options(stack=stack)()


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ("x" * 300, r"the orchestrator run ID has 300 characters .*limit: 250"),
        (7, r"the orchestrator run ID is not text \(got 7\)"),
        ("$(run.id)", r"the orchestrator run ID still holds a placeholder"),
        ("", r"the orchestrator run ID is empty"),
    ],
)
def test_an_id_that_no_step_could_have(submit: Any, own: Any, sentence: str) -> None:
    with pytest.raises(RunIdError, match=rf"^Given\.submit_pipeline {WHERE}{sentence}"):
        submit(lambda: SubmissionResult(orchestrator_run_id=own))


def test_a_schedule_without_an_id_may_be_there_all_the_same(submit: Any) -> None:
    expected = (
        rf"^Given\.submit_pipeline {WHERE}it returned no id of the schedule that it was to make for submission "
        r"\S{36}, which may be there by now and could not be found or deleted\. "
        r"Return SubmissionResult\(schedule_id=…\), and look for the schedule on the backend\.$"
    )
    with pytest.raises(BackendError, match=expected):
        submit(lambda: None, schedule=Schedule(cron_expression="0 2 * * *"))


def test_what_goes_wrong_in_our_own_is_our_bug() -> None:
    from skylift.local.config import LocalOrchestratorConfig
    from skylift.local.orchestrator import LocalOrchestrator

    with pytest.raises(ZeroDivisionError), calling(LocalOrchestrator(LocalOrchestratorConfig()), "x", "y"):
        _ = 1 / 0


BROKEN = """
from skylift import pipeline, step
from skylift_tests_support.backends import Here, Processes

class Broken(Processes):
    def submit_pipeline(self, *_, **__):
        raise RuntimeError("no quota")

@step
def one() -> int:
    return 1

@pipeline(orchestrator=Broken(Here(), flavor="acme"))
def flow() -> None:
    one()
"""


def test_on_the_command_line_it_is_no_bug_of_skylifts(project: Project) -> None:
    project.write("broken.py", BROKEN)
    plain, debug = project.skylift("run", "broken.py"), project.skylift("--debug", "run", "broken.py")
    assert plain.code == debug.code == 1
    assert "error: Broken.submit_pipeline of flavor 'acme' of broken:Broken: it failed for" in plain.err
    assert "Traceback" not in plain.err
    assert 'raise RuntimeError("no quota")' in debug.err

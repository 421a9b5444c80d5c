"""A step's secrets: where they are, for how long, and where they never are."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_tests_support import steps
from skylift_tests_support.faults import Died, Fault, Plan, at, faulty_store, never
from skylift_tests_support.runs import log_of, make_snapshot, make_step, outputs_of, start_run, step_process

from skylift.authoring.sources import source_of
from skylift.ledger.records import RunEndRecord
from skylift.runtime.context import get_step_context
from skylift.runtime.hooks import call_run_hook
from skylift.runtime.interrupts import StopRequested, held_back
from skylift.runtime.invocation import execute_invocation
from skylift.runtime.known_secrets import known_forms
from skylift.runtime.step_secrets import looked_up, revealed
from skylift.runtime.streams import teed
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import ConfigurationError, StoreError
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from skylift.runtime.active import ActiveRun, Outcome
    from skylift.store.objects import ObjectStore

VALUE = "hunter2-and-3"
NAME = "BETRAYED"


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.setenv("ITS_VARIABLE", VALUE)
    monkeypatch.delenv(NAME, raising=False)
    steps.CALLED.clear()
    yield
    assert NAME not in os.environ
    assert known_forms() == frozenset()


def active(store: ObjectStore, function: Callable[..., Any], **config: Any) -> ActiveRun:
    asked: dict[str, Any] = {"secrets": {NAME: "env:ITS_VARIABLE"}, **config}
    return start_run(store, make_snapshot(make_step("a", function, **asked)))


def execute(run: ActiveRun) -> Outcome:
    with teed():
        return execute_invocation(run, run.snapshot.step("a"))


def everything_in(store: ObjectStore) -> bytes:
    return b"\n".join(store.get(key) or b"" for key in store.list(""))


# In the process


def test_no_record_no_log_and_no_terminal_has_it(
    memory_store: ObjectStore, capfd: pytest.CaptureFixture[str]
) -> None:
    run = active(memory_store, steps.betrays, parameters={"name": NAME})
    outcome = execute(run)

    assert outcome.status is Status.COMPLETED
    assert outputs_of(memory_store, run.id, "a") == {"output": f"{len(VALUE)} letters"}
    log = log_of(memory_store, run.id, "a")
    for said in ("printed *** StepContext(", "written *** by letters hun***\n"):
        assert said in log, log
    assert VALUE.encode() not in everything_in(memory_store)
    result = run.ledger.result(run.id, "a")
    assert result is not None
    assert result.metadata == {"told": "noted ***"}
    shown = capfd.readouterr().out.splitlines()
    assert [line for line in shown if VALUE in line] == [
        "in halves hunter2-and-3",
        "from C hunter2-and-3",
        "from a child hunter2-and-3",
    ], "what is written past Python's streams is not captured in process"


def test_nor_has_its_failure(memory_store: ObjectStore, capsys: pytest.CaptureFixture[str]) -> None:
    run = active(memory_store, steps.betrays_and_fails, parameters={"name": NAME})
    outcome = execute(run)

    assert outcome.reason.startswith("ValueError: *** is wrong...")
    assert outcome.error is not None
    assert "KeyError: '***'" in outcome.error.traceback
    assert VALUE.encode() not in everything_in(memory_store)
    assert VALUE not in str(capsys.readouterr())


def exits() -> None:
    raise SystemExit(os.environ[NAME])


def is_stopped() -> None:
    raise StopRequested(signal.SIGTERM)


@pytest.mark.parametrize("function", [steps.nothing, exits, is_stopped])
def test_it_is_gone_afterwards(memory_store: ObjectStore, function: Callable[..., Any]) -> None:
    outcome = execute(active(memory_store, function))
    assert VALUE not in outcome.reason


def test_what_was_there_before_is_put_back(
    memory_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALREADY", "here")
    run = active(
        memory_store,
        steps.reads_variable,
        parameters={"name": "ALREADY"},
        secrets={"ALREADY": "env:ITS_VARIABLE"},
    )
    execute(run)
    assert outputs_of(memory_store, run.id, "a") == {"output": VALUE}
    assert os.environ["ALREADY"] == "here"


def has_none() -> int:
    return len(get_step_context().secrets)


def test_a_step_that_asks_for_none_has_none(memory_store: ObjectStore) -> None:
    run = active(memory_store, has_none, secrets={})
    execute(run)
    assert outputs_of(memory_store, run.id, "a") == {"output": 0}


def test_a_short_one_is_said_to_be_shown(memory_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ITS_VARIABLE", "abc")
    run = active(memory_store, steps.nothing)
    execute(run)
    assert log_of(memory_store, run.id, "a") == (
        f"skylift: secret '{NAME}': it has fewer than 4 characters, and is not hidden in output\n"
    )


def test_a_child_that_is_forked_in_anothers_turn_can_write(
    memory_store: ObjectStore, capfd: pytest.CaptureFixture[str]
) -> None:
    run = active(memory_store, steps.forks_while_another_writes, parameters={"name": NAME})
    execute(run)
    assert outputs_of(memory_store, run.id, "a") == {"output": 3}
    assert capfd.readouterr().out == "a child ***\n"


@pytest.mark.parametrize("function", [steps.prints, steps.betrays_and_fails])
def test_whatever_the_store_loses_it_is_neither_kept_nor_left_behind(function: Callable[..., Any]) -> None:
    def run(plan: Plan) -> tuple[ObjectStore, int]:
        store, transport = faulty_store(plan)
        with suppress(StoreError, Died):
            execute(active(store, function, parameters={"name": NAME}))
        transport.plan = never
        return store, len(transport.calls)

    _, calls = run(never)
    for index in range(calls):
        for fault in (Fault.LOST_BEFORE, Fault.DIES_BEFORE):
            store, _ = run(at(index, fault))
            assert VALUE.encode() not in everything_in(store)
            assert NAME not in os.environ
            assert known_forms() == frozenset()


# What cannot be had


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, "the environment variable ITS_VARIABLE is not set. export ITS_VARIABLE=…"),
        ("", "it is empty. Look at what is kept there."),
    ],
)
def test_without_it_the_step_fails_before_its_inputs_are_loaded(
    memory_store: ObjectStore, monkeypatch: pytest.MonkeyPatch, value: str | None, sentence: str
) -> None:
    monkeypatch.setattr("skylift.runtime.invocation.load_arguments", pytest.fail)
    monkeypatch.delenv("ITS_VARIABLE")
    if value is not None:
        monkeypatch.setenv("ITS_VARIABLE", value)
    run = active(memory_store, steps.nothing)
    outcome = execute(run)

    assert outcome.status is Status.FAILED
    assert outcome.reason == f"secret '{NAME}': {sentence}"


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_what_no_environment_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    from skylift import secrets

    def gives(*_: object) -> str:
        return value

    monkeypatch.setattr(secrets, "_OWN", {"env": gives})
    with pytest.raises(
        ConfigurationError, match=r"^step 'a', secret 'A': no environment can hold it\. Look at"
    ):
        looked_up({"A": "env:A"}, "step 'a'")


def test_a_stop_while_it_is_looked_up_stops_the_step(
    memory_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asks(*_: object) -> str:
        signal.raise_signal(signal.SIGINT)
        return "never"

    from skylift import secrets

    monkeypatch.setattr(secrets, "_OWN", {"env": asks})
    run = active(memory_store, steps.nothing)
    with held_back():
        outcome = execute(run)
    assert (outcome.status, outcome.reason) == (Status.STOPPED, "it was stopped by Ctrl-C")


@given(st.dictionaries(st.sampled_from(["A_SECRET", "B_SECRET", "C_SECRET"]), st.text("abc", min_size=1)))
def test_the_environment_is_as_it_was(values: dict[str, str]) -> None:
    before = dict(os.environ)

    def breaks() -> None:
        with revealed(values):
            assert {**before, **values} == dict(os.environ)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaks()
    assert dict(os.environ) == before


# Hooks


@pytest.mark.parametrize("function", [steps.nothing, steps.fails])
def test_a_steps_hook_has_the_steps_secrets(memory_store: ObjectStore, function: Callable[..., Any]) -> None:
    hook = source_of(steps.betraying_hook, "hook")
    run = active(memory_store, function, on_success=hook, on_failure=hook)
    execute(run)

    assert steps.CALLED == [VALUE]
    assert log_of(memory_store, run.id, "a").endswith("the hook says ***\n")


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
def test_a_pipelines_hook_has_the_pipelines_secrets(
    memory_store: ObjectStore, capsys: pytest.CaptureFixture[str], status: Status
) -> None:
    with teed():
        end_with_hook(memory_store, status, {NAME: "env:ITS_VARIABLE"})
    assert steps.CALLED == [VALUE]
    assert capsys.readouterr().out == "the hook says ***\n"


def test_a_pipelines_hook_whose_secret_is_not_there_is_not_called(
    memory_store: ObjectStore, capsys: pytest.CaptureFixture[str]
) -> None:
    end_with_hook(memory_store, Status.COMPLETED, {NAME: "env:NOT_SET_AT_ALL"})
    assert steps.CALLED == []
    assert capsys.readouterr().err == (
        "pipeline 'tested', secret 'BETRAYED': the environment variable NOT_SET_AT_ALL is not set. "
        "export NOT_SET_AT_ALL=…\n"
    )


def end_with_hook(store: ObjectStore, status: Status, secrets: dict[str, str]) -> None:
    snapshot, hook = make_snapshot(make_step("a")), source_of(steps.betraying_hook, "hook")
    update = {"on_success": hook, "on_failure": hook, "secrets": secrets}
    configuration = snapshot.pipeline_configuration.model_copy(update=update)
    run = start_run(store, snapshot.model_copy(update={"pipeline_configuration": configuration}))
    end = RunEndRecord(status=status)
    call_run_hook(run, end, end)


# A process of its own


def finish(run: ActiveRun) -> tuple[int, str, str]:
    with step_process(run.ledger.store, run.snapshot, "a") as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def files_of(store: ObjectStore) -> bytes:
    return b"\n".join(
        path.read_bytes() for path in Path(store.uri.removeprefix("file://")).rglob("*") if path.is_file()
    )


def test_all_output_of_a_steps_process_is_without_it(file_store: ObjectStore) -> None:
    hook = source_of(steps.betraying_hook, "hook")
    run = active(file_store, steps.betrays, parameters={"name": NAME}, on_success=hook)
    code, out, err = finish(run)
    log = log_of(file_store, run.id, "a")

    assert code == 0, err
    assert " by letters" in out  # in the log, a line of the other stream may come between two of them
    for said in (
        "printed *** StepContext(",
        "written ***",
        "logged ***",
        "in halves ***\n",
        "from C ***\n",
        "from a child ***\n",
        "the hook says ***\n",
    ):
        assert said in out + err
        assert said in log or "hook" in said
    assert VALUE not in out + err
    assert VALUE.encode() not in files_of(file_store)


def test_one_that_is_larger_than_a_pipe(file_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pump is told of it in pieces, and of all its forms."""
    value = "".join(f"{number:07}" for number in range(15_000))
    monkeypatch.setenv("ITS_VARIABLE", value)
    run = active(file_store, steps.prints, parameters={"name": NAME})
    code, out, err = finish(run)

    assert (code, out, err) == (0, "it is ***!\n", "")
    assert log_of(file_store, run.id, "a") == out


def test_a_failure_in_a_process_is_without_it(file_store: ObjectStore) -> None:
    run = active(file_store, steps.betrays_and_fails, parameters={"name": NAME})
    code, out, err = finish(run)

    assert code == 1
    assert "ValueError: *** is wrong" in err
    assert VALUE not in out + err
    assert VALUE.encode() not in files_of(file_store)


def test_a_process_that_is_killed_leaves_no_part_of_it(file_store: ObjectStore) -> None:
    run = active(file_store, steps.betrays_and_dies, parameters={"name": NAME})
    code, out, _ = finish(run)

    assert code == -signal.SIGKILL
    assert out == "it begins with ***"
    assert b"hunter" not in files_of(file_store)


def test_what_is_held_is_shown_after_a_while(file_store: ObjectStore, tmp_path: Path) -> None:
    """Two letters betray nothing, and may be a prompt that somebody waits for."""
    arrived = tmp_path / "arrived"
    os.mkfifo(arrived)
    run = active(file_store, steps.betrays_and_waits, parameters={"name": NAME, "arrived": str(arrived)})
    with step_process(file_store, run.snapshot, "a") as process:
        assert process.stdout
        arrived.read_text()
        wanted = "it begins with hu"
        assert os.read(process.stdout.fileno(), 100).decode() + process.stdout.read(2) == wanted
        process.terminate()
        process.communicate(timeout=60)
    assert log_of(file_store, run.id, "a") == wanted


@pytest.mark.parametrize("timeout", [0.05])
def test_it_is_hidden_when_the_time_is_up(file_store: ObjectStore, tmp_path: Path, timeout: float) -> None:
    arrived = tmp_path / "arrived"
    os.mkfifo(arrived)
    reader = threading.Thread(target=arrived.read_text, daemon=True)
    reader.start()
    parameters = {"name": NAME, "arrived": str(arrived)}
    run = active(file_store, steps.betrays_and_waits, parameters=parameters, timeout=timeout)
    code, _, _ = finish(run)

    assert code == 1
    assert run.ledger.attempt_end(run.id, "a", 1, AttemptEnd.FAILED) is not None
    assert VALUE.encode() not in files_of(file_store)

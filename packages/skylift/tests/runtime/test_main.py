"""`python -m skylift.runtime step …`: real processes, as a backend starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import steps
from skylift_tests_support.runs import (
    chain,
    lines,
    log_of,
    make_snapshot,
    make_step,
    outputs_of,
    process_environment,
    start_run,
    step_process,
)

from skylift.ledger import keys
from skylift.ledger.view import read_status
from skylift.runtime.interrupts import STOPPED_EXIT
from skylift.runtime.time_limit import TIMED_OUT_EXIT
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.run_id import RUN_ID_ENV
from skylift_contract.settings import StepRetryConfig
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift.runtime.active import ActiveRun
    from skylift.store.objects import ObjectStore

SHORT_GRACE = """
import sys
from skylift.runtime import time_limit
time_limit.GRACE_S = 0.05
from skylift.runtime.__main__ import main
sys.exit(main())
"""


def started(store: ObjectStore, function: Callable[..., Any], **config: Any) -> ActiveRun:
    return start_run(store, make_snapshot(make_step("a", function, **config)))


def finish(run: ActiveRun, name: str = "a", **options: Any) -> tuple[int, str, str]:
    with step_process(run.ledger.store, run.snapshot, name, **options) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def fifo(path: Path) -> str:
    os.mkfifo(path)
    return str(path)


def test_a_step_runs_and_closes_its_run(file_store: ObjectStore, tmp_path: Path) -> None:
    run = start_run(file_store, chain(tmp_path / "journal"))
    codes = [finish(run, name)[0] for name in "abc"]

    assert codes == [0, 0, 0]
    assert outputs_of(file_store, run.id, "c") == {"output": 3}
    end = run.ledger.newest_end(run.id)
    assert end is not None
    assert end[1].status is Status.COMPLETED


@pytest.mark.parametrize("name", ["-dash", "--step", "two words", "größe"])
def test_a_step_runs_whatever_its_name(file_store: ObjectStore, name: str) -> None:
    """A command's own options begin with a dash, and so may a name."""
    run = start_run(file_store, make_snapshot(make_step(name, steps.nothing)))
    assert finish(run, name)[0] == 0


@pytest.mark.parametrize(
    ("function", "parameters", "code"),
    [(steps.fails, {}, 1), (steps.exits, {"code": 0}, 1), (steps.nothing, {}, 0)],
)
def test_exit_codes(
    file_store: ObjectStore, function: Callable[..., Any], parameters: dict[str, Any], code: int
) -> None:
    assert finish(started(file_store, function, parameters=parameters))[0] == code


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, "skylift: backend 'test': no orchestrator run ID: looked in"),
        ("{{ run_id }}", "still holds a placeholder, so the backend did not substitute it"),
        ("x" * 251, "the orchestrator run ID has 251 characters"),
    ],
)
def test_without_a_run_id_nothing_is_written(
    file_store: ObjectStore, value: str | None, sentence: str
) -> None:
    snapshot = make_snapshot(make_step("a"))
    from skylift.ledger.ledger import Ledger

    Ledger(file_store).put_snapshot(snapshot)
    argv = ["step", "--store", file_store.uri, "--snapshot", snapshot.digest, "--step", "a"]
    ended = subprocess.run(
        [sys.executable, "-m", "skylift.runtime", *argv],
        env=process_environment(value),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 1
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
    assert file_store.list("") == [keys.snapshot(snapshot.digest)]


def test_a_run_of_another_snapshot_stops_the_step(file_store: ObjectStore) -> None:
    started(file_store, steps.nothing)
    other = make_snapshot(make_step("a", steps.two))
    from skylift.ledger.ledger import Ledger

    Ledger(file_store).put_snapshot(other)
    with step_process(file_store, other, "a") as process:
        _, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "one orchestrator run ID for two runs" in err


def test_a_duplicate_says_so_and_one_in_an_ended_run_is_an_error(
    file_store: ObjectStore, tmp_path: Path
) -> None:
    run = start_run(file_store, chain(tmp_path / "journal"))
    first, second = finish(run, "a"), finish(run, "a")
    for name in "bc":
        finish(run, name)
    third = finish(run, "a")

    assert (first[0], second[0], third[0]) == (0, 0, 1)
    assert run.ledger.step_listing(run.id, "a").attempts[2] == {AttemptEnd.DUPLICATE}
    assert "one orchestrator run ID was used again" in third[2]
    assert lines(tmp_path / "journal") == ["a", "b", "c"]


# Logs


SAID = (
    "from print",
    "from stderr",
    "from logging",
    "UserWarning: from warnings",
    "from a descriptor",
    "from C",
    "from a child",
    "from its stderr",
)


def test_all_output_of_the_process_is_in_the_log_and_where_it_went_before(file_store: ObjectStore) -> None:
    run = started(file_store, steps.speaks_in_tongues)
    code, out, err = finish(run)
    log = log_of(file_store, run.id, "a")

    assert code == 0
    for line in SAID:
        assert log.count(line) == 1, log
        assert (out + err).count(line) == 1
    assert "from stderr" in err
    assert "from C" in out


def test_output_is_stored_while_the_step_runs(file_store: ObjectStore, tmp_path: Path) -> None:
    """The pump's first look is made at once; the step waits until its output was seen stored."""
    arrived, go_on = fifo(tmp_path / "arrived"), fifo(tmp_path / "go_on")
    run = started(file_store, steps.waits, parameters={"arrived": arrived, "go_on": go_on})
    code = """
import sys, threading
from skylift.runtime import logs, invocation
class Told(logs.LogSink):
    def flush(self):
        super().flush()
        if self._number:
            open(ARRIVED).close()
invocation.LogSink = lambda store: Told(store, lambda wake, pause: None)
from skylift_tests_support import steps
meet = steps.meet
def told(path):
    sys.stdout.write("I am running\\n")  # print makes two writes of it under PYTHONUNBUFFERED
    sys.stdout.flush()
steps.meet = told
from skylift.runtime.__main__ import main
sys.exit(main())
""".replace("ARRIVED", repr(str(tmp_path / "stored")))
    os.mkfifo(tmp_path / "stored")
    with step_process(file_store, run.snapshot, "a", code=code) as process:
        steps.meet(str(tmp_path / "stored"))
        seen = log_of(file_store, run.id, "a")
        is_committed = run.ledger.result(run.id, "a") is not None
        release = threading.Thread(target=steps.meet, args=(go_on,))
        release.start()
        draining = threading.Thread(target=_drain, args=(tmp_path / "stored",), daemon=True)
        draining.start()
        process.communicate(timeout=60)
        release.join()

    assert seen == "I am running\n"
    assert not is_committed
    assert process.returncode == 0


def _drain(path: Path) -> None:
    """Let every further reader of a FIFO go on."""
    while True:
        steps.meet(str(path))


def test_a_megabyte_from_c_blocks_nobody(file_store: ObjectStore) -> None:
    """It is written while the interpreter is held: a thread of this process could not take it."""
    size = 2**20
    run = started(file_store, steps.prints_much_from_c, parameters={"size": size})
    code, out, _ = finish(run)

    assert code == 0
    assert out == "x" * size + "\n"
    assert log_of(file_store, run.id, "a") == out
    sizes = [len(file_store.get(key) or b"") for key in file_store.list(keys.logs(run.id, "a"))]
    assert max(sizes) == 256 * 1024


def test_a_child_that_is_left_behind_does_not_keep_the_step(file_store: ObjectStore) -> None:
    run = started(file_store, steps.leaves_a_child, parameters={"seconds": 600})
    with step_process(file_store, run.snapshot, "a", start_new_session=True) as process:
        assert process.wait(60) == 0
        os.killpg(process.pid, signal.SIGKILL)


def test_last_words_of_a_process_that_dies_reach_the_terminal(file_store: ObjectStore) -> None:
    run = started(file_store, steps.dies, parameters={"signal_number": signal.SIGSEGV})
    code, out, _ = finish(run)

    assert code == -signal.SIGSEGV
    assert out == "last words\n"


def test_each_attempt_has_its_log(file_store: ObjectStore, tmp_path: Path) -> None:
    run = started(
        file_store,
        steps.fails_until,
        parameters={"journal": str(tmp_path / "journal"), "attempt": 2},
        retry=StepRetryConfig(max_retries=1),
    )
    code, _, _ = finish(run)

    assert code == 0
    assert "ValueError: attempt 1 had no luck" in log_of(file_store, run.id, "a", 1)
    assert log_of(file_store, run.id, "a", 2) == ""


# Stops and time-outs


def test_sigterm_stops_the_step_and_is_recorded(file_store: ObjectStore, tmp_path: Path) -> None:
    arrived, go_on = fifo(tmp_path / "arrived"), fifo(tmp_path / "go_on")
    parameters = {"arrived": arrived, "go_on": go_on, "journal": str(tmp_path / "journal")}
    run = started(file_store, steps.waits, parameters=parameters)
    with step_process(file_store, run.snapshot, "a") as process:
        Path(arrived).read_text()
        process.terminate()
        process.communicate(timeout=60)

    assert process.returncode == STOPPED_EXIT
    assert lines(tmp_path / "journal") == ["StopRequested"]
    assert run.ledger.step_listing(run.id, "a").attempts == {1: {AttemptEnd.STOPPED}}
    end = run.ledger.newest_end(run.id)
    assert end is not None
    assert end[1].status is Status.STOPPED


def test_a_step_whose_time_is_up_has_failed(file_store: ObjectStore, tmp_path: Path) -> None:
    parameters = {"arrived": fifo(tmp_path / "arrived"), "go_on": fifo(tmp_path / "go_on")}
    run = started(file_store, steps.waits, parameters=parameters, timeout=0.05)
    code, _, _ = finish(run)

    assert code == 1
    end = run.ledger.attempt_end(run.id, "a", 1, AttemptEnd.FAILED)
    assert end is not None
    assert end.reason == "it timed out after 0.05 s"


@pytest.mark.skipif(sys.platform != "linux", reason="a mutex of zeros is Linux's")
@pytest.mark.parametrize("retries", [0, 1])
def test_a_step_stuck_in_c_leaves_its_last_words(file_store: ObjectStore, retries: int) -> None:
    run = started(file_store, steps.stuck_in_c, timeout=0.05, retry=StepRetryConfig(max_retries=retries))
    code, _, _ = finish(run, code=SHORT_GRACE)

    how = AttemptEnd.RETRYING if retries else AttemptEnd.FAILED
    assert code == TIMED_OUT_EXIT
    assert run.ledger.step_listing(run.id, "a").attempts == {1: {how}}
    end = run.ledger.attempt_end(run.id, "a", 1, how)
    assert end is not None
    assert end.reason == "it timed out after 0.05 s, and its code did not let itself be interrupted"
    assert log_of(file_store, run.id, "a") == "going under\n"
    assert (run.ledger.failure(run.id) is None) is bool(retries)
    assert read_status(run.ledger, run.id, run.snapshot).status is Status.FAILED


# Imports


def test_a_steps_process_imports_what_it_needs_only(file_store: ObjectStore) -> None:
    """Each module costs every step of every run."""
    run = started(file_store, steps.nothing)
    code = """
import sys
from skylift.runtime.__main__ import main
code = main()
print(*sorted(sys.modules), file=sys.stderr)
sys.exit(code)
"""
    _, _, err = finish(run, code=code)
    loaded = set(err.split())
    tops = {name.partition(".")[0] for name in loaded}

    assert "skylift.runtime.step" in loaded
    assert not tops & {
        "click",
        "rich",
        "platformdirs",
        "cloudpickle",
        "packaging",
        "asyncio",
        "numpy",
        "pandas",
    }
    unwanted = (
        "skylift.cli",
        "skylift.console",
        "skylift.launch",
        "skylift.compiler",
        "skylift.local",
        "skylift.models",
    )
    assert not {name for name in loaded if name.startswith(unwanted)}


def test_the_environment_names_the_run_of_its_children(file_store: ObjectStore) -> None:
    run = started(file_store, steps.reads_variable, parameters={"name": RUN_ID_ENV})
    finish(run)

    assert outputs_of(file_store, run.id, "a") == {"output": "own/1"}

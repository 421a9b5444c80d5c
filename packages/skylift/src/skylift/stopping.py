"""Stopping a run: a request in its ledger, and a signal to the process that makes it."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from skylift.backends import LOCAL, emulated_elsewhere, orchestrator_of
from skylift.flavors import capabilities
from skylift.ledger.process import liveness
from skylift.ledger.records import StopRecord
from skylift.orchestrator_calls import calling
from skylift.sub_runs import check_is_whole
from skylift_contract.capability import Capability
from skylift_contract.check import UNDECLARED
from skylift_contract.errors import ConfigurationError, SkyliftError
from skylift_contract.status import Liveness

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from skylift.ledger.records import RunRecord, Writer
    from skylift.models import PipelineRun
    from skylift_contract.status import RunStatus

PAUSE_S: Final = 0.1
PATIENCE_S: Final = 30.0
"""What a process has to record its end: longer than its workers' own grace of 15 seconds."""

HOLDS: Final = (
    "the request to stop is in the run's store, and holds all the same: steps that have not begun will not "
    "begin, and what runs now goes on until it ends or is stopped"
)
"""What whoever could not end a run's steps has still come to."""


def stop(
    run: PipelineRun, *, graceful: bool, user: str, pause: Callable[[float], object] = time.sleep
) -> RunStatus:
    """Stop a run, and return how it stands then.

    A local run is waited for; a graceful stop lets the steps that run finish, however long
    they take. One in a thread of a program that does more finds the request in its store, and
    gets no signal. Any other flavor's orchestrator is asked and not waited for. A run that
    has ended is left as it is.

    Raises `ConfigurationError` for a run of another machine, or one that is part of another run, and
    `SkyliftError` when the process does not end, or with the note `HOLDS` where it, or the backend,
    could not be asked to.
    """
    check_is_whole(run, "skylift runs stop")
    status, record = run.fetch(), run.record
    if status.status.is_finished or record is None:
        return status
    request = StopRecord(graceful=graceful, user=user)
    maker = _maker(run, record)
    if maker is None:
        run.ledger.request_stop(record.run_id, request)
        with _said_what_holds():
            _ask_backend(run, record, graceful=graceful)
        return run.fetch()
    if not graceful:
        _check_here(maker)
    run.ledger.request_stop(record.run_id, request)
    if graceful:
        return _ended(run, maker, None, pause)
    with _said_what_holds():
        _signal(maker)
    return _ended(run, maker, PATIENCE_S, pause)


class _Maker(NamedTuple):
    """The process that makes a run; `signal`: what stops the run there, and ends nothing else."""

    run_id: str
    writer: Writer
    signal: signal.Signals | None


def _maker(run: PipelineRun, record: RunRecord) -> _Maker | None:
    """Of a local run, and of one whose backend another process emulates; None of any other."""
    if record.flavor == LOCAL:
        return _Maker(record.run_id, record.writer, signal.SIGTERM if record.is_signalled else None)
    emulator = emulated_elsewhere(run.ledger, record)
    return _Maker(record.run_id, emulator, signal.SIGINT) if emulator else None


def why_steps_finish(run: PipelineRun) -> str:
    """Why a stop lets the steps that run now finish; empty where it ends them."""
    record = run.record
    if record is None or record.flavor == LOCAL:
        return ""
    able = capabilities(orchestrator_of(run.ledger, record)).get(Capability.STOP, UNDECLARED)
    return "" if able else able.describe()


@contextmanager
def _said_what_holds() -> Generator[None]:
    try:
        yield
    except SkyliftError as error:
        error.add_note(HOLDS)
        raise


def _ask_backend(run: PipelineRun, record: RunRecord, *, graceful: bool) -> None:
    """Where the flavor cannot stop, the request is what steps find that have not started."""
    orchestrator = orchestrator_of(run.ledger, record)
    if not why_steps_finish(run):
        with calling(orchestrator, "stop_run", f"run {record.run_id}"):
            orchestrator.stop_run(run, graceful)


def _check_here(maker: _Maker) -> None:
    if liveness(maker.writer) is Liveness.UNSEEN:
        host = maker.writer.host.partition("/")[0]
        raise ConfigurationError(
            f"its process runs on {host}, and can be ended there only",
            who=f"run {maker.run_id}",
            fix="Do it there, or with --graceful, which the run finds in its store between two steps.",
        )


def _signal(maker: _Maker) -> None:
    """To that very process, where the run is all it does: a pid alone may be another's by now."""
    if maker.signal is None or liveness(maker.writer) is not Liveness.ALIVE:
        return
    try:
        os.kill(maker.writer.pid, maker.signal)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise ConfigurationError(
            "its process belongs to another user",
            who=f"run {maker.run_id}",
            value=maker.writer.pid,
            fix="Ask them, or stop it with --graceful.",
        ) from error


def _ended(
    run: PipelineRun, maker: _Maker, patience_s: float | None, pause: Callable[[float], object]
) -> RunStatus:
    """Wait until the run is closed: by its process, or by this look when the process is gone."""
    began = time.monotonic()
    while run.end is None and not (
        liveness(maker.writer) is Liveness.GONE and run.fetch().status.is_finished
    ):
        if patience_s is not None and time.monotonic() - began > patience_s:
            raise _still_running(maker, patience_s)
        pause(PAUSE_S)
    return run.fetch()


def _still_running(maker: _Maker, patience_s: float) -> SkyliftError:
    who, pid = f"run {maker.run_id}, process {maker.writer.pid}", maker.writer.pid
    asked = f"it was asked to stop {patience_s:g} s ago, and"
    if maker.signal is None:
        return SkyliftError(
            f"{asked} its step runs in a thread of a program that does more, where nothing can interrupt it",
            who=who,
            fix=f"It stops when that step ends; see: skylift runs watch {maker.run_id}",
        )
    return SkyliftError(
        f"{asked} its code does not let itself be interrupted",
        who=who,
        fix=f"kill -9 {pid} ends it; whoever looks at the run next records that.",
    )

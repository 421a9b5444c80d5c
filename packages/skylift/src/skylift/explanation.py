"""Why a run stands as it stands: for each status, what its records say of the cause."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from skylift.backend_logs import backend_lines, is_known, standing
from skylift.backends import emulated_by
from skylift.caching.why import why_not_cached
from skylift.console.words import clock, counted, counts, cut, printable, seconds, status_word
from skylift.killed import advice
from skylift.ledger.calls import caught_in
from skylift.ledger.history import History
from skylift.ledger.output import Output
from skylift.ledger.records import UNREADABLE
from skylift.stacks.build import store_hint
from skylift.sub_runs import opened, place_of
from skylift_contract.enums import ExecutionMode
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import RecordTooNew, SkyliftError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skylift.ledger.records import EndRecord, StopRecord
    from skylift.models import PipelineRun
    from skylift_contract.status import RunStatus, StepStatus

TAIL: Final = 15
"""Lines of a log that are shown: what was printed just before."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that failed, `outer/inner` in a pipeline that was called.

    `advice`: what to do about one that was killed. `tail`: what it printed last.
    """

    step: str
    attempt: int
    reason: str
    seconds: float | None = None
    traceback: str = ""
    advice: str = ""
    tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What to tell of a run.

    `failed`: in the order in which they failed; only the first has its log. `caught`: those
    that failed, and that the function of a dynamic pipeline went on from. `not_run`: what did
    not run because of the first of `failed`. `resumed`: what was taken from the run that it
    resumes, or that one resumes; `cached`: from any other. `ran`: in a run that completed, the
    steps that were not cached, each with why. `following`: commands, each with what it is for.
    """

    run: PipelineRun
    status: RunStatus
    summary: str
    failed: tuple[Failure, ...] = ()
    caught: tuple[Failure, ...] = ()
    not_run: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    cached: tuple[str, ...] = ()
    resumed: tuple[str, ...] = ()
    ran: tuple[tuple[str, str], ...] = ()
    following: tuple[tuple[str, str], ...] = field(default=())


def explain(run: PipelineRun) -> Explanation:
    """Read what there is to know of a run's cause."""
    status = standing(run)
    failed, caught = _failures(run, status)
    failed = (*(replace(one, tail=_tail(run, one)) for one in failed[:1]), *failed[1:])
    has_completed = status.status is Status.COMPLETED
    resumed = _resumed(run)
    return Explanation(
        run=run,
        status=status,
        summary=_summary(run, status, failed, caught),
        failed=failed,
        caught=caught,
        not_run=_not_run(run, status, failed),
        stopped=_named(status, Status.STOPPED),
        cached=tuple(name for name in _named(status, Status.CACHED) if name not in resumed),
        resumed=resumed,
        ran=tuple(why_not_cached(run, status).items()) if has_completed else (),
        following=_following(run, status, failed),
    )


def _failures(
    run: PipelineRun, status: RunStatus, path: str = ""
) -> tuple[tuple[Failure, ...], tuple[Failure, ...]]:
    """What made a run fail, and what failed and was caught; of a pipeline within, what made that fail."""
    failed = {name: step for name, step in status.steps.items() if step.status is Status.FAILED}
    history = History.read(run.ledger, str(run.id), failed)
    timed = sorted(history.ends, key=lambda name: history.ends[name].ended)
    # A step whose end nobody wrote has no time: it was running when its process died.
    order = [*timed, *(name for name in failed if name not in history.ends)]
    culprits = _culprits(run, order)
    found = {name: tuple(_failure(run, name, failed[name], history, path)) for name in order}
    rest = (one for name in order if name not in culprits for one in found[name])
    return tuple(one for name in culprits for one in found[name]), tuple(rest)


def _culprits(run: PipelineRun, failed: Sequence[str]) -> list[str]:
    """That which ended the function comes first; then those whose failure it never heard of."""
    ended_by = run.end.failed_call if run.end else ""
    caught = caught_in(run.ledger, str(run.id), run.snapshot_of) - {ended_by} if failed else ()
    return sorted((name for name in failed if name not in caught), key=lambda name: name != ended_by)


def _failure(run: PipelineRun, name: str, step: StepStatus, history: History, path: str) -> Iterator[Failure]:
    within = opened(run, name)
    inner = _failures(within, within.fetch(), f"{path}{name}/")[0] if within else ()
    if inner:
        yield from inner
        return
    end: EndRecord | None = history.ends.get(name)
    has_words = end is not None and end.error is not None
    is_silent = end.reason.endswith("left no result") if end else _has_begun(run, name)
    yield Failure(
        step=f"{path}{name}",
        attempt=step.attempt,
        reason=step.reason,
        seconds=history.seconds(name),
        traceback=end.error.traceback if end and end.error else "",
        advice="" if has_words else advice(run.snapshot_of, name, step.reason, is_silent=is_silent),
    )


def _has_begun(run: PipelineRun, name: str) -> bool:
    """By its own records: what its backend started may have come to nothing before there was any."""
    return bool(run.ledger.step_listing(str(run.id), name).attempts)


def _tail(whole: PipelineRun, failure: Failure) -> tuple[str, ...]:
    """The last lines of its newest attempt; the traceback that the runtime printed then is left out."""
    run, name = place_of(whole, failure.step)
    traceback = failure.traceback.splitlines()
    output = Output(run.ledger, str(run.id), [name])
    lines: deque[str] = deque(maxlen=TAIL + len(traceback))
    for printed in (*output.new(), *output.rest()):
        if printed.attempt == failure.attempt:
            lines.extend(printed.text.splitlines())
    found = list(lines)
    if traceback and found[-len(traceback) :] == traceback:
        del found[-len(traceback) :]
    return tuple(found[-TAIL:]) if found or traceback else _told_by_backend(run, name)


def _told_by_backend(run: PipelineRun, step: str) -> tuple[str, ...]:
    """The last lines of a step that stored none; none where they cannot be read."""
    lines: deque[str] = deque(maxlen=TAIL)
    with suppress(SkyliftError):
        if is_known(run, step):
            lines.extend(backend_lines(run, step))
    return tuple(lines)


def _not_run(run: PipelineRun, status: RunStatus, failed: Sequence[Failure]) -> tuple[str, ...]:
    """What a failure kept from running: the whole rest, or what depends on the first where others go on."""
    if not failed:
        return _named(status, Status.NOT_STARTED, Status.SKIPPED)
    left = _named(status, Status.NOT_STARTED, Status.SKIPPED)
    if run.snapshot_of.pipeline_configuration.execution_mode is not ExecutionMode.CONTINUE_ON_FAILURE:
        return left
    reached = {failed[0].step.partition("/")[0], failed[0].step}
    for name, step in run.snapshot_of.step_configurations.items():
        if reached.intersection(step.spec.upstream_steps):
            reached.add(name)
    return tuple(name for name in left if name in reached) or left


def _resumed(run: PipelineRun) -> tuple[str, ...]:
    """What a run has bound from those that it goes on from, as far back as their records say."""
    snapshot, ledger, before = run.snapshot_of, run.ledger, dict[str, None]()
    submission = run.submission_id
    with suppress(*UNREADABLE):
        while submission and (request := ledger.request(submission)) and request.resumes:
            before[request.resumes] = None
            record = ledger.run(request.resumes)
            submission = record.submission_id if record else None
    names = (name for name in snapshot.invocations if name in snapshot.bindings)
    return tuple(name for name in names if snapshot.bindings[name].run_id in before)


def _named(status: RunStatus, *wanted: Status) -> tuple[str, ...]:
    return tuple(name for name, step in status.steps.items() if step.status in wanted)


def _summary(
    run: PipelineRun, status: RunStatus, failed: Sequence[Failure], caught: Sequence[Failure]
) -> str:
    """One sentence for each status there is."""
    found = counted(counts(step.status for step in status.steps.values()))
    match status.status:
        case Status.COMPLETED | Status.CACHED if caught:
            said = f"completed, for its function caught the failure of step {caught[0].step!r}"
        case Status.COMPLETED | Status.CACHED:
            said = "completed, and nothing of it failed"
        case Status.FAILED if failed and not _is_the_functions_own(run, status):
            said = f"failed, for step {failed[0].step!r} failed"
        case Status.FAILED:
            said = f"failed: {status.reason or 'no reason was recorded'}"
        case Status.STOPPED | Status.STOPPING:
            said = _asked(run, status)
        case Status.RUNNING:
            said = f"is running{_running(status)}"
        case Status.PENDING:
            said = f"has not begun: {status.reason or 'its backend has it, and nothing of it runs yet'}"
        case _:
            said = f"cannot be asked how it stands: {status.reason or status_word(status.status)}"
    return f"run {run.id} of pipeline {run.pipeline!r} {printable(said)}{f' ({found})' if found else ''}."


def _is_the_functions_own(run: PipelineRun, status: RunStatus) -> bool:
    """Whether the function of a dynamic pipeline failed by itself, whatever else did."""
    end = run.end
    failed = _named(status, Status.FAILED)
    is_a_steps = any(status.reason.startswith(f"step {name!r}: ") for name in failed)
    return run.snapshot_of.is_dynamic and end is not None and not end.failed_call and not is_a_steps


def _asked(run: PipelineRun, status: RunStatus) -> str:
    request = _request(run)
    word = "was stopped" if status.status is Status.STOPPED else "is being stopped"
    if request is None:
        return f"{word} where it ran: {status.reason or 'by Ctrl-C or a signal'}"
    how = ", gracefully" if request.graceful else ""
    return f"{word}{how}, as {request.user or 'somebody'} asked at {clock(request.writer.time)}"


def _request(run: PipelineRun) -> StopRecord | None:
    with suppress(RecordTooNew):
        return run.ledger.stop_request(str(run.id))
    return None


def _running(status: RunStatus) -> str:
    running = _named(status, Status.RUNNING)
    tries = [f"{name!r}: {status.steps[name].reason}" for name in running if status.steps[name].reason]
    if tries:
        return f"; step {'; step '.join(tries)}"
    return f", at step {', '.join(map(repr, running[:3]))}" if running else ""


def _following(run: PipelineRun, status: RunStatus, failed: Sequence[Failure]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    if failed:
        found.append((f"logs {run.id} {failed[0].step}", "all that the step printed"))
    if not status.status.is_finished:
        found.append((f"watch {run.id}", "follow it until it ends"))
    found.append((f"describe {run.id}", "every step, with its outputs"))
    if status.status in {Status.FAILED, Status.STOPPED} and not (
        run.record and emulated_by(run.ledger, run.record)
    ):
        found.append((f"resume {run.id}", "do what it has left; with FILE.py, as that is today"))
    place = store_hint(run.ledger.store.uri)
    return tuple((f"skylift runs {command}{place}", purpose) for command, purpose in found)


def headline(failure: Failure) -> str:
    """One line on a failure: which step, which attempt, after how long."""
    attempt = f", attempt {failure.attempt}" if failure.attempt > 1 else ""
    after = f" after {seconds(failure.seconds)}" if failure.seconds is not None else ""
    return f"step {failure.step!r} failed{after}{attempt}: {cut(printable(failure.reason))}"

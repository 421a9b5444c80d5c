"""Calling an orchestrator's own code, and checking what it answers.

It may be anybody's: what goes wrong there is said with the method, the flavor's distribution
and the submission, and is no bug of Skylift's.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from skylift_contract.card import guarded, origin
from skylift_contract.errors import BackendError
from skylift_contract.orchestrator import SubmissionResult, overrides
from skylift_contract.run_id import checked

if TYPE_CHECKING:
    from collections.abc import Generator

    from skylift_contract.orchestrator import BaseOrchestrator


@contextmanager
def calling(orchestrator: BaseOrchestrator, method: str, about: str) -> Generator[None]:
    """Raise `BackendError` for what the method raises; `about`: the submission, run or pipeline."""
    if type(orchestrator).__module__.startswith("skylift."):
        yield  # what goes wrong in our own code is our bug
        return

    def failed(cause: str) -> BackendError:
        fix = "It is the plugin's own code: with --debug, its traceback."
        return _fault(orchestrator, method, f"it failed for {about}: {cause}", fix)

    with guarded(failed):
        yield


def submitted_by(orchestrator: BaseOrchestrator) -> str:
    """The method that a class submits static pipelines with."""
    has_own = overrides(type(orchestrator), "submit_pipeline")
    return "submit_pipeline" if has_own else "prepare_or_run_pipeline"


def checked_result(
    result: Any, orchestrator: BaseOrchestrator, method: str, about: str
) -> SubmissionResult | None:
    """Return what a submit came to; raise `BackendError` for what is no result of one."""
    if result is None:
        return None
    fix = "Return a SubmissionResult, or None."
    if not isinstance(result, SubmissionResult):
        raise _fault(orchestrator, method, f"it returned {result!r} for {about}", fix)
    if result.wait_for_completion is not None and not callable(result.wait_for_completion):
        wrong = f"wait_for_completion={result.wait_for_completion!r}, which cannot be called"
        raise _fault(orchestrator, method, f"for {about} it returned {wrong}", fix)
    if result.schedule_id is not None and not isinstance(result.schedule_id, str):  # pyright: ignore[reportUnnecessaryIsInstance] -- a plugin's own code returned it
        wrong = f"schedule_id={result.schedule_id!r}, which is no text"
        raise _fault(orchestrator, method, f"for {about} it returned {wrong}", fix)
    return result


def checked_run_id(
    result: SubmissionResult | None, orchestrator: BaseOrchestrator, method: str
) -> str | None:
    """The canonical orchestrator run ID of a result; `RunIdError` for one that no step could have."""
    if result is None or result.orchestrator_run_id is None:
        return None
    return checked(result.orchestrator_run_id, who=operation(orchestrator, method), backend="")


def operation(orchestrator: BaseOrchestrator, method: str) -> str:
    return f"{type(orchestrator).__qualname__}.{method} of {origin(orchestrator)}"


def _fault(orchestrator: BaseOrchestrator, method: str, what: str, fix: str) -> BackendError:
    return BackendError(what, operation=operation(orchestrator, method), fix=fix)

"""What a plan compiles to: its snapshot, and the documents that its flavor makes of that."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from skylift.compiled_files import LIST
from skylift.launch.environments import base_environment, step_environments
from skylift.launch.leaks import refuse_leaks
from skylift.orchestrator_calls import calling, operation
from skylift_contract.compiled import CompiledPipeline
from skylift_contract.errors import BackendError
from skylift_contract.orchestrator import overrides

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.launch.plan import Plan
    from skylift_contract.orchestrator import BaseOrchestrator

SNAPSHOT: Final = "snapshot.json"
METHOD: Final = "compile_pipeline"


@dataclass(frozen=True, slots=True)
class Compiled:
    """Relative path → bytes; `summary` is the flavor's, for people, and `note` says what is missing."""

    files: Mapping[str, bytes]
    summary: Mapping[str, Any] = field(default_factory=dict[str, Any])
    note: str = ""


def compile_documents(plan: Plan) -> Compiled:
    """Everything in memory: no store is opened, no backend asked.

    The documents are those of a submission but for its id, which there is none of here.
    Raises `BackendError` for what a plugin must not return, and `ConfigurationError` for a
    secret in it.
    """
    snapshot, stack = plan.snapshot, plan.stack
    orchestrator, own = stack.orchestrator, {SNAPSHOT: snapshot.content}
    if not overrides(type(orchestrator), METHOD):
        return Compiled(own, note=f"{orchestrator.flavor} has no document of its own: it runs the snapshot")
    base = base_environment(plan, None)
    with calling(orchestrator, METHOD, f"pipeline {snapshot.name!r}"):
        made = orchestrator.compile_pipeline(snapshot, stack, base, step_environments(snapshot, base))
    checked = _checked(made, orchestrator)
    refuse_leaks(plan, checked.documents)
    return Compiled({**own, **checked.documents}, checked.summary)


def _checked(made: object, orchestrator: BaseOrchestrator) -> CompiledPipeline:
    if not isinstance(made, CompiledPipeline):
        raise _fault(orchestrator, f"it returned {made!r}", "Return a CompiledPipeline.")
    for name, content in made.documents.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or str(path) in {".", SNAPSHOT, LIST}:
            fix = f"Name it by a path below the folder, and neither {SNAPSHOT} nor {LIST}."
            raise _fault(orchestrator, f"it named a document {name!r}", fix)
        if not isinstance(content, bytes):  # pyright: ignore[reportUnnecessaryIsInstance] -- a plugin's own code made it
            raise _fault(orchestrator, f"its document {name!r} is no bytes", "Return what would be sent.")
    return made


def _fault(orchestrator: BaseOrchestrator, what: str, fix: str) -> BackendError:
    return BackendError(what, operation=operation(orchestrator, METHOD), fix=fix)

"""Which stack a pipeline runs on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from skylift.stacks.build import build_stack, orchestrator_named, store_named
from skylift.stacks.document import read_configuration
from skylift.stacks.entries import STACK_VARIABLE
from skylift.url_passwords import refuse_passwords
from skylift_contract.card import check_behaviour
from skylift_contract.errors import ConfigurationError
from skylift_contract.orchestrator import BaseOrchestrator
from skylift_contract.stack import ArtifactStore, Stack

if TYPE_CHECKING:
    from skylift.authoring.options import PipelineOptions


def resolve_stack(options: PipelineOptions, store: str | None = None) -> Stack:
    """The stack that a pipeline's options name, with the orchestrator they name on it.

    `store`: a URI, in place of the stack's artifact store.

    Raises `UnknownName`, a `DiscoveryError`, or `ConfigurationError` for a remote
    orchestrator whose steps could not reach the store, or one without a flavor.
    """
    orchestrator = orchestrator_of(options)
    stack = stack_of(options.stack, orchestrator, store_named(store) if store else None)
    refuse_passwords(stack.artifact_store.uri, "the store's URI")
    _check_orchestrator(stack.orchestrator)
    check_reachable(stack)
    return stack


def chosen_by(options: PipelineOptions) -> tuple[str, ...]:
    """A note where a variable has chosen the stack, for nothing on the command line says so."""
    entries = read_configuration()
    if options.stack is None and entries.active_by == STACK_VARIABLE:
        return (f"stack {entries.active!r} is from {STACK_VARIABLE}",)
    return ()


def orchestrator_of(options: PipelineOptions) -> BaseOrchestrator | None:
    """The one that is named in place of its stack's."""
    return None if options.orchestrator is None else _orchestrator(options.orchestrator)


def stack_of(asked: Any, orchestrator: BaseOrchestrator | None, store: ArtifactStore | None) -> Stack:
    """A stack, by its name or as it is, with these in place of its own."""
    if isinstance(asked, Stack):
        return replace(
            asked,
            orchestrator=orchestrator or asked.orchestrator,
            artifact_store=store or asked.artifact_store,
        )
    if asked is None or isinstance(asked, str):
        return build_stack(asked, orchestrator, store)
    raise ConfigurationError("it is the name of a stack, or a Stack", who="stack", value=asked)


def _orchestrator(asked: Any) -> BaseOrchestrator:
    if isinstance(asked, BaseOrchestrator):
        return asked
    if isinstance(asked, str):
        return orchestrator_named(asked)
    raise ConfigurationError(
        "it is the name of an orchestrator, or an instance of one", who="orchestrator", value=asked
    )


def _check_orchestrator(orchestrator: BaseOrchestrator) -> None:
    if not orchestrator.flavor:
        kind = type(orchestrator).__name__
        raise ConfigurationError(
            "it has no flavor, the name that its runs and settings go by",
            who=f"orchestrator {orchestrator!r}",
            fix=f'Make it with make_orchestrator(flavor, config), or {kind}(config, flavor="my_flavor").',
        )
    check_behaviour(orchestrator)


def check_reachable(stack: Stack) -> None:
    """Raise `ConfigurationError` where steps run on machines that cannot reach the store."""
    if stack.runs_elsewhere and not stack.artifact_store.is_remote:
        raise ConfigurationError(
            f"the steps of {stack.orchestrator.name!r} run on other machines, which cannot reach its store",
            who=f"stack {stack.name!r}",
            value=stack.artifact_store.uri,
            fix="Use an artifact store on s3://, gs:// or az://.",
        )

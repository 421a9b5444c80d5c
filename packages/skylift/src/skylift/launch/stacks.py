"""Which stack a pipeline runs on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from skylift import project
from skylift_contract.discovery import load_flavor
from skylift_contract.errors import ConfigurationError, UnknownName
from skylift_contract.flavor import make_orchestrator
from skylift_contract.orchestrator import BaseOrchestrator
from skylift_contract.stack import ArtifactStore, Stack

if TYPE_CHECKING:
    from skylift.authoring.options import PipelineOptions

DEFAULT: Final = "default"


def resolve_stack(options: PipelineOptions, store: str | None = None) -> Stack:
    """The stack that a pipeline's options name, with the orchestrator they name on it.

    `store`: a URI, in place of the stack's artifact store.

    Raises `UnknownName`, a `DiscoveryError`, or `ConfigurationError` for a remote
    orchestrator whose steps could not reach the store.
    """
    stack = _stack(options.stack)
    if options.orchestrator is not None:
        orchestrator = _orchestrator(options.orchestrator)
        stack = Stack(stack.name, orchestrator, stack.artifact_store, stack.container_registry)
    if store is not None:
        stack = replace(stack, artifact_store=ArtifactStore(store))
    check_reachable(stack)
    return stack


def _stack(asked: Any) -> Stack:
    if isinstance(asked, Stack):
        return asked
    if asked is None or asked == DEFAULT:
        return Stack(DEFAULT, _orchestrator("local"), ArtifactStore(project.default_store_uri()))
    raise UnknownName("stack", str(asked), [DEFAULT])


def _orchestrator(asked: Any) -> BaseOrchestrator:
    """An instance as it is; a name is a flavor's, with its default configuration."""
    if isinstance(asked, BaseOrchestrator):
        return asked
    if not isinstance(asked, str):
        raise ConfigurationError(
            "it is the name of an orchestrator, or an instance of one", who="orchestrator", value=asked
        )
    flavor = load_flavor(asked)
    return make_orchestrator(flavor, flavor.config_class())


def check_reachable(stack: Stack) -> None:
    if stack.orchestrator.config.is_remote and not stack.artifact_store.is_remote:
        raise ConfigurationError(
            f"the steps of {stack.orchestrator.name!r} run on other machines, which cannot reach its store",
            who=f"stack {stack.name!r}",
            value=stack.artifact_store.uri,
            fix="Use an artifact store on s3://, gs:// or az://.",
        )

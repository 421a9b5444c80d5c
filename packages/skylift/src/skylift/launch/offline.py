"""A stack without its secrets: enough to compile with, and nobody is asked for anything."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skylift.stacks.build import build_orchestrator, build_stack, store_named
from skylift.stacks.document import read_configuration
from skylift.stacks.entries import Kind
from skylift.stacks.options import without_secrets

if TYPE_CHECKING:
    from skylift.authoring.pipelines import PipelineFunction
    from skylift.stacks.entries import Entries
    from skylift_contract.orchestrator import BaseOrchestrator


def offline(pipeline: PipelineFunction, store: str | None) -> PipelineFunction:
    """The pipeline with the stack that its options name, made of what the configuration file says.

    `store`: a URI, in place of the stack's store. A stack that was given as an object stays.
    """
    options, entries = pipeline.options, read_configuration()
    own = _orchestrator(options.orchestrator, entries)
    changed = pipeline.with_options(orchestrator=own) if own else pipeline
    if options.stack is not None and not isinstance(options.stack, str):
        return changed
    known = _without_secrets(entries, options.stack or entries.active)
    given = own or (options.orchestrator if not isinstance(options.orchestrator, str) else None)
    return changed.with_options(
        stack=build_stack(options.stack, given, store_named(store) if store else None, known)
    )


def _orchestrator(asked: object, entries: Entries) -> BaseOrchestrator | None:
    """The registered one of a name; None for an instance, and for a name that is a flavor's."""
    component = entries.components[Kind.ORCHESTRATOR].get(asked) if isinstance(asked, str) else None
    return build_orchestrator(without_secrets(component)) if component else None


def _without_secrets(entries: Entries, stack: str) -> Entries:
    """The same, where no component of the stack has a secret; the others are not looked at."""
    parts = entries.stack(stack).components
    components = {
        kind: {
            name: without_secrets(component) if parts.get(kind) == name else component
            for name, component in known.items()
        }
        for kind, known in entries.components.items()
    }
    return replace(entries, components=components)

"""Whether a pipeline's secrets can be had, as far as that is known before it starts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from skylift.secrets import Reference, check_scheme
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift_contract.snapshot import PipelineSnapshot


def references(snapshot: PipelineSnapshot) -> Iterator[tuple[str, str, Reference]]:
    """Who asks, for which variable, and where it is."""
    who = f"pipeline {snapshot.name!r}"
    for name, text in snapshot.pipeline_configuration.secrets.items():
        yield who, name, Reference.parse(text, who)
    for step in snapshot.steps:
        who = f"step {step.spec.invocation_id!r}"
        for name, text in step.config.secrets.items():
            yield who, name, Reference.parse(text, who)


def check_secrets(snapshot: PipelineSnapshot) -> None:
    """Raise `UnknownName` for a kind of reference that nothing installed can read."""
    for who, name, reference in references(snapshot):
        check_scheme(reference, f"{who}, secret {name!r}")


def check_set_here(snapshot: PipelineSnapshot) -> None:
    """Raise `ConfigurationError`, naming all, for variables of this environment that are not set.

    For steps that will run in it.
    """
    found = [(who, of) for who, _, of in references(snapshot) if of.scheme == "env"]
    missing = list(dict.fromkeys(of.name for _, of in found if not os.environ.get(of.name)))
    if not missing:
        return
    several = len(missing) > 1
    raise ConfigurationError(
        f"{'secrets are' if several else 'a secret is'} to be read from {', '.join(missing)}, which "
        f"{'are' if several else 'is'} not set here, or empty",
        who=next(who for who, of in found if of.name == missing[0]),
        fix=f"export {' '.join(f'{name}=…' for name in missing)}",
    )

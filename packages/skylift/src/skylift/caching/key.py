"""What a step's outputs depend on, part by part; the digest of the parts is its cache key.

Pure: of a snapshot and of digests of the inputs. Every part is a digest, so that no value of
a variable or a parameter is written down; names are, so that a difference can be told.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from skylift_contract.canonical import digest_of
from skylift_contract.model import Frozen
from skylift_contract.snapshot import ArtifactRef, InputSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift_contract.snapshot import PipelineSnapshot, Step


class KeyParts(Frozen):
    """The parts; None for one that the step's policy leaves out.

    `occurrence`: which it is of calls that are the same (`StepSpec`). `outputs`: their names,
    annotations and materializers. `values`: of globals that its function uses. `python`: its
    minor version.
    """

    step: str
    occurrence: int
    outputs: str
    source: str | None = None
    values: dict[str, str] | None = None
    inputs: dict[str, str] | None = None
    parameters: dict[str, str] | None = None
    environment: dict[str, str] | None = None
    image: str | None = None
    python: str | None = None

    @cached_property
    def key(self) -> str:
        return digest_of(self)


def key_parts(snapshot: PipelineSnapshot, step: Step, inputs: Mapping[str, str] | None) -> KeyParts | None:
    """The parts of a step's key; None where its source counts and cannot be compared.

    `inputs`: input → digest of its data (`input_digests`); None, where they count, gives no key.
    """
    config, policy = step.config, step.config.cache_policy
    source = snapshot.source_digests.get(step.spec.source)
    if (policy.source and not source) or (policy.inputs and inputs is None):
        return None
    return KeyParts.model_construct(
        step=config.name,
        occurrence=step.spec.occurrence,
        outputs=digest_of([[out.name, out.annotation, list(out.materializers)] for out in config.outputs]),
        source=source if policy.source else None,
        values=snapshot.source_values.get(step.spec.source, {}) if policy.source else None,
        inputs=dict(inputs) if policy.inputs and inputs is not None else None,
        parameters=_digests(config.parameters) if policy.parameters else None,
        environment=_digests(config.environment) if policy.environment else None,
        image=digest_of(config.docker_settings) if policy.image else None,
        python=snapshot.runtime.python if policy.python else None,
    )


def _digests(values: Mapping[str, object]) -> dict[str, str]:
    return {name: digest_of(value) for name, value in values.items()}


def input_digests(
    step: Step, outputs: Mapping[str, Mapping[str, ArtifactRef] | None]
) -> dict[str, str] | None:
    """Input → digest of its data; None while an invocation that it comes from has no such output.

    `outputs`: invocation → its outputs, None while it has none.
    """
    found: dict[str, str] = {}
    for name, given in step.spec.inputs.items():
        if isinstance(given, ArtifactRef):
            found[name] = given.digest
            continue
        refs = [
            (outputs.get(one.invocation) or {}).get(one.output)
            for one in ((given,) if isinstance(given, InputSource) else given)
        ]
        there = [ref.digest for ref in refs if ref is not None]
        if len(there) < len(refs):
            return None
        found[name] = there[0] if isinstance(given, InputSource) else digest_of(there)
    return found


def needed(step: Step) -> set[str]:
    """The invocations whose outputs its key is made from."""
    return taken_from(step) if step.config.cache_policy.inputs else set()


def taken_from(step: Step) -> set[str]:
    """The invocations whose outputs are its inputs."""
    given = (one if isinstance(one, tuple) else (one,) for one in step.spec.inputs.values())
    return {one.invocation for group in given for one in group if isinstance(one, InputSource)}


def differences(before: KeyParts, after: KeyParts) -> Iterator[str]:
    """What of a key is another than before, in words: `its source`, `parameter 'depth'`."""
    for part, words in _WHOLE.items():
        if getattr(before, part) != getattr(after, part):
            yield words
    for part, words in _BY_NAME.items():
        old: dict[str, str] | None = getattr(before, part)
        new: dict[str, str] | None = getattr(after, part)
        if old is None or new is None:
            if old is not new:
                yield f"whether each {words} counts"
            continue
        names = sorted(old.keys() | new.keys())
        yield from (f"{words} {name!r}" for name in names if old.get(name) != new.get(name))


_WHOLE: Final = {
    "step": "its name",
    "occurrence": "how many calls before it are the same",
    "source": "its source",
    "outputs": "its outputs' names or types",
    "image": "its image",
    "python": "Python's version",
}
_BY_NAME: Final = {
    "values": "global",
    "inputs": "input",
    "parameters": "parameter",
    "environment": "environment variable",
}

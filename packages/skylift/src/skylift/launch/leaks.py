"""Whether a secret that this machine knows stands in what is about to be stored or sent.

Known are: the pipeline's own that are variables of this environment, secret options of the
stack's components, and the variables here whose names say that they are secret, for
`environment={"X": os.environ["TOKEN"]}` is how one gets into a snapshot.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from skylift.launch.known_variables import SECRET_NAME, SHORTEST_WORD, secret_values
from skylift.launch.secrets import references
from skylift.secret_forms import forms_of
from skylift.store.options import SECRET_OPTIONS
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic import BaseModel

    from skylift.launch.plan import Plan
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.stack import Stack

SHORTEST: Final = 8
"""Characters. A shorter secret, such as `test`, is found in every other text by chance."""

_CREDENTIAL: Final = re.compile(r"[^\s<>\[\]|]{8,}")
"""What one may look like: `<|end_of_text|>` is a token of another kind."""


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """A value, what it is called, and the variable that a step could read it from."""

    label: str
    value: str
    variable: str = "NAME"


def refuse_leaks_of_plan(plan: Plan) -> None:
    """In the snapshot; and in source that other machines are sent, of what the pipeline and its stack have.

    Source that stays here may hold the made-up values of its own tests.
    """
    own = list(_own_secrets(plan.snapshot, plan.stack))
    _refuse(plan, {"the snapshot": plan.snapshot.content}, [*own, *_strangers()])
    if plan.source and own and plan.stack.orchestrator.config.is_remote:
        files = plan.source.contents.items()
        _refuse(plan, {f"the source, {name}": content for name, (_, content) in files}, own)


def refuse_leaks(plan: Plan, documents: Mapping[str, bytes]) -> None:
    """Raise `ConfigurationError` for the first known secret in one of these; its value is not said.

    `documents`: what each is called, and its bytes, such as the documents that a flavor compiled.
    """
    _refuse(plan, documents, [*_own_secrets(plan.snapshot, plan.stack), *_strangers()])


def _refuse(plan: Plan, documents: Mapping[str, bytes], secrets: Iterable[KnownSecret]) -> None:
    forms = [(secret, forms_of(secret.value, SHORTEST)) for secret in secrets]
    for document, content in documents.items():
        for secret, texts in forms:
            if not any(text.encode("utf-8", "surrogateescape") in content for text in texts):
                continue
            for place in _places(content, texts):
                raise _leak(plan, secret, f"{document}, {place}")


def _own_secrets(snapshot: PipelineSnapshot, stack: Stack) -> Iterator[KnownSecret]:
    store, orchestrator = stack.artifact_store, stack.orchestrator
    found = [
        KnownSecret(f"secret {name!r}", os.environ.get(reference.name, ""), name)
        for _, name, reference in references(snapshot)
        if reference.scheme == "env"
    ]
    found += _of_config(orchestrator.config, f"orchestrator {orchestrator.name!r}")
    found += [
        KnownSecret(f"option {name!r} of artifact store {store.name!r}", store.options[name])
        for name in sorted(store.options.keys() & SECRET_OPTIONS)
    ]
    for secret in dict.fromkeys(found):
        least = SHORTEST_WORD if secret.value.strip().isalpha() else SHORTEST
        if len(secret.value.strip()) >= least:
            yield secret


def _of_config(config: BaseModel, who: str) -> Iterator[KnownSecret]:
    from pydantic import BaseModel, SecretStr

    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, SecretStr):
            yield KnownSecret(f"option {name!r} of {who}", value.get_secret_value())
        elif isinstance(value, BaseModel):
            yield from _of_config(value, who)


def _strangers() -> Iterator[KnownSecret]:
    for name, value in secret_values():
        yield KnownSecret(f"environment variable {name!r}", value, name)


def _leak(plan: Plan, secret: KnownSecret, place: str) -> ConfigurationError:
    return ConfigurationError(
        f"the value of {secret.label} stands in {place}, for all who may read that",
        who=f"pipeline {plan.snapshot.name!r}",
        fix=f'Leave it out there, ask for it by name, secrets=["{secret.variable}"], and read it in the '
        f'step: os.environ["{secret.variable}"].',
    )


def _places(content: bytes, forms: frozenset[str]) -> Iterator[str]:
    """Where it stands: a path into JSON, or a line of other text."""
    try:
        data = json.loads(content)
    except ValueError:
        text = content.decode("utf-8", "surrogateescape")
        at = min((text.find(form) for form in forms if form in text), default=-1)
        if at >= 0:
            yield f"line {text.count(chr(10), 0, at) + 1}"
        return
    yield from (path for path, text in _texts(data) if _holds(text, forms))


def _holds(text: str | float, forms: frozenset[str]) -> bool:
    """A number holds only what it is: there are many digits in a snapshot."""
    return str(text) in forms if not isinstance(text, str) else any(form in text for form in forms)


def _texts(data: Any, path: str = "") -> Iterator[tuple[str, str | float]]:
    if isinstance(data, str | int | float):
        yield path, data
    elif isinstance(data, dict):
        for key, value in cast("dict[str, Any]", data).items():
            yield f"{path}, a key", key
            yield from _texts(value, f"{path}.{key}" if path else key)
    elif isinstance(data, list):
        for number, value in enumerate(cast("list[Any]", data)):
            yield from _texts(value, f"{path}[{number}]")


def suspicions(snapshot: PipelineSnapshot) -> tuple[str, ...]:
    """Notes of values in clear whose names say that they are secret."""
    return tuple(
        f"{who}: {kind} {name!r} has the name of a secret, and its value stands in the snapshot for all who "
        f'may read the store; secrets=["{name}"] keeps it out'
        for who, kind, name, value in _named_values(snapshot)
        if SECRET_NAME.fullmatch(name) and isinstance(value, str) and _CREDENTIAL.fullmatch(value)
    )


def _named_values(snapshot: PipelineSnapshot) -> Iterator[tuple[str, str, str, Any]]:
    configuration = snapshot.pipeline_configuration
    whose = [(f"pipeline {snapshot.name!r}", configuration.environment, configuration.parameters)]
    for name, step in snapshot.step_configurations.items():
        own = {
            key: value
            for key, value in step.config.environment.items()
            if key not in configuration.environment
        }
        whose.append((f"step {name!r}", own, step.config.parameters))
    for who, environment, parameters in whose:
        yield from ((who, "the variable", name, value) for name, value in environment.items())
        yield from ((who, "the parameter", name, value) for name, value in parameters.items())

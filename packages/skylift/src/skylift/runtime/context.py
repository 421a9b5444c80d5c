"""What a step's code may ask about itself."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from skylift_contract.errors import AuthoringError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from datetime import datetime

    from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class StepContext:
    """The attempt that is running; `scheduled_time` where the backend tells it.

    `invocation` is unique in the run; `attempt` counts from 1; `secrets` has what the step
    asked for by name, also in its environment: `secrets["TOKEN"].get_secret_value()`.
    """

    run_id: str
    orchestrator_run_id: str
    pipeline: str
    step: str
    invocation: str
    attempt: int
    scheduled_time: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    secrets: Mapping[str, SecretStr] = field(default_factory=dict[str, "SecretStr"])


_CURRENT: ContextVar[StepContext | None] = ContextVar("skylift_step", default=None)


def is_in_step() -> bool:
    return _CURRENT.get() is not None


def get_step_context() -> StepContext:
    """The context of the step that is running; raises `AuthoringError` outside one."""
    current = _CURRENT.get()
    if current is None:
        raise AuthoringError("no step is running here", who="get_step_context", fix="Call it inside a step.")
    return current


def log_metadata(metadata: Mapping[str, Any]) -> None:
    """Note facts about the running step in its record; values are plain JSON data.

    A later value of a name replaces an earlier one. Raises `AuthoringError` outside a step,
    or for a value that is no plain data.
    """
    from skylift.authoring.parameters import to_json

    context = get_step_context()
    for name, value in dict(metadata).items():
        who = f"metadata {name!r} of step {context.invocation!r}"
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] -- people write what they write
            raise AuthoringError("a name is text", who=who, value=name)
        # numpy's scalars are the usual metrics, and NaN is one of them.
        plain = value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value
        context.metadata[name] = to_json(plain, float if type(plain) is float else Any, who)


@contextmanager
def running(context: StepContext) -> Generator[StepContext]:
    token = _CURRENT.set(context)
    try:
        yield context
    finally:
        _CURRENT.reset(token)

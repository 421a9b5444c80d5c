"""Our names to a document's: distinct for its readers, too, who read `_` as `-`, and several as one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from skylift_contract.errors import ConfigurationError
from skylift_contract.names import DIGITS, LOWER, Alphabet, native_names

if TYPE_CHECKING:
    from collections.abc import Iterable

DRIVER: Final = "-driver"
"""What Kubeflow adds to a task's name for the task that prepares it."""

TASKS: Final = Alphabet(LOWER + DIGITS + "-", 63 - len(DRIVER), first=LOWER, last=LOWER + DIGITS)
"""With the driver's, within the 63 characters that Kubernetes has for a label."""

PIPELINE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,127}")
"""What both readers take for `pipelineInfo.name`."""


def task_ids(invocations: Iterable[str]) -> dict[str, str]:
    """Invocation id → id of its task, in order; raises `ConfigurationError` should two be one."""
    spelled = {name: name if _is_kept(name) else f"{name}\0" for name in invocations}
    natives = native_names(spelled.values(), TASKS)
    return {name: natives[other] for name, other in spelled.items()}


def mapped(name: str) -> str:
    """What kfp makes of a task's name: names that it makes one are one task to it.

    Source: kubeflow/pipelines, sdk/python/kfp/dsl/utils.py, `maybe_rename_for_k8s`
    """
    return re.sub("-+", "-", re.sub("[^-0-9a-z]+", "-", name.lower())).strip("-")


def check_distinct(names: Iterable[str]) -> None:
    """Raise `ConfigurationError` for two tasks that a reader would take for one another."""
    owners: dict[str, str] = {}
    for name in names:
        other = owners.setdefault(mapped(name), name)
        if other != name:
            raise _collision(name, other, mapped(name))
    for key, name in owners.items():
        if other := owners.get(f"{key}{DRIVER}"):
            raise _collision(other, name, f"{key}{DRIVER}")


def _is_kept(name: str) -> bool:
    """Whether it may stay as it is: kfp's mapping leaves it, and it is no driver's."""
    return mapped(name) == name and not name.endswith(DRIVER)


def _collision(name: str, other: str, shared: str) -> ConfigurationError:
    return ConfigurationError(
        f"it and task {other!r} are both {shared!r} to Kubeflow", who=f"task {name!r}", fix="Rename one."
    )

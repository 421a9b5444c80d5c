"""What Vertex AI takes at most, each with the page or message that says so."""

from __future__ import annotations

import re
from typing import Final

from skylift_contract.errors import ConfigurationError
from skylift_contract.limits import Limit

PAGES: Final = "cloud.google.com/vertex-ai/docs"

CPUS: Final = Limit(96, "CPUs", source=f"{PAGES}/pipelines/machine-types")
MEMORY_GB: Final = Limit(624, "GB of memory", source=f"{PAGES}/pipelines/machine-types")
"""Of a step of a pipeline; a job's machine may have more."""

JOB_ID: Final = re.compile(r"[a-z][-a-z0-9]{0,127}")
DISPLAY_NAME: Final = 128
"""Characters; `PipelineJob.display_name`."""

MAX_RUNTIME_S: Final = 7 * 86_400
"""Seconds after which Vertex ends a job that says nothing else; `Scheduling.timeout`."""

LABELS: Final = Limit(64, "entries", source="cloud.google.com/resource-manager/docs/labels-overview")
LABEL: Final = Limit(63, "characters", source="cloud.google.com/resource-manager/docs/labels-overview")
OWN: Final = "skylift_"
"""What the keys of our own labels begin with."""

OWN_LABELS: Final = 6
"""Project, pipeline, store, orchestrator, and a schedule's name or a job's token."""

VARIABLES: Final = Limit(100, "entries", source=f"{PAGES}/reference/rest/v1/CustomJobSpec#ContainerSpec")
"""Environment variables of a custom job's container; `ContainerSpec.env`."""


def check_labels(labels: dict[str, str], who: str) -> None:
    """Raise `LimitExceeded` or `ConfigurationError` for the first label that the service would refuse."""
    LABELS.check(len(labels) + OWN_LABELS, f"{who}, labels, with {OWN_LABELS} of Skylift's own")
    for key, value in labels.items():
        LABEL.check(len(key), f"{who}, the key of a label")
        LABEL.check(len(value), f"{who}, label {key!r}")
        if not key or not key[0].isalpha() or not _is_of_alphabet(key + value):
            raise ConfigurationError(
                "a label has lower-case letters, digits, _ and - only, and its key begins with a letter",
                who=f"{who}, label {key!r}",
                value=value,
            )
        if key.startswith(OWN):
            raise ConfigurationError(
                f"labels that begin with {OWN} are Skylift's own",
                who=f"{who}, label {key!r}",
                fix="Rename it.",
            )


def _is_of_alphabet(text: str) -> bool:
    return all(one in "_-" or (one.isalnum() and one == one.lower()) for one in text)

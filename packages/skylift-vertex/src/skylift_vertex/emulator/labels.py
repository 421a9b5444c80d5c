"""What the service takes as labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from skylift_vertex.emulator.answers import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST: Final = 64
_KEY: Final = re.compile(r"[\w-]{1,64}")
_VALUE: Final = re.compile(r"[\w-]{0,64}")


def check_labels(labels: Mapping[str, str]) -> None:
    """At most 64; letters in lower case, digits, `_` and `-`; international letters are allowed.

    Source: aiplatform_v1.PipelineJob.labels
    """
    if len(labels) > MOST:
        raise invalid(f"At most {MOST} labels are allowed; there are {len(labels)}.")
    for key, value in labels.items():
        good = _KEY.fullmatch(key) and key[0].isalpha() and _VALUE.fullmatch(value)
        if not good or key != key.lower() or value != value.lower():
            raise invalid(f"Invalid label {key!r}: {value!r}.")

"""The environment variables that Skylift itself sets on what it starts."""

from __future__ import annotations

from typing import Final

STORE_ENV: Final = "SKYLIFT_STORE"
"""The URI of the artifact store, without credentials."""

STORE_OPTIONS_ENV: Final = "SKYLIFT_STORE_OPTIONS"
"""Options of that store, as a JSON object of text: an endpoint, a region, and never a secret."""

SUBMISSION_ENV: Final = "SKYLIFT_SUBMISSION_ID"
"""The submission a run came from; a firing of a schedule has none."""

CONTAINER_PYTHON: Final = "python"
"""The interpreter's name in an image; images put theirs on PATH under this name."""

RUNTIME_MODULE: Final = "skylift.runtime"
"""What every step's process runs with `python -m`."""

SCHEDULED_TIME_ENV: Final = "SKYLIFT_SCHEDULED_TIME"
"""When a schedule asked for the run, in ISO 8601; set where the backend substitutes it."""

SUPERVISED_ENV: Final = "SKYLIFT_SUPERVISED"
"""The number of a pipe that whoever started the step holds open: its end means that one is gone."""

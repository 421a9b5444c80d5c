"""Names of what is at Vertex AI, taken apart, and where Google's console shows it.

`projects/my-project/locations/us-central1/pipelineJobs/skylift-0123`. A run's id is such a name without
its kind, for ids of pipeline jobs begin with a letter, and those of custom jobs are numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from skylift_contract.errors import ConfigurationError

CONSOLE: Final = "https://console.cloud.google.com/vertex-ai"

_NAME: Final = re.compile(r"projects/([^/]+)/locations/([^/]+)/([A-Za-z]+)/([^/]+)")
_RUN: Final = re.compile(r"projects/([^/]+)/locations/([^/]+)/([^/]+)")


@dataclass(frozen=True, slots=True)
class Path:
    """`kind`: `pipelineJobs`, `customJobs` or `schedules`."""

    project: str
    location: str
    kind: str
    id: str

    @classmethod
    def parse(cls, text: str) -> Path:
        """Raises `ConfigurationError` for what is no such name."""
        match = _NAME.fullmatch(text)
        if match is None:
            raise ConfigurationError("it is no name of something at Vertex AI", who="name", value=text)
        return cls(*match.groups())

    @classmethod
    def of_run(cls, run_id: str) -> Path:
        """The job that a run is; raises `ConfigurationError` for what is no run's id."""
        match = _RUN.fullmatch(run_id)
        if match is None:
            raise ConfigurationError("it is no id of a run on Vertex AI", who="run", value=run_id)
        project, location, job = match.groups()
        return cls(project, location, "customJobs" if job.isdecimal() else "pipelineJobs", job)

    def __str__(self) -> str:
        return f"{self.parent}/{self.kind}/{self.id}"

    @property
    def parent(self) -> str:
        return f"projects/{self.project}/locations/{self.location}"

    @property
    def is_pipeline(self) -> bool:
        return self.kind == "pipelineJobs"

    @property
    def console(self) -> str:
        pages = {
            "pipelineJobs": f"pipelines/locations/{self.location}/runs/{self.id}",
            "customJobs": f"locations/{self.location}/training/{self.id}",
            "schedules": f"pipelines/locations/{self.location}/schedules/{self.id}",
        }
        return f"{CONSOLE}/{pages[self.kind]}?project={quote(self.project)}"


def last(name: str) -> str:
    """The id at a name's end: the service writes a project's number where it was asked by its id."""
    return name.rpartition("/")[2]

"""The calls that make, change, show and delete pipelines; each change is a version of its own."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from skylift_sagemaker.emulator.answers import invalid, not_found, ordered, page
from skylift_sagemaker.emulator.definition import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from skylift_sagemaker.emulator.definition import Definition
    from skylift_sagemaker.emulator.jobs import Call
    from skylift_sagemaker.emulator.place import Place


@dataclass(frozen=True, slots=True)
class Version:
    """What a pipeline was from one change to the next; `settings`: the members of its request."""

    number: int
    text: str
    definition: Definition
    settings: Mapping[str, Any]
    made: datetime


@dataclass(slots=True)
class Pipeline:
    """`token`: of the call that made it. `tags`: key → value."""

    name: str
    arn: str
    token: str
    made: datetime
    versions: list[Version] = field(default_factory=list[Version])
    tags: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def newest(self) -> Version:
        return self.versions[-1]


class Pipelines:
    """Of one region.

    Args:
        place: The region.
        now: The clock.
        fetch: Reads a definition that lies in S3: bucket and key → text.
    """

    def __init__(self, place: Place, now: Callable[[], datetime], fetch: Callable[[str, str], str]) -> None:
        self._place, self._now, self._fetch = place, now, fetch
        self._lock = threading.RLock()
        self._pipelines: dict[str, Pipeline] = {}

    def calls(self) -> dict[str, Call]:
        return {
            "CreatePipeline": self._create,
            "UpdatePipeline": self._update,
            "DescribePipeline": self._describe,
            "DeletePipeline": self._delete,
            "ListPipelines": self._list,
            "ListPipelineVersions": self._list_versions,
            "AddTags": self._add_tags,
            "ListTags": self._list_tags,
            "DeleteTags": self._delete_tags,
        }

    def found(self, name_or_arn: str) -> Pipeline:
        """Raises the service's `ResourceNotFound`."""
        name = name_or_arn.rpartition(":pipeline/")[2]
        with self._lock:
            if name not in self._pipelines:
                raise not_found(f"Pipeline '{self._arn(name)}' does not exist.")
            return self._pipelines[name]

    def version(self, pipeline: Pipeline, request: Mapping[str, Any]) -> Version:
        """The version that a request names, or the newest."""
        number = request.get("PipelineVersionId")
        found = [one for one in pipeline.versions if number in {None, one.number}]
        if not found:
            raise not_found(f"Pipeline version {number} of '{pipeline.arn}' does not exist.")
        return found[-1]

    def names(self) -> list[str]:
        with self._lock:
            return sorted(self._pipelines)

    def _arn(self, name: str) -> str:
        return self._place.arn(f"pipeline/{name}")

    def _text(self, request: Mapping[str, Any]) -> str | None:
        text, place = request.get("PipelineDefinition"), request.get("PipelineDefinitionS3Location")
        if text is not None and place is not None:
            raise invalid("Only one of PipelineDefinition and PipelineDefinitionS3Location may be given.")
        return self._fetch(place["Bucket"], place["ObjectKey"]) if place else text

    def _create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name, token = request["PipelineName"], request["ClientRequestToken"]
        with self._lock:
            if (before := self._pipelines.get(name)) and before.token == token:
                return {"PipelineArn": before.arn}
            if before:
                what = "Pipeline names must be unique within an AWS account and region"
                raise invalid(f"{what}. Pipeline with name ({name}) already exists.")
            text = self._text(request)
            if text is None:
                raise invalid("Either PipelineDefinition or PipelineDefinitionS3Location must be given.")
            pipeline = Pipeline(name, self._arn(name), token, self._now())
            pipeline.tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}
            self._add(pipeline, text, _settings(request))
            self._pipelines[name] = pipeline
        return {"PipelineArn": pipeline.arn}

    def _update(self, request: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            pipeline = self.found(request["PipelineName"])
            text = self._text(request)
            before = pipeline.newest
            self._add(
                pipeline, before.text if text is None else text, {**before.settings, **_settings(request)}
            )
        return {"PipelineArn": pipeline.arn, "PipelineVersionId": pipeline.newest.number}

    def _add(self, pipeline: Pipeline, text: str, settings: Mapping[str, Any]) -> None:
        number = len(pipeline.versions) + 1
        pipeline.versions.append(Version(number, text, parse(text), settings, self._now()))

    def _describe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        pipeline = self.found(request["PipelineName"])
        version = self.version(pipeline, request)
        return {
            "PipelineArn": pipeline.arn,
            "PipelineName": pipeline.name,
            "PipelineDisplayName": pipeline.name,
            "PipelineDefinition": version.text,
            "PipelineStatus": "Active",
            "CreationTime": pipeline.made,
            "LastModifiedTime": version.made,
            **version.settings,
        }

    def _delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            pipeline = self.found(request["PipelineName"])
            del self._pipelines[pipeline.name]
        return {"PipelineArn": pipeline.arn}

    def _list(self, request: Mapping[str, Any]) -> dict[str, Any]:
        prefix = request.get("PipelineNamePrefix", "")
        with self._lock:
            found = [one for name, one in self._pipelines.items() if name.startswith(prefix)]
        summaries = [_summary(one) for one in ordered(found, request)]
        return page(summaries, request, "PipelineSummaries")

    def _list_versions(self, request: Mapping[str, Any]) -> dict[str, Any]:
        pipeline = self.found(request["PipelineName"])
        told = [
            {"PipelineArn": pipeline.arn, "PipelineVersionId": one.number, "CreationTime": one.made}
            for one in ordered(pipeline.versions, request)
        ]
        return page(told, request, "PipelineVersionSummaries")

    def _add_tags(self, request: Mapping[str, Any]) -> dict[str, Any]:
        pipeline = self.found(request["ResourceArn"])
        pipeline.tags |= {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        return {"Tags": _tags(pipeline)}

    def _list_tags(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return page(_tags(self.found(request["ResourceArn"])), request, "Tags")

    def _delete_tags(self, request: Mapping[str, Any]) -> dict[str, Any]:
        pipeline = self.found(request["ResourceArn"])
        pipeline.tags = {key: value for key, value in pipeline.tags.items() if key not in request["TagKeys"]}
        return {}


def _settings(request: Mapping[str, Any]) -> dict[str, Any]:
    names = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")
    return {name: request[name] for name in names if name in request}


def _summary(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "PipelineArn": pipeline.arn,
        "PipelineName": pipeline.name,
        "RoleArn": pipeline.newest.settings["RoleArn"],
        "CreationTime": pipeline.made,
        "LastModifiedTime": pipeline.newest.made,
    }


def _tags(pipeline: Pipeline) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in pipeline.tags.items()]

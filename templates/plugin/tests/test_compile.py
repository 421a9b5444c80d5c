from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from skylift___plugin__.compile import DOCUMENT, compile_job
from skylift___plugin__.names import native_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.compiled import CompiledPipeline
    from skylift_contract.snapshot import PipelineSnapshot


def compiled(snapshot: PipelineSnapshot, environments: Mapping[str, Mapping[str, str]]) -> CompiledPipeline:
    return compile_job(
        snapshot,
        lambda step: f"image/{step.config.name}",
        lambda step: ["run", step.spec.invocation_id],
        environments,
    )


def test_the_document_holds_each_step_after_those_it_waits_for(snapshot: PipelineSnapshot) -> None:
    document: dict[str, Any] = json.loads(compiled(snapshot, {"train_2": {"A": "1"}}).documents[DOCUMENT])
    load, train = document["tasks"]
    assert document["name"] == "daily"
    assert load == {"name": "load", "after": [], "image": "image/load", "command": ["run", "load"], "environment": {}}
    assert train["name"] == native_name("train_2")
    assert (train["after"], train["environment"]) == (["load"], {"A": "1"})


def test_the_same_snapshot_gives_the_same_bytes(snapshot: PipelineSnapshot) -> None:
    one = compiled(snapshot, {"load": {"A": "1", "B": "2"}})
    assert one == compiled(snapshot, {"load": {"B": "2", "A": "1"}})

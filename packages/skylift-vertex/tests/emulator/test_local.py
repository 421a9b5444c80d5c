from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from skylift_vertex_snapshots import config_of
from vertex_cloud import custom_job

from skylift_contract.discovery import EMULATORS, find
from skylift_contract.emulation import load_emulator
from skylift_vertex.client import VertexClient
from skylift_vertex.emulator.local import BUCKET, emulated
from skylift_vertex.flavor import VertexOrchestratorFlavor


def config(**options: Any) -> Any:
    return SimpleNamespace(**{"image": None, **options})


def test_it_is_found_by_the_flavors_name() -> None:
    assert [found.name for found in find(EMULATORS)["vertex"]] == ["vertex"]
    assert load_emulator("vertex") is emulated


def test_its_options_are_the_flavors_and_lead_nowhere_else() -> None:
    with emulated(config()) as told:
        flavor = VertexOrchestratorFlavor()
        own = {"project": "my-project", "location": "europe-west4", "key_file": "key.json"}
        parsed: Any = flavor.config_class.parse({**own, **told.options})
        assert parsed.api_endpoint.startswith("http://127.0.0.1:")
        assert (parsed.key_file, parsed.pipeline_root) == (None, f"gs://{BUCKET}")
        assert {name.partition("_")[0] for name in told.variables} == {"STORAGE", "SECRET"}
        assert {"GOOGLE_", "CLOUDSDK_", "CLOUD_ML_"} < set(told.hides)


def test_nobody_is_asked_for_a_token() -> None:
    with emulated(config()) as told:
        client = VertexClient(config_of(key_file="/nowhere.json").model_copy(update=dict(told.options)))
        assert client.create_custom_job(custom_job("pass"))["displayName"] == "job"


def test_a_look_costs_nothing() -> None:
    with emulated(config()) as told:
        assert told.options["poll_s"] < 1


def test_an_image_of_ones_own_is_kept() -> None:
    with emulated(config(image="own")) as told:
        assert told.options["image"] == "own"


def test_it_says_what_it_cannot_show() -> None:
    with emulated(config()) as told:
        assert told.lacks[0].startswith("steps run in this machine's Python")
        assert told.lacks[1:] == (
            "a task that failed is tried again at once: the pauses of its retries are not kept",
        )

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from skylift_vertex_snapshots import config_of
from vertex_cloud import custom_job_of

from skylift_contract.discovery import EMULATORS, find
from skylift_contract.emulation import load_emulator
from skylift_vertex.client import VertexClient
from skylift_vertex.emulator.local import emulated


def config(**options: Any) -> Any:
    return SimpleNamespace(image=None, **options)


def test_it_is_found_by_the_flavors_name() -> None:
    assert [found.name for found in find(EMULATORS)["vertex"]] == ["vertex"]
    assert load_emulator("vertex") is emulated


def test_its_options_lead_there_and_ask_nobody_for_a_token() -> None:
    with emulated(config()) as told:
        client = VertexClient(config_of(key_file="/nowhere.json").model_copy(update=dict(told.options)))
        assert client.create_custom_job(custom_job_of("pass"))["displayName"] == "job"
        assert told.hides == ("GOOGLE_", "CLOUDSDK_", "CLOUD_ML_")
        assert config_of(**{key: value for key, value in told.options.items() if value}) is not None


def test_an_orchestrators_image_is_kept() -> None:
    with emulated(SimpleNamespace(image="own")) as told:  # pyright: ignore[reportArgumentType]
        assert told.options["image"] == "own"


def test_it_says_what_it_cannot_show() -> None:
    with emulated(config()) as told:
        assert told.lacks[0].startswith("steps run in this machine's Python")

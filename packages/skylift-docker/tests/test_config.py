from __future__ import annotations

import pytest

from skylift_contract.errors import ConfigurationError
from skylift_docker.config import (
    DockerOrchestratorConfig,
    DockerRunSettings,
    Mount,
    is_on_this_machine,
    shm_bytes,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/a:/b", Mount(source="/a", target="/b")),
        ("/a:/b:ro", Mount(source="/a", target="/b", read_only=True)),
        ("cache:/b:rw", Mount(source="cache", target="/b")),
    ],
)
def test_a_mount_may_be_written_as_docker_takes_it(text: str, expected: Mount) -> None:
    assert DockerRunSettings.parse({"mounts": [text]}).mounts == (expected,)
    assert expected.is_bind is text.startswith("/")


@pytest.mark.parametrize("text", ["/a", "/a:/b:read-only", ""])
def test_what_is_no_mount_is_refused(text: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"mounts: it is no mount \(got '.*'\)\. Write \"SOURCE:TARGET\""
    ):
        DockerRunSettings.parse({"mounts": [text]})


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"netwrk": "x"}, ": there is no option named 'netwrk'. Did you mean 'network'?"),
        ({"privileged": "perhaps"}, ".privileged: Input should be a valid boolean, "),
        ({"mounts": [{"source": "/a"}]}, ".mounts.target: it is required. Give it a value."),
    ],
)
def test_a_refusal_names_what_people_wrote(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        DockerRunSettings.parse(wrong)
    assert str(caught.value).startswith(f'settings["orchestrator.local_docker"]{sentence}')


def test_settings_survive_a_snapshot() -> None:
    given = DockerRunSettings.parse({"mounts": ["/a:/b:ro"], "shm_size": "1GiB", "run_args": {"init": True}})
    assert DockerRunSettings.from_snapshot(given) == given


def test_a_size_has_a_unit() -> None:
    assert shm_bytes("64MB") == 64_000_000
    with pytest.raises(ConfigurationError, match=r'^settings\["orchestrator\.local_docker"\]\.shm_size'):
        DockerRunSettings.parse({"shm_size": "64"})


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("unix:///var/run/docker.sock", True),
        ("npipe:////./pipe/docker_engine", True),
        ("tcp://127.0.0.1:2375", True),
        ("tcp://localhost:2375", True),
        ("tcp://build-host:2376", False),
        ("ssh://me@build-host", False),
    ],
)
def test_where_an_engine_is_says_its_address(host: str, expected: bool) -> None:
    assert is_on_this_machine(host) is expected


def test_arguments_of_all_containers_are_checked_at_registration() -> None:
    with pytest.raises(ConfigurationError, match=r"^DockerOrchestratorConfig\.run_args, 'name': "):
        DockerOrchestratorConfig.parse({"run_args": {"name": "x"}})


@pytest.mark.parametrize("index", ["wheels", "./wheels", "ftp://packages.example"])
def test_an_index_is_a_url_or_a_folder(index: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        DockerOrchestratorConfig.parse({"index": index})
    assert str(caught.value) == (
        f"DockerOrchestratorConfig.index: it is neither a URL nor an absolute path (got {index!r})."
    )


def test_an_index_with_a_password_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"it holds user:password@"):
        DockerOrchestratorConfig.parse({"index": "https://me:secret@packages.example/simple"})
    assert DockerOrchestratorConfig.parse({"index": "https://packages.example"}).wheels == ""
    assert DockerOrchestratorConfig.parse({"index": "/wheels"}).wheels == "/wheels"


def test_an_image_has_a_name_that_an_engine_takes() -> None:
    with pytest.raises(
        ConfigurationError, match=r"^DockerOrchestratorConfig\.image: it is no name of an image \(got 'A B'"
    ):
        DockerOrchestratorConfig.parse({"image": "A B"})

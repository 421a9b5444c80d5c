"""What only a container can tell of an image is found before one is made for a step."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import skylift_docker_flows as flows
from skylift_docker_images import image_from, image_of_another_machine
from skylift_docker_runs import run

from skylift import ResourceSettings
from skylift.client import Client
from skylift.config import DockerSettings
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import ConfigurationError
from skylift_docker.client import DockerClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skylift_docker.orchestrator import DockerOrchestrator
    from skylift_testkit.docker.plugin import RunningEngine

    Make = Callable[..., DockerOrchestrator]

NO_PYTHON = (
    " has no program 'python' on its PATH that its user may run. Steps need Python under that name: in its "
    'Dockerfile, RUN ln -s "$(which python3)" /usr/local/bin/python; or name another image.'
)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The images that were looked into by a container."""
    found: list[Any] = []
    output_of = DockerClient.output_of

    def noted(self: DockerClient, arguments: dict[str, Any]) -> str:
        found.append(arguments["image"])
        return output_of(self, arguments)

    monkeypatch.setattr(DockerClient, "output_of", noted)
    return found


@pytest.fixture
def odd(client: DockerClient, skylift_image: str) -> Iterator[Callable[..., str]]:
    made: list[str] = []

    def make_one(*lines: str) -> str:
        made.append(image_from(client, skylift_image, f"probed-{len(made)}", *lines))
        return made[-1]

    yield make_one
    for name in made:
        client.images.remove(name)


def refusal(orchestrator: Any, pipeline: Any = flows.named, **settings: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        pipeline.with_options(orchestrator=orchestrator, settings=settings, enable_cache=False)()
    assert list(Client().runs()) == []
    return str(caught.value)


def test_a_ready_image_without_python_by_name_and_by_digest(
    make: Make, odd: Callable[..., str], client: DockerClient
) -> None:
    image = odd("ENV PATH=/nowhere")
    for name in (image, client.images.inspect(image).id):
        docker = DockerSettings(image=name)
        assert refusal(make(), docker=docker) == f"step 'host_name': image {name!r}{NO_PYTHON}"


def test_a_python_that_the_steps_user_may_not_run(make: Make, odd: Callable[..., str]) -> None:
    private = "import os; os.mkdir('/private', 0o700); os.symlink('/usr/bin/python', '/private/python')"
    image = odd(f"RUN {json.dumps(['python', '-c', private])}", "ENV PATH=/private")
    own = {"orchestrator.local_docker": {"user": "1234"}}
    assert refusal(make(image=image), **own) == f"step 'host_name': image {image!r}{NO_PYTHON}"
    assert (
        run(flows.named.with_options(orchestrator=make(image=image, user="0:0"))).status is Status.COMPLETED
    )


@pytest.mark.parametrize("setup", ["image", "start"])
def test_a_ready_image_without_skylift(make: Make, plain_image: str, setup: str) -> None:
    assert refusal(make(image=plain_image, setup=setup)) == (
        f"step 'host_name': image {plain_image!r} holds no skylift. Install it there; or name it as one to install "
        "into: DockerSettings(parent_image=…)."
    )


def test_what_a_mount_brings_is_not_missed(make: Make, odd: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to("/usr/bin/python")
    image = odd("ENV PATH=/brought")
    own = {"mounts": [f"{tmp_path}/bin:/brought:ro"]}
    settings = {"orchestrator.local_docker": own}
    found = run(
        flows.named.with_options(orchestrator=make(image=image), settings=settings, enable_cache=False)
    )
    assert found.status is Status.COMPLETED, found.reason


@pytest.fixture
def volume(docker_engine: RunningEngine) -> Iterator[str]:
    """One that is empty."""
    import docker

    sdk: Any = docker.DockerClient(docker_engine.host)
    made = sdk.volumes.create(f"skylift-probed-{os.getpid()}")
    yield made.name
    made.remove()
    sdk.close()


def test_a_refused_run_makes_no_volume_and_fills_none(
    make: Make, odd: Callable[..., str], client: DockerClient, volume: str
) -> None:
    image = odd("RUN python -c \"import os; os.mkdir('/full'); open('/full/a', 'w')\"", "ENV PATH=/nowhere")
    own = {"mounts": ["skylift-never-made:/brought", f"{volume}:/full"]}
    known = client.volumes()
    sentence = refusal(make(image=image), **{"orchestrator.local_docker": own})
    assert sentence == f"step 'host_name': image {image!r}{NO_PYTHON}"
    assert sorted(client.volumes()) == sorted(known)
    seen = {"Type": "volume", "Source": volume, "Target": "/seen"}
    ls = ["-c", "import os; print(os.listdir('/seen'))"]
    look = {"image": image, "entrypoint": ["/usr/bin/python"], "command": ls, "mounts": [seen]}
    assert client.output_of(look).strip() == "[]"


def test_what_a_volume_brings_is_not_missed(
    make: Make, odd: Callable[..., str], client: DockerClient, volume: str
) -> None:
    image = odd("ENV PATH=/brought")
    link = ["-c", "import os; os.symlink('/usr/bin/python', '/brought/python')"]
    mounted = {"Type": "volume", "Source": volume, "Target": "/brought"}
    client.output_of(
        {"image": image, "entrypoint": ["/usr/bin/python"], "command": link, "mounts": [mounted]}
    )
    settings = {"orchestrator.local_docker": {"mounts": [f"{volume}:/brought"]}}
    found = run(
        flows.named.with_options(orchestrator=make(image=image), settings=settings, enable_cache=False)
    )
    assert found.status is Status.COMPLETED, found.reason


def test_an_image_of_another_machine(make: Make, client: DockerClient) -> None:
    here, image = client.platform, image_of_another_machine(client)
    if here != "linux/amd64":
        return  # then it is this one's
    try:
        assert refusal(make(image=image)) == (
            f"step 'host_name': image {image!r} is for linux/arm64, which the Docker Engine, for {here}, cannot run. Use "
            f"an image for {here}, or have the engine run others: docs.docker.com/build/building/multi-platform/#qemu."
        )
    finally:
        client.images.remove(image)


def test_a_platform_that_the_image_is_not_for(make: Make, skylift_image: str, client: DockerClient) -> None:
    own = {"orchestrator.local_docker": {"platform": "linux/s390x"}}
    assert refusal(make(pull="never"), **own) == (
        f"step 'host_name': image {skylift_image!r} is for {client.platform}, and 'linux/s390x' is asked for. Name an "
        "image of that platform, or ask for the one that it has."
    )


@pytest.mark.parametrize("user", ["nobody-here", "0:nobodys"])
def test_a_user_that_the_image_does_not_know_by_name(make: Make, skylift_image: str, user: str) -> None:
    assert refusal(make(user=user)) == (
        f"step 'host_name': image {skylift_image!r} does not know whom its container is to run as, {user!r}. Write "
        'numbers, which every image takes: "1000" or "1000:1000"; or add the user in its Dockerfile.'
    )


def test_a_gpu_that_the_engine_cannot_give(make: Make) -> None:
    if Path("/dev/nvidia0").exists():
        return  # then it can
    assert refusal(make(), resources=ResourceSettings(gpu_count=1)) == (
        "step 'host_name': the Docker Engine has no driver for GPUs. Install NVIDIA's container toolkit on its machine "
        "(docs.nvidia.com/datacenter/cloud-native/container-toolkit), or choose a flavor with GPUs."
    )


def test_anything_else_is_said_in_the_engines_words(make: Make, skylift_image: str) -> None:
    own = {"orchestrator.local_docker": {"run_args": {"runtime": "none-such"}}}
    sentence = refusal(make(), **own)
    assert sentence.startswith(
        f"step 'host_name': no container of image {skylift_image!r} starts as it asks for: "
    )
    assert "none-such" in sentence
    assert sentence.endswith(". Correct its settings, or the image.")


def test_of_an_isolated_step_it_is_its_failure(make: Make) -> None:
    found = run(flows.apart_as_nobody.with_options(orchestrator=make()))
    assert found.status is Status.FAILED
    assert " does not know whom its container is to run as, 'nobody-here'. " in found.steps["nobodys"].reason


def test_an_image_is_looked_into_once(make: Make, odd: Callable[..., str], looks: list[Any]) -> None:
    image = odd("LABEL a=b")
    for _ in range(2):
        flows.named.with_options(orchestrator=make(image=image), enable_cache=False)()
    assert len(looks) == 1


def test_steps_that_are_refused_alike_are_told_of_together(make: Make, looks: list[Any]) -> None:
    sentence = refusal(make(user="nobody-here"), flows.two_named)
    assert sentence.startswith("step 'host_name', step 'host_name_2': image ")
    assert len(looks) == 1

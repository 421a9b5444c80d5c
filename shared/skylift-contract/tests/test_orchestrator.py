from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skylift_contract.capability import EMULATED, FULL, Capability
from skylift_contract.errors import ConfigurationError, FlavorBroken, UnknownName, UnsupportedCapability
from skylift_contract.flavor import BaseOrchestratorFlavor, capabilities_of, infer, make_orchestrator, verify
from skylift_contract.orchestrator import (
    BaseOrchestrator,
    BaseOrchestratorConfig,
    ContainerizedOrchestrator,
    SubmissionResult,
)
from skylift_contract.settings import DockerSettings
from skylift_contract.snapshot import (
    PipelineConfiguration,
    PipelineSnapshot,
    SnapshotRuntime,
    Step,
    StepConfig,
    StepSpec,
)
from skylift_contract.stack import ArtifactStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.capability import Support


class Least(ContainerizedOrchestrator):
    def get_orchestrator_run_id(self) -> str:
        return "x"

    def submit_pipeline(self, *_: Any, **__: Any) -> SubmissionResult | None:
        return None


class Config(BaseOrchestratorConfig):
    @property
    def handles_step_retries(self) -> bool:
        return True


class Flavor(BaseOrchestratorFlavor):
    @property
    def name(self) -> str:
        return "least"

    @property
    def config_class(self) -> type[BaseOrchestratorConfig]:
        return Config

    @property
    def implementation_class(self) -> type[BaseOrchestrator]:
        return Least


def step(invocation: str, name: str = "", **docker: Any) -> Step:
    return Step(
        spec=StepSpec(invocation_id=invocation, source="m:f"),
        config=StepConfig(name=name or invocation, docker_settings=DockerSettings(**docker)),
    )


SNAPSHOT = PipelineSnapshot(
    project="p",
    pipeline_configuration=PipelineConfiguration(
        name="nightly", source="m:p", docker_settings=DockerSettings(image="base:1")
    ),
    steps=(
        step("plain"),
        step("ready", image="mine:1"),
        step("built", parent_image="parent:1", requirements=("numpy",)),
        step("train", "train"),
        step("train_2", "train"),
        step("map:score:0", "score"),
    ),
    images={"built": "registry/built@sha256:abc"},
    runtime=SnapshotRuntime(flavor="least", python="3.12", skylift="0"),
)


@pytest.fixture
def orchestrator() -> ContainerizedOrchestrator:
    made = make_orchestrator(Flavor(), Config())
    assert isinstance(made, Least)
    return made


@pytest.mark.parametrize(
    ("name", "image"),
    [
        (None, "base:1"),
        ("plain", "python:3.12-slim"),
        ("ready", "mine:1"),
        ("built", "registry/built@sha256:abc"),
        ("score", "python:3.12-slim"),
    ],
)
def test_images(orchestrator: ContainerizedOrchestrator, name: str | None, image: str) -> None:
    assert orchestrator.get_image(SNAPSHOT, name) == image


@pytest.mark.parametrize(
    ("name", "image"), [(None, "base:1"), ("plain", "own:1"), ("ready", "mine:1"), ("score", "own:1")]
)
def test_who_names_no_image_has_the_components(name: str | None, image: str) -> None:
    class WithImage(Config):
        image: str | None = None

    assert Least(WithImage(image="own:1")).get_image(SNAPSHOT, name) == image


def test_a_plain_python_that_is_asked_for_by_name_is_what_one_gets() -> None:
    class WithImage(Config):
        image: str | None = None

    asked = step("plain").model_copy(
        update={"config": StepConfig(name="plain", docker_settings=DockerSettings(image="python:3.12-slim"))}
    )
    snapshot = SNAPSHOT.model_copy(update={"steps": (asked,)})
    assert Least(WithImage(image="own:1")).get_image(snapshot, asked) == "python:3.12-slim"


def test_commands_are_argv(orchestrator: ContainerizedOrchestrator) -> None:
    run = ["python", "-m", "skylift.runtime"]
    named = [*run, "step", "--snapshot", SNAPSHOT.digest, "--step", "map:score:0"]
    assert orchestrator.get_entrypoint_command(SNAPSHOT, "score") == named
    assert orchestrator.get_entrypoint_command(SNAPSHOT) == [
        *run,
        "orchestrate",
        "--snapshot",
        SNAPSHOT.digest,
    ]


def test_a_name_that_several_have(orchestrator: ContainerizedOrchestrator) -> None:
    with pytest.raises(ConfigurationError, match="'train' may mean any of the invocations train, train_2"):
        orchestrator.get_entrypoint_command(SNAPSHOT, "train")
    train = SNAPSHOT.step("train")
    assert orchestrator.get_entrypoint_command(SNAPSHOT, train)[-1] == "train"
    assert orchestrator.get_image(SNAPSHOT, train) == "python:3.12-slim"
    ambiguous = SNAPSHOT.model_copy(update={"steps": (step("a", "train"), step("b", "train"))})
    with pytest.raises(
        ConfigurationError,
        match=r"^pipeline 'nightly': 2 invocations have the step name 'train': a, b\. Name one of the invocations\.$",
    ):
        ambiguous.step("train")


def test_a_step_that_there_is_not(orchestrator: ContainerizedOrchestrator) -> None:
    with pytest.raises(UnknownName, match=r"there is no step named 'trian'\. Did you mean 'train'\?"):
        orchestrator.get_image(SNAPSHOT, "trian")


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("submit_dynamic_pipeline", 3),
        ("compile_pipeline", 4),
        ("submit_isolated_step", 2),
        ("get_isolated_step_status", 1),
        ("stop_isolated_step", 1),
        ("fetch_status", 1),
        ("stop_run", 1),
        ("fetch_logs", 2),
        ("find_run", 1),
        ("list_executions", 2),
        ("describe_schedule", 1),
        ("update_schedule", 2),
        ("pause_schedule", 1),
        ("resume_schedule", 1),
        ("delete_schedule", 1),
        ("prepare_or_run_pipeline", 2),
    ],
)
def test_what_is_not_implemented_says_so(orchestrator: BaseOrchestrator, method: str, arguments: int) -> None:
    with pytest.raises(UnsupportedCapability, match=r"^flavor 'least': .*Least does not implement "):
        getattr(orchestrator, method)(*[None] * arguments)


def test_what_it_overrides_is_what_it_does() -> None:
    found = infer(Least, Config())
    assert found.keys() == set(Capability)
    assert found[Capability.STEP_RETRIES] == FULL
    assert not found[Capability.SCHEDULE_CRON]
    assert not found[Capability.STOP]


def test_who_declares_nothing_and_has_no_containers_is_not_taken_to_hold_resources() -> None:
    class Processes(BaseOrchestrator):
        def get_orchestrator_run_id(self) -> str:
            return "x"

    asked = (Capability.CPU, Capability.MEMORY, Capability.GPU, Capability.GPU_TYPE, Capability.IMAGES)
    plain, contained = infer(Processes, Config()), infer(Least, Config())
    assert {plain[one] for one in asked} == {plain[Capability.PARALLEL_STEPS]}
    assert plain[Capability.CPU].describe() == (
        "the flavor of Processes does not declare it among its capabilities"
    )
    assert {contained[one] for one in asked} == {plain[Capability.STEP_ENVIRONMENT]} == {FULL}


@pytest.mark.parametrize("is_remote", [True, False])
def test_this_environment_is_where_steps_run_on_this_machine(is_remote: bool) -> None:
    class Placed(Config):
        @property
        def is_remote(self) -> bool:
            return is_remote

    found = infer(Least, Placed())
    assert bool(found[Capability.SECRETS_FROM_ENVIRONMENT]) is not is_remote
    assert found[Capability.SECRETS] == EMULATED("read by the step's process, with its own credentials")


def test_what_a_flavor_declares_wins() -> None:
    class Declared(Flavor):
        @property
        def capabilities(self) -> Mapping[Capability, Support]:
            return {Capability.STOP: FULL}

    assert capabilities_of(Declared(), Config()) == {Capability.STOP: FULL}


def test_a_class_without_its_run_id_is_refused() -> None:
    class Nameless(BaseOrchestrator):
        def submit_pipeline(self, *_: Any, **__: Any) -> SubmissionResult | None:
            return None

    class NamelessFlavor(Flavor):
        @property
        def implementation_class(self) -> type[BaseOrchestrator]:
            return Nameless

    with pytest.raises(
        FlavorBroken, match=r"Nameless lacks get_orchestrator_run_id\. Implement it: each step calls"
    ):
        verify(NamelessFlavor())


def test_run_step_is_for_the_old_hook_only(orchestrator: BaseOrchestrator) -> None:
    with pytest.raises(ConfigurationError, match="run_step is for prepare_or_run_pipeline"):
        orchestrator.run_step(SNAPSHOT.steps[0])


def test_the_same_name_is_the_same_component() -> None:
    ids = {make_orchestrator(Flavor(), Config(), name=name).id for name in ("a", "a", "b")}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("uri", "is_remote"),
    [("s3://b/p", True), ("gs://b", True), ("az://c", True), ("file:///p", False), ("memory://x", False)],
)
def test_which_stores_others_can_reach(uri: str, is_remote: bool) -> None:
    assert ArtifactStore(uri).is_remote is is_remote

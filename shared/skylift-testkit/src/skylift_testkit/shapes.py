"""Pipelines of many shapes, whose steps run in containers with as little in them as there can be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

from skylift import DockerSettings, ResourceSettings, StepRetryConfig, pipeline, step

if TYPE_CHECKING:
    from skylift.authoring.pipelines import PipelineFunction
    from skylift.authoring.steps import StepFunction

WIDTH: Final = 100
INTO_ONE: Final = 4
LONGEST: Final = 200

NEAR: Final = ("load-data", "load_data", "Load-Data", "Load_data", "load.data", "loaddata")
"""Names that a backend which folds case, or knows fewer characters, could take for one."""

AWKWARD: Final = (
    "größe",
    "特徴量",
    "🚀",
    "e" * LONGEST,
    "e" * (LONGEST - 1) + "f",
    "two words",
    'it\'s "quoted"; echo $HOME `id` \\ | # &',
    "-dash",
    "1st",
)


@step
def start() -> Annotated[str, "path"]:
    return "start"


@step
def visit(path: str, name: str) -> Annotated[str, "path"]:
    """Adds its name to the way that its input came: a wrong dependency shows in the result."""
    return f"{path} > {name}"


@step
def gather(paths: list[str]) -> Annotated[str, "path"]:
    return " | ".join(paths)


def _visits(names: tuple[str, ...]) -> str:
    """One after another, each with an id that is its name."""
    path = start()
    for name in names:
        path = visit(path, name, id=name)
    return path


@pipeline
def single() -> None:
    start()


@pipeline
def chain() -> None:
    _visits(("first", "second", "third"))


@pipeline
def fan_out() -> None:
    path = start()
    for number in range(WIDTH):
        visit(path, str(number))


@pipeline
def fan_in() -> None:
    path = start()
    gather([visit(path, str(number)) for number in range(INTO_ONE)])


@pipeline
def nearly_equal_names() -> None:
    _visits(NEAR)


@pipeline
def awkward_names() -> None:
    _visits(AWKWARD)


persistent_step = start.with_options(
    retry=StepRetryConfig(max_retries=2, delay=timedelta(seconds=1), backoff=2.0),
    timeout=timedelta(minutes=5),
)
on_image: Final = {
    name: start.with_options(settings={"docker": DockerSettings(image=f"registry.example/{name}:1")})
    for name in ("one", "other")
}


def with_resources(resources: ResourceSettings) -> StepFunction[str]:
    return start.with_options(settings={"resources": resources})


@pipeline
def asking(amounts: list[dict[str, Any] | None]) -> None:
    """A step for each, which asks for these resources; None: for nothing."""
    for number, asked in enumerate(amounts):
        (with_resources(ResourceSettings(**asked)) if asked else start)(id=f"step_{number}")


@pipeline
def persistent() -> None:
    persistent_step()


@pipeline
def two_images() -> None:
    for name, own in on_image.items():
        own(id=name)


def crowded(variables: int, length: int) -> PipelineFunction:
    """A pipeline whose step has so many variables of its own, each value so long."""
    environment = {f"CONFORMANCE_{number:04}": "v" * length for number in range(variables)}
    return single.with_options(environment=environment, name=f"crowded_{variables}_{length}")

"""A pipeline for each shape, name and request that a backend may trip over.

`CORPUS` is what every flavor compiles, or refuses for what it declares that it has not. Their
steps can run, too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final

from skylift import DockerSettings, ExecutionMode, ResourceSettings, Schedule, StepRetryConfig, pipeline, step
from skylift_testkit import dynamic_pipelines, modes, pipelines

if TYPE_CHECKING:
    from collections.abc import Mapping

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


_NEW_YEAR: Final = datetime(2031, 1, 1, tzinfo=UTC)

SCHEDULES: Final[Mapping[str, Schedule]] = MappingProxyType(
    {
        "cron": Schedule(cron_expression="0 3 * * *"),
        "cron_of_weekdays": Schedule(cron_expression="30 6 * * 1-5"),
        "cron_of_months": Schedule(cron_expression="15 4 1 */3 *"),
        "cron_of_minutes": Schedule(cron_expression="*/20 8-17 * * *"),
        "cron_in_a_zone": Schedule(cron_expression="0 2 * * *", timezone="Europe/Berlin"),
        "cron_with_a_start": Schedule(cron_expression="0 3 * * *", start_time=_NEW_YEAR),
        "cron_with_an_end": Schedule(cron_expression="0 3 * * *", end_time=_NEW_YEAR),
        "interval": Schedule(interval_second=timedelta(minutes=15)),
        "interval_of_a_day": Schedule(interval_second=timedelta(days=1)),
        "interval_of_36_hours": Schedule(interval_second=timedelta(hours=36)),
        "once": Schedule(run_once_start_time=_NEW_YEAR),
        "catching_up": Schedule(cron_expression="0 3 * * *", catchup=True),
        "one_at_a_time": Schedule(cron_expression="0 3 * * *", max_concurrent_runs=1),
    }
)


def scheduled(name: str) -> PipelineFunction:
    return chain.with_options(schedule=SCHEDULES[name], name=f"scheduled_{name}")


CORPUS: Final[Mapping[str, PipelineFunction]] = MappingProxyType(
    {
        "single": single,
        "chain": chain,
        "diamond": pipelines.diamond,
        "fan_out": fan_out,
        "fan_in": fan_in,
        "environments": pipelines.environments,
        "persistent": persistent,
        "asking": asking,
        "two_images": two_images,
        "nearly_equal_names": nearly_equal_names,
        "awkward_names": awkward_names,
        **{f"scheduled_{name}": scheduled(name) for name in SCHEDULES},
        **{mode.value: modes.failing_beside.with_options(execution_mode=mode) for mode in ExecutionMode},
        "dynamic_loop": dynamic_pipelines.doubling.with_options(name="dynamic_loop"),
        "dynamic_map": dynamic_pipelines.fanned,
        "dynamic_isolated": dynamic_pipelines.apart,
        "dynamic_caught_failure": dynamic_pipelines.careful,
        "dynamic_nested": dynamic_pipelines.nesting,
    }
)

PARAMETERS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "asking": {"amounts": [{"cpu_count": 1, "memory": "512MiB"}, None]},
        "dynamic_loop": {"until": 4},
        "dynamic_map": {"width": 3},
    }
)
"""Of the pipelines that have parameters without a default."""

"""A pipeline for each shape, name and request that a backend may trip over.

Every flavor compiles each of them, or refuses it for what it declares that it has not.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from skylift import ExecutionMode, Schedule
from skylift_testkit import dynamic_pipelines, modes, pipelines, shapes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.authoring.pipelines import PipelineFunction

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
    return shapes.chain.with_options(schedule=SCHEDULES[name], name=f"scheduled_{name}")


CORPUS: Final[Mapping[str, PipelineFunction]] = MappingProxyType(
    {
        "single": shapes.single,
        "chain": shapes.chain,
        "diamond": pipelines.diamond,
        "fan_out": shapes.fan_out,
        "fan_in": shapes.fan_in,
        "environments": pipelines.environments,
        "persistent": shapes.persistent,
        "asking": shapes.asking,
        "two_images": shapes.two_images,
        "nearly_equal_names": shapes.nearly_equal_names,
        "awkward_names": shapes.awkward_names,
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

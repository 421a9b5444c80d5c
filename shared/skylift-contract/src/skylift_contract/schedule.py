"""When a pipeline runs by itself: by cron, each so often, or once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count, islice, takewhile
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from skylift_contract.cron import CronExpression
from skylift_contract.errors import ConfigurationError
from skylift_contract.fire_times import YEARS, fire_times, in_utc
from skylift_contract.model import Duration, Settings
from skylift_contract.time_zones import zone

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECOND: Final = timedelta(seconds=1)
_INSTANT: Final = timedelta(microseconds=1)
_KINDS: Final = ("cron_expression", "interval_second", "run_once_start_time")


def _no_number(value: Any, info: ValidationInfo) -> Any:
    """Refuse what pydantic would read as seconds since 1970."""
    if isinstance(value, int | float):
        raise _wrong(info.field_name, "a number is no date", value, "Give a datetime with a time zone.")
    return value


def _in_utc(value: datetime, info: ValidationInfo) -> datetime:
    return in_utc(value, f"Schedule.{info.field_name}")


Moment = Annotated[datetime, BeforeValidator(_no_number), AfterValidator(_in_utc)]


class Schedule(Settings):
    """When a pipeline runs: exactly one of a cron expression, an interval, one moment.

    Moments are kept in UTC, whatever zone they were given in, so that equal schedules have
    equal bytes.

    Args:
        name: The schedule's own name; by default the pipeline's.
        cron_expression: Standard five fields (`skylift_contract.cron`), in `timezone`; kept
            with single spaces and macros replaced.
        timezone: An IANA name; the zone that cron is read in and fire times are given in.
        interval_second: A timedelta, or seconds; whole seconds, of real time and not of the
            wall clock, so a day is always 24 hours.
        start_time: No run before; an interval counts from here, or else from its deployment.
        end_time: No run after; a run at this very moment still happens.
        run_once_start_time: The one moment.
        catchup: Whether firings that were missed, before deployment or in a pause, run late.
        max_concurrent_runs: How many runs may overlap; None leaves it to the backend.
    """

    name: Annotated[str, Field(min_length=1)] | None = None
    cron_expression: str | None = None
    timezone: str = "UTC"
    interval_second: Duration | None = None
    start_time: Moment | None = None
    end_time: Moment | None = None
    run_once_start_time: Moment | None = None
    catchup: bool = False
    max_concurrent_runs: int | None = None

    @property
    def cron(self) -> CronExpression | None:
        return None if self.cron_expression is None else CronExpression.parse(self.cron_expression)

    @property
    def interval_seconds(self) -> int | None:
        """The whole interval: 129600 for 36 hours, of which `timedelta.seconds` is 43200."""
        return None if self.interval_second is None else self.interval_second // _SECOND

    def fires(self, after: datetime) -> Iterator[datetime]:
        """Fire times strictly after an aware moment, ascending, in the schedule's zone.

        An interval without a start time counts from `after`. See `fire_times` for how to
        compare them, and for where they end.
        """
        found = self._fires_from(in_utc(after, "after"))
        last = self.end_time
        return found if last is None else takewhile(lambda fire: fire.astimezone(UTC) <= last, found)

    def next_fires(self, n: int, after: datetime) -> list[datetime]:
        return list(islice(self.fires(after), n))

    def describe(self) -> str:
        """One clause for people: `cron '0 2 * * *', until 2030-01-01 00:00 (Europe/Berlin)`."""
        since = f", from {self._local(self.start_time)}" if self.start_time else ""
        until = f", until {self._local(self.end_time)}" if self.end_time else ""
        return f"{self._often()}{since}{until} ({self.timezone})"

    def _often(self) -> str:
        if self.cron_expression is not None:
            return f"cron {self.cron_expression!r}"
        if self.interval_second is not None:
            return f"every {_spelled(self.interval_second)}"
        return f"once at {self._local(self.run_once_start_time)}"

    def _local(self, moment: datetime | None) -> str:
        return (
            "" if moment is None else f"{moment.astimezone(zone(self.timezone, 'timezone')):%Y-%m-%d %H:%M}"
        )

    def _fires_from(self, moment: datetime) -> Iterator[datetime]:
        tz = zone(self.timezone, "Schedule.timezone")
        if self.cron is not None:
            start = moment if self.start_time is None else max(moment, self.start_time - _INSTANT)
            return fire_times(self.cron, start, tz)
        if self.interval_second is not None:
            found = _ticks(self.start_time or moment, self.interval_second, moment)
        else:
            once = self.run_once_start_time
            found = (tick for tick in (once,) if tick is not None and tick > moment)
        return (tick.astimezone(tz) for tick in found)

    @field_validator("cron_expression")
    @classmethod
    def _standard_cron(cls, value: str | None) -> str | None:
        return None if value is None else CronExpression.parse(value).text

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        zone(value, "Schedule.timezone")
        return value

    @field_validator("interval_second")
    @classmethod
    def _whole_seconds(cls, value: timedelta | None) -> timedelta | None:
        if value is None or (value > timedelta(0) and not value % _SECOND):
            return value
        what = "it is not a number of whole seconds above 0"
        raise _wrong("interval_second", what, str(value), "Use timedelta(hours=36), or seconds as a number.")

    @field_validator("max_concurrent_runs", mode="before")
    @classmethod
    def _some_runs(cls, value: Any) -> Any:
        if isinstance(value, bool) or (isinstance(value, int) and value < 1):
            raise _wrong(
                "max_concurrent_runs", "it is not a number from 1 up", value, "Use 1 for no overlap."
            )
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if not given:
            fix = f"Give {', '.join(_KINDS[:-1])} or {_KINDS[-1]}."
            raise ConfigurationError("it does not say when to run", who="Schedule", fix=fix)
        if len(given) > 1:
            what = f"it has {' and '.join(given)}, and can follow only one"
            raise ConfigurationError(what, who="Schedule", fix="Keep one, or make a schedule of each.")
        return self

    @model_validator(mode="after")
    def _window_has_room(self) -> Self:
        start, end = self.start_time, self.end_time
        if self.run_once_start_time is not None and (start or end):
            what = "it runs once, so it has no start_time or end_time"
            raise ConfigurationError(what, who="Schedule", fix="Keep run_once_start_time alone.")
        if start is None or end is None:
            return self
        if end <= start:
            raise _wrong("end_time", "it is not after start_time", str(end), f"Give one after {start}.")
        if next(self.fires(start - _INSTANT), None) is None:
            raise _wrong(
                "cron_expression", "it never fires between start_time and end_time", self.cron_expression
            )
        return self


def _ticks(start: datetime, interval: timedelta, after: datetime) -> Iterator[datetime]:
    """Each `start + n * interval` strictly after a moment, n from 0 up."""
    for n in count(max(0, (after - start) // interval + 1)):
        try:
            tick = start + n * interval
        except OverflowError:  # past the year 9999
            return
        if tick.year > YEARS.maximum:
            return
        yield tick


def _spelled(duration: timedelta) -> str:
    """`1 day 12 hours`."""
    minutes, seconds = divmod(duration // _SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = {"day": days, "hour": hours, "minute": minutes, "second": seconds}
    return " ".join(f"{n} {unit}{'' if n == 1 else 's'}" for unit, n in parts.items() if n)


def _wrong(field: str | None, what: str, value: object, fix: str = "") -> ConfigurationError:
    return ConfigurationError(what, who=f"Schedule.{field}", value=value, fix=fix)

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from skylift_contract.canonical import canonical_json
from skylift_contract.errors import ConfigurationError, UnknownName
from skylift_contract.model import Duration, Frozen, Settings

if TYPE_CHECKING:
    from collections.abc import Callable


class Retry(Settings):
    delay: Duration
    factor: float = 1.0


class Job(Settings):
    retry: Retry
    image: str = ""


class Backends(Settings):
    called = 'settings["orchestrator.own"]'

    image: str = ""


class Record(Frozen):
    took: Duration
    score: float = 1.0


@given(st.timedeltas(), st.floats(allow_nan=False))
def test_durations_and_floats_round_trip_through_json(duration: timedelta, number: float) -> None:
    retry, record = Retry(delay=duration, factor=number), Record(took=duration, score=number)
    assert Retry.model_validate_json(retry.model_dump_json()) == retry
    assert Retry.model_validate_json(canonical_json(retry)) == retry
    assert Record.model_validate_json(record.model_dump_json()) == record
    job = Job(retry=retry)
    assert Job.model_validate_json(job.model_dump_json()) == job


@pytest.mark.parametrize("model", [Retry, Record])
def test_nan_is_spelled_and_read_back(model: type[Retry | Record]) -> None:
    field, duration = ("factor", "delay") if model is Retry else ("score", "took")
    data = model.model_validate({field: math.nan, duration: 1}).model_dump_json()
    assert '"NaN"' in data
    assert math.isnan(getattr(model.model_validate_json(data), field))


@given(st.integers(-(10**9), 10**9))
def test_people_write_seconds_and_json_holds_microseconds(seconds: int) -> None:
    retry = Retry.parse({"delay": seconds})
    assert retry.delay == timedelta(seconds=seconds)
    assert f'"delay":{seconds * 1_000_000},' in retry.model_dump_json()


@pytest.mark.parametrize("value", [True, math.nan, math.inf, 1e300, 10**30])
def test_what_is_no_duration_is_refused(value: object) -> None:
    sentence = (
        "Retry.delay: it is not a duration: give a timedelta, or seconds as a number " + f"(got {value!r})."
    )
    with pytest.raises(ConfigurationError, match=f"^{re.escape(sentence)}$"):
        Retry.parse({"delay": value})


def construct(data: Any) -> Job:
    return Job(**data)


READERS: list[Callable[[Any], Job]] = [Job.parse, Job.model_validate, construct]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            {"retry": {"delay": 1}, "imgae": "x"},
            "Job: there is no option named 'imgae'. Did you mean 'image'?",
        ),
        (
            {"retry": {"delay": 1, "fact": 2}},
            "Retry: there is no option named 'fact'. Did you mean 'factor'?",
        ),
        ({}, "Job.retry: it is required. Give it a value."),
        ({"retry": {}}, "Retry.delay: it is required. Give it a value."),
        ({"image": 5}, "Job.retry: it is required (and 1 more). Give it a value."),
        (
            {"retry": {"delay": 1}, "image": 5},
            "Job.image: Input should be a valid string (got 5).",
        ),
    ],
)
def test_settings_speak_in_one_sentence_however_they_are_made(
    read: Callable[[Any], Job], data: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(sentence)}$"):
        read(data)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"imag": "x"}, ": there is no option named 'imag'. Did you mean 'image'?"),
        ({"image": 5}, ".image: Input should be a valid string (got 5)."),
    ],
)
def test_settings_that_people_write_without_their_class_are_called_as_they_write_them(
    data: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Backends.parse(data)
    assert str(caught.value) == f'settings["orchestrator.own"]{sentence}'


def test_settings_from_json_speak_in_the_same_sentence() -> None:
    with pytest.raises(
        UnknownName, match=r"^Retry: there is no option named 'dela'\. Did you mean 'delay'\?$"
    ):
        Retry.model_validate_json('{"delay":1,"dela":2}')


def test_a_newer_writers_field_does_no_harm_in_a_record() -> None:
    assert Record.model_validate({"took": 1, "new": 2}) == Record(took=timedelta(seconds=1))


@pytest.mark.parametrize(
    "made", [Retry(delay=timedelta(1)), Record(took=timedelta(1))], ids=["settings", "record"]
)
def test_neither_kind_changes(made: Frozen | Settings) -> None:
    with pytest.raises(ValidationError, match="frozen_instance"):
        setattr(made, next(iter(type(made).model_fields)), timedelta(2))


class Patterned(Settings):
    told: str | None = Field(default=None, pattern="^a+$", examples=["aaa"])
    untold: str | None = Field(default=None, pattern="^a+$")


def test_a_pattern_is_told_by_its_example() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Patterned(told="b")
    assert str(caught.value) == "Patterned.told: it is not written as one is (got 'b'). As in: aaa"
    with pytest.raises(ConfigurationError, match=r"^Patterned\.untold: String should match pattern"):
        Patterned(untold="b")

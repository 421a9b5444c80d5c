from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.errors import ConfigurationError, UnknownName
from skylift_contract.settings import CENTURY, CachePolicy, DockerSettings, StepRetryConfig


@given(st.integers(1, 20), st.integers(0, 10**6), st.floats(1, 4))
def test_delays_never_shrink(retry: int, milliseconds: int, backoff: float) -> None:
    config = StepRetryConfig(max_retries=20, delay=timedelta(milliseconds=milliseconds), backoff=backoff)
    assert config.delay_before(1) == config.delay
    assert config.delay_before(retry) <= config.delay_before(retry + 1)


def test_delays_double() -> None:
    config = StepRetryConfig(max_retries=3, delay=timedelta(seconds=2), backoff=2)
    assert [config.delay_before(n).total_seconds() for n in (1, 2, 3)] == [2, 4, 8]


@pytest.mark.parametrize(
    "options", [{"max_retries": -1}, {"max_retries": 1, "backoff": 0.5}, {"max_retries": 1, "delay": -1}]
)
def test_what_makes_no_sense_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=r"^StepRetryConfig\.\w+: "):
        StepRetryConfig.parse(options)


def test_a_ready_image_is_not_built_upon() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"^DockerSettings: `image` names a ready image, so nothing is built from requirements "
        r"\(got 'mine:1'\)\. Use `parent_image` to build on top",
    ):
        DockerSettings(image="mine:1", requirements=("numpy",))


def test_a_misspelling_is_named() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'requirements'"):
        DockerSettings.parse({"requirement": ["numpy"]})


def test_nothing_asked_for_is_empty() -> None:
    assert DockerSettings().is_empty
    assert not DockerSettings(platform="linux/arm64").is_empty


@pytest.mark.parametrize(
    "settings", [DockerSettings(image="mine:1"), DockerSettings(), DockerSettings(apt_packages=("git",))]
)
def test_what_a_snapshot_writes_is_read_back(settings: DockerSettings) -> None:
    again = DockerSettings.model_validate_json(settings.model_dump_json())
    assert again == settings
    assert again.is_empty is settings.is_empty


@given(st.timedeltas(min_value=timedelta(microseconds=1), max_value=CENTURY))
def test_a_policy_comes_back_as_it_was(expires_after: timedelta) -> None:
    policy = CachePolicy(inputs=False, expires_after=expires_after)
    assert CachePolicy.from_snapshot(policy) == policy


@pytest.mark.parametrize("after", [timedelta(0), timedelta(seconds=-1), CENTURY + timedelta(microseconds=1)])
def test_what_is_stored_lasts_longer_than_nothing_and_no_longer_than_dates_do(after: timedelta) -> None:
    with pytest.raises(ConfigurationError, match=r"^CachePolicy\.expires_after: "):
        CachePolicy(expires_after=after)
    assert CachePolicy(expires_after=3600) == CachePolicy(expires_after=timedelta(hours=1))  # pyright: ignore[reportArgumentType] -- people write seconds


def test_by_default_all_counts_and_nothing_expires() -> None:
    found = CachePolicy().model_dump()
    assert found.pop("expires_after") is None
    assert set(found.values()) == {True}

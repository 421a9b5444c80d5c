from __future__ import annotations

import re
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st

from skylift_docker.names import container_name

NAMES = st.text(min_size=1, max_size=200)
RUN = "3f9ad2c1-0b1f-5d1e-9c39-6f2f8f1f0a11"


@given(NAMES, NAMES, st.uuids(), st.integers(1, 10**6))
def test_an_engine_takes_the_name(pipeline: str, invocation: str, run: UUID, attempt: int) -> None:
    name = container_name(pipeline, invocation, str(run), attempt)
    assert re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", name)
    assert len(name) <= 124


@given(NAMES, NAMES, st.integers(1, 99), st.integers(1, 99))
@example("train-2", "train_2", 1, 1)
@example("Train", "train", 1, 1)
@example("train", "train-1", 11, 1)
def test_no_two_attempts_have_one_name(one: str, other: str, first: int, second: int) -> None:
    same = container_name("p", one, RUN, first) == container_name("p", other, RUN, second)
    assert same == ((one, first) == (other, second))


def test_runs_are_told_apart() -> None:
    other = "3f9ad2c1-0b1e-5d1e-9c39-6f2f8f1f0a11"
    assert container_name("p", "a", RUN, 1) != container_name("p", "a", other, 1)

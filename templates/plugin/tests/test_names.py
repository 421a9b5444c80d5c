from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st
from skylift___plugin__.names import LIMIT, native_name

NAMES = st.text(min_size=1, max_size=200)


@given(NAMES)
def test_a_native_name_is_one_the_platform_takes(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", native_name(name))
    assert len(native_name(name)) <= LIMIT


@given(NAMES, NAMES)
@example("train_2", "train-2")
@example("Train", "train")
@example("train_2", native_name("train_2"))
def test_different_names_stay_different(one: str, other: str) -> None:
    assert (one == other) == (native_name(one) == native_name(other))


def test_a_name_that_fits_is_kept() -> None:
    assert native_name("train-model") == "train-model"

from __future__ import annotations

import pytest

from skylift.named import Named, UnknownKey
from skylift_contract.errors import UnknownName


def named(*names: str) -> Named[int]:
    return Named("step", "run 7", ((name, number) for number, name in enumerate(names)))


@pytest.mark.parametrize("kind", [KeyError, UnknownName, UnknownKey])
def test_a_name_that_is_near(kind: type[Exception]) -> None:
    with pytest.raises(kind) as raised:
        named("train", "score")["trian"]
    assert str(raised.value) == (
        "run 7: there is no step named 'trian'. Did you mean 'train'? There are: train, score."
    )


def test_a_name_that_is_near_none() -> None:
    with pytest.raises(UnknownKey) as raised:
        named("train", "score")["zz"]
    assert str(raised.value) == "run 7: there is no step named 'zz'. Known: train, score."


def test_of_a_thousand_names_few_are_listed() -> None:
    with pytest.raises(UnknownKey) as raised:
        named(*(f"step_{number}" for number in range(1000)))["zz"]
    assert str(raised.value).endswith("step_18, step_19 and 980 more.")
    assert len(raised.value.known) == 1000


def test_in_all_else_it_is_a_dictionary() -> None:
    found = named("a", "b")
    assert (found["b"], found.get("c"), "c" in found, list(found)) == (1, None, False, ["a", "b"])

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.errors import ConfigurationError
from skylift_pipelinespec.names import check_distinct, mapped, task_ids

NAMES = st.lists(st.text("ab_-AB.9é", min_size=1, max_size=8) | st.text(min_size=1), unique=True)


@given(NAMES)
def test_names_stay_distinct_for_those_who_fold_them(names: list[str]) -> None:
    found = task_ids(names)
    assert list(found) == names
    assert all(re.fullmatch(r"[a-z]([a-z0-9-]{0,54}[a-z0-9])?", own) for own in found.values())
    check_distinct(found.values())


@pytest.mark.parametrize("name", ["load", "load-data", "s1"])
def test_a_plain_name_is_kept(name: str) -> None:
    assert task_ids([name]) == {name: name}


@pytest.mark.parametrize(
    "name", ["load_data", "load--data", "train-driver", "Load", "1st", "a" * 57, "größe"]
)
def test_another_ends_in_a_hash(name: str) -> None:
    assert re.search(r"-[0-9a-f]{12}$", task_ids([name])[name])


@pytest.mark.parametrize(("one", "other"), [("my_step", "my-step"), ("A", "a"), ("a--b", "a-b")])
def test_what_kfp_makes_one_is_refused(one: str, other: str) -> None:
    expected = rf"^task {other!r}: it and task {one!r} are both {mapped(one)!r} to Kubeflow\. Rename one\.$"
    with pytest.raises(ConfigurationError, match=expected):
        check_distinct([one, other])


def test_a_drivers_name_is_refused_beside_its_task() -> None:
    with pytest.raises(ConfigurationError, match=r"^task 'train-driver': it and task 'train' are both"):
        check_distinct(["train", "train-driver"])
    check_distinct(["test-driver", "train"])

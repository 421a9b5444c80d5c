from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest
from skylift_tests_support.round_trips import round_trip

from skylift import artifacts
from skylift.materializers.json_form import NoJsonForm, adapter_of, from_form, to_form


@dataclass
class Metrics:
    loss: float
    labels: set[str] = field(default_factory=set[str])


def test_the_json_is_valid_and_sorted_and_keeps_its_order() -> None:
    def text(value: Any) -> bytes:
        found = round_trip(value)
        return artifacts.open_files(found.store, found.ref.digest, "")[0].read("value.json")

    assert text({"b": 1, "a": "é"}) == '{"b":1,"a":"é"}'.encode()
    assert text([math.nan, math.inf]) == b'["NaN","Infinity"]'
    assert text(Metrics(math.nan, {"b", "a", "c"})) == b'{"loss":"NaN","labels":["a","b","c"]}'
    assert text({frozenset({3, 1}), frozenset({2})}) == b"[[1,3],[2]]"
    assert text({"key": {(2, 1), (1, 2)}}) == b'{"key":[[1,2],[2,1]]}'
    assert json.loads(text(list(range(5)))) == [0, 1, 2, 3, 4]


PRINT_DIGEST = """
from skylift_tests_support.round_trips import round_trip
value = {"labels": {"a", "b", "c", "d", "e"}, "more": {1.5, "x", None}}
print(round_trip(value).ref.digest)
"""


def test_equal_values_are_one_artifact_in_every_process() -> None:
    def digest(seed: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", PRINT_DIGEST]
        return subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout

    assert digest("1") == digest("2") != ""


def test_a_form_is_plain_data_and_is_read_back() -> None:
    adapter = adapter_of(dict[int, Metrics])
    form = to_form({1: Metrics(math.inf, {"b", "a"})}, adapter)
    assert form == {"1": {"loss": "Infinity", "labels": ["a", "b"]}}
    assert from_form(form, adapter) == {1: Metrics(math.inf, {"b", "a"})}


@pytest.mark.parametrize(
    ("value", "annotation", "reason"),
    [
        ({1: "a"}, dict[Any, str], "it would come back from JSON as another value or type"),
        ((1,), Any, "it would come back from JSON as another value or type"),
        (["\ud800"], list[str], "surrogates not allowed"),
        ("1", int, "it is not what its annotation says"),
    ],
)
def test_what_has_no_form(value: Any, annotation: Any, reason: str) -> None:
    with pytest.raises(NoJsonForm) as caught:
        to_form(value, adapter_of(annotation))
    assert reason in str(caught.value)

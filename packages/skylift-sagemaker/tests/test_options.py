from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_sagemaker_model import shapes

from skylift_contract.errors import ConfigurationError
from skylift_sagemaker.options import REGION, check_experiment, partition_of


def partitions() -> list[dict[str, Any]]:
    loaders: Any = import_module("botocore.loaders")
    return loaders.Loader().load_data("partitions")["partitions"]


@pytest.mark.parametrize("partition", partitions(), ids=lambda found: found["id"])
def test_a_region_is_of_the_partition_that_botocore_has_it_in(partition: dict[str, Any]) -> None:
    for region in (name for name in partition["regions"] if not name.endswith("-global")):
        assert re.fullmatch(REGION, region)
        assert partition_of(region) == partition["id"]


@given(st.text("aZ0- _é", max_size=8) | st.integers(115, 125).map(lambda n: "a" * n))
def test_experiments_are_named_as_the_model_has_it(name: str) -> None:
    takes = re.fullmatch(shapes()["ExperimentEntityName"]["pattern"], name) and len(name) <= 120
    try:
        check_experiment(name, "experiment")
    except ConfigurationError:
        assert not takes
    else:
        assert takes

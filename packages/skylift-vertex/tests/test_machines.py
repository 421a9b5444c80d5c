from __future__ import annotations

import pytest
from skylift_vertex_protos import names_of

from skylift_contract.errors import UnknownName
from skylift_vertex.machines import accelerator_type, counts, machine_type, machines

NOT_HERE = {
    "ACCELERATOR_TYPE_UNSPECIFIED",
    "NVIDIA_TESLA_K80",  # at its end of support
    "NVIDIA_GB200",  # beside CPUs that are no x86-64, for which images would have to be others
}


def test_every_gpu_that_vertex_has_is_in_the_table() -> None:
    """Where a newer SDK knows more, this fails, and they are added."""
    gpus = {name for name in names_of("AcceleratorType") if not name.startswith("TPU_")}
    assert set(counts()) == gpus - NOT_HERE


def test_no_row_is_there_twice() -> None:
    rows = [(one.name, one.gpu, one.gpus) for one in machines()]
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("NVIDIA_L4", "NVIDIA_L4"),
        ("l4", "NVIDIA_L4"),
        ("T4", "NVIDIA_TESLA_T4"),
        ("A100", "NVIDIA_TESLA_A100"),
        ("nvidia_a100_80gb", "NVIDIA_A100_80GB"),
    ],
)
def test_an_accelerator_may_be_called_by_its_short_name(given: str, name: str) -> None:
    assert accelerator_type(given, "test") == name


def test_short_names_are_distinct() -> None:
    assert len(
        {accelerator_type(name.removeprefix("NVIDIA_").removeprefix("TESLA_"), "t") for name in counts()}
    ) == len(counts())


@pytest.mark.parametrize("given", ["RTX_4090", "TPU_V3", "NVIDIA_TESLA_K80", ""])
def test_an_accelerator_that_there_is_not_is_refused(given: str) -> None:
    with pytest.raises(UnknownName, match=rf"^step 'a': there is no accelerator type named '{given}'\. "):
        accelerator_type(given, "step 'a'")


def test_a_machine_type_that_there_is_not_is_refused() -> None:
    with pytest.raises(
        UnknownName, match=r"^step 'a': there is no machine type named 'n1-standard-5'\. Did you mean "
    ):
        machine_type("n1-standard-5", "step 'a'")


@pytest.mark.parametrize(
    ("gpu", "numbers"),
    [("NVIDIA_TESLA_T4", (1, 2, 4)), ("NVIDIA_L4", (1, 2, 4, 8)), ("NVIDIA_H200_141GB", (8,))],
)
def test_counts(gpu: str, numbers: tuple[int, ...]) -> None:
    assert counts()[gpu] == numbers

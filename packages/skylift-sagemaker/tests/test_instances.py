from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.errors import UnknownName
from skylift_sagemaker.instances import instances, known, named


@given(st.sampled_from(sorted(instances())))
def test_a_type_as_ec2_has_it_is_answered_with_sagemakers(name: str) -> None:
    ec2 = name.removeprefix("ml.")
    expected = f"step 'a': there is no instance type named '{ec2}'. Did you mean '{name}'?"
    with pytest.raises(UnknownName) as raised:
        named(ec2, "step 'a'")
    assert str(raised.value) == expected
    assert known(name, min(instances()[name].jobs), "step 'a'") is named(name, "step 'a'")

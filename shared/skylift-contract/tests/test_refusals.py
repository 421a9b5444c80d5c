"""One reason is raised as it is; of several each stands in the one that is raised."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.errors import (
    BackendError,
    ConfigurationError,
    LimitExceeded,
    NotFound,
    SkyliftError,
    UnsupportedCapability,
)
from skylift_contract.refusals import REFUSALS, Refused, found_by, raise_all

USER = ConfigurationError("it is no user", who="step 'a'", fix="Write a number.")
CPUS = LimitExceeded("too many CPUs", who="step 'b'")
GONE = NotFound("no such image", operation="docker:GET /images")
LACKS = UnsupportedCapability("acme", ["step 'a' uses gpu", "step 'b' uses gpu"], fix="Choose another.")


def raised(*reasons: SkyliftError) -> SkyliftError:
    with pytest.raises(SkyliftError) as caught:
        raise_all("acme", reasons)
    return caught.value


def test_nothing_is_raised_of_nothing() -> None:
    raise_all("acme", [])


@pytest.mark.parametrize("reason", [USER, CPUS, GONE, LACKS, Refused("acme", [str(USER), str(CPUS)])])
def test_one_is_raised_as_it_is(reason: SkyliftError) -> None:
    assert str(raised(reason, reason)) == str(reason)
    assert type(raised(reason)) is type(reason)


def test_several_are_a_line_each() -> None:
    assert str(raised(USER, CPUS)) == (
        "flavor 'acme': it cannot run this pipeline, for 2 reasons:\n"
        "- step 'a': it is no user. Write a number.\n- step 'b': too many CPUs."
    )


def test_with_what_a_flavor_has_not_they_are_among_that() -> None:
    error = raised(USER, LACKS)
    assert isinstance(error, UnsupportedCapability)
    assert str(error) == (
        "flavor 'acme': it cannot run this pipeline: step 'a': it is no user. Write a number; "
        "step 'a' uses gpu; step 'b' uses gpu. Choose another."
    )


@given(st.lists(st.lists(st.sampled_from([USER, CPUS, GONE]), min_size=2, unique=True), min_size=2))
def test_what_was_several_already_is_not_nested(groups: list[list[SkyliftError]]) -> None:
    error = raised(*(Refused("acme", map(str, group)) for group in groups))
    assert isinstance(error, Refused)
    wanted = {str(one) for group in groups for one in group}
    assert sorted(error.reasons) == sorted(wanted)


def test_what_is_refused_exits_with_2_and_what_failed_with_1() -> None:
    assert {kind.exit_code for kind in REFUSALS} == {raised(USER, GONE).exit_code} == {2}
    assert BackendError.exit_code == 1


def test_every_check_is_made_and_what_is_no_refusal_is_not_kept() -> None:
    def refuse(error: Exception) -> None:
        raise error

    checks = [partial(refuse, USER), lambda: None, partial(refuse, CPUS)]
    assert list(found_by(checks)) == [USER, CPUS]
    with pytest.raises(ZeroDivisionError):
        list(found_by([*checks, partial(refuse, ZeroDivisionError())]))


def test_a_thousand_reasons_are_not_all_shown() -> None:
    lines = str(Refused("acme", [f"step {n}: too much." for n in range(1000)])).splitlines()
    assert len(lines) == 22
    assert lines[-2:] == ["- step 19: too much.", "- and 980 more."]

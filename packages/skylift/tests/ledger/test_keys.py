from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from skylift.ledger import keys
from skylift.store.keys import check_key
from skylift_contract.names import step_key
from skylift_contract.status import AttemptEnd

RUN = "3f0e6a52-0000-5000-8000-000000000000"
moments = st.integers(2, 10**16 - 1).map(
    lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)
names = st.text(min_size=1, max_size=30)
numbers = st.integers(0, 20_000)
attempts = st.dictionaries(st.integers(1, 12_000), st.frozensets(st.sampled_from(AttemptEnd)), max_size=4)
step_listings = st.builds(keys.StepListing, st.booleans(), attempts).filter(
    lambda step: step.committed or bool(step.attempts)
)


@given(moments, moments)
def test_the_newest_run_sorts_first(one: datetime, other: datetime) -> None:
    by_key = sorted([one, other], key=lambda moment: keys.index(RUN, moment))

    assert by_key == sorted([one, other], reverse=True)


@given(moments)
def test_a_microsecond_makes_a_difference(moment: datetime) -> None:
    assert keys.index(RUN, moment) < keys.index(RUN, moment - timedelta(microseconds=1))


@given(moments)
def test_an_index_key_says_its_run(moment: datetime) -> None:
    assert keys.run_of_index(keys.index(RUN, moment)) == RUN
    assert keys.index_time(keys.index(RUN, moment)) == moment


@given(
    st.dictionaries(names, step_listings, max_size=4),
    st.sets(numbers, max_size=4),
    st.sets(numbers, max_size=4),
    st.sets(numbers, max_size=4),
    st.randoms(),
)
def test_a_listing_is_read_back_as_it_was_written(
    steps: dict[str, keys.StepListing], ends: set[int], failures: set[int], stops: set[int], order: object
) -> None:
    found = [keys.end(RUN, k) for k in ends]
    found += [keys.failed(RUN, k) for k in failures] + [keys.stop(RUN, k) for k in stops]
    for name, step in steps.items():
        found += [keys.result(RUN, name)] if step.committed else []
        for attempt, how in step.attempts.items():
            found += [keys.attempt_start(RUN, name, attempt)]
            found += [keys.attempt_end(RUN, name, attempt, end) for end in how]
    order.shuffle(found)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]

    listing = keys.read_run_listing(RUN, found)

    assert listing.steps == {step_key(name): step for name, step in steps.items()}
    assert listing.ends == tuple(sorted(ends))
    assert listing.failures == tuple(sorted(failures))
    assert listing.stops == tuple(sorted(stops))
    assert all(check_key(key) == key for key in found)


@given(st.lists(st.text("abc/.0123²٣-end_failed", max_size=12)))
def test_keys_of_another_layout_are_passed_over(tails: list[str]) -> None:
    listing = keys.read_run_listing(RUN, [f"{keys.run_folder(RUN)}{tail}" for tail in tails])

    assert listing == keys.RunListing({})


def test_names_that_look_almost_like_ours_are_passed_over() -> None:
    tails = ["end/1.json", "end/0001", "end/0001.json/x", "end/²²²².json", "steps/a-1/0/start.json"]
    tails += ["steps/a-1/1/end-exploded.json", "steps/a-1/1/notes.txt", "steps/a-1/x/start.json"]

    assert keys.read_run_listing(RUN, [keys.run_folder(RUN) + tail for tail in tails]) == keys.RunListing({})


@given(numbers, numbers)
def test_revisions_are_told_by_their_numbers(one: int, other: int) -> None:
    assert keys.revision_of(keys.end(RUN, one)) == one
    assert (keys.failed(RUN, one) == keys.failed(RUN, other)) == (one == other)


def test_log_chunks_sort_in_the_order_of_writing() -> None:
    written = [(attempt, chunk) for attempt in (1, 2, 10) for chunk in (0, 9, 10, 100)]
    found = [keys.log_chunk(RUN, "train", *place) for place in written]

    assert sorted(found) == found


def test_a_damaged_record_of_a_run_goes_with_its_run() -> None:
    key = keys.result(RUN, "train")
    assert keys.remedy(key) == f"Restore it, or: skylift runs delete {RUN}"
    assert keys.remedy(keys.cache("k", 0)) == "Restore it."

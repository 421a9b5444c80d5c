from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.errors import SkyliftError
from skylift_vertex.limits import JOB_ID, check_labels
from skylift_vertex.names import job_id, label, labels_of


@given(st.text(max_size=80))
def test_whatever_becomes_a_label_is_one(text: str) -> None:
    check_labels({"key": label(text)}, "test")
    assert label(label(text)) == label(text) or len(label(text)) <= 63


@given(st.lists(st.text(max_size=80), unique=True, max_size=10))
def test_different_texts_are_different_labels(texts: list[str]) -> None:
    assert len({label(text) for text in texts}) == len(texts)


@given(st.text())
def test_a_submissions_job_has_an_id_of_one(submission: str) -> None:
    assert JOB_ID.fullmatch(job_id(submission))
    assert len(job_id(submission)) <= 128


@given(st.dictionaries(st.text(max_size=70), st.text(max_size=70), max_size=3))
def test_labels_are_checked_to_the_letter(labels: dict[str, str]) -> None:
    """By another reading of the same rule: `[a-z…][a-z0-9…_-]*`, at most 63."""
    fine = all(
        0 < len(key) <= 63
        and len(value) <= 63
        and key[0].isalpha()
        and not key.startswith("skylift_")
        and all((c.isalnum() and c.lower() == c) or c in "_-" for c in key + value)
        for key, value in labels.items()
    )
    try:
        check_labels(labels, "test")
    except SkyliftError:
        taken = False
    else:
        taken = True
    assert taken == fine


def test_our_own_labels_say_so() -> None:
    assert labels_of({"project": "Tests"}).keys() == {"skylift_project"}

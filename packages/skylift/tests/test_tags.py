"""What can be a tag, and what cannot, whoever asks."""

from __future__ import annotations

import pytest

from skylift import pipeline
from skylift.tags import LONGEST, checked_tags
from skylift_contract.errors import ConfigurationError


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [
        (
            "",
            r"tag: it is a word or several in one line, without space around it \(got ''\)\. Give another\.",
        ),
        (
            " a",
            r"tag: it is a word or several in one line, without space around it \(got ' a'\)\. Give another\.",
        ),
        (
            "a\nb",
            r"tag: it is a word or several in one line, without space around it \(got 'a\\nb'\)\. Give another\.",
        ),
        (
            "x" * 101,
            rf"tag: it is too long \(got '101 characters', limit: {LONGEST} characters\)\. Say it in a note: --note\.",
        ),
    ],
)
def test_what_cannot_be_a_tag(tag: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{sentence}$"):
        checked_tags(["good", tag])
    assert checked_tags(["two words", "x" * LONGEST]) == ("two words", "x" * LONGEST)


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [
        (1, r"a tag is text \(got 1\)\. Put it in quotes\."),
        ("", r"it is a word or several in one line, without space around it \(got ''\)\. Give another\."),
    ],
)
def test_tags_in_code_are_checked_as_those_of_a_run(tag: object, sentence: str) -> None:
    def flow() -> None:
        pass

    with pytest.raises(ConfigurationError, match=rf"^pipeline 'flow', tags: {sentence}$"):
        pipeline(tags=["good", tag])(flow)  # pyright: ignore[reportArgumentType, reportCallIssue] -- untyped users

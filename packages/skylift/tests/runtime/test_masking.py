from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from skylift.runtime.masking import SHORTEST, STARS, Masker

WORDS = st.lists(st.text("abc\n", min_size=SHORTEST, max_size=9), min_size=1, max_size=4)
"""Of few letters, so that they overlap, begin and end in one another, and repeat themselves."""

PIECES = st.lists(st.text("abc\nd", max_size=12), max_size=8)


@st.composite
def with_words(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Words, and pieces of a text in which they stand."""
    words = draw(WORDS)
    parts = draw(st.lists(st.one_of(st.sampled_from(words), st.text("abc\nd", max_size=5)), max_size=6))
    text = "".join(parts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return words, [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def marks_of(words: list[str], text: str) -> list[bool]:
    """Whether each character belongs to an occurrence."""
    marks = [False] * len(text)
    for word in words:
        for start in range(len(text)):
            if text.startswith(word, start):
                marks[start : start + len(word)] = [True] * len(word)
    return marks


def with_stars(text: str, marks: list[bool]) -> str:
    before, shown = False, ""
    for letter, mark in zip(text, marks, strict=True):
        shown += "" if mark and before else STARS if mark else letter
        before = mark
    return shown


@given(with_words())
def test_wherever_a_text_is_cut_it_is_masked_as_a_whole(case: tuple[list[str], list[str]]) -> None:
    words, pieces = case
    text, masker = "".join(pieces), Masker(words)
    expected = with_stars(f"{text}#", marks_of(words, f"{text}#"))

    assert "".join(masker.feed(piece) for piece in [*pieces, "#"]) == expected
    assert Masker(words).whole(f"{text}#") == expected


@given(with_words())
def test_nothing_is_held_back_but_what_may_begin_a_word(case: tuple[list[str], list[str]]) -> None:
    """And of that only what has not been hidden yet."""
    words, pieces = case
    masker, text, shown = Masker(words), "", ""
    for piece in pieces:
        text += piece
        shown += masker.feed(piece)
        lengths = [n for word in words for n in range(1, len(word)) if text.endswith(word[:n])]
        end, marks = len(text) - max(lengths, default=0), marks_of(words, text)
        while end < len(text) and marks[end]:
            end += 1
        assert shown == with_stars(text[:end], marks[:end])
        assert masker.is_waiting is (end < len(text))


@given(with_words(), st.lists(st.booleans(), max_size=9))
def test_no_word_is_ever_shown_also_when_what_is_held_is_let_out(
    case: tuple[list[str], list[str]], settles: list[bool]
) -> None:
    words, pieces = case
    masker, shown = Masker(words), ""
    for number, piece in enumerate(pieces):
        shown += masker.feed(piece)
        if number < len(settles) and settles[number]:
            shown += masker.settle()
    shown += masker.settle() + masker.end()

    assert not [word for word in words if word in shown]


@given(WORDS, PIECES)
def test_what_is_no_word_is_shown(words: list[str], pieces: list[str]) -> None:
    text = "".join(pieces)
    assume(not any(word in text for word in words))
    masker = Masker(words)
    assert "".join(masker.feed(piece) for piece in [*pieces, "#"]) == f"{text}#"


def test_without_words_all_passes_at_once() -> None:
    masker = Masker()
    assert masker.feed("hunter") == "hunter"
    masker.learn(["hunter2"])
    assert masker.feed("2 hunter") == "2 "
    assert masker.feed("2!") == "***!"


@pytest.mark.parametrize(
    ("word", "betrayed"), [("hunt", "h"), ("hunter2", "h"), ("hunter2hunter2", "hun"), ("hunter2" * 9, "hun")]
)
def test_what_is_let_out_early_betrays_little(word: str, betrayed: str) -> None:
    masker, shown = Masker([word]), ""
    for letter in f"{word}.":
        shown += masker.feed(letter) + masker.settle()
    assert shown == f"{betrayed}***."


def test_a_text_that_ends_within_a_word_ends_in_stars() -> None:
    masker = Masker(["hunter2"])
    assert masker.feed("it is hunt") == "it is "
    assert masker.settle() == ""
    assert masker.end() == "***"
    assert masker.end() == ""


def test_what_touches_is_one_run_of_stars() -> None:
    masker = Masker(["abcd"])
    assert masker.feed("abcdab") + masker.feed("cd-abcd") == "***-***"


def test_letters_that_have_been_hidden_are_not_held_again() -> None:
    """Of lines and a whole: the line is hidden at once, though the whole may go on."""
    masker = Masker(["begin key", "begin key\nend key"])
    assert masker.feed("begin key\n") == "***"
    assert masker.settle() == "\n"
    assert masker.feed("end key\n") == "***\n"

from __future__ import annotations

import dataclasses
import re
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract import names
from skylift_contract.errors import ConfigurationError
from skylift_contract.names import DIGITS, LETTERS, LOWER, Alphabet, native_names, slug, step_key

ALPHABETS = {
    r"[A-Za-z0-9\-_]{1,64}": Alphabet(LETTERS + DIGITS + "-_", 64),  # SageMaker's steps
    r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,81}": Alphabet(  # SageMaker's pipelines
        LETTERS + DIGITS + "-", 82, first=LETTERS + DIGITS, last=LETTERS + DIGITS
    ),
    r"[a-z0-9]([a-z0-9-]{0,126}[a-z0-9])?": Alphabet(  # Kubeflow's tasks
        LOWER + DIGITS + "-", 128, first=LOWER + DIGITS, last=LOWER + DIGITS
    ),
    r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?": Alphabet(LOWER + DIGITS + "-", 63, first=LOWER, last=LOWER + DIGITS),
    r"[A-Za-z0-9_-]{1,100}": Alphabet(LETTERS + DIGITS + "_-", 100, ignores_case=True),  # Databricks' tasks
    r"[A-Za-z0-9_]{1,255}": Alphabet(LETTERS + DIGITS + "_", 255, replacement="_"),  # Azure ML's
    r"[a-f0-9_]{1,14}": Alphabet("abcdef" + DIGITS + "_", 14, replacement="_"),  # the least there can be
}
alphabets = st.sampled_from(list(ALPHABETS.items()))

base = st.text("aBb1-_. /éß\ud800", max_size=6) | st.text(max_size=90)


def dashed(name: str) -> str:
    return name.replace("_", "-")


def underscored(name: str) -> str:
    return name.replace("-", "_")


def extended(name: str) -> str:
    return f"{name}-"


def cut(name: str) -> str:
    return name[:63]


@st.composite
def relatives(draw: st.DrawFn) -> list[str]:
    """Names, and those that look like them: in case, in `-` and `_`, cut, hashed, hashed again."""
    found = draw(st.lists(base, min_size=1, max_size=4))
    natives = [alphabet.native for alphabet in ALPHABETS.values()]
    changes = [str.upper, str.lower, str.swapcase, step_key, dashed, underscored, extended, cut, *natives]
    for change in draw(st.lists(st.sampled_from(changes), max_size=8)):
        found.append(change(draw(st.sampled_from(found))))
    return found


@given(relatives(), alphabets)
def test_native_names_are_valid_and_distinct(found: list[str], case: tuple[str, Alphabet]) -> None:
    pattern, alphabet = case
    natives = native_names(found, alphabet)
    assert list(natives) == list(dict.fromkeys(found))
    assert all(re.fullmatch(pattern, native) for native in natives.values())
    assert all(len(native) <= alphabet.limit for native in natives.values())
    seen = [native.lower() if alphabet.ignores_case else native for native in natives.values()]
    assert len(set(seen)) == len(seen)


@given(relatives(), alphabets, st.randoms())
def test_a_native_name_does_not_depend_on_the_other_names(
    found: list[str], case: tuple[str, Alphabet], random: Any
) -> None:
    _, alphabet = case
    natives = native_names(found, alphabet)
    random.shuffle(found)
    assert native_names(found, alphabet) == natives
    assert all(native_names([name], alphabet) == {name: native} for name, native in natives.items())


@given(st.data(), alphabets)
def test_a_valid_name_stays_as_it_is_unless_it_ends_like_a_hash(
    data: st.DataObject, case: tuple[str, Alphabet]
) -> None:
    pattern, alphabet = case
    name = data.draw(st.from_regex(f"\\A{pattern}\\Z").filter(lambda text: len(text) <= alphabet.limit))
    hashed = re.search(f"{alphabet.replacement}[0-9a-f]{{12}}$", name)
    capitals = alphabet.ignores_case and name != name.lower()
    assert alphabet.accepts(name) != capitals
    assert (alphabet.native(name) == name) == (not hashed and not capitals)


@given(base, alphabets)
def test_a_changed_name_is_never_one_that_stays(name: str, case: tuple[str, Alphabet]) -> None:
    _, alphabet = case
    native = alphabet.native(name)
    if native != name:
        assert alphabet.native(native) != native


def test_names_that_differ_in_dash_underscore_or_case_only_stay_apart() -> None:
    found = ["load-data", "load_data", "Load-Data", "load.data"]
    kubeflow = Alphabet(LOWER + DIGITS + "-", 63, first=LOWER, last=LOWER + DIGITS)
    natives = native_names(found, kubeflow)
    assert natives["load-data"] == "load-data"
    assert all(native.startswith("load-data") for native in natives.values())
    assert len(set(natives.values())) == 4


def test_a_name_keeps_what_it_can_from_its_first_allowed_letter_on() -> None:
    kubernetes = Alphabet(LOWER + DIGITS + "-", 63, first=LOWER, last=LOWER + DIGITS)
    for name in ("2nd step", "-2nd-step", "2nd-step"):
        assert re.fullmatch("nd-step-[0-9a-f]{12}", kubernetes.native(name))
    assert re.fullmatch("step-[0-9a-f]{12}", kubernetes.native("step-"))
    assert re.fullmatch("x-[0-9a-f]{12}", kubernetes.native("22"))
    assert re.fullmatch("a{50}-[0-9a-f]{12}", kubernetes.native("a" * 64))


@pytest.mark.parametrize(
    ("name", "native"),
    [
        ("train", "train"),
        ("map:score:0", "map-score-0-90b854b33418"),
        ("Größe", "Groe-aedc3f80989a"),
        ("", "x-e3b0c44298fc"),
        ("步骤", "x-4ec7d4554df9"),
        ("a-0123456789ab", "a-0123456789ab-b5c315955f0a"),
    ],
)
def test_what_becomes_of_a_name_is_fixed_for_good(name: str, native: str) -> None:
    assert Alphabet(LETTERS + DIGITS + "-_", 64).native(name) == native


def no_hash(name: str) -> str:
    return "0" * 12


def test_two_names_with_one_hash_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_hash", no_hash)
    alphabet = Alphabet(LETTERS + DIGITS + "-", 64)
    sentence = (
        "name 'a:b': it and 'a.b' would have the same name 'a-b-000000000000' on the backend. Rename one."
    )
    with pytest.raises(ConfigurationError, match=f"^{re.escape(sentence)}$"):
        native_names(["a.b", "a:b"], alphabet)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"replacement": ""}, "replacement: it is not one of the ASCII characters allowed (got '')."),
        ({"replacement": "_"}, "replacement: it is not one of the ASCII characters allowed (got '_')."),
        ({"characters": "-é"}, "replacement: it is not one of the ASCII characters allowed (got '-')."),
        (
            {"last": LOWER},
            f"last: a name may not end with each of 0-9 and a-f, as the hash does (got {LOWER!r}).",
        ),
        ({"first": "A"}, "first: it has characters that are not allowed at all (got 'A')."),
        ({"limit": 13}, "limit: a letter, the replacement and the hash do not fit into it (got 13)."),
    ],
)
def test_an_alphabet_without_room_for_a_hash_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(f'Alphabet.{sentence}')}$"):
        dataclasses.replace(Alphabet(LOWER + DIGITS + "-", 63), **change)


@given(st.text(max_size=120), st.integers(1, 60))
def test_a_slug_is_always_a_slug(text: str, limit: int) -> None:
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", slug(text, limit))
    assert len(slug(text, limit)) <= limit
    assert slug(slug(text, limit), limit) == slug(text, limit)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("Train model", "train-model"),
        ("..", "x"),
        ("", "x"),
        ("Größe", "groe"),
        ("a_b--c/", "a-b-c"),
        ("é", "e"),
    ],
)
def test_slugs(text: str, short: str) -> None:
    assert slug(text) == short


@given(relatives())
def test_step_keys_are_distinct_even_where_case_is_ignored(found: list[str]) -> None:
    for one, other in combinations(set(found), 2):
        assert step_key(one).lower() != step_key(other).lower()
    assert all(re.fullmatch(r"[a-z0-9-]{1,40}-[0-9a-f]{12}", step_key(name)) for name in found)


def test_a_step_key_is_fixed_for_good() -> None:
    assert step_key("train") == "train-116f54c41d04"
    assert step_key("Train") != step_key("train")

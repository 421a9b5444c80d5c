from __future__ import annotations

import base64

import pytest

from skylift.runtime.known_secrets import hidden, hidden_in, known, known_forms, told

KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w==\n-----END PRIVATE KEY-----\n"


def test_it_is_hidden_for_as_long_as_it_is_known() -> None:
    with known(["hunter2"]):
        assert hidden("it is hunter2!") == "it is ***!"
        with known(["hunter2"]):
            pass
        assert hidden("hunter2") == "***"
    assert hidden("hunter2") == "hunter2"
    assert known_forms() == frozenset()


def test_it_is_forgotten_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), known(["hunter2"]):
        raise ZeroDivisionError
    assert known_forms() == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        repr(KEY),
        KEY.replace("\n", "\n    "),
        KEY.replace("\n", "\r\n"),
        KEY.replace("\n", " "),
    ],
)
def test_each_line_of_a_key(text: str) -> None:
    with known([KEY]):
        seen = hidden(text)
    assert "MIIE" not in seen
    assert "kqhkiG9w" not in seen


def test_in_data() -> None:
    with known(["hunter2"]):
        seen = hidden_in({"a hunter2": ["hunter2", 1, None, {"b": "x-hunter2"}]})
    assert seen == {"a ***": ["***", 1, None, {"b": "x-***"}]}


def test_short_ones_are_not_hidden() -> None:
    with known(["abc", ""]):
        assert hidden("abcdef") == "abcdef"


def test_a_listener_is_told_of_what_is_known_and_of_what_comes() -> None:
    heard: list[frozenset[str]] = []
    with known(["hunter2"]), told(heard.append):
        with known(["correct horse"]):
            pass
        first, second = heard
    with known(["unheard"]):
        pass

    assert "hunter2" in first
    assert {"hunter2", "correct horse", "correct+horse"} <= second
    assert len(heard) == 2


def test_base64_in_lines_is_hidden() -> None:
    secret = "correct horse battery staple " * 6
    with known([secret]):
        for before in ("", "x:", "user:", "someone"):
            encoded = base64.encodebytes(f"{before}{secret}".encode()).decode()
            assert max(map(len, hidden(encoded).split("***"))) < 12

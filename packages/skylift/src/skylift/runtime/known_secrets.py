"""The secrets that this process has been told, in all the forms in which they are hidden from output."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from skylift.runtime.masking import SHORTEST, Masker
from skylift.secret_forms import forms_of, lines_of, wrapped_forms_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

_COUNTS: Final = Counter[str]()
_LISTENERS: Final[list[Callable[[frozenset[str]], Any]]] = []
_LOCK: Final = threading.Lock()
_words: frozenset[str] = frozenset()


@contextmanager
def known(secrets: Iterable[str]) -> Generator[None]:
    """Have these hidden for as long; a stream that has learned them hides them to its end."""
    wholes = frozenset(secrets)
    texts = wholes.union(*map(lines_of, wholes))
    forms = [form for text in texts for form in forms_of(text, SHORTEST)]
    forms += [form for whole in wholes for form in wrapped_forms_of(whole, SHORTEST)]
    _change(forms, 1)
    try:
        yield
    finally:
        _change(forms, -1)


def _change(forms: list[str], by: int) -> None:
    global _words  # noqa: PLW0603 -- one assignment, so that readers need no lock
    if not forms:
        return
    with _LOCK:
        for form in forms:
            _COUNTS[form] += by
        _words = frozenset(form for form, count in _COUNTS.items() if count > 0)
        if by > 0:
            for listen in _LISTENERS:
                listen(_words)


def known_forms() -> frozenset[str]:
    return _words


@contextmanager
def told(listen: Callable[[frozenset[str]], Any]) -> Generator[None]:
    """Call this with all forms there are, now and before the step learns of further ones."""
    with _LOCK:
        _LISTENERS.append(listen)
        if _words:
            listen(_words)
    try:
        yield
    finally:
        with _LOCK:
            _LISTENERS.remove(listen)


def hidden(text: str) -> str:
    """The text without the secrets that are known now."""
    return Masker(_words).whole(text) if _words else text


def hidden_in(value: Any) -> Any:
    """Plain JSON data without them, keys included."""
    if isinstance(value, str):
        return hidden(value)
    if isinstance(value, list):
        return [hidden_in(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {hidden(key): hidden_in(item) for key, item in cast("dict[str, Any]", value).items()}
    return value

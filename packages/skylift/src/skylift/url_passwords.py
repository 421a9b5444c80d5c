"""Passwords inside URLs, `user:password@`, which whoever sees the URL sees too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

STARS: Final = "**********"
"""What stands for a value that is not shown; pydantic's `SecretStr` shows the same."""

_PASSWORD: Final = re.compile(
    r"(?:://[^\s/:@\[]*:(?P<of_url>[^\s/]+|(?!\d{1,5}/)[^\s]+)"  # no port; an AWS key may hold a slash
    r"|^(?!(?:serviceAccount|group|mailto):)[^\s/:@\[\"]+:(?P<alone>[^\s/\"]+))"
    r"@(?!sha\d{3}:)"
)
"""Neither a digest, `image:tag@sha256:…`, nor a member in Google Cloud, `serviceAccount:name@project`."""


_REFERENCE: Final = re.compile(r"\$\{[^{}\s]*\}")


def passwords_in(text: str) -> Iterator[str]:
    """Each password that stands in a URL of the text, as it is written there; a reference is none."""
    return (text[start:end] for start, end in _spans(text))


def without_passwords(text: str) -> str:
    """The text with stars in the place of each."""
    for start, end in reversed(list(_spans(text))):
        text = f"{text[:start]}{STARS}{text[end:]}"
    return text


def _spans(text: str) -> Iterator[tuple[int, int]]:
    blank = _REFERENCE.sub(lambda found: "\0" * len(found[0]), text)
    for found in _PASSWORD.finditer(blank):
        group = "alone" if found["of_url"] is None else "of_url"
        if found[group].strip("\0"):
            yield found.span(group)


def has_password(value: Any) -> bool:
    """Whether one stands in a text, or in one that a list or a mapping holds."""
    if isinstance(value, str):
        return next(passwords_in(value), None) is not None
    if isinstance(value, dict):
        return any(has_password(item) for item in cast("dict[str, Any]", value).values())
    return isinstance(value, list | tuple) and any(map(has_password, cast("list[Any]", value)))


def refuse_passwords(value: Any, who: str) -> None:
    """Raise `ConfigurationError` for a value that holds one; it is not said."""
    if has_password(value):
        raise ConfigurationError(
            "it holds user:password@, which all who see it can read",
            who=who,
            fix="Leave that out, and give both as options of their own, --OPTION='${env:NAME}', or in the "
            "environment.",
        )

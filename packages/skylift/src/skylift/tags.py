"""What a tag may be, wherever it is given: in code, in a file, or for one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST: Final = 100
"""Characters of a tag."""


def checked_tags(tags: Iterable[object], who: str = "tag") -> tuple[str, ...]:
    """The tags; raises `ConfigurationError` for one that is no text, empty, too long or not in one line."""
    return tuple(_checked(tag, who) for tag in tags)


def _checked(tag: object, who: str) -> str:
    if not isinstance(tag, str):
        raise ConfigurationError("a tag is text", who=who, value=tag, fix="Put it in quotes.")
    if not tag or tag != tag.strip() or not tag.isprintable():
        raise ConfigurationError(
            "it is a word or several in one line, without space around it",
            who=who,
            value=tag,
            fix="Give another.",
        )
    if len(tag) > LONGEST:
        raise ConfigurationError(
            "it is too long",
            who=who,
            value=f"{len(tag)} characters",
            limit=f"{LONGEST} characters",
            fix="Say it in a note: --note.",
        )
    return tag

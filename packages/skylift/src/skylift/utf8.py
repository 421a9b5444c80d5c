"""Text that a record can hold."""

from __future__ import annotations


def is_utf8(text: str) -> bool:
    """False for lone surrogates: what a shell or a file system gave that is no UTF-8 becomes them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

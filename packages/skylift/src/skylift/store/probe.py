"""Trying a store before anything depends on it."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from skylift.store.transport import KeyExists
from skylift_contract.errors import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from skylift.store.transport import Transport


def probe(uri: str, transport: Transport) -> None:
    """Create an object twice, read it, list it, delete it.

    Raises `StoreUnavailable` for the first thing that cannot be relied on.
    """
    key = f"probe/{secrets.token_hex(8)}"
    transport.prepare()
    _write(key, b"first", transport)
    try:
        _check(uri, key, transport)
    finally:
        with suppress(StoreError):  # a store that keeps everything for ever can still be worked with
            transport.delete([key])


def _check(uri: str, key: str, transport: Transport) -> None:
    try:
        transport.put_new(key, b"second")
    except KeyExists:
        overwritten = transport.get(key) != b"first"
    else:
        overwritten = True
    if overwritten:
        raise StoreUnavailable(
            "it replaced an object that was to be created once only",
            who=f"store {uri}",
            fix="Use a store that honours conditional writes (If-None-Match: *).",
        )
    if key not in {found for page in transport.pages("probe", None, 1000) for found in page}:
        raise StoreUnavailable(
            "an object that was written is not in its listing",
            who=f"store {uri}",
            fix="Use a store whose listings are consistent.",
        )


def _write(key: str, data: bytes, transport: Transport) -> None:
    with suppress(KeyExists):  # its answer to a first try was lost: what counts is what stands there
        transport.put_new(key, data)

"""A test that a flavor declares to be none of its business: neither passed nor failed, and told with why."""

from __future__ import annotations

from typing import Never

import pytest


class Refused(pytest.skip.Exception):
    """To pytest a test that is skipped; the plugin counts it by itself."""


def refuse(why: str) -> Never:
    raise Refused(why)

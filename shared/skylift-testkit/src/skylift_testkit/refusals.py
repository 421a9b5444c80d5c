"""Tests that neither pass nor fail, told with why."""

from __future__ import annotations

from typing import Never

import pytest


class Refused(pytest.skip.Exception):
    """What the flavor declares to be none of its business; to pytest a test that is skipped."""


class Unproven(pytest.skip.Exception):
    """What the flavor says it does, and whose tests are not given what they need to see it."""


def refuse(why: str) -> Never:
    raise Refused(why)


def unproven(why: str) -> Never:
    raise Unproven(why)

"""Showing a run to whoever started it."""

from __future__ import annotations

import sys

from skylift.observer import Observer, Silent


class Plain(Silent):
    def step(self, event):
        print(event, file=sys.stderr)

    def note(self, text):
        print("note:", text, file=sys.stderr)


def default_observer() -> Observer:
    return Plain()

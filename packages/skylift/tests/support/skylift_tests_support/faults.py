"""A transport that loses requests and answers where a plan says so, and records every call.

    store, transport = faulty_store(at(3, Fault.LOST_AFTER))

To try a fault at every operation of something, run it once with `never`, then once for each
index of `transport.calls` and each of `faults_of(call)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, TypeVar
from uuid import uuid4

from skylift.store.location import open_store
from skylift.store.objects import ObjectStore
from skylift.store.transport import KeyExists, OutcomeUnknown
from skylift_contract.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from skylift.store.transport import Stored, Transport

T = TypeVar("T")


class Fault(Enum):
    """What becomes of one call."""

    LOST_BEFORE = auto()  # never arrived; the caller sees a broken connection
    LOST_AFTER = auto()  # took effect; the caller sees a broken connection
    CONFLICT = auto()  # a 409 with nothing stored: "already exists" of a key that is free
    REPEATED = auto()  # stored, answer lost, repeated by the library: "already exists" to the only writer
    DIES_BEFORE = auto()  # the process ends before the call
    DIES_AFTER = auto()  # the process ends when the call has taken effect


@dataclass(frozen=True, slots=True)
class Call:
    operation: str  # a method of Transport
    key: str  # or the folder, or the first of several keys


class Died(BaseException):
    """Stands for a process that ended; no `except Exception` may catch it."""


Plan: TypeAlias = Callable[[int, Call], Fault | None]
"""The fault of a call, given its index among all calls of the transport, from 0."""


def never(index: int, call: Call) -> None:
    return None


def at(index: int, fault: Fault) -> Plan:
    """One fault, at the call with this index."""
    return lambda number, _: fault if number == index else None


def nth(operation: str, number: int, fault: Fault) -> Plan:
    """One fault, at the n-th call of one operation, from 0. A plan with a memory: use it once."""
    seen = -1

    def plan(_: int, call: Call) -> Fault | None:
        nonlocal seen
        seen += call.operation == operation
        return fault if call.operation == operation and seen == number else None

    return plan


def always(operation: str, fault: Fault) -> Plan:
    return lambda _, call: fault if call.operation == operation else None


def faults_of(call: Call) -> tuple[Fault, ...]:
    """Every fault that can befall a call."""
    if call.operation == "put_new":
        return tuple(Fault)
    if call.operation in {"upload", "delete"}:
        return (Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.DIES_BEFORE, Fault.DIES_AFTER)
    return (Fault.LOST_BEFORE, Fault.DIES_BEFORE)


class FaultyTransport:
    """Another transport's operations, with the plan's faults.

    Raises `ValueError` for a fault that cannot befall its call.
    """

    def __init__(self, inner: Transport, plan: Plan = never) -> None:
        self.inner = inner
        self.plan = plan
        self.calls: list[Call] = []
        self.ordered = inner.ordered
        self.reads_first = inner.reads_first
        self.readers = inner.readers

    def put_new(self, key: str, data: bytes) -> None:
        self._call(Call("put_new", key), lambda: self.inner.put_new(key, data))

    def upload(self, key: str, data: bytes | Path) -> None:
        self._call(Call("upload", key), lambda: self.inner.upload(key, data))

    def get(self, key: str) -> bytes | None:
        return self._call(Call("get", key), lambda: self.inner.get(key))

    def download(self, key: str, file: BinaryIO) -> bool:
        return self._call(Call("download", key), lambda: self.inner.download(key, file))

    def head(self, key: str) -> bool:
        return self._call(Call("head", key), lambda: self.inner.head(key))

    def modified(self, key: str) -> datetime | None:
        return self._call(Call("head", key), lambda: self.inner.modified(key))

    def stored(self, folder: str) -> Iterator[Stored]:
        return self._call(Call("pages", folder), lambda: self.inner.stored(folder))

    def pages(self, folder: str, after: str | None, size: int) -> Iterator[Sequence[str]]:
        return self._call(Call("pages", folder), lambda: self.inner.pages(folder, after, size))

    def delete(self, keys: Sequence[str]) -> None:
        self._call(Call("delete", keys[0]), lambda: self.inner.delete(keys))

    def prepare(self) -> None:
        self._call(Call("prepare", ""), self.inner.prepare)

    def _call(self, call: Call, act: Callable[[], T]) -> T:
        fault = self.plan(len(self.calls), call)
        self.calls.append(call)
        if fault is None:
            return act()
        if fault not in faults_of(call):
            raise ValueError(f"{fault} cannot befall {call}")
        if fault in {Fault.LOST_AFTER, Fault.REPEATED, Fault.DIES_AFTER}:
            act()
        raise _consequence(fault, call)


def faulty_store(
    plan: Plan = never, *, over: ObjectStore | None = None
) -> tuple[ObjectStore, FaultyTransport]:
    """A store with faults, over another one or a memory store of its own; it does not wait between tries."""
    inner = over or open_store(f"memory://{uuid4().hex}")
    transport = FaultyTransport(inner.transport, plan)
    return ObjectStore(inner.uri, transport, pauses_s=(0, 0, 0)), transport


def _consequence(fault: Fault, call: Call) -> BaseException:
    if fault in {Fault.DIES_BEFORE, Fault.DIES_AFTER}:
        return Died(f"{fault.name} at {call.operation} {call.key}")
    if fault in {Fault.CONFLICT, Fault.REPEATED}:
        return KeyExists(call.key)
    kind = OutcomeUnknown if call.operation in {"put_new", "upload", "delete"} else StoreUnavailable
    return kind("the connection broke", who="store faulty", fix="Try again.")

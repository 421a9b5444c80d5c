"""The faults themselves: other tests are worth as much as these are right."""

from __future__ import annotations

from io import BytesIO

import pytest
from skylift_tests_support.faults import Call, Died, Fault, at, faults_of, faulty_store, nth

from skylift.store.transport import KeyExists, OutcomeUnknown
from skylift_contract.errors import StoreUnavailable

EFFECTS = {
    Fault.LOST_BEFORE: (OutcomeUnknown, False),
    Fault.LOST_AFTER: (OutcomeUnknown, True),
    Fault.CONFLICT: (KeyExists, False),
    Fault.REPEATED: (KeyExists, True),
    Fault.DIES_BEFORE: (Died, False),
    Fault.DIES_AFTER: (Died, True),
}


@pytest.mark.parametrize("fault", Fault)
def test_each_fault_of_a_creation(fault: Fault) -> None:
    _, transport = faulty_store(at(0, fault))
    error, effect = EFFECTS[fault]
    with pytest.raises(error):
        transport.put_new("k", b"x")
    assert transport.inner.head("k") is effect


@pytest.mark.parametrize("fault", faults_of(Call("delete", "k")))
def test_each_fault_of_a_deletion(fault: Fault) -> None:
    store, transport = faulty_store(nth("delete", 0, fault))
    store.create("k", b"x")
    error, effect = EFFECTS[fault]
    with pytest.raises(error):
        store.delete(["k"])
    assert transport.inner.head("k") is not effect


def test_a_read_that_is_lost() -> None:
    for index, operation in enumerate(["get", "head", "download", "pages"]):
        _, transport = faulty_store(at(index, Fault.LOST_BEFORE))
        reads = {
            "get": lambda t=transport: t.get("k"),
            "head": lambda t=transport: t.head("k"),
            "download": lambda t=transport: t.download("k", BytesIO()),
            "pages": lambda t=transport: t.pages("", None, 9),
        }
        for name, read in reads.items():
            if name == operation:
                with pytest.raises(StoreUnavailable):
                    read()
            else:
                read()
        assert transport.calls == [Call(name, "" if name == "pages" else "k") for name in reads]


def test_a_fault_that_cannot_be() -> None:
    _, transport = faulty_store(at(0, Fault.REPEATED))
    with pytest.raises(ValueError, match=r"Fault\.REPEATED cannot befall Call\(operation='get', key='k'\)"):
        transport.get("k")


def test_the_nth_of_an_operation() -> None:
    store, transport = faulty_store(nth("put_new", 1, Fault.DIES_BEFORE))
    store.create("a", b"")
    store.get("a")
    with pytest.raises(Died):
        store.create("b", b"")
    assert [call.operation for call in transport.calls] == ["put_new", "get", "put_new"]

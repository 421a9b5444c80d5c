"""What is stored of a value, how often, and what is said when it has been damaged."""

from __future__ import annotations

import contextlib
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_tests_support.faults import Call, Died, Fault, always, at, faults_of, faulty_store, never
from skylift_tests_support.round_trips import WHO, new_store, round_trip

from skylift import artifacts
from skylift.ledger import keys
from skylift.store.objects import SINGLE_PUT_LIMIT
from skylift_contract.canonical import canonical_json, digest
from skylift_contract.errors import (
    DamagedObject,
    MaterializationError,
    RecordTooNew,
    StoreUnavailable,
)
from skylift_contract.snapshot import ArtifactRef

if TYPE_CHECKING:
    from skylift.store.objects import ObjectStore

np: Any = import_module("numpy")
pd: Any = import_module("pandas")

LONG = list(range(1000))
"""Too long to stand in the artifact's record."""


def operations(calls: list[Call]) -> list[str]:
    return [call.operation for call in calls]


def test_a_short_value_is_one_object() -> None:
    store, transport = faulty_store()
    ref = artifacts.save(store, {"score": 0.5}, dict[str, float], WHO)
    assert operations(transport.calls) == ["head", "put_new"]
    assert store.list("") == [f"artifacts/{ref.digest}/artifact.json"]
    transport.calls.clear()
    assert artifacts.load(store, ref, Any, WHO) == {"score": 0.5}
    assert operations(transport.calls) == ["get"]


def test_a_longer_one_has_its_file_first_and_its_record_last() -> None:
    store, transport = faulty_store()
    ref = artifacts.save(store, LONG, list[int], WHO)
    folder = f"artifacts/{ref.digest}"
    assert transport.calls[1:] == [
        Call("put_new", f"{folder}/data/value.json"),
        Call("put_new", f"{folder}/artifact.json"),
    ]
    assert (ref.type, ref.materializer, ref.size) == (
        "builtins:list",
        "json",
        len(json.dumps(LONG, separators=(",", ":"))),
    )


@pytest.mark.parametrize(
    "value", [7, LONG, "x" * 5000, np.arange(500)], ids=["short", "long", "text", "array"]
)
def test_what_is_there_is_not_stored_again(value: Any) -> None:
    store, transport = faulty_store()
    first = artifacts.save(store, value, Any, WHO)
    stored = store.list(f"artifacts/{first.digest}")
    transport.calls.clear()
    assert artifacts.save(store, value, Any, "another run") == first
    assert transport.calls == [Call("head", key) for key in stored]


def test_a_file_that_is_gone_is_stored_again_and_missed_until_then(memory_store: ObjectStore) -> None:
    ref = artifacts.save(memory_store, LONG, list[int], WHO)
    assert artifacts.is_there(memory_store, ref.digest)
    for name in ("data/value.json", "artifact.json"):
        memory_store.delete([f"artifacts/{ref.digest}/{name}"])
        assert not artifacts.is_there(memory_store, ref.digest)
        assert artifacts.save(memory_store, LONG, list[int], WHO) == ref
        assert artifacts.is_there(memory_store, ref.digest)
        assert artifacts.load(memory_store, ref, list[int], WHO) == LONG


def test_the_digest_is_that_of_the_record_as_stored(memory_store: ObjectStore) -> None:
    ref = artifacts.save(memory_store, LONG, list[int], WHO)
    content = memory_store.get(f"artifacts/{ref.digest}/artifact.json")
    assert content is not None
    assert digest(content) == ref.digest
    (file,) = json.loads(content)["files"]
    assert file["sha256"] == digest(memory_store.get(f"artifacts/{ref.digest}/data/value.json") or b"")


@given(st.integers(), st.integers())
def test_equal_values_and_only_they_are_one_artifact(one: int, other: int) -> None:
    store = new_store()
    same = artifacts.save(store, one, int, WHO) == artifacts.save(store, other, int, WHO)
    assert same == (one == other)


def test_a_number_and_its_truth_are_two_artifacts(memory_store: ObjectStore) -> None:
    values = [1, True, 1.0, "1", None, [1], (1,), {"1": 1}]
    assert len({artifacts.save(memory_store, value, Any, WHO).digest for value in values}) == len(values)


def test_large_files_are_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store, transport = faulty_store()
    array = np.zeros(SINGLE_PUT_LIMIT // 8 + 1)
    ref = artifacts.save(store, array, Any, WHO)
    assert operations(transport.calls) == ["head", "head", "upload", "put_new"]
    transport.calls.clear()
    assert artifacts.load(store, ref, Any, WHO).shape == array.shape
    assert operations(transport.calls) == ["get", "download"]
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_behind_when_the_store_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    store, transport = faulty_store(always("head", Fault.LOST_BEFORE))
    with pytest.raises(StoreUnavailable):
        artifacts.save(store, np.zeros(10**6), Any, WHO)
    transport.plan = never
    ref = artifacts.save(store, np.zeros(10**6), Any, WHO)
    transport.plan = always("download", Fault.LOST_BEFORE)
    with pytest.raises(StoreUnavailable):
        artifacts.load(store, ref, Any, WHO)
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    "value", [7, LONG, np.zeros(SINGLE_PUT_LIMIT // 8 + 1)], ids=["short", "long", "large"]
)
def test_saving_under_every_fault_at_every_call(value: Any) -> None:
    """It succeeds, or fails; never does a record stand without its files."""
    _, transport = faulty_store()
    store, transport = faulty_store()
    expected = artifacts.save(store, value, Any, WHO)
    for index, call in enumerate(transport.calls):
        for fault in faults_of(call):
            over = new_store()
            broken, _ = faulty_store(at(index, fault), over=over)
            with contextlib.suppress(StoreUnavailable, Died):
                assert artifacts.save(broken, value, Any, WHO) == expected
            if over.exists(f"{keys.artifact(expected.digest)}artifact.json"):
                assert np.array_equal(artifacts.load(over, expected, Any, WHO), value)
            assert artifacts.save(over, value, Any, WHO) == expected
            assert np.array_equal(artifacts.load(over, expected, Any, WHO), value)


def test_every_store_holds_them(any_store: ObjectStore, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    (folder / "Sub").mkdir(parents=True)
    for name in ("ünï côdé.txt", "trailing.", "a", "A", "Sub/#1%"):
        (folder / name).write_text(name)
    copy = round_trip(folder, Path, store=any_store).value
    assert {path.name: path.read_text() for path in copy.rglob("*") if path.is_file()} == {
        name.rpartition("/")[2]: name for name in ("ünï côdé.txt", "trailing.", "a", "A", "Sub/#1%")
    }
    assert round_trip({"a": (1, None)}, store=any_store).value == {"a": (1, None)}


@pytest.mark.parametrize(
    ("names", "stored"),
    [
        (("a", "b.txt"), ["made/a", "made/b.txt"]),
        (("a", "A"), ["0", "1"]),  # one object, where a file system does not tell them apart
        (("a", "trailing."), ["0", "1"]),
        (("a", "é"), ["0", "1"]),
        (("a", "x" * 100), ["0", "1"]),
    ],
)
def test_names_are_keys_only_where_every_store_keeps_them_apart(
    names: tuple[str, ...], stored: list[str], memory_store: ObjectStore, tmp_path: Path
) -> None:
    (tmp_path / "made").mkdir()
    for name in names:
        (tmp_path / "made" / name).write_text(name)
    ref = artifacts.save(memory_store, tmp_path / "made", Path, WHO)
    folder = f"artifacts/{ref.digest}/data/"
    assert [key.removeprefix(folder) for key in memory_store.list(folder)] == stored


def damaged(store: ObjectStore, key: str, content: bytes | None) -> None:
    store.delete([key])
    if content is not None:
        store.create(key, content)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("data/value.json", b"[]", "its bytes have changed since they were written"),
        ("data/value.json", b"", "its bytes have changed since they were written"),
        ("data/value.json", None, "it is missing"),
        ("artifact.json", b"{}", "its bytes have changed since they were written"),
        ("artifact.json", None, "it is missing"),
    ],
)
def test_damage_names_run_step_output_and_object(
    any_store: ObjectStore, name: str, content: bytes | None, what: str
) -> None:
    ref = artifacts.save(any_store, LONG, list[int], WHO)
    damaged(any_store, f"artifacts/{ref.digest}/{name}", content)
    with pytest.raises(DamagedObject) as caught:
        artifacts.load(any_store, ref, list[int], WHO)
    assert str(caught.value) == (
        f"run r1, step 'make', output 'output', object artifacts/{ref.digest}/{name}: {what}. "
        f"Restore the object, or delete artifacts/{ref.digest}/ and run the step again."
    )
    any_store.delete([f"artifacts/{ref.digest}/artifact.json", f"artifacts/{ref.digest}/data/value.json"])
    assert artifacts.save(any_store, LONG, list[int], WHO) == ref
    assert artifacts.load(any_store, ref, list[int], WHO) == LONG


@given(st.integers(0, 5000), st.integers(1, 255))
def test_no_byte_changes_unseen(place: int, change: int) -> None:
    store = new_store()
    ref = artifacts.save(store, LONG, list[int], WHO)
    for key in store.list(""):
        content = bytearray(store.get(key) or b"")
        content[place % len(content)] ^= change
        damaged(store, key, bytes(content))
        with pytest.raises(DamagedObject):
            artifacts.load(store, ref, list[int], WHO)


def record(store: ObjectStore, content: bytes) -> ArtifactRef:
    """An artifact that some other writer made."""
    store.create(f"artifacts/{digest(content)}/artifact.json", content)
    return ArtifactRef(digest=digest(content), type="builtins:int", materializer="json", size=0)


def test_a_record_of_a_newer_major(memory_store: ObjectStore) -> None:
    ref = record(memory_store, b'{"major":2,"everything":"else is different"}')
    with pytest.raises(RecordTooNew) as caught:
        artifacts.load(memory_store, ref, Any, WHO)
    assert str(caught.value) == (
        f"{WHO}, object artifacts/{ref.digest}/artifact.json: it was written by a newer Skylift "
        "(got 2, limit: 1). Upgrade skylift."
    )


def test_fields_of_a_newer_minor_do_no_harm(memory_store: ObjectStore) -> None:
    ref = artifacts.save(memory_store, 7, int, WHO)
    content = json.loads(memory_store.get(f"artifacts/{ref.digest}/artifact.json") or b"")
    newer = canonical_json(content | {"compression": "none"})
    assert artifacts.load(memory_store, record(memory_store, newer), Any, WHO) == 7


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"major":1}', b'{"major":"x"}', b"\xff"])
def test_what_is_no_record(memory_store: ObjectStore, content: bytes) -> None:
    ref = record(memory_store, content)
    with pytest.raises(DamagedObject) as caught:
        artifacts.load(memory_store, ref, Any, WHO)
    assert str(caught.value) == (
        f"{WHO}, object artifacts/{ref.digest}/artifact.json: it is no artifact's record. "
        f"Restore the object, or delete artifacts/{ref.digest}/ and run the step again."
    )


def test_details_that_no_materializer_wrote(memory_store: ObjectStore) -> None:
    manifest = artifacts.Manifest(type="a:B", materializer="cloudpickle")
    ref = record(memory_store, canonical_json(manifest))
    with pytest.raises(
        MaterializationError,
        match=rf"^{WHO}: the materializer 'cloudpickle' cannot read it: KeyError: 'python'\. "
        r"Read it with the packages that the step which saved it had\.$",
    ):
        artifacts.load(memory_store, ref, Any, WHO)


def test_both_reasons_are_said_where_two_materializers_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    from skylift.materializers import registry

    monkeypatch.setitem(registry.BY_TYPE, "builtins.str", ("text", "json"))
    registry.candidates.cache_clear()
    try:
        with pytest.raises(MaterializationError) as caught:
            round_trip("\ud800")
    finally:
        registry.candidates.cache_clear()
    assert str(caught.value) == (
        f"{WHO}: a value of type builtins:str cannot be stored: it has no UTF-8: surrogates not allowed; "
        "it has no JSON: 'utf-8' codec can't encode character '\\ud800' in position 1: surrogates not allowed. "
        "Return data rather than a live resource, or install a materializer for its type."
    )


def test_a_view_downloads_what_is_stored(memory_store: ObjectStore, tmp_path: Path) -> None:
    """Short or long, the files are the same to whoever asks for them."""
    for number, value in enumerate([[1, 2], LONG]):
        ref = artifacts.save(memory_store, value, Any, WHO)
        files, manifest = artifacts.open_files(memory_store, ref.digest, WHO)
        files.folder = tmp_path / str(number)
        paths = [files.path(file.name) for file in manifest.files]
        assert [json.loads(path.read_bytes()) for path in paths] == [value]


@pytest.mark.parametrize("value", [pd.DataFrame({"a": [1]}), pd.Series([1])])
def test_what_a_data_frame_needs_is_named(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        MaterializationError,
        match=r"^run r: storing a pandas\S+ needs 'pyarrow', which is not to be had here\. pip install pyarrow$",
    ):
        artifacts.save(new_store(), value, Any, "run r")

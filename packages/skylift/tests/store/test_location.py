from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.store.location import Location, Scheme, open_store
from skylift_contract.errors import ConfigurationError, UnknownName


@pytest.mark.parametrize(
    ("uri", "location", "canonical"),
    [
        ("file:///data/store", Location(Scheme.FILE, "", "/data/store"), "file:///data/store"),
        ("file:///data//a/../store/", Location(Scheme.FILE, "", "/data/store"), "file:///data/store"),
        ("file:///my%20data", Location(Scheme.FILE, "", "/my data"), "file:///my%20data"),
        ("file:///my data", Location(Scheme.FILE, "", "/my data"), "file:///my%20data"),
        ("s3://bucket", Location(Scheme.S3, "bucket", ""), "s3://bucket"),
        ("s3://bucket/", Location(Scheme.S3, "bucket", ""), "s3://bucket"),
        ("gs://bucket_1/team/ml/", Location(Scheme.GS, "bucket_1", "team/ml"), "gs://bucket_1/team/ml"),
        ("az://container/p", Location(Scheme.AZ, "container", "p"), "az://container/p"),
        ("memory://tests", Location(Scheme.MEMORY, "tests", ""), "memory://tests"),
        ("memory://", Location(Scheme.MEMORY, "", ""), "memory://"),
    ],
)
def test_parse(uri: str, location: Location, canonical: str) -> None:
    assert Location.parse(uri) == location
    assert location.uri == canonical
    assert Location.parse(canonical) == location


NEEDS = "store 'file://{}/store': a file store needs an absolute path, after three slashes."
HERE = f"For a folder on this machine write file://{Path.cwd()}/data/store."
FORMS = "file:///folder, s3://bucket/path, gs://bucket/path, az://container/path or memory://name"


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        (
            "gcs://b",
            f"store 'gcs://b': there is no store scheme named 'gcs'. Did you mean 'gs'? Write {FORMS}.",
        ),
        ("s3://", f"store 's3://': it names no bucket. Write {FORMS}."),
        ("s3:///p", f"store 's3:///p': it names no bucket. Write {FORMS}."),
        ("az://", f"store 'az://': it names no container. Write {FORMS}."),
        (
            "s3://my bucket",
            f"store 's3://my bucket': 'my bucket' cannot be the name of a bucket. Write {FORMS}.",
        ),
        (
            "memory://a/b",
            "store 'memory://a/b': 'a/b' cannot be the name of a memory store. Write memory://name.",
        ),
        ("file://~/store", f"{NEEDS.format('~')} Write file://~/… as the absolute path."),
        ("file://data/store", f"{NEEDS.format('data')} {HERE}"),
        ("data/store", f"store 'data/store': it is no URI. {HERE}"),
    ],
)
def test_refusals(uri: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(sentence)}$"):
        Location.parse(uri)


@pytest.mark.parametrize(
    ("uri", "fix"), [("s3://b/p?x=1", "Leave out the query"), ("gs://b/ü", "Correct the path")]
)
def test_a_path_that_no_key_may_have(uri: str, fix: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"its path cannot be used: .*\. {fix}"):
        Location.parse(uri)


def test_an_unknown_scheme_is_an_unknown_name() -> None:
    with pytest.raises(UnknownName):
        Location.parse("ftp://host/p")


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20))
def test_a_folder_survives_its_uri(name: str) -> None:
    first = Location.parse(Location(Scheme.FILE, "", f"/data/{name}").uri)
    assert Location.parse(first.uri) == first


@pytest.mark.parametrize("name", ["plain", "with space", "50%", "a#b", "a?b", "ünï", "a+b", "[x]"])
def test_a_folder_of_any_name_works(tmp_path: Path, name: str) -> None:
    location = Location(Scheme.FILE, "", str(tmp_path / name))
    store = open_store(location.uri)
    store.create("a/b", b"x")
    assert (tmp_path / name / "skylift/1/a/b").read_bytes() == b"x"
    assert open_store(location.uri).list("") == ["a/b"]


def test_a_memory_store_lives_under_its_name() -> None:
    open_store("memory://shared-name").create("k", b"x")
    assert open_store("memory://shared-name/").get("k") == b"x"
    assert open_store("memory://another-name").get("k") is None


def test_opening_a_store_loads_nothing_of_obstore() -> None:
    code = "import sys; from skylift.store.location import open_store; open_store('s3://b'); "
    code += "sys.exit('obstore' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)

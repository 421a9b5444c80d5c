from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.store.location import open_store
from skylift.store.options import OPTIONS, Patience
from skylift_contract.errors import ConfigurationError, UnknownName


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(
        UnknownName,
        match=r"^store 's3://b': there is no option named 'endpoint_url'\. Did you mean 'endpoint'\?$",
    ):
        open_store("s3://b", {"endpoint_url": "http://x"})


def test_each_option_is_known() -> None:
    for scheme, names in OPTIONS.items():
        uri = "file:///p" if scheme == "file" else f"{scheme}://name"
        assert open_store(uri, dict.fromkeys(names, "1")).uri == uri


@given(st.floats(0.001, 3600))
def test_patience(seconds: float) -> None:
    text = repr(seconds)
    patience = Patience.of({"request_timeout_s": text, "retry_timeout_s": text})
    assert patience == Patience(timedelta(seconds=seconds), timedelta(seconds=seconds))
    assert Patience.of({}).request + Patience.of({}).retry == timedelta(seconds=30)


@pytest.mark.parametrize("text", ["", "soon", "0", "-1", "nan", "inf", "3601"])
def test_impatience(text: str) -> None:
    sentence = rf"^retry_timeout_s: it is no number of seconds \(got {text!r}, limit: over 0, to 3600\)\.$"
    with pytest.raises(ConfigurationError, match=sentence):
        open_store("gs://b", {"retry_timeout_s": text})

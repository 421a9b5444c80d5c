from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skylift_contract.errors import NotFound
from skylift_vertex.secrets import look_up

if TYPE_CHECKING:
    from skylift_vertex.emulator import VertexEmulator


def test_versions(emulator: VertexEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in emulator.variables().items():
        monkeypatch.setenv(name, value)
    for text in ("one", "two"):
        emulator.secrets.add("my-project", "token", text.encode())
    assert [look_up(f"my-project/token{version}") for version in ("", "/1", "/latest")] == [
        "two",
        "one",
        "two",
    ]
    with pytest.raises(NotFound, match="versions/3' was not found"):
        look_up("my-project/token/3")

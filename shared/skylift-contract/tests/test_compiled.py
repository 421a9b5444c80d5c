from __future__ import annotations

from typing import TYPE_CHECKING

from skylift_contract.compiled import CompiledPipeline, write_documents

if TYPE_CHECKING:
    from pathlib import Path


def test_documents_are_written_below_a_folder(tmp_path: Path) -> None:
    compiled = CompiledPipeline({"a.json": b"{}", "jobs/b.yaml": b"x: 1"}, {})
    assert write_documents(compiled, tmp_path) == [tmp_path / "a.json", tmp_path / "jobs/b.yaml"]
    assert (tmp_path / "jobs/b.yaml").read_bytes() == b"x: 1"

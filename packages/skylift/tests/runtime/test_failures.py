from __future__ import annotations

from typing import TYPE_CHECKING

from skylift.runtime.failures import NOT_SENT, error_info, summary, unpacked_in

if TYPE_CHECKING:
    from pathlib import Path


def test_paths_are_the_projects_own_however_the_folder_is_reached(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with unpacked_in(tmp_path / "link"):
        for folder in ("real", "link"):
            error = ValueError(f"see {tmp_path}/{folder}/src/a.py, {tmp_path}/other")
            assert summary(error) == f"ValueError: see src/a.py, {tmp_path}/other"
            assert error_info(error).traceback == f"ValueError: see src/a.py, {tmp_path}/other\n"
    assert f"{tmp_path}/real" in summary(ValueError(f"{tmp_path}/real/a.py"))


def test_only_a_file_of_the_source_was_not_sent_along(tmp_path: Path) -> None:
    with unpacked_in(tmp_path):
        ours = FileNotFoundError(2, "No such file or directory", f"{tmp_path}/x.yaml")
        assert summary(ours).endswith(f"'x.yaml' ({NOT_SENT})")
        assert NOT_SENT not in summary(FileNotFoundError(2, "No such file or directory", "/nowhere"))

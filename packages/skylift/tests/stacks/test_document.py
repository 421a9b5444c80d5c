from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.stacks.changes import copy_stack, set_active
from skylift.stacks.document import configuration_file, editing, read_configuration, user_file
from skylift.stacks.entries import NAME
from skylift_contract.errors import ConfigurationError

REGISTER = """
import sys
from skylift.stacks.changes import copy_stack
print("here", flush=True)
sys.stdin.read()
for number in range(5):
    copy_stack("default", f"{sys.argv[1]}_{number}")
"""


def test_the_projects_file_wins_over_the_users(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert configuration_file() == file
    file.unlink()
    assert configuration_file() == user_file()


def test_a_users_file_is_made_when_it_is_first_written_and_is_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    set_active("default")
    assert read_configuration().path == tmp_path / "config/skylift/skylift.toml"
    assert user_file().stat().st_mode & 0o777 == 0o600


def test_comments_order_and_mode_stay(file: Path) -> None:
    file.write_text(
        "# ours\n[project]   # the name\nname = 'p'\n\n[stack.b]\norchestrator = 'default' # why\n"
    )
    file.chmod(0o664)
    set_active("b")
    assert file.read_text().startswith("# ours\n[project]   # the name\nname = 'p'\n\n[stack.b]\n")
    assert "orchestrator = 'default' # why\n" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o664
    assert sorted(path.name for path in file.parent.iterdir()) == ["skylift.toml"]


def test_a_link_stays_a_link(file: Path) -> None:
    elsewhere = file.parent / "elsewhere.toml"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    set_active("default")
    assert file.is_symlink()
    assert "[active]" in elsewhere.read_text()


@pytest.mark.parametrize("text", ["[stack.", "[stak.x]\n", "orchestrator = 1\n"])
def test_nonsense_is_never_written_over(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"skylift\.toml"):
        set_active("default")
    assert file.read_text() == text


def test_a_change_beside_a_component_that_cannot_be_leaves_it(file: Path) -> None:
    file.write_text("[orchestrator.x]\n")
    set_active("default")
    assert file.read_text() == '[orchestrator.x]\n\n[active]\nstack = "default"\n'


def test_a_half_written_file_says_the_line(file: Path) -> None:
    file.write_text('[project]\nname = "p"\n[orchestrator.x]\nflavor = \n')
    with pytest.raises(ConfigurationError, match=r"it is no TOML: .*line 4.* Mend the line\.$"):
        read_configuration()


def test_a_change_that_fails_leaves_the_file(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(ZeroDivisionError), editing() as (document, _):
        document["stack"] = {"x": {"orchestrator": 1 / 0}}
    assert file.read_bytes() == before


def test_a_folder_that_cannot_be_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", refused)
    with pytest.raises(ConfigurationError, match=r"it cannot be written: Permission denied\. Check who owns"):
        set_active("default")


def test_a_full_disk_leaves_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match="it cannot be written: No space left on device"):
        set_active("default")
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_of_processes_that_register_at_once_all_survive(file: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", REGISTER, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=file.parent,
            text=True,
        )
        for name in ("a", "b", "c")
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    made = set(tomllib.loads(file.read_text())["stack"])
    assert made == {f"{name}_{number}" for name in "abc" for number in range(5)}


@given(
    names=st.lists(st.from_regex(NAME, fullmatch=True), unique=True, max_size=4),
    comment=st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20),
)
def test_what_was_there_stays(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], comment: str
) -> None:
    tables = "".join(f"[stack.{name}] # {comment}\norchestrator = 'default'\n" for name in names)
    file = tmp_path_factory.mktemp("project") / "skylift.toml"
    file.write_text(tables, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(file.parent)
        set_active("default")
    assert tables.strip() in file.read_text(encoding="utf-8")
    assert set(tomllib.loads(file.read_text(encoding="utf-8"))) == {"active", *(["stack"] if names else [])}


@pytest.mark.parametrize(
    "text",
    [
        'project = {name = "p"}\nstack.p = {orchestrator = "default"}\norchestrator = { w = {flavor = "local"} }\n',
        'stack.p = {orchestrator = "default"}\nproject = {name = "x"}\n',
    ],
)
def test_tables_that_none_can_be_added_to_are_a_sentence(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(
        ConfigurationError,
        match=r": its tables are written so that none can be added\. "
        r"Write its tables as \[orchestrator\.name\], \[stack\.name\]; or change it by hand\.$",
    ):
        copy_stack("default", "z")
    assert file.read_text() == text


def test_a_file_that_is_a_folder_is_not_passed_over(file: Path) -> None:
    file.unlink()
    file.mkdir()
    with pytest.raises(
        ConfigurationError, match=r"skylift\.toml: it cannot be read: Is a directory\. Check its"
    ):
        read_configuration()


def test_a_link_to_nothing_is_not_passed_over(file: Path) -> None:
    file.unlink()
    file.symlink_to("gone.toml")
    with pytest.raises(ConfigurationError, match=r"it cannot be read: No such file or directory"):
        read_configuration()

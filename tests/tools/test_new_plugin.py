from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from new_plugin import LISTED, NewPluginError, filled, listed, make_plugin
from workspace import ROOT, packages

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The parts of this repository that a new plugin is made from, and what its names must not be."""
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    for package in packages().values():
        (tmp_path / package.path).mkdir(parents=True)
        shutil.copyfile(ROOT / package.path / "pyproject.toml", tmp_path / package.path / "pyproject.toml")
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def test_a_plugin_is_a_package_of_the_workspace(root: Path) -> None:
    folder = make_plugin("airship", root)
    package = packages(root)["skylift-airship"]
    assert root / package.path == folder
    assert package.data["project"]["entry-points"]["skylift.orchestrators"] == {
        "airship": "skylift_airship.flavor:AirshipOrchestratorFlavor"
    }
    assert (root / package.source / "flavor.py").exists()
    assert (folder / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_no_token_of_the_template_is_left(root: Path) -> None:
    files = [path for path in make_plugin("airship", root).rglob("*") if path.is_file()]
    assert len(files) > 15
    assert [
        path for path in files if re.search("__plugin__", f"{path} {path.read_text()}", re.IGNORECASE)
    ] == []


def test_a_plugin_is_listed_wherever_packages_are(root: Path) -> None:
    make_plugin("airship", root)
    make_plugin("zeppelin", root)
    settings: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text())
    rules = settings["tool"]["importlinter"]
    assert {"skylift-airship", "skylift-zeppelin"} <= set(settings["tool"]["uv"]["sources"])
    assert {"skylift_airship", "skylift_zeppelin"} <= set(rules["root_packages"])
    contracts = {rule["id"]: rule for rule in rules["contracts"]}
    assert contracts["plugins"]["modules"][-2:] == ["skylift_airship", "skylift_zeppelin"]
    assert contracts["rooms"]["containers"][-2:] == ["skylift_airship", "skylift_zeppelin"]


@pytest.mark.parametrize("name", ["No-mad", "", "7up", "../nomad"])
def test_a_name_that_cannot_be_is_refused(root: Path, name: str) -> None:
    expected = f"a plugin's name is lower-case letters and digits, not {name!r}: take 'nomad'."
    with pytest.raises(NewPluginError, match=f"^{re.escape(expected)}$"):
        make_plugin(name, root)


def test_a_plugin_is_never_overwritten(root: Path) -> None:
    make_plugin("airship", root)
    with pytest.raises(
        NewPluginError, match=r"^packages/skylift-airship is there already: take another name, "
    ):
        make_plugin("airship", root)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("local", "the flavor 'local' is skylift's already, and cannot be two's: take another name."),
        ("contract", "shared/skylift-contract is named skylift-contract already: take another name."),
        ("testkit", "shared/skylift-testkit is named skylift-testkit already: take another name."),
    ],
)
def test_a_name_that_is_taken_is_refused_and_nothing_written(root: Path, name: str, sentence: str) -> None:
    before = sorted(root.rglob("*"))
    with pytest.raises(NewPluginError, match=f"^{re.escape(sentence)}$"):
        make_plugin(name, root)
    assert sorted(root.rglob("*")) == before


def test_a_refusal_is_one_sentence_on_the_command_line() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "nox", "--no-venv", "-f", "noxfile.py", "-s", "new-plugin", "--", "No-mad"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert "a plugin's name is lower-case letters and digits, not 'No-mad': take 'nomad'." in said
    assert "Traceback" not in said


def test_a_lost_mark_leaves_nothing_behind(root: Path) -> None:
    settings = root / "pyproject.toml"
    settings.write_text(settings.read_text().replace(next(iter(LISTED)), ""))
    with pytest.raises(NewPluginError, match="has lost its mark"):
        make_plugin("airship", root)
    assert not (root / "packages/skylift-airship").exists()


@pytest.mark.timeout(300)
def test_a_plugin_passes_its_own_tests_and_the_kits(root: Path) -> None:
    """As it is made, before anyone has written a line: the conformance kit included."""
    package = make_plugin("airship", root)
    info = package / "src" / "skylift_airship-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: skylift-airship\nVersion: 0.1.0\n")
    target = "skylift_airship.flavor:AirshipOrchestratorFlavor"
    (info / "entry_points.txt").write_text(f"[skylift.orchestrators]\nairship = {target}\n")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "packages/skylift-airship/tests"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(package / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for proof in (
        "TestConformance::test_every_step_finds_the_same_run",
        "test_the_same_submission_sent_again_is_the_same_run",
    ):
        assert f"{proof} PASSED" in ended.stdout


@pytest.mark.parametrize("mark", LISTED)
def test_a_lost_mark_is_named(mark: str) -> None:
    others = "\n".join(other for other in LISTED if other != mark)
    with pytest.raises(
        NewPluginError, match=rf"^pyproject\.toml has lost its mark `{re.escape(mark)}`: put it back\.$"
    ):
        listed(others, "airship")


def test_each_spelling_of_the_name_is_filled_in() -> None:
    assert filled("skylift___plugin__ __Plugin__Client __PLUGIN___RUN_ID", "airship") == (
        "skylift_airship AirshipClient AIRSHIP_RUN_ID"
    )

from __future__ import annotations

import re
import shutil
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from new_plugin import LISTED, NewPluginError, filled, listed, make_plugin
from workspace import ROOT, packages

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The parts of this repository that a new plugin is made from."""
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
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

"""`skylift integration`: what it takes, from where, and that nobody else's package is ever taken."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import site
import subprocess
import venv
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from new_plugin import make_plugin
from skylift import __version__
from skylift.integrations import INTEGRATIONS
from skylift_contract.discovery import PLUGIN_OF
from workspace import ROOT, packages

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project

BACKEND = '''
"""Builds what pip asks for of a package in `src`, so that a test needs no builder from a network."""

import base64, hashlib, pathlib, tomllib, zipfile

PROJECT = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]
DIST = PROJECT["name"].replace("-", "_") + "-" + PROJECT["version"]


def build_editable(folder, config_settings=None, metadata_directory=None):
    files = {f"{DIST}.pth": str(pathlib.Path("src").resolve())}
    metadata = ["Metadata-Version: 2.1", f"Name: {PROJECT['name']}", f"Version: {PROJECT['version']}"]
    metadata += [f"Requires-Dist: {one}" for one in PROJECT["dependencies"]]
    points = PROJECT["entry-points"]["skylift.orchestrators"]
    lines = "\\n".join(f"{name} = {where}" for name, where in points.items())
    info = f"{DIST}.dist-info"
    files[f"{info}/METADATA"] = "\\n".join(metadata) + "\\n"
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[f"{info}/entry_points.txt"] = "[skylift.orchestrators]\\n" + lines + "\\n"
    files[f"{info}/RECORD"] = "".join(f"{name},,\\n" for name in [*files, f"{info}/RECORD"])
    wheel = f"{DIST}-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder) / wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel
'''


@dataclass(slots=True)
class Machine:
    """An environment of its own with pip, and the skylift of these tests on its path."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        return next((self.folder / "lib").glob("python3*")) / "site-packages"

    def skylift(self, *argv: str) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "SKYLIFT_"))
        }
        own = {"XDG_CONFIG_HOME": str(self.folder / "config"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        environment = {**kept, **own, **self.variables}
        command = [self.python, "-m", "skylift.cli", *argv]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def from_workspace(self, root: Path) -> None:
        """Have skylift be an editable install of a workspace."""
        info = self.packages / f"skylift-{__version__}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: skylift\nVersion: {__version__}\n")
        url = (root / "packages" / "skylift").as_uri()
        (info / "direct_url.json").write_text(json.dumps({"url": url, "dir_info": {"editable": True}}))

    def installed_for_good(self) -> None:
        """Have skylift be an install from an index, as most people's is."""
        info = self.packages / f"skylift-{__version__}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: skylift\nVersion: {__version__}\n")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, with_pip=True)
    return folder


@pytest.fixture
def machine(bare: Path, tmp_path: Path) -> Machine:
    """Copied, for an environment of Python's own may not be moved, but may stand twice."""
    made = Machine(tmp_path / "venv")
    shutil.copytree(bare, made.folder, symlinks=True)
    places = "".join(f"import site; site.addsitedir({place!r})\n" for place in site.getsitepackages())
    (made.packages / "ours.pth").write_text(places)
    return made


def make_workspace(root: Path, name: str) -> Path:
    """A workspace with one plugin, made as `nox -s new-plugin` does, that needs no network to build."""
    shutil.copytree(ROOT / "templates", root / "templates")
    for package in packages().values():
        (root / package.path).mkdir(parents=True)
        shutil.copyfile(ROOT / package.path / "pyproject.toml", root / package.path / "pyproject.toml")
    for file in ("pyproject.toml", "LICENSE"):
        shutil.copyfile(ROOT / file, root / file)
    plugin = make_plugin(name, root)
    settings = (plugin / "pyproject.toml").read_text()
    own = '[build-system]\nrequires = []\nbackend-path = ["."]\nbuild-backend = "backend"\n'
    (plugin / "pyproject.toml").write_text(
        re.sub(r"\[build-system\].*?(?=\n\[)", own, settings, flags=re.DOTALL)
    )
    (plugin / "backend.py").write_text(BACKEND)
    return plugin


def make_wheel(folder: Path, version: str, needs: str = f"skylift=={__version__}") -> Path:
    """A wheel of skylift-airflow."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"skylift_airflow-{version}.dist-info"
    files = {
        "skylift_airflow/__init__.py": f"WHO = {str(folder)!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: skylift-airflow\nVersion: {version}\nRequires-Dist: {needs}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[skylift.orchestrators]\nairflow = skylift_airflow:Flavor\n",
    }
    rows = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},{len(text)}"
        for name, text in files.items()
    ]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""])
    path = folder / f"skylift_airflow-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def airflow(machine: Machine) -> dict[str, object]:
    found = json.loads(machine.skylift("integration", "list", "--output", "json").stdout)
    assert found["version"] == 1
    return next(one for one in found["integrations"] if one["name"] == "airflow")


def test_each_package_of_the_project_has_a_name() -> None:
    assert sorted(one.package for one in INTEGRATIONS.values()) == sorted(PLUGIN_OF.values())


def test_from_the_workspace_and_away_again(machine: Machine, tmp_path: Path) -> None:
    plugin = make_workspace(tmp_path / "work", "airflow")
    machine.from_workspace(tmp_path / "work")
    machine.variables["PIP_NO_INDEX"] = "1"  # what a workspace has needs no index
    assert airflow(machine)["available"] is True

    done = machine.skylift("integration", "install", "airflow")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.endswith("skylift-airflow 0.1.0 is installed; it brings orchestrator airflow\n")
    assert airflow(machine) == {
        "name": "airflow",
        "package": "skylift-airflow",
        "version": "0.1.0",
        "from": str(plugin),
        "brings": [{"kind": "orchestrators", "name": "airflow"}],
        "available": True,
    }
    assert machine.skylift("orchestrator", "register", "a", "--flavor=airflow").returncode == 0

    done = machine.skylift("integration", "uninstall", "airflow")
    assert (done.returncode, done.stderr) == (0, "skylift-airflow is removed\n")
    assert airflow(machine)["version"] is None
    done = machine.skylift("integration", "uninstall", "airflow")
    assert (done.returncode, done.stderr) == (
        2,
        "error: integration 'airflow': skylift-airflow is not installed. See: skylift integration list\n",
    )


def test_what_the_workspace_does_not_have_is_not_to_be_had(machine: Machine, tmp_path: Path) -> None:
    make_workspace(tmp_path / "work", "airflow")
    machine.from_workspace(tmp_path / "work")
    done = machine.skylift("integration", "install", "azure")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: integration 'azure': skylift-azureml is not built yet: workspace {tmp_path / 'work'} does "
        "not have it. See what there is: skylift integration list\n"
    )


def test_without_a_workspace_or_an_index_nobody_is_asked(machine: Machine, tmp_path: Path) -> None:
    machine.installed_for_good()
    make_wheel(tmp_path / "stranger", "0.1.9")
    machine.variables |= {"PIP_FIND_LINKS": str(tmp_path / "stranger"), "PIP_NO_INDEX": "1"}
    done = machine.skylift("integration", "install", "airflow")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        "error: integration 'airflow': skylift-airflow is not to be had: this skylift is no editable install "
        "of its workspace, and no index is named. Name the index that has it: export SKYLIFT_INDEX="
    )
    assert airflow(machine)["version"] is None


def test_from_an_index_in_a_version_that_fits_and_from_no_strangers(machine: Machine, tmp_path: Path) -> None:
    machine.installed_for_good()
    for version, needs in (("0.1.1", "skylift>=0.1"), ("0.1.2", "skylift>=7"), ("0.2.0", "skylift>=0.1")):
        make_wheel(tmp_path / "index", version, needs)
    make_wheel(tmp_path / "stranger", "0.1.9", "skylift>=0.1")
    machine.variables["PIP_FIND_LINKS"] = str(tmp_path / "stranger")
    (machine.folder / "pip.conf").write_text(f"[global]\nfind-links={tmp_path / 'stranger'}\n")
    (machine.folder / "skylift.toml").write_text(
        f'[integration]\nindex = "{(tmp_path / "index").as_uri()}"\n'
    )

    done = machine.skylift("integration", "install", "airflow")

    assert done.returncode == 0, done.stderr
    assert airflow(machine)["version"] == "0.1.1"
    said = (machine.packages / "skylift_airflow" / "__init__.py").read_text()
    assert str(tmp_path / "index") in said


def test_the_variable_wins_over_the_file_and_a_workspace(machine: Machine, tmp_path: Path) -> None:
    make_workspace(tmp_path / "work", "airflow")
    machine.from_workspace(tmp_path / "work")
    make_wheel(tmp_path / "index", "0.1.5", "skylift>=0.1")
    (machine.folder / "skylift.toml").write_text('[integration]\nindex = "/nowhere"\n')
    machine.variables["SKYLIFT_INDEX"] = str(tmp_path / "index")
    assert airflow(machine)["available"] is None
    assert machine.skylift("integration", "install", "airflow").returncode == 0
    assert airflow(machine)["version"] == "0.1.5"


def test_an_index_without_it_is_one_sentence(machine: Machine, tmp_path: Path) -> None:
    machine.installed_for_good()
    (tmp_path / "index").mkdir()
    machine.variables["SKYLIFT_INDEX"] = str(tmp_path / "index")
    done = machine.skylift("integration", "install", "gcp")
    assert (done.returncode, done.stdout) == (1, "")
    _, line = done.stderr.splitlines()
    assert line.startswith("error: integration 'gcp': python failed: ERROR: Could not find a version")
    assert "No matching distribution found for skylift-vertex" in line
    assert "No other place was tried" in line


def test_an_index_that_is_none(machine: Machine) -> None:
    machine.installed_for_good()
    machine.variables["SKYLIFT_INDEX"] = "/no/such/folder"
    done = machine.skylift("integration", "install", "gcp")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        "error: index: it is neither a URL of an index nor a folder of wheels (got '/no/such/folder').",
    )


def test_a_name_that_is_none(project: Project) -> None:
    answer = project.skylift("integration", "install", "kubernets")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: there is no integration named 'kubernets'. Did you mean 'kubernetes'? "
        "See: skylift integration list\n"
    )


def test_the_table(project: Project) -> None:
    lines = project.skylift("integration", "list").out.splitlines()
    assert lines[0].split() == ["INTEGRATION", "PACKAGE", "INSTALLED", "FROM", "BRINGS"]
    assert [line.split()[0] for line in lines[1:]] == list(INTEGRATIONS)

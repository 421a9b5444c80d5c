"""Which materializer is chosen, without importing what nobody uses; and plugins, really installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support.round_trips import round_trip

from skylift import artifacts
from skylift.materializers.registry import BUILTIN, BY_TYPE, by_name, candidates, plugins
from skylift_contract.errors import DiscoveryError, MaterializationError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Install = Callable[[str, str, str], None]


class Thermometer:
    """What the plugins below bring a materializer for."""

    def __init__(self, degrees: float) -> None:
        self.degrees = degrees


class Probe(Thermometer):
    pass


MATERIALIZER = """
from skylift.materializers.base import BaseMaterializer

class ThermometerMaterializer(BaseMaterializer):
    def save(self, value, annotation, files):
        files.write("degrees.txt", repr(value.degrees).encode())
        return {"unit": "C"}

    def load(self, files, details, annotation):
        from importlib import import_module
        kind = getattr(import_module(MODULE), "Thermometer")
        return kind(float(files.read("degrees.txt")))
"""
TYPE = f"{__name__}.Thermometer"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Install]:
    """Install a distribution: its name, its one module's code, and what its entry point names in it."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def installed(distribution: str, code: str, target: str) -> None:
        module = distribution.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(f"MODULE = {__name__!r}\n{code}")
        info = tmp_path / f"{module}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[skylift.materializers]\n{TYPE} = {module}:{target}\n")
        monkeypatch.delitem(sys.modules, module, raising=False)
        forget()

    yield installed
    for name in ("skylift_thermometers", "first_plugin", "second_plugin"):
        sys.modules.pop(name, None)
    monkeypatch.undo()
    forget()


def forget() -> None:
    """What a new process would not know."""
    for cached in (plugins, candidates, by_name):
        cached.cache_clear()


def test_every_name_in_the_tables_stands_for_a_materializer() -> None:
    for name in BUILTIN:
        assert by_name(name) is by_name(name)
    assert {name for names in BY_TYPE.values() for name in names} <= set(BUILTIN)


def test_a_type_never_imported_is_never_asked() -> None:
    code = (
        "import sys; from skylift_tests_support.round_trips import round_trip; from pathlib import Path\n"
        "values = [1, 'x', b'x', [1.5], {'a': (1, 2)}, Path(sys.argv[1]), lambda: 0]\n"
        "print([round_trip(value).materializer for value in values])\n"
        "print(sorted({'numpy', 'pandas', 'polars', 'pyarrow'} & set(sys.modules)))\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, __file__]
    printed = subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout
    assert printed.splitlines() == ["['json', 'text', 'bytes', 'json', 'json', 'path', 'cloudpickle']", "[]"]


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import import_module

    pl: Any = import_module("polars")
    found = round_trip(pl.DataFrame({"a": [1]}))
    monkeypatch.setitem(sys.modules, "polars", None)
    monkeypatch.setattr("skylift.materializers.polars_frames.import_module", _absent)
    with pytest.raises(
        MaterializationError,
        match=r"^reader: reading a polars\.dataframe\.frame:DataFrame needs 'polars', which is not to be had here\. "
        r"Install polars, or put its folder on sys\.path\.$",
    ):
        artifacts.load(found.store, found.ref, Any, "reader")


def _absent(name: str) -> None:
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_a_plugins_materializer_is_used_for_its_type_and_subclasses(install: Install) -> None:
    install("skylift-thermometers", MATERIALIZER, "ThermometerMaterializer")
    found = round_trip(Thermometer(21.5))
    assert (found.materializer, found.value.degrees) == (TYPE, 21.5)
    assert found.manifest.details == {"unit": "C"}
    assert candidates(Probe) == (TYPE, "cloudpickle")
    assert round_trip([1]).materializer == "json"


def test_a_plugin_may_refuse_a_value(install: Install) -> None:
    code = MATERIALIZER.replace(
        "        files.write",
        "        raise __import__('skylift_contract.errors').errors.MaterializationError('too hot')\n        files.write",
    )
    install("skylift-thermometers", code, "ThermometerMaterializer")
    assert round_trip(Thermometer(99.0)).materializer == "cloudpickle"


def test_a_plugin_that_fails_to_save(install: Install) -> None:
    code = MATERIALIZER.replace(
        "        files.write", "        raise ValueError('it broke')\n        files.write"
    )
    install("skylift-thermometers", code, "ThermometerMaterializer")
    with pytest.raises(
        MaterializationError, match=rf"output': the materializer '{TYPE}' failed: ValueError: it broke\.$"
    ):
        round_trip(Thermometer(1.0))


def test_a_plugin_that_cannot_be_imported(install: Install) -> None:
    install("skylift-thermometers", "import no_such_sdk", "ThermometerMaterializer")
    with pytest.raises(
        DiscoveryError,
        match=rf"^materializer of '{TYPE}' in skylift-thermometers 1\.2: it cannot be imported: "
        r"ModuleNotFoundError: No module named 'no_such_sdk'\. Reinstall or uninstall skylift-thermometers\.$",
    ):
        round_trip(Thermometer(1.0))
    assert round_trip([1]).materializer == "json"  # nobody else is troubled


def test_a_plugin_that_is_no_materializer(install: Install) -> None:
    install("skylift-thermometers", "ThermometerMaterializer = dict", "ThermometerMaterializer")
    with pytest.raises(
        DiscoveryError,
        match=rf"^materializer of '{TYPE}' in skylift-thermometers 1\.2: "
        r"skylift_thermometers:ThermometerMaterializer is no BaseMaterializer\. "
        r"Reinstall or uninstall skylift-thermometers\.$",
    ):
        round_trip(Thermometer(1.0))


def test_two_plugins_that_claim_one_type(install: Install) -> None:
    install("first-plugin", MATERIALIZER, "ThermometerMaterializer")
    install("second-plugin", MATERIALIZER, "ThermometerMaterializer")
    with pytest.raises(DiscoveryError) as caught:
        round_trip(Thermometer(1.0))
    both = {"first-plugin 1.2", "second-plugin 1.2"}
    said = str(caught.value)
    assert said.startswith(f"materializer of '{TYPE}': ")
    assert set(said.removeprefix(f"materializer of '{TYPE}': ").partition(" both")[0].split(" and ")) == both
    assert said.endswith(" both claim it. Uninstall one of them.")


def test_what_a_plugin_saved_is_not_read_without_it(install: Install) -> None:
    install("skylift-thermometers", MATERIALIZER, "ThermometerMaterializer")
    found = round_trip(Thermometer(1.0))
    sys.path_importer_cache.clear()
    for path in Path(sys.path[0]).glob("*.dist-info/entry_points.txt"):
        path.unlink()
    forget()
    with pytest.raises(
        MaterializationError,
        match=rf"^reader: no installed package brings the materializer '{TYPE}'\. "
        r"Install the one that the step which saved it had\.$",
    ):
        artifacts.load(found.store, found.ref, Any, "reader")

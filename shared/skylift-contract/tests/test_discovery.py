from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from skylift_contract import discovery
from skylift_contract.discovery import ORCHESTRATORS, all_flavors, find, load_flavor
from skylift_contract.errors import (
    ContractMismatch,
    DiscoveryError,
    FlavorBroken,
    FlavorConflict,
    FlavorNotFound,
)
from skylift_contract.flavor import BaseOrchestratorFlavor, verify

PLUGIN = """
from skylift_contract.flavor import BaseOrchestratorFlavor
from skylift_contract.orchestrator import BaseOrchestratorConfig

class Flavor(BaseOrchestratorFlavor):
    {extra}
    name = {name!r}
    config_class = BaseOrchestratorConfig
    @property
    def implementation_class(self):
        import an_sdk_that_is_not_installed
"""


class Site:
    """A folder on sys.path with distributions in it, as pip leaves them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, distribution: str, flavor: str, module: str, code: str) -> None:
        (self.folder / f"{module}.py").write_text(code)
        info = self.folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[{ORCHESTRATORS}]\n{flavor} = {module}:Flavor\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return Site(tmp_path)


def test_a_plugin_is_found_and_its_sdk_left_alone(site: Site) -> None:
    site.install("acme-plugin", "acme", "acme_flavor", PLUGIN.format(extra="", name="acme"))

    flavor = load_flavor("acme")

    assert flavor.name == "acme"
    with pytest.raises(ModuleNotFoundError, match="an_sdk_that_is_not_installed"):
        _ = flavor.implementation_class


def test_looking_for_plugins_imports_none(site: Site) -> None:
    site.install("acme-plugin", "acme2", "acme_flavor2", "raise SystemError('imported')")
    assert find(ORCHESTRATORS)["acme2"][0].distribution == "acme-plugin 1.2"
    assert "acme_flavor2" not in sys.modules


def test_one_that_cannot_be_imported_names_itself_and_breaks_no_other(site: Site) -> None:
    site.install("broken-plugin", "broken", "broken_flavor", "import not_there_at_all")
    site.install("fine-plugin", "fine", "fine_flavor", PLUGIN.format(extra="", name="fine"))

    with pytest.raises(
        FlavorBroken,
        match=r"^flavor 'broken' of broken-plugin 1\.2: it cannot be imported: ModuleNotFoundError: No module named "
        r"'not_there_at_all'\. Reinstall or uninstall broken-plugin\.$",
    ):
        load_flavor("broken")
    found = all_flavors()
    assert isinstance(found["broken"], DiscoveryError)
    assert isinstance(found["fine"], BaseOrchestratorFlavor)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("import sys; sys.exit(3)", "it cannot be imported: SystemExit: 3"),
        ("class Abort(BaseException): ...\nraise Abort('no')", "it cannot be imported: Abort: no"),
        (
            PLUGIN.format(extra="", name="rude").replace("name = 'rude'", "name = property(lambda _: 1 / 0)"),
            "its name fails: ZeroDivisionError: division by zero",
        ),
        (
            PLUGIN.format(extra="capabilities = 3", name="rude"),
            r"its capabilities are no mapping of Capability to Support \(got 3\)",
        ),
        (
            PLUGIN.format(extra="", name="rude").replace("= BaseOrchestratorConfig", "= int"),
            "its config_class is no BaseOrchestratorConfig",
        ),
    ],
)
def test_whatever_is_wrong_with_one_breaks_no_other(
    site: Site, code: str, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("rude_flavor", "fine_flavor"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    site.install("rude-plugin", "rude", "rude_flavor", code)
    site.install("fine-plugin", "fine", "fine_flavor", PLUGIN.format(extra="", name="fine"))
    with pytest.raises(FlavorBroken, match=cause):
        load_flavor("rude")
    found = all_flavors()
    assert isinstance(found["rude"], FlavorBroken)
    assert isinstance(found["fine"], BaseOrchestratorFlavor)


def test_ctrl_c_while_a_plugin_is_imported_ends_the_listing(site: Site) -> None:
    site.install("slow-plugin", "slow", "slow_flavor", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        all_flavors()


def test_a_broken_card_names_its_distribution(site: Site) -> None:
    site.install("acme-plugin", "acme3", "acme_flavor3", PLUGIN.format(extra="", name="acme3"))
    with pytest.raises(
        FlavorBroken,
        match=r"^flavor 'acme3' of acme-plugin 1\.2: its implementation_class fails: ModuleNotFoundError: "
        r"No module named 'an_sdk_that_is_not_installed'\. Install what it lacks",
    ):
        verify(load_flavor("acme3"))


def test_one_that_nothing_brings_says_both_ways() -> None:
    with pytest.raises(
        FlavorNotFound,
        match=r"^flavor 'my_orchestrator': no installed package brings it \(installed: none\)\. "
        r"Name it in the entry-point group 'skylift\.orchestrators' of a package and install that, or "
        r"register its class, skylift orchestrator flavor register module\.Class; or give an instance of its "
        r"orchestrator, with its options, in place of the name\.$",
    ):
        load_flavor("my_orchestrator", among=[])


def test_two_that_claim_one_name_are_both_named(site: Site) -> None:
    for distribution in ("first-plugin", "second-plugin"):
        module = distribution.replace("-", "_") + "_flavor"
        site.install(distribution, "shared", module, PLUGIN.format(extra="", name="shared"))
    with pytest.raises(
        FlavorConflict,
        match=r"^flavor 'shared': (first-plugin 1\.2 and second-plugin|second-plugin 1\.2 and first-plugin) 1\.2 both claim it",
    ):
        load_flavor("shared")


def test_one_made_for_another_contract_is_refused(site: Site) -> None:
    site.install("old-plugin", "old", "old_flavor", PLUGIN.format(extra="contract_major = 0", name="old"))
    with pytest.raises(
        ContractMismatch, match=r"it was made for contract 0, and this is contract 1\. Upgrade old-plugin"
    ):
        load_flavor("old")


def test_one_that_calls_itself_otherwise_is_refused(site: Site) -> None:
    site.install("odd-plugin", "odd", "odd_flavor", PLUGIN.format(extra="", name="even"))
    with pytest.raises(FlavorBroken, match="its entry point is named 'odd' and it calls itself 'even'"):
        load_flavor("odd")


def test_one_that_is_no_flavor_is_refused(site: Site) -> None:
    site.install("no-plugin", "none", "none_flavor", "class Flavor: name = 'none'")
    with pytest.raises(
        FlavorBroken, match=r"none_flavor:Flavor is no BaseOrchestratorFlavor\. Subclass it\."
    ):
        load_flavor("none")


def test_ours_that_is_not_installed_says_how() -> None:
    with pytest.raises(FlavorNotFound, match=r"Install it with: pip install skylift-sagemaker$"):
        load_flavor("sagemaker", among=[])


def test_ours_that_does_not_exist_yet_is_not_offered_for_installation() -> None:
    with pytest.raises(
        FlavorNotFound,
        match=r"^flavor 'azureml': its package, skylift-azureml, is not built yet\. Installed: none\.$",
    ):
        load_flavor("azureml", among=[])


def test_what_is_offered_for_installation_is_what_there_is() -> None:
    packages = Path(__file__).parents[3] / "packages"
    assert {folder.name for folder in packages.iterdir()} & {*discovery.PLUGIN_OF.values()} == discovery.BUILT


def test_a_misspelling_offers_the_nearest() -> None:
    with pytest.raises(FlavorNotFound, match=r"Did you mean 'kubernetes'\?$"):
        load_flavor("kubernets", among=[])


def test_one_distribution_seen_twice_is_one_claim() -> None:
    point = EntryPoint("x", "m:F", ORCHESTRATORS)
    assert len(find(ORCHESTRATORS, [point, point])["x"]) == 1


def test_discovery_itself_loads_no_model() -> None:
    """Listing names must stay cheap: pydantic is loaded when a flavor is."""
    shown = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, skylift_contract.discovery as d; d.find(d.ORCHESTRATORS); print('pydantic' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "False\n"

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from skylift_contract.discovery import EMULATORS
from skylift_contract.emulation import Emulated, load_emulator
from skylift_contract.errors import ConfigurationError, FlavorBroken, FlavorConflict


def point(value: str, flavor: str = "sagemaker") -> EntryPoint:
    return EntryPoint(flavor, value, EMULATORS)


def test_it_is_found_by_its_flavor() -> None:
    among = [point("skylift_contract.emulation:Emulated"), point("nowhere:at_all", "vertex")]
    assert load_emulator("sagemaker", among) is Emulated


def test_there_is_none() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"^emulator of flavor 'local': no installed package brings one \(installed: sagemaker\)\. "
        r"Leave out --emulate\.$",
    ):
        load_emulator("local", [point("a:b")])


def test_its_extra_is_not_installed() -> None:
    with pytest.raises(
        FlavorBroken,
        match=r"^emulator of flavor 'sagemaker': it cannot be imported: No module named 'nowhere_at_all'\. "
        r'Install it with: pip install "skylift-sagemaker\[emulator\]"\.?$',
    ):
        load_emulator("sagemaker", [point("nowhere_at_all:emulated")])


def test_two_packages_bring_one() -> None:
    with pytest.raises(
        FlavorConflict, match=r"^emulator of flavor 'sagemaker': .* both bring one\. Uninstall one"
    ):
        load_emulator("sagemaker", [point("a:b"), point("c:d")])
